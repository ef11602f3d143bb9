// What the one button does next, and what it says. Pure, so that each case can be told apart.

/** Return the methods that may be chosen now: the rule's, and its fallback once that is open. */
export function choices(state, code) {
  const usual = ["location", "wifi", "qr"].filter((method) => state.methods.includes(method));
  if (code && !usual.includes("qr")) usual.push("qr");
  const mayFallBack = state.weak_gps?.is_open || !state.consent?.is_given;
  const more = state.methods.includes("location") && mayFallBack ? state.fallback : [];
  return [...usual, ...more.filter((method) => !usual.includes(method))];
}

// The first punch of coming counts, and the last one of going.
function punchWord({ next }) {
  if (next?.slot.startsWith("in")) return next.is_again ? "punch" : "punch_in";
  if (next?.slot.startsWith("out")) return next.is_again ? "punch_out_again" : "punch_out";
  return "punch";
}

/**
 * Return { act, word, icon }: act is none where there is nothing to press.
 *
 * `here` says what is at hand: state, method, code, photo, address, bridge, place (the state of the
 * positions) and position, isBusy, isOffline.
 */
export function nextStep(here) {
  const { state, method } = here;
  if (!state) return { act: "none", word: "one_moment", icon: "wait" };
  if (here.isBusy) return { act: "none", word: "sending", icon: "wait" };
  if (!method) return { act: "none", word: "no_methods", icon: "no" };
  if (here.isOffline && !state.allows_offline) return { act: "none", word: "no_network", icon: "cloud" };
  if (!state.phone.is_known) {
    if (here.isOffline) return { act: "none", word: "no_network", icon: "cloud" };
    return { act: "bind", word: "set_up_phone", icon: "phone" };
  }
  return (
    missing(here) ??
    photo(here) ?? {
      act: "punch",
      word: punchWord(state),
      icon: "check",
    }
  );
}

function photo(here) {
  if (!here.state.needs_photo || here.photo) return undefined;
  return { act: "photo", word: "take_photo", icon: "camera" };
}

function missing(here) {
  const { method, state } = here;
  if (method === "qr" && !here.code) return { act: "scan", word: "scan_code", icon: "qr" };
  if (method === "wifi" && !here.bridge) return { act: "none", word: "wifi_needs_app", icon: "wifi" };
  if (method === "manual" && !here.address) return { act: "type", word: "type_address", icon: "pen" };
  if (method !== "location" && !(method === "qr" && state.needs_place_with_code)) return undefined;
  if (!state.consent) return { act: "none", word: "no_notice", icon: "no" };
  if (!state.consent.is_given) return { act: "consent", word: "allow_location", icon: "pin" };
  if (here.position) return undefined;
  if (here.place === "denied") return { act: "none", word: "location_denied", icon: "no" };
  return { act: "none", word: "finding", icon: "pin" };
}
