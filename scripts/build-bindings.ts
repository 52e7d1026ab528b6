// Compiles the bindings to dist/, with the plain .wasm files beside them.

import { execFileSync } from "node:child_process";
import { cp, readdir, rm } from "node:fs/promises";

await rm("dist", { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
for (const file of await readdir("bindings/wasm")) {
  if (file.endsWith(".wasm")) await cp(`bindings/wasm/${file}`, `dist/wasm/${file}`);
}
