// How things look: the plan, what is done, results, what is kept. It reads values and decides nothing.

import { by, element, icon, write } from "./elements.js";
import { say } from "./words.js";

const LOOKS = {
  accepted: { icon: "check", tone: "good" },
  later: { icon: "eye", tone: "good" },
  held: { icon: "eye", tone: "warn" },
  awaited: { icon: "wait", tone: "away" },
  refused: { icon: "no", tone: "bad" },
  kept: { icon: "cloud", tone: "away" },
};

function badge(outcome) {
  const look = LOOKS[outcome] ?? LOOKS.awaited;
  return element("i", { class: `pu-badge kq-${look.tone}` }, icon(look.icon));
}

function reasonList(reasons, name = "pu-reasons") {
  const sentences = reasons.map((one) => (typeof one === "string" ? one : one.sentence)).filter(Boolean);
  return sentences.length
    ? element("ul", { class: name }, ...sentences.map((sentence) => element("li", {}, sentence)))
    : null;
}

/** Show the plan of the day, what is done and what is next. */
export function showDay(state, { date, isOld }) {
  write(by("plan-date"), date);
  const plan = by("plan");
  plan.classList.remove("pu-loading");
  if (isOld) {
    plan.replaceChildren(say("plan_needs_network"));
    by("done").replaceChildren();
    by("day-link").hidden = true;
    return;
  }
  plan.replaceChildren(
    element("b", {}, state.plan.name),
    ...state.plan.times.map((times) => element("span", {}, times)),
  );
  const link = by("day-link");
  link.hidden = !state.day;
  if (state.day) {
    link.href = state.day.url;
    write(link, state.day.label);
    link.setAttribute("aria-label", say("day_link", { status: state.day.label }));
  }
  const rows = state.done.map((punch) =>
    element(
      "li",
      {},
      badge(punch.is_later ? "later" : punch.outcome),
      element(
        "div",
        {},
        element("b", {}, punch.sentence),
        element(
          "small",
          {},
          [punch.method_label, punch.outcome_label, punch.is_offline ? say("was_offline") : ""]
            .filter(Boolean)
            .join(" · "),
        ),
        punch.outcome === "accepted" && !punch.is_later ? null : reasonList(punch.reasons),
      ),
    ),
  );
  if (state.next && !state.next.is_again) {
    rows.push(
      element(
        "li",
        { class: "is-next" },
        element("i", { class: "pu-badge" }),
        element(
          "div",
          {},
          element("b", {}, state.next.at ? `${state.next.at} · ${state.next.label}` : state.next.label),
          element("small", {}, say("next")),
        ),
      ),
    );
  }
  by("done").replaceChildren(...rows);
}

/** Show the ways to punch, if there is a choice. */
export function showMethods(methods, chosen, choose) {
  const group = by("methods");
  group.hidden = methods.length < 2;
  const icons = { location: "pin", wifi: "wifi", qr: "qr", manual: "pen" };
  const names = methods.join();
  if (group.dataset.names !== names) {
    group.dataset.names = names;
    group.replaceChildren(
      ...methods.map((method) =>
        element(
          "label",
          {},
          element("input", {
            type: "radio",
            name: "method",
            value: method,
            class: "pu-hidden",
            onchange: () => choose(method),
          }),
          icon(icons[method]),
          element("span", {}, say(`method_${method}`)),
        ),
      ),
    );
  }
  for (const input of group.querySelectorAll("input")) input.checked = input.value === chosen;
}

/** Show the button as it is now: its words say what it will do. */
export function showButton({ act, word, icon: name }) {
  const big = by("big");
  big.disabled = act === "none";
  big.dataset.act = act;
  big.querySelector("use").setAttribute("href", `#i-${name}`);
  write(by("big-label"), say(word));
}

/** Show what a punch came to, with its reasons in words. */
export function showResult({ outcome, title, text, reasons = [], dismiss }) {
  by("result").replaceChildren(
    element(
      "div",
      { class: `pu-card pu-result is-${outcome}` },
      badge(outcome),
      element(
        "div",
        {},
        element("b", {}, title),
        text ? element("p", {}, text) : null,
        reasonList(reasons),
      ),
      element("button", {
        type: "button",
        class: "pu-icon",
        "aria-label": say("dismiss"),
        onclick: dismiss,
      }, icon("no")),
    ),
  );
  by("result").scrollIntoView({ block: "nearest" });
}

/** Show what is kept on this phone: waiting, refused, or another person's. */
export function showKept({ own, others, time, letGo }) {
  const rows = own.map((item) => {
    const outcome = item.refusal ? "refused" : "kept";
    return element(
      "li",
      {},
      badge(outcome),
      element(
        "div",
        {},
        element("b", {}, `${time(item)} · ${say(`method_${item.method}`)}`),
        element("small", {}, item.refusal ? item.refusal.message : say("will_be_sent")),
        item.refusal ? reasonList(item.refusal.reasons) : null,
      ),
      item.refusal
        ? element("button", { type: "button", class: "pu-quiet", onclick: () => letGo(item.id) }, say("understood"))
        : null,
    );
  });
  if (others) rows.push(element("li", {}, badge("kept"), element("div", {}, say("of_others", { count: others }))));
  by("kept").replaceChildren(...rows);
  by("kept-card").hidden = !rows.length;
}

/** Show the addresses by which the company's Wi-Fi knows the person's phones; `time` writes a moment. */
export function showAddresses(addresses, { change, remove, time }) {
  const button = (word, act, one) =>
    element(
      "button",
      { type: "button", class: "pu-quiet", "aria-label": `${say(word)} ${one.shown}`, onclick: () => act(one) },
      say(word),
    );
  by("macs").replaceChildren(
    ...addresses.map((one) =>
      element(
        "li",
        {},
        element(
          "div",
          {},
          element("b", {}, one.shown),
          one.is_private ? element("small", {}, say("address_private")) : null,
          one.cooling_until
            ? element("small", {}, say("address_cooling", { time: time(one.cooling_until) }))
            : null,
        ),
        button("address_change", change, one),
        button("address_remove", remove, one),
      ),
    ),
  );
  const enter = by("mac-enter");
  write(enter, say("address_enter"));
  // Whoever changes phones changes the address; several are for HR to enter.
  enter.hidden = addresses.length > 0;
}

/** Say what is wrong with an address, or nothing any more. */
export function showAddressProblem(text) {
  write(by("mac-problem"), text);
  by("mac-problem").hidden = !text;
  by("mac-address").setAttribute("aria-invalid", String(Boolean(text)));
}

/** Show a line above everything, or take it away. */
export function showNote(name, text, { tone = "", act, word } = {}) {
  const id = `note-${name}`;
  by(id)?.remove();
  if (!text) return;
  by("notes").append(
    element(
      "div",
      { id, class: `pu-note ${tone}`, role: "status" },
      icon(tone === "is-bad" ? "alert" : name === "offline" ? "cloud" : "phone"),
      element("span", {}, text),
      act ? element("button", { type: "button", class: "pu-quiet", onclick: act }, word) : null,
    ),
  );
}

/** Show a line about the place below the button. */
export function showPlace(lines) {
  const place = by("place");
  const words = JSON.stringify(lines);
  if (place.dataset.words === words) return;
  place.dataset.words = words;
  place.replaceChildren(
    ...lines.map(({ icon: name, tone, text, small }) =>
      element(
        "p",
        { class: tone ? `is-${tone}` : undefined },
        name ? icon(name) : null,
        element("span", {}, text, small ? element("small", {}, small) : null),
      ),
    ),
  );
}
