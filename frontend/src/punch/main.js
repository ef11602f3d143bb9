// The punch page: what the person sees and presses. The server decides everything.

import { findBridge } from "./bridges/index.js";
import { codeIn } from "./claim.js";
import { isWatched, lastHeard, learnTime, rememberTime, serverNow, wallClock } from "./clock.js";
import { by, write } from "./elements.js";
import { alone, waiting } from "./outbox.js";
import { nameOfPhone, ownKey, signChallenge } from "./phone.js";
import { openCamera, photoOfFile, takePhoto } from "./pictures.js";
import { placeLines } from "./placewords.js";
import { nearest } from "./places.js";
import { Positions } from "./positions.js";
import { askState, postAbout, sendKept, sendOne, signed } from "./sending.js";
import { get, Later, LoggedOut, post, Refused, takeToken } from "./server.js";
import * as show from "./show.js";
import { draw } from "./sketch.js";
import { choices, nextStep } from "./step.js";
import * as store from "./store.js";
import { learn, say } from "./words.js";

const LANGUAGE = document.documentElement.lang === "zh-hans" ? "zh-CN" : document.documentElement.lang;
const FRESH = 60_000;
const SECONDS = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const TRIES = [0, 1_500];
const pause = (time) =>
  new Promise((go) => {
    setTimeout(go, time);
  });

const here = {
  state: undefined,
  method: undefined,
  code: "",
  photo: undefined,
  address: "",
  bridge: undefined,
  isBusy: false,
  isOffline: false,
};
let key;
let positions;
let askedAt = 0;
let wall = () => "--:--:--";

// What is opened by a scanner brings the code along. It leaves the address before anything else.
const asked = new URL(location.href);
if (asked.search) {
  here.code = asked.searchParams.get("code") ?? "";
  history.replaceState(null, "", asked.pathname);
}

// What is known ----------------------------------------------------------------------------------

function takeState(state) {
  here.state = state;
  here.isOffline = false;
  wall = wallClock(state.zone, LANGUAGE, SECONDS);
  write(by("clock"), wall(serverNow()));
  const { done, day, automatic, ...terms } = state;
  store.keepTerms({ ...terms, done: [], day: null, automatic: null });
  render();
}

async function refresh() {
  const began = performance.now();
  try {
    const state = await askState(key);
    learnTime(state.now, began, performance.now());
    askedAt = Date.now();
    show.showNote("log-in");
    takeState(state);
    await send();
  } catch (error) {
    await cannot(error);
  }
}

async function cannot(error) {
  if (error instanceof LoggedOut) {
    show.showNote("log-in", say("logged_out"), {
      tone: "is-bad",
      act: () => location.assign("/punch/"),
      word: say("log_in"),
    });
  } else if (error instanceof Later) {
    here.isOffline = true;
  } else {
    show.showNote("trouble", error.message, { tone: "is-bad" });
    if (!(error instanceof Refused)) throw error;
  }
  if (!here.state) await rememberState();
  render();
}

// Without a network the page knows what the last answer said, unless somebody logged out since.
async function rememberState() {
  if (localStorage.getItem("kaoqinLoggedOut")) await store.forgetTerms();
  const terms = await store.readTerms();
  if (!terms) return;
  rememberTime(terms.now);
  here.state = { ...terms, weak_gps: { is_open: false } };
  wall = wallClock(terms.zone, LANGUAGE, SECONDS);
}

function today() {
  const { zone } = here.state;
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(serverNow());
}

function longDate(date) {
  return new Intl.DateTimeFormat(LANGUAGE, {
    timeZone: "UTC", weekday: "long", month: "long", day: "numeric",
  }).format(new Date(`${date}T00:00:00Z`));
}

// What is seen -----------------------------------------------------------------------------------

function situation() {
  return {
    ...here,
    place: positions?.state,
    position: positions?.position,
  };
}

function render() {
  const { state } = here;
  show.showNote("offline", here.isOffline ? say(offlineWord()) : "");
  show.showButton(nextStep(situation()));
  if (!state) return;
  write(by("who"), state.person.name);
  write(by("number"), state.person.number);
  const isOld = here.isOffline && state.work_date !== today();
  if (isOld) state.next = null;
  show.showDay(state, { date: longDate(isOld ? today() : state.work_date), isOld });
  const methods = choices(state, here.code);
  if (!methods.includes(here.method)) here.method = here.code ? "qr" : methods[0];
  show.showMethods(methods, here.method, choose);
  show.showButton(nextStep(situation()));
  by("typed").hidden = here.method !== "manual";
  by("shot").hidden = !here.photo;
  watchIfWanted();
  renderPlace();
  renderSettings();
  renderKept();
}

