// How punches are signed and go out, from the page and from the service worker alike.

import { claimOf, moment } from "./claim.js";
import { alone, formOf, sendWaiting, waiting } from "./outbox.js";
import { sign } from "./phone.js";
import { get, post } from "./server.js";
import * as store from "./store.js";

/** Return how things stand for whoever is logged in, on this phone. */
export function askState({ thumbprint }) {
  return get(`/punch/state/?phone=${thumbprint}`);
}

/** Post to one of the steps that answer with how things stand then; return that. */
export function postAbout({ thumbprint }, step, what) {
  return post(`/punch/${step}/?phone=${thumbprint}`, what);
}

/** Send one punch and return what the server made of it. Throws Refused, LoggedOut and Later. */
export function sendOne(item) {
  return post("/punch/make/", formOf(item, moment(new Date())));
}

/**
 * Return a punch with its claim, signed under a number of its own.
 *
 * What is signed again as made offline says for which number it stands in: that may have arrived.
 */
export async function signed(item, { key, state, isOffline }) {
  const counter = await store.nextCounter(state.phone.counter ?? 0);
  const { pressedAt, heard, method, seen } = item;
  const phone = key.thumbprint;
  const insteadOf = isOffline ? item.counter : undefined;
  const claim = JSON.stringify(
    claimOf({ phone, counter, insteadOf, pressedAt, heard, method, seen, isOffline }),
  );
  const signature = await sign(key, claim);
  return { ...item, phone, counter, claim, signature, isOffline };
}

/** Send what waits for the person of `state`; see `sendWaiting`. Nobody else may send meanwhile. */
export async function sendKept(key, state) {
  const { number } = state.person;
  for (const item of waiting(await store.kept(), number)) {
    if (item.isOffline) continue;
    // The page was closed before an answer came. The server knows whether it arrived.
    if (state.allows_offline) await store.keep(await signed(item, { key, state, isOffline: true }));
    else await store.letGo(item.id);
  }
  return sendWaiting({ store, number, send: sendOne });
}

/** Ask who is logged in and send what waits for them. Throws LoggedOut and Later. */
export function sendAll() {
  return alone(async () => {
    const key = await store.readKey();
    return key && sendKept(key, await askState(key));
  });
}
