// What the punch page works out by itself. `node --test frontend/tests` runs it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { claimOf, codeIn, moment } from "../src/punch/claim.js";
import { isWatched, lastHeard, learnTime, rememberTime } from "../src/punch/clock.js";
import { formOf, sendWaiting } from "../src/punch/outbox.js";
import { edgeDistance, nearest } from "../src/punch/places.js";
import { LoggedOut, Later, Refused } from "../src/punch/server.js";
import { choices, nextStep } from "../src/punch/step.js";
import { learn, say } from "../src/punch/words.js";

const OFFICE = { name: "Office", kind: "circle", latitude: 31.2304, longitude: 121.4737, radius: 200 };
const STATE = {
  methods: ["location", "qr"],
  fallback: ["wifi", "manual"],
  needs_photo: false,
  needs_place_with_code: false,
  allows_offline: true,
  next: { slot: "in", label: "In" },
  weak_gps: { is_open: false },
  consent: { is_given: true },
  phone: { is_known: true },
};

function north(metres, accuracy = 10) {
  return { latitude: OFFICE.latitude + metres / 111_195, longitude: OFFICE.longitude, accuracy };
}

function step(here) {
  const { act, word } = nextStep({ state: STATE, method: "location", ...here });
  return [act, word];
}

// An outbox in memory, which keeps what it is told to.
function boxOf(...items) {
  const rows = new Map(items.map((item) => [item.id, item]));
  return {
    rows,
    kept: async () => [...rows.values()],
    keep: async (item) => rows.set(item.id, item),
    letGo: async (id) => rows.delete(id),
  };
}

function item(id, more = {}) {
  return { id, counter: id, person: "7", isOffline: true, claim: `{"n":${id}}`, ...more };
}

async function sent(store, send) {
  const told = await sendWaiting({ store, number: "7", send });
  return [told.events.map(({ kind, item: { id } }) => `${kind} ${id}`), [...store.rows.keys()], told];
}

test("a claim holds what was seen and nothing else", () => {
  const pressedAt = new Date("2026-03-02T01:00:00Z");
  const seen = { code: "K1", address: undefined };
  const claim = claimOf({ phone: "p", counter: 3, pressedAt, method: "qr", seen, isOffline: true });

  assert.deepEqual(Object.keys(claim), ["v", "phone", "counter", "at", "method", "code", "offline"]);
  assert.equal(new Date(claim.at).getTime(), pressedAt.getTime());
  assert.ok("sent_at" in claimOf({ phone: "p", counter: 3, pressedAt, method: "qr", seen, isOffline: false }));
});

test("a claim says when the server was last heard, by the stopwatch that nobody sets", () => {
  assert.deepEqual(lastHeard(), {});
  assert.equal(isWatched(lastHeard()), false);
  rememberTime("2026-03-02T00:30:00+00:00");
  assert.deepEqual(lastHeard(), { serverAt: "2026-03-02T00:30:00+00:00", sinceServerMs: undefined });
  assert.equal(isWatched(lastHeard()), false);

  learnTime("2026-03-02T00:58:00+00:00", performance.now() - 2_000, performance.now() - 1_000);
  rememberTime("2026-03-02T00:30:00+00:00");
  const heard = lastHeard();
  const claim = claimOf({
    phone: "p", counter: 3, pressedAt: new Date(), heard, method: "wifi", seen: {}, isOffline: true,
  });

  assert.equal(isWatched(heard), true);
  assert.equal(claim.server_at, "2026-03-02T00:58:00+00:00");
  assert.ok(claim.since_server_ms >= 1_000 && claim.since_server_ms < 2_000);
  assert.ok(Number.isInteger(claim.since_server_ms));
});

test("a moment is written with the phone's offset", () => {
  const summer = new Date("2026-07-01T12:00:00.250Z");

  assert.match(moment(summer), /^2026-07-01T\d\d:\d\d:00\.250[+-]\d\d:\d\d$/);
  assert.equal(new Date(moment(summer)).getTime(), summer.getTime());
});