function offlineWord() {
  if (!here.state) return "offline_unknown";
  return here.state.allows_offline && !isWatched(lastHeard()) ? "offline_unchecked" : "offline";
}

function renderPlace() {
  if (!here.state) return;
  const position = positions.position;
  const isShown = position?.datum === "wgs84";
  const found = isShown ? nearest(position, here.state.fences) : undefined;
  show.showPlace(placeLines({ ...situation(), found, positions, now: serverNow(), wall: shortWall() }));
  const sketch = by("sketch");
  const usesPlace = needsPlace();
  sketch.toggleAttribute("hidden", !found || !usesPlace);
  if (found && usesPlace) {
    draw(sketch, position, found.fence);
    sketch.setAttribute("aria-label", say("sketch", { name: found.fence.name }));
  }
}

function shortWall() {
  return wallClock(here.state.zone, "en-GB", { hour: "2-digit", minute: "2-digit" });
}

function renderSettings() {
  const { phone, consent, automatic, zone } = here.state;
  const day = (iso) =>
    new Intl.DateTimeFormat(LANGUAGE, {
      timeZone: zone, dateStyle: "medium",
    }).format(new Date(iso));
  const time = (iso) =>
    new Intl.DateTimeFormat(LANGUAGE, {
      timeZone: zone, month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
      hourCycle: "h23",
    }).format(new Date(iso));
  write(
    by("phone-text"),
    phone.is_known
      ? say("phone_since", { name: phone.name, date: phone.bound_at ? day(phone.bound_at) : "" })
      : say("phone_unknown"),
  );
  by("release").hidden = !phone.is_known || here.isOffline;
  show.showNote(
    "cooling",
    phone.is_cooling && phone.cooling_until
      ? say("phone_cooling", { time: time(phone.cooling_until) })
      : "",
  );
  const asksPosition = needsPlace() || here.state.methods.includes("location");
  by("consent-section").hidden = !consent || (!asksPosition && !consent.is_given);
  write(
    by("consent-state"),
    consent?.is_given
      ? say("consent_given", {
          date: consent.given_at ? day(consent.given_at) : "",
          version: consent.version,
        })
      : say("consent_not_given"),
  );
  write(by("consent-change"), say(consent?.is_given ? "consent_withdraw" : "consent_read"));
  by("consent-change").disabled = here.isOffline;
  const addresses = automatic?.addresses ?? [];
  // What was kept while the rule was another one can still be taken away.
  const isShown = automatic?.is_allowed || addresses.length > 0;
  by("automatic-card").hidden = !isShown;
  if (isShown) {
    show.showAddresses(addresses, { change: askAddress, remove: askRemoval, time });
    by("automatic").setAttribute("aria-checked", String(automatic.is_on));
    write(by("automatic-hint"), `${say("automatic_hint")} ${automatic.needs ?? ""}`.trim());
  }
}

async function renderKept() {
  const items = await store.kept();
  const number = here.state?.person.number;
  const own = items.filter((item) => item.person === number && (item.isOffline || item.refusal));
  const others = items.filter((item) => item.person !== number).length;
  const zone = here.state?.zone ?? "UTC";
  const clock = wallClock(zone, "en-GB", { hour: "2-digit", minute: "2-digit" });
  const day = wallClock(zone, LANGUAGE, { month: "short", day: "numeric" });
  const isToday = (date) => day(date) === day(serverNow());
  const when = (date) => (isToday(date) ? clock(date) : `${day(date)} ${clock(date)}`);
  show.showKept({
    own,
    others,
    time: (item) => when(item.pressedAt),
    letGo: async (id) => {
      await store.letGo(id);
      await renderKept();
    },
  });
}

function choose(method) {
  here.method = method;
  render();
  if (method === "manual") by("address").focus();
}

// Where ------------------------------------------------------------------------------------------

function needsPlace() {
  return here.method === "location" || (here.method === "qr" && here.state.needs_place_with_code);
}

function watchIfWanted() {
  // While GPS fails, the way back must stay open although another method is chosen.
  const isFailing = positions.state === "failing" && here.state.methods.includes("location");
  const isWanted = here.state.consent?.is_given && (needsPlace() || isFailing);
  if (isWanted && !document.hidden) positions.start();
  else if (positions.state !== "off") positions.stop();
}

