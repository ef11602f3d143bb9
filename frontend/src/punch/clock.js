// The server's clock, as this phone can know it.

let best = { offset: 0, journey: Infinity };
let heard;

/** Learn from an answer that took from `asked` to `answered` (performance.now()) and said `now`. */
export function learnTime(now, asked, answered) {
  heard = { at: now, answered };
  const journey = answered - asked;
  if (journey > best.journey + 2_000) return;
  const middle = Date.now() - journey / 2;
  best = { offset: new Date(now).getTime() - middle, journey };
}

/** Remember what the server's clock said in the last answer that was kept on the phone. */
export function rememberTime(now) {
  heard ??= now && { at: now };
}

/**
 * Return when the server was last heard, and for how many milliseconds the phone's stopwatch has run
 * since, if it ran: nobody sets it. A sleeping phone may stop it, so it says no more than "at least".
 */
export function lastHeard() {
  if (!heard) return {};
  const since = heard.answered === undefined ? undefined : performance.now() - heard.answered;
  return { serverAt: heard.at, sinceServerMs: since === undefined ? undefined : Math.floor(since) };
}

/**
 * Say whether a moment of `lastHeard` shows that the phone's clock was right. Where no answer came since
 * the page was opened it shows nothing: no stopwatch outlives the page.
 */
export function isWatched({ sinceServerMs }) {
  return sinceServerMs !== undefined;
}

/** Return the moment on the server's clock. */
export function serverNow() {
  return new Date(Date.now() + best.offset);
}

/** Return a function that writes a moment as a wall time in a zone. */
export function wallClock(zone, language, options) {
  const format = new Intl.DateTimeFormat(language, { timeZone: zone, hourCycle: "h23", ...options });
  return (date) => format.format(date);
}
