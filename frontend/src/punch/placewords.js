// What stands below the button: where the person is, or what else the chosen way needs.

import { say } from "./words.js";

function metres(distance) {
  const away = Math.abs(distance);
  if (away < 1_000) return say("metres", { metres: Math.round(away) });
  return say("kilometres", { kilometres: (away / 1_000).toFixed(away < 10_000 ? 1 : 0) });
}

function accuracyWords(position) {
  return position.accuracy ? say("accuracy", { metres: Math.round(position.accuracy) }) : "";
}

function placeLine({ position, found, state }) {
  const small = accuracyWords(position);
  if (position.datum !== "wgs84") return { icon: "pin", text: say("position_of_app"), small };
  if (!found) return { icon: "alert", tone: "warn", text: say("no_fences"), small };
  if (position.accuracy > state.max_accuracy) {
    return { icon: "alert", tone: "warn", text: say("too_coarse"), small };
  }
  const { name } = found.fence;
  if (found.where === "inside") return { icon: "check", tone: "good", text: say("inside", { name }), small };
  if (found.where === "unsure") {
    return { icon: "pin", tone: "warn", text: say("at_the_edge", { name }), small };
  }
  const facts = { name, distance: metres(found.distance) };
  return { icon: "alert", tone: "warn", text: say("outside", facts), small: `${small} ${say("outside_held")}` };
}

function countdown(opensAt, now) {
  const seconds = Math.max(0, Math.round((new Date(opensAt) - now) / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function failingLines({ state, now, wall }) {
  const weak = state.weak_gps;
  const since = weak?.since ? wall(new Date(weak.since)) : "";
  const text = since ? say("failing_since", { time: since }) : say("failing");
  if (weak?.is_open) return [{ icon: "alert", tone: "warn", text, small: say("fallback_open") }];
  if (!weak?.opens_at || !state.fallback.length) return [{ icon: "alert", tone: "warn", text }];
  return [
    { icon: "alert", tone: "warn", text, small: say("fallback_in", { time: countdown(weak.opens_at, now) }) },
  ];
}

/** Return the lines { icon, tone, text, small } for the chosen way to punch. */
export function placeLines(here) {
  const { state, method } = here;
  if (!method) return [{ icon: "alert", text: say("no_methods_text") }];
  if (method === "wifi") {
    return [here.bridge
      ? { icon: "wifi", text: say("wifi_of_app", { app: here.bridge.name }) }
      : { icon: "wifi", text: say("wifi_needs_app_text"), small: say("wifi_instead") }];
  }
  if (method === "manual") return here.place === "failing" ? failingLines(here) : [];
  const lines = [];
  if (method === "qr") {
    lines.push({ icon: here.code ? "check" : "qr", tone: here.code ? "good" : undefined,
                 text: say(here.code ? "code_read" : "scan_hint") });
    if (!state.needs_place_with_code) return lines;
  }
  if (!state.consent) lines.push({ icon: "alert", tone: "warn", text: say("no_notice_text") });
  else if (!state.consent.is_given) lines.push({ icon: "shield", text: say("consent_hint") });
  else if (here.place === "denied") lines.push({ icon: "alert", tone: "bad", text: say("denied_text") });
  else if (here.place === "failing") lines.push(...failingLines(here));
  else if (here.position) lines.push(placeLine(here));
  else lines.push({ icon: "pin", text: say("finding_text") });
  return lines;
}
