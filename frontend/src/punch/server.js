// The one way to the server. It knows five endings: an answer, a refusal, nobody logged in, no
// network, and a server that cannot just now.

/** The server said no, finally: a code, a sentence, reasons. */
export class Refused extends Error {
  constructor(said, status) {
    super(said.message || String(status));
    this.code = said.code ?? "refused";
    this.reasons = said.reasons ?? [];
    this.status = status;
  }
}

/** Nobody is logged in any more. */
export class LoggedOut extends Error {}

/** There is no network, or the server cannot answer now: try again later. */
export class Later extends Error {}

const PATIENCE = 10_000;
let token = "";

/** Take the token that stands in the page; the page that is shown without a network has none. */
export function takeToken(found) {
  token = found;
}

async function ask(address, options) {
  try {
    return await fetch(address, {
      credentials: "same-origin",
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
      ...options,
    });
  } catch {
    throw new Later();
  }
}

/** Fetch the token of this session from the page itself. Throws LoggedOut and Later. */
export async function renewToken() {
  const answer = await ask("/punch/", { headers: { Accept: "text/html" } });
  if (answer.type === "opaqueredirect") throw new LoggedOut();
  if (!answer.ok) throw new Later();
  let text;
  try {
    text = await answer.text();
  } catch {
    throw new Later();
  }
  token = /<meta name="csrf" content="([\w-]+)"/.exec(text)?.[1] ?? "";
  if (!token) throw new Later();
}

async function read(answer) {
  if (answer.type === "opaqueredirect" || answer.status === 401) throw new LoggedOut();
  if (answer.status === 429 || answer.status === 408 || answer.status >= 500) throw new Later();
  let said;
  try {
    said = await answer.json();
  } catch {
    said = {};
    if (answer.ok) throw new Later();
  }
  if (!answer.ok) throw new Refused(said, answer.status);
  return said;
}

/** Read an address. Throws Refused, LoggedOut and Later. */
export async function get(address) {
  return read(await ask(address, { headers: { Accept: "application/json" } }));
}

/** Post a form, or anything else as JSON. Throws Refused, LoggedOut and Later. */
export async function post(address, what) {
  const isForm = what instanceof FormData;
  const send = async () =>
    ask(address, {
      method: "POST",
      body: isForm ? what : JSON.stringify(what),
      headers: {
        Accept: "application/json",
        "X-CSRFToken": token,
        ...(isForm ? {} : { "Content-Type": "application/json" }),
      },
    });
  if (!token) await renewToken();
  let answer = await send();
  // After a log-in in another tab, the token of this page is an old one.
  if (answer.status === 403) {
    await renewToken();
    answer = await send();
  }
  return read(answer);
}
