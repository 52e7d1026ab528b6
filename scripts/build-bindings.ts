// The bindings to dist/: a JavaScript file for each entry, for the time to read them one by one is most of a cold start
// (Node 20: 25 ms for the 22 modules, 9 for one); their types as tsc writes them; and the plain .wasm files.

import { execFileSync } from "node:child_process";
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";
import { program } from "../bindings/wasm/worker.js";

await rm("dist", { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
const outputs = ["dist/index.js", "dist/reference/index.js", "dist/threads/index.js"];
await build({
  entryPoints: ["bindings/index.ts", "bindings/reference/index.ts", "bindings/threads/index.ts"],
  outdir: "dist",
  bundle: true,
  format: "esm",
  target: "es2022",
  // engines with threads are made of the classes of dist/index.js, which must be the ones that the ops know
  external: ["@assemblyscript/loader", "../index.js"],
  logLevel: "warning",
});
// ASCII alone: with any other character, be it in a comment, a JavaScript engine keeps all of the source in two bytes a
// character. esbuild has escaped what strings hold.
for (const file of outputs) {
  const text = await readFile(file, "utf8");
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  await writeFile(file, text.replace(/[^\0-\x7f]/g, escaped));
}
await writeFile("dist/threads/worker.js", `${program}\n`);
for (const file of await readdir("bindings/wasm")) {
  if (file.endsWith(".wasm")) await cp(`bindings/wasm/${file}`, `dist/wasm/${file}`);
}
