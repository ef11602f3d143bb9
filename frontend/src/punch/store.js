// What stays on this phone: its key, its counter, what could not be sent yet, and what an
// employee's last answer said, so that the page works without a network.

import { openDB } from "idb";

const DURABLE = { durability: "strict" };

const opened = openDB("kaoqin-punch", 1, {
  upgrade(db) {
    db.createObjectStore("phone");
    db.createObjectStore("terms");
    db.createObjectStore("outbox", { keyPath: "id", autoIncrement: true });
  },
});

/** Return the key of this phone: { pair, jwk, thumbprint }, undefined before there is one. */
export async function readKey() {
  return (await opened).get("phone", "key");
}

/** Keep the key of this phone, unless another tab has kept one; return the one that counts. */
export async function keepKey(key) {
  const transaction = (await opened).transaction("phone", "readwrite", DURABLE);
  const kept = (await transaction.store.get("key")) ?? key;
  await transaction.store.put(kept, "key");
  await transaction.done;
  return kept;
}

/** Return the next number of this phone, above `atLeast`. It is on the disk before it is used. */
export async function nextCounter(atLeast = 0) {
  const transaction = (await opened).transaction("phone", "readwrite", DURABLE);
  const counter = Math.max((await transaction.store.get("counter")) ?? 0, atLeast) + 1;
  await transaction.store.put(counter, "counter");
  await transaction.done;
  return counter;
}

/** Keep a punch; return the number under which it is kept. */
export async function keep(item) {
  const transaction = (await opened).transaction("outbox", "readwrite", DURABLE);
  const id = await transaction.store.put(item);
  await transaction.done;
  return id;
}

/** Return all punches that are kept, the earliest first. */
export async function kept() {
  return (await opened).getAll("outbox");
}

/** Let go of a punch that arrived, or that was looked at. */
export async function letGo(id) {
  return (await opened).delete("outbox", id);
}

/** Keep what the page needs of an answer to work without a network. */
export async function keepTerms(terms) {
  await (await opened).put("terms", terms, "last");
}

/** Return what was kept of the last answer; undefined after a log-out. */
export async function readTerms() {
  return (await opened).get("terms", "last");
}

/** Forget who was logged in. Kept punches wait for their owner. */
export async function forgetTerms() {
  await (await opened).delete("terms", "last");
}
