// Reads QR codes from a <video>. It comes only when somebody scans, and so does its WebAssembly,
// which is not needed where the browser reads codes itself.

import { BarcodeDetector as Reader, prepareZXingModule } from "barcode-detector/ponyfill";

const FORMATS = ["qr_code"];
const PAUSE = 120;

async function isNative() {
  if (!("BarcodeDetector" in globalThis)) return false;
  const formats = await globalThis.BarcodeDetector.getSupportedFormats().catch(() => []);
  return formats.includes("qr_code");
}

async function reader(wasm) {
  if (await isNative()) return new globalThis.BarcodeDetector({ formats: FORMATS });
  prepareZXingModule({ overrides: { locateFile: () => wasm } });
  return new Reader({ formats: FORMATS });
}

/** Return the text of the first code that is seen; undefined once `isOver()`. Throws if it cannot read. */
export async function readCode(video, { wasm, isOver }) {
  const detector = await reader(wasm);
  let failures = 0;
  while (!isOver()) {
    if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
      try {
        const [found] = await detector.detect(video);
        failures = 0;
        if (found?.rawValue) return found.rawValue;
      } catch (error) {
        if (++failures > 5) throw error;
      }
    }
    await new Promise((go) => {
      setTimeout(go, PAUSE);
    });
  }
  return undefined;
}
