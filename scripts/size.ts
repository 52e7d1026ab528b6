// What a page loads: the default entry bundled and minified for a browser, gzipped, base64 included. `npm run size`.

import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const entries: Record<string, string> = {
  'import { layerNorm } from "orthonorm"': 'export { layerNorm } from "./dist/index.js";',
  'import { layerNorm, rmsNorm } from "orthonorm"': 'export { layerNorm, rmsNorm } from "./dist/index.js";',
  'import { geometry } from "orthonorm"': 'export { geometry } from "./dist/index.js";',
  everything: 'export * from "./dist/index.js";',
};

for (const [name, contents] of Object.entries(entries)) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    write: false,
  });
  const bytes = outputFiles[0].contents;
  const gzipped = gzipSync(bytes, { level: 9 }).length;
  console.log(`${name.padEnd(48)} ${(gzipped / 1024).toFixed(1).padStart(6)} KB gzipped  ${bytes.length} bytes`);
}