async function sayPositioning(failed) {
  try {
    const weak = await post("/punch/positioning/", { failed });
    here.state.weak_gps = weak;
    render();
  } catch (error) {
    if (!(error instanceof Later)) await cannot(error);
  }
}

// Punching ---------------------------------------------------------------------------------------

async function whatIsSeen() {
  const seen = { photoSha256: here.photo?.sha256 };
  if (here.method === "manual") seen.address = here.address;
  if (here.method === "qr") seen.code = here.code;
  if (here.method === "wifi") Object.assign(seen, await readWifi());
  const position = positions.position;
  if (position && needsPlace()) {
    seen.position = {
      latitude: position.latitude,
      longitude: position.longitude,
      accuracy_metres: position.accuracy,
      datum: position.datum,
    };
    seen.isMock = position.isMock;
  }
  return seen;
}

async function readWifi() {
  try {
    return await here.bridge.wifi();
  } catch {
    throw new Refused({ code: "wifi_unread", message: say("wifi_unread") });
  }
}

async function punch() {
  here.isBusy = true;
  render();
  try {
    const item = {
      person: here.state.person.number,
      method: here.method,
      pressedAt: new Date(),
      heard: lastHeard(),
      seen: await whatIsSeen(),
      photo: here.photo,
    };
    await alone(() => sendNow(item));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    refused(error);
  } finally {
    here.isBusy = false;
    render();
  }
}

async function sendNow(item) {
  const online = await signed(item, { key, state: here.state, isOffline: false });
  online.id = await store.keep(online);
  for (const wait of here.isOffline && !navigator.onLine ? [] : TRIES) {
    await pause(wait);
    try {
      const made = await sendOne(online);
      await store.letGo(online.id);
      done(made);
      return;
    } catch (error) {
      if (error instanceof Refused) {
        await store.letGo(online.id);
        refused(error);
        return;
      }
      if (error instanceof LoggedOut) {
        await keepOffline(online);
        await cannot(error);
        return;
      }
    }
    if (!navigator.onLine) break;
  }
  await keepOffline(online);
}

// The answer never came: what is kept says when the button was pressed, and for which number it
// stands in, in case that one had arrived.
async function keepOffline(online) {
  if (!here.state.allows_offline) {
    await store.letGo(online.id);
    show.showResult({ outcome: "refused", title: say("not_sent"), text: say("not_sent_text"), dismiss });
    return;
  }
  await store.keep(await signed(online, { key, state: here.state, isOffline: true }));
  here.isOffline = true;
  forgetEvidence();
  show.showResult({
    outcome: "kept",
    title: say("kept_title", { time: shortWall()(online.pressedAt) }),
    text: say(isWatched(online.heard) ? "kept_text" : "kept_unchecked_text"),
    dismiss,
  });
  const registration = await navigator.serviceWorker?.getRegistration();
  await registration?.sync?.register("outbox").catch(() => {});
}

function forgetEvidence() {
  here.code = "";
  here.photo = undefined;
  here.address = by("address").value = "";
}

function done(made) {
  forgetEvidence();
  show.showResult({
    outcome: made.outcome,
    title: made.sentence,
    text: made.outcome === "held" ? say("held_text") : made.outcome === "awaited" ? awaitedText(made) : "",
    reasons: made.outcome === "held" ? made.reasons.filter((one) => one.effect === "hold") : [],
    dismiss,
  });
  if (made.state) takeState(made.state);
}

function awaitedText({ state }) {
  const second = state?.second_check ?? here.state.second_check;
  if (!second) return say("awaited_text");
  const { second_label: method, minutes } = second;
  return say("awaited_second", { method, minutes });
}

function refused(error) {
  here.code = "";
  show.showResult({
    outcome: "refused",
    title: say("refused_title"),
    text: error.message,
    reasons: error.reasons.filter((one) => one.sentence !== error.message),
    dismiss,
  });
}

function dismiss() {
  by("result").replaceChildren();
  by("big").focus();
}

/** Send what is kept, tell what became of it. */
async function send() {
  const number = here.state.person.number;
  if (!waiting(await store.kept(), number).length) {
    await renderKept();
    return;
  }
  const sent = await alone(() => sendKept(key, here.state));
  const made = sent.events.filter(({ kind }) => kind === "made");
  if (made.length) {
    const last = made.at(-1).made;
    if (made.length === 1) done(last);
    else {
      show.showResult({ outcome: "accepted", title: say("sent_title", { count: made.length }), dismiss });
      if (last.state) takeState(last.state);
    }
  }
  if (sent.mustLogIn) await cannot(new LoggedOut());
  else if (!sent.isOver) here.isOffline = true;
  await renderKept();
  render();
}

