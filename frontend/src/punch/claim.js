// What a phone claims: the text that is signed, and sent as it was signed.

/** Return a moment of the phone's clock as ISO with the phone's offset. */
export function moment(date) {
  const minutes = -date.getTimezoneOffset();
  const two = (number) => String(Math.floor(Math.abs(number))).padStart(2, "0");
  const wall = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, -1);
  return `${wall}${minutes < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}

/**
 * Return a claim. What was not seen does not stand in it.
 *
 * `heard` says when the server was last heard from, as `lastHeard` told when the button was pressed.
 * `seen` may hold position, isMock, bssid, ssid, code, address and photoSha256. A claim that is made
 * with the network says when it was sent; for a kept one that is said beside it, when it is sent.
 */
export function claimOf({ phone, counter, insteadOf, pressedAt, heard = {}, method, seen, isOffline }) {
  const claim = {
    v: 1,
    phone,
    counter,
    instead_of: insteadOf,
    at: moment(pressedAt),
    sent_at: isOffline ? undefined : moment(new Date()),
    server_at: heard.serverAt,
    since_server_ms: heard.sinceServerMs,
    method,
    position: seen.position,
    is_mock: seen.isMock,
    bssid: seen.bssid,
    ssid: seen.ssid,
    code: seen.code,
    address: seen.address,
    offline: isOffline,
    photo_sha256: seen.photoSha256,
  };
  return Object.fromEntries(Object.entries(claim).filter(([, value]) => value !== undefined));
}

/** Return the code in what a scanner read: the address of this page with a code, or a bare code. */
export function codeIn(text) {
  const said = text.trim();
  if (!/^https?:/i.test(said)) return said;
  try {
    return new URL(said).searchParams.get("code") ?? "";
  } catch {
    return "";
  }
}
