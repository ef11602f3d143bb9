// The service worker: the page's shell without a network, and punches that go out when it is back.
// It keeps what is nobody's: the empty page and its files. The server puts `self.kaoqin` before
// this text: { version, shell, files, folder }.

import { sendAll } from "./sending.js";
import { LoggedOut } from "./server.js";

const { version, shell, files, folder } = self.kaoqin;
const CACHE = `kaoqin-punch-${version}`;
const PATIENCE = 4_000;

self.addEventListener("install", (event) => {
  const fill = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll([shell, ...files].map((address) => new Request(address, { cache: "reload" })));
    await self.skipWaiting();
  };
  event.waitUntil(fill());
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith("kaoqin-punch-") && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

async function page(request) {
  const fromCache = async () => (await caches.open(CACHE)).match(shell);
  const fromServer = fetch(request);
  try {
    const slow = new Promise((_, fail) => {
      setTimeout(fail, PATIENCE, new Error("slow"));
    });
    const answer = await Promise.race([fromServer, slow]);
    return answer.status >= 500 ? ((await fromCache()) ?? answer) : answer;
  } catch {
    fromServer.catch(() => {});
    return (await fromCache()) ?? fromServer;
  }
}

async function file(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate" && pathname === "/punch/") event.respondWith(page(request));
  else if (pathname.startsWith(folder)) event.respondWith(file(request));
});

self.addEventListener("sync", (event) => {
  if (event.tag !== "outbox") return;
  const send = async () => {
    try {
      await sendAll();
    } catch (error) {
      // Nobody is logged in: the page sends it after the next log-in.
      if (error instanceof LoggedOut) return;
      throw error;
    }
    for (const client of await self.clients.matchAll()) client.postMessage("sent");
  };
  event.waitUntil(send());
});
