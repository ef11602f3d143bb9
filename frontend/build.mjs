// Builds what browsers are given: static/dist. Each entry becomes one file that needs no other.

import { copyFile, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { build } from "esbuild";

const DIST = "static/dist";

const ENTRIES = [
  "frontend/src/console.css",
  "frontend/src/fences.js",
];

// Modules of the punch page. What not everybody needs is a module of its own, which main.js imports
// under the address that stands in the page, for that is another one with each release.
const MODULES = {
  "punch/main": "frontend/src/punch/main.js",
  "punch/scan": "frontend/src/punch/scan.js",
  "punch/wecom": "frontend/src/punch/bridges/wecom.js",
  "punch/dingtalk": "frontend/src/punch/bridges/dingtalk.js",
  "punch/sw": "frontend/src/punch/sw.js",
};

const require = createRequire(import.meta.url);

// What is fetched by a script, as it came. Each stands beside the bundle that asks for it.
const COPIES = [
  // The reader of codes asks for the very version of its WebAssembly; a newer one crashes it.
  [createRequire(require.resolve("barcode-detector")).resolve("zxing-wasm/reader/zxing_reader.wasm"), "zxing_reader.wasm"],
];

// An address inside a drawing inside a sheet looks like a file to Django's storage, which would put
// another one in its place. In base64 nobody sees it.
const drawingsInBase64 = {
  name: "drawings in base64",
  setup({ onLoad }) {
    onLoad({ filter: /leaflet-geoman\.css$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replace(
        /url\('data:image\/svg\+xml,(.*?)'\)/gs,
        (_, drawing) => {
          const plain = drawing.replace(/%[0-9a-f]{2}/gi, decodeURIComponent);
          return `url("data:image/svg+xml;base64,${Buffer.from(plain).toString("base64")}")`;
        },
      ),
      loader: "css",
    }));
  },
};

const SHARED = {
  outdir: DIST,
  bundle: true,
  minify: true,
  target: "es2022",
  loader: { ".png": "dataurl", ".svg": "dataurl" },
  plugins: [drawingsInBase64],
  logLevel: "warning",
};

await build({ ...SHARED, entryPoints: ENTRIES, format: "iife" });
await build({ ...SHARED, entryPoints: MODULES, format: "esm" });

await Promise.all(COPIES.map(([from, name]) => copyFile(from, `${DIST}/${name}`)));
