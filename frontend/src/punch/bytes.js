// Bytes as text: what signatures, thumbprints and digests are written in.

/** Return bytes as base64url without padding. */
export function base64url(bytes) {
  let text = "";
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** Return bytes in hexadecimal digits. */
export function hex(bytes) {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return the SHA-256 of bytes. */
export function sha256(bytes) {
  return crypto.subtle.digest("SHA-256", bytes);
}