test("a code is read bare, or out of the address that a screen shows", () => {
  assert.equal(codeIn(" KQ1.a.b "), "KQ1.a.b");
  assert.equal(codeIn("https://kaoqin.example/punch/?code=KQ1.a.b&x=1"), "KQ1.a.b");
  assert.equal(codeIn("https://elsewhere.example/menu"), "");
  assert.equal(codeIn("https://"), "");
});

test("distances are those of the ellipsoid's size to a few metres", () => {
  assert.ok(Math.abs(edgeDistance(north(320), OFFICE) - 120) < 1);
  assert.ok(edgeDistance(north(50), OFFICE) < 0);
});

test("a place is inside, outside, or unsure when the accuracy reaches over the edge", () => {
  assert.equal(nearest(north(50), [OFFICE]).where, "inside");
  assert.equal(nearest(north(320), [OFFICE]).where, "outside");
  assert.equal(nearest(north(195), [OFFICE]).where, "unsure");
  assert.equal(nearest(north(0, null), [OFFICE]).where, "unsure");
  assert.equal(nearest(north(0), []), undefined);
});

test("an area has edges and holes", () => {
  const square = (size) => [[-size, -size], [size, -size], [size, size], [-size, size]];
  const area = { name: "Yard", kind: "area", rings: [square(0.002), square(0.001)] };
  const at = (longitude) => edgeDistance({ latitude: 0, longitude }, area);

  assert.ok(at(0.0015) < 0);
  assert.ok(at(0) > 0);
  assert.ok(Math.abs(at(0.003) - 111.2) < 1);
});

test("the button says what it will do, step by step", () => {
  const position = north(0);

  assert.deepEqual(step({ state: undefined }), ["none", "one_moment"]);
  assert.deepEqual(step({ state: { ...STATE, phone: { is_known: false } } }), ["bind", "set_up_phone"]);
  assert.deepEqual(step({ state: { ...STATE, consent: { is_given: false } } }), ["consent", "allow_location"]);
  assert.deepEqual(step({ state: { ...STATE, consent: null } }), ["none", "no_notice"]);
  assert.deepEqual(step({}), ["none", "finding"]);
  assert.deepEqual(step({ place: "denied" }), ["none", "location_denied"]);
  assert.deepEqual(step({ position, state: { ...STATE, needs_photo: true } }), ["photo", "take_photo"]);
  assert.deepEqual(step({ position }), ["punch", "punch_in"]);
  assert.deepEqual(step({ position, state: { ...STATE, next: { slot: "out2" } } }), ["punch", "punch_out"]);
  const again = { slot: "out", is_again: true };
  assert.deepEqual(step({ position, state: { ...STATE, next: again } }), ["punch", "punch_out_again"]);
  assert.deepEqual(step({ position, state: { ...STATE, next: null } }), ["punch", "punch"]);
  assert.deepEqual(step({ position, isBusy: true }), ["none", "sending"]);
});

test("a code is scanned before it is punched, and wants a place where the rule says so", () => {
  assert.deepEqual(step({ method: "qr" }), ["scan", "scan_code"]);
  assert.deepEqual(step({ method: "qr", code: "K" }), ["punch", "punch_in"]);
  const state = { ...STATE, needs_place_with_code: true };
  assert.deepEqual(step({ method: "qr", code: "K", state }), ["none", "finding"]);
});

test("a browser without a bridge is told so, and an address is typed first", () => {
  assert.deepEqual(step({ method: "wifi" }), ["none", "wifi_needs_app"]);
  assert.deepEqual(step({ method: "wifi", bridge: {} }), ["punch", "punch_in"]);
  assert.deepEqual(step({ method: "manual" }), ["type", "type_address"]);
  assert.deepEqual(step({ method: "manual", address: "Dock 3" }), ["punch", "punch_in"]);
});

