// bindings/wasm/worker.ts: the program of a worker (bindings/threads/worker.ts) as a text. `npm run build:wasm` makes it too.

import { writeFile } from "node:fs/promises";
import { build } from "esbuild";
import { generated } from "./abi.js";

const { outputFiles } = await build({
  entryPoints: ["bindings/threads/worker.ts"],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "ascii",
  write: false,
});
const text = JSON.stringify(outputFiles[0].text.trim());
await writeFile("bindings/wasm/worker.ts", `${generated}\nexport const program =\n  ${text};\n`);