// The steps of the button ------------------------------------------------------------------------

const ACTS = {
  punch: () => (isBeforeTheEnd() ? ask("early", punch, "punch_out", { time: here.state.next.at }) : punch()),
  bind: () => ask("bind", bind),
  consent: () => showConsent(),
  scan,
  photo: shoot,
  type: async () => by("address").focus(),
};

async function bind() {
  const { crv, kty, x, y } = key.jwk;
  const { challenge } = await get(`/punch/phone/challenge/?phone=${key.thumbprint}`);
  const signature = await signChallenge(key, challenge);
  await post("/punch/phone/", { key: { crv, kty, x, y }, challenge, signature, name: nameOfPhone() });
  await navigator.storage?.persist?.();
  await refresh();
}

// Whoever presses in the morning by mistake should not go home by it.
function isBeforeTheEnd() {
  const { next, work_date: day } = here.state;
  if (!next?.slot.startsWith("out") || !/^\d\d:\d\d$/.test(next.at ?? "")) return false;
  return day === today() && shortWall()(serverNow()) < next.at;
}

function ask(name, yes, word = `${name}_yes`, facts = {}) {
  write(by("ask-title"), say(`${name}_title`, facts));
  write(by("ask-text"), say(`${name}_text`, facts));
  write(by("ask-yes"), say(word));
  by("ask-yes").onclick = () => {
    by("ask").close();
    guard(yes);
  };
  by("ask").showModal();
}

async function showConsent() {
  const { consent } = here.state;
  write(by("consent-title"), consent.title);
  write(by("consent-text"), consent.text);
  write(by("consent-version"), say("version", { version: consent.version }));
  by("consent").showModal();
}

async function sayConsent(given) {
  const { purpose, version } = here.state.consent;
  by("consent").close();
  if (!given) positions.stop();
  takeState(await postAbout(key, "consent", { purpose, version, given }));
}

let addressToChange;

function askAddress(old) {
  addressToChange = old?.id;
  by("mac-address").value = "";
  show.showAddressProblem("");
  by("mac").showModal();
  by("mac-address").focus();
}

// What is refused is said where it was typed.
async function sayAddress() {
  const address = by("mac-address").value;
  by("mac-save").disabled = true;
  try {
    const state = await postAbout(key, "phone/address", { address, instead_of: addressToChange ?? null });
    by("mac").close();
    takeState(state);
  } catch (error) {
    if (error instanceof LoggedOut) {
      by("mac").close();
      throw error;
    }
    if (!(error instanceof Refused || error instanceof Later)) throw error;
    show.showAddressProblem(error instanceof Refused ? error.message : say("address_later"));
    by("mac-address").focus();
  } finally {
    by("mac-save").disabled = false;
  }
}

function askRemoval({ id, shown }) {
  const remove = async () => takeState(await postAbout(key, "phone/address/remove", { id }));
  ask("address_remove", remove, "address_remove_yes", { address: shown });
}

let endCamera;
let isCameraOver = true;

async function openView({ title, text, isPhoto }) {
  write(by("camera-title"), say(title));
  write(by("camera-text"), say(text));
  by("shutter").hidden = !isPhoto;
  by("shutter").disabled = true;
  by("file-label").hidden = !isPhoto;
  by("camera").classList.toggle("is-scan", !isPhoto);
  isCameraOver = false;
  by("camera").showModal();
  try {
    endCamera = await openCamera(by("video"));
    if (isCameraOver) endCamera();
    by("shutter").disabled = false;
  } catch {
    by("shutter").hidden = true;
    write(by("camera-text"), say(isPhoto ? "no_camera_photo" : "no_camera_scan"));
    return false;
  }
  return true;
}

function closeView() {
  isCameraOver = true;
  endCamera?.();
  endCamera = undefined;
}

async function scan() {
  if (!(await openView({ title: "scan_title", text: "scan_text", isPhoto: false }))) return;
  const { scan: script, wasm } = document.body.dataset;
  let text;
  try {
    const { readCode } = await import(script);
    text = await readCode(by("video"), { wasm, isOver: () => isCameraOver });
  } catch {
    write(by("camera-text"), say("cannot_scan"));
    return;
  }
  if (!text) return;
  by("camera").close();
  navigator.vibrate?.(40);
  haveCode(codeIn(text));
}