test("without a network one punches only where the rule allows it, on a phone that is bound", () => {
  const position = north(0);

  assert.deepEqual(step({ position, isOffline: true }), ["punch", "punch_in"]);
  assert.deepEqual(
    step({ position, isOffline: true, state: { ...STATE, allows_offline: false } }),
    ["none", "no_network"],
  );
  assert.deepEqual(
    step({ position, isOffline: true, state: { ...STATE, phone: { is_known: false } } }),
    ["none", "no_network"],
  );
});

test("other ways open when GPS has failed for long, and for whoever does not agree", () => {
  assert.deepEqual(choices(STATE), ["location", "qr"]);
  assert.deepEqual(choices({ ...STATE, weak_gps: { is_open: true } }), ["location", "qr", "wifi", "manual"]);
  assert.deepEqual(choices({ ...STATE, consent: { is_given: false } }), ["location", "qr", "wifi", "manual"]);
  assert.deepEqual(choices({ ...STATE, methods: [] }), []);
});

test("kept punches go out in order, once, and leave when the server has them", async () => {
  const store = boxOf(item(1), item(2));
  const order = [];
  const [events, left, { isOver }] = await sent(store, async ({ id }) => order.push(id));

  assert.deepEqual(order, [1, 2]);
  assert.deepEqual(events, ["made 1", "made 2"]);
  assert.deepEqual([left, isOver], [[], true]);
});

test("what cannot be sent now stays, and so does all behind it", async () => {
  const store = boxOf(item(1), item(2));
  const [events, left, { isOver, mustLogIn }] = await sent(store, async () => {
    throw new Later();
  });

  assert.deepEqual([events, left, isOver, mustLogIn], [[], [1, 2], false, false]);
});

test("nothing is lost when the session has ended", async () => {
  const store = boxOf(item(1));
  const [, left, { mustLogIn }] = await sent(store, async () => {
    throw new LoggedOut();
  });

  assert.deepEqual([left, mustLogIn], [[1], true]);
});

test("a refusal stays to be read, does not hold up the next, and is not sent again", async () => {
  const store = boxOf(item(1), item(2));
  let asked = 0;
  const send = async ({ id }) => {
    asked += 1;
    if (id === 1) throw new Refused({ code: "qr_expired", message: "Expired." }, 422);
  };

  assert.deepEqual((await sent(store, send)).slice(0, 2), [["refused 1", "made 2"], [1]]);
  assert.equal(store.rows.get(1).refusal.message, "Expired.");
  await sent(store, send);
  assert.equal(asked, 2);
});

test("nobody sends what another person kept on the same phone", async () => {
  const store = boxOf(item(1, { person: "8" }), item(2));

  assert.deepEqual((await sent(store, async () => ({}))).slice(0, 2), [["made 2"], [1]]);
});

test("a punch that stands in for another says so, and the server decides whether that arrived", () => {
  const pressedAt = new Date("2026-03-02T01:00:00Z");
  const said = { phone: "p", counter: 5, pressedAt, method: "qr", seen: {}, isOffline: true };

  assert.equal(claimOf({ ...said, insteadOf: 4 }).instead_of, 4);
  assert.ok(!("instead_of" in claimOf(said)));
});

test("what is sent is what was signed, and only a kept one says beside it when it is sent", () => {
  const photo = { bytes: new ArrayBuffer(3), type: "image/jpeg" };
  const kept = formOf({ claim: "c", signature: "s", phone: "p", isOffline: true, photo }, "now");
  const online = formOf({ claim: "c", signature: "s", phone: "p", isOffline: false }, "now");

  assert.deepEqual([kept.get("claim"), kept.get("sent_at"), kept.get("photo").size], ["c", "now", 3]);
  assert.equal(online.get("sent_at"), null);
});

test("sentences are filled with their facts", () => {
  learn({ outside: "%(distance)s to %(name)s" });

  assert.equal(say("outside", { distance: "120 m", name: "Gate" }), "120 m to Gate");
});
