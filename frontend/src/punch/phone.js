// This phone's key: made here, never leaves, signs what is claimed.

import { base64url, sha256 } from "./bytes.js";
import { keepKey, readKey } from "./store.js";

const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const SIGNING = { name: "ECDSA", hash: "SHA-256" };
const encoder = new TextEncoder();

/** Return the thumbprint of a public key after RFC 7638. */
export async function thumbprintOf({ crv, kty, x, y }) {
  return base64url(await sha256(encoder.encode(JSON.stringify({ crv, kty, x, y }))));
}

/** Return the key of this phone; make one if there is none. */
export async function ownKey() {
  const found = await readKey();
  if (found) return found;
  const pair = await crypto.subtle.generateKey(CURVE, false, ["sign", "verify"]);
  const { crv, kty, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const jwk = { crv, kty, x, y };
  return keepKey({ pair, jwk, thumbprint: await thumbprintOf(jwk) });
}

/** Return the signature of a text. */
export async function sign(key, text) {
  return base64url(await crypto.subtle.sign(SIGNING, key.pair.privateKey, encoder.encode(text)));
}

/**
 * Return what shows that this phone holds its key: a signature of what the server asks for.
 *
 * The words before it make sure that what the server chose to ask is never read as a punch.
 */
export function signChallenge(key, challenge) {
  return sign(key, `kaoqin phone ${challenge}`);
}

/** Return a name by which its owner recognises this phone, such as "Android · Chrome". */
export function nameOfPhone(agent = navigator.userAgent) {
  const model = /Android [\d.]+; ([^;)]+?)(?: Build|[;)])/.exec(agent)?.[1];
  const known = [
    [/iPhone/, "iPhone"],
    [/iPad/, "iPad"],
    [/Android/, model && model !== "K" ? model : "Android"],
    [/Windows/, "Windows"],
    [/Mac OS/, "Mac"],
    [/Linux/, "Linux"],
  ];
  const browsers = [
    [/wxwork/i, "WeCom"],
    [/DingTalk/i, "DingTalk"],
    [/Lark|Feishu/i, "Feishu"],
    [/MicroMessenger/i, "WeChat"],
    [/Edg/, "Edge"],
    [/Firefox|FxiOS/, "Firefox"],
    [/Chrome|CriOS/, "Chrome"],
    [/Safari/, "Safari"],
  ];
  const named = (list) => list.find(([sign]) => sign.test(agent))?.[1];
  return [named(known), named(browsers)].filter(Boolean).join(" · ").slice(0, 60) || "Browser";
}
