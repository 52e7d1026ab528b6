/** AssemblyScript compiled and instantiated here, with the flags of the kernels. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Variant } from "../bindings/engine/variants.js";
import { root } from "./command.js";

/**
 * The exports of one module of all the entries, which are paths relative to the repository's root.
 *
 * asc runs in a process of its own: it is itself a large module, and V8 would be optimising that for seconds before it came to what
 * is timed here.
 */
export function compile(target: Variant, entries: readonly string[], memory: WebAssembly.Memory): WebAssembly.Exports {
  const asc = createRequire(import.meta.url).resolve("assemblyscript/bin/asc.js");
  const folder = mkdtempSync(join(tmpdir(), "orthonorm-bench-"));
  const file = join(folder, "module.wasm");
  try {
    const options = ["--config", "asconfig.json", "--target", target, "--outFile", file];
    execFileSync(process.execPath, [asc, ...entries, ...options], { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
    const module = new WebAssembly.Module(readFileSync(file));
    return new WebAssembly.Instance(module, { env: { memory, scratch: 0 } }).exports;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
