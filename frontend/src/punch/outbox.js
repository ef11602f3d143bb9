// Punches on their way. Each is signed and on the disk before it is sent, and leaves the disk when
// the server has said that it has it. What is sent twice is the same signed text: the server knows
// it by its counter, and what is signed anew by the counter that it stands in for.

import { LoggedOut, Refused } from "./server.js";

/** Return what the server is sent of a kept punch. */
export function formOf(item, sentAt) {
  const form = new FormData();
  form.set("claim", item.claim);
  form.set("signature", item.signature);
  form.set("phone", item.phone);
  if (item.isOffline) form.set("sent_at", sentAt);
  if (item.photo) {
    form.set("photo", new Blob([item.photo.bytes], { type: item.photo.type }), "photo.jpg");
  }
  return form;
}

/** Say whose turn it is: an employee's own punches that were not refused, the earliest first. */
export function waiting(items, number) {
  return items.filter((item) => item.person === number && !item.refusal);
}

/**
 * Send what waits for this employee, in order; stop at the first that cannot be sent now.
 *
 * Returns what happened to each, and whether somebody has to log in first.
 */
export async function sendWaiting({ store, number, send }) {
  const events = [];
  for (const item of waiting(await store.kept(), number)) {
    try {
      const made = await send(item);
      await store.letGo(item.id);
      events.push({ kind: "made", item, made });
    } catch (error) {
      if (!(error instanceof Refused)) {
        return { events, isOver: false, mustLogIn: error instanceof LoggedOut };
      }
      const refusal = { code: error.code, message: error.message, reasons: error.reasons };
      await store.keep({ ...item, refusal });
      events.push({ kind: "refused", item, refusal });
    }
  }
  return { events, isOver: true, mustLogIn: false };
}

/** Run work that no other tab, and not the service worker, does at the same time. */
export async function alone(work) {
  if (!navigator.locks) return work();
  return navigator.locks.request("kaoqin-outbox", work);
}