function haveCode(code) {
  if (!code) {
    show.showResult({ outcome: "refused", title: say("no_code_title"), text: say("no_code_text"), dismiss });
    return;
  }
  here.code = code;
  here.method = "qr";
  render();
  const step = nextStep(situation());
  if (step.act === "punch") ask("code", punch, step.word);
}

async function shoot() {
  await openView({ title: "photo_title", text: "photo_text", isPhoto: true });
}

async function takeShot() {
  const video = by("video");
  if (!video.videoWidth) return;
  here.photo = await takePhoto(video, video.videoWidth, video.videoHeight, by("preview"));
  by("camera").close();
  render();
  by("big").focus();
}

async function takeFile({ target }) {
  const [file] = target.files;
  target.value = "";
  if (!file) return;
  try {
    here.photo = await photoOfFile(file, by("preview"));
    by("camera").close();
  } catch {
    write(by("camera-text"), say("bad_photo"));
  }
  render();
}

// Wires ------------------------------------------------------------------------------------------

async function guard(work) {
  show.showNote("trouble");
  try {
    await work();
  } catch (error) {
    await cannot(error);
  }
}

function wire() {
  by("big").addEventListener("click", () => guard(ACTS[nextStep(situation()).act] ?? (() => {})));
  by("typed").addEventListener("submit", (event) => {
    event.preventDefault();
    by("big").focus();
  });
  by("address").addEventListener("input", ({ target }) => {
    here.address = target.value.trim();
    show.showButton(nextStep(situation()));
  });
  by("retake").addEventListener("click", () => guard(shoot));
  by("shutter").addEventListener("click", () => guard(takeShot));
  by("file").addEventListener("change", (event) => guard(() => takeFile(event)));
  by("camera").addEventListener("close", closeView);
  by("open-menu").addEventListener("click", () => by("menu").showModal());
  by("agree").addEventListener("click", () => guard(() => sayConsent(true)));
  by("decline").addEventListener("click", () => guard(() => sayConsent(false)));
  by("consent-change").addEventListener("click", () => {
    by("menu").close();
    guard(() => (here.state.consent.is_given ? sayConsent(false) : showConsent()));
  });
  by("release").addEventListener("click", () => {
    by("menu").close();
    ask("release", async () => {
      await post("/punch/phone/release/", { phone: key.thumbprint });
      await refresh();
    });
  });
  by("mac-enter").addEventListener("click", () => askAddress());
  by("mac-form").addEventListener("submit", (event) => {
    event.preventDefault();
    guard(sayAddress);
  });
  by("automatic").addEventListener("click", () =>
    guard(async () =>
      takeState(await postAbout(key, "automatic", { on: !here.state.automatic.is_on })),
    ),
  );
  for (const button of document.querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
  window.addEventListener("online", () => guard(refresh));
  window.addEventListener("offline", () => {
    here.isOffline = true;
    render();
  });
  document.addEventListener("visibilitychange", () => {
    if (here.state) watchIfWanted();
    if (!document.hidden && Date.now() - askedAt > FRESH) guard(refresh);
  });
  setInterval(tick, 1_000);
}

let seconds = 0;

function tick() {
  write(by("clock"), wall(serverNow()));
  if (!here.state) return;
  if (needsPlace()) renderPlace();
  if (++seconds % 30 === 0 && !document.hidden && (here.isOffline || Date.now() - askedAt > 5 * FRESH)) {
    guard(refresh);
  }
}

async function registerWorker() {
  if (!navigator.serviceWorker) return;
  await navigator.serviceWorker.register("/sw.js", { scope: "/punch/" });
  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (data === "sent") guard(refresh);
  });
}

async function start() {
  learn(JSON.parse(by("words").textContent));
  const token = document.querySelector("meta[name=csrf]")?.content ?? "";
  takeToken(token);
  if (token) localStorage.removeItem("kaoqinLoggedOut");
  positions = new Positions({
    onChange: () => {
      if (!here.state) return;
      show.showButton(nextStep(situation()));
      renderPlace();
    },
    onMinute: sayPositioning,
  });
  wire();
  key = await ownKey();
  await refresh();
  if (here.code && here.state) haveCode(here.code);
  await registerWorker().catch(() => {});
  here.bridge = positions.bridge = await findBridge(document.body.dataset);
  if (here.bridge) render();
}

guard(start);
