// Compiles each family of kernels (assembly/exports/*), and writes it to bindings/wasm twice: whole, as plain .wasm; and as
// a TypeScript module that carries a part per element type as text. Text is the one way of loading that works in Node, in
// every bundler and without one; parts, since nobody should wait for kernels that are not called: the first f32 LayerNorm
// compiles 19 KB instead of 82.

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { codeFor, decode, encode } from "../bindings/text.js";
import type { Variant } from "../bindings/variants.js";

// like beside like: gzip sees back 32 KB (the relaxed parts of norm cost 2.3 KB so, 5.5 KB after all others)
const dtypes = ["f32", "f64", "bf16", "f16"];
const folder = "bindings/wasm";
const scratch = await mkdtemp(join(tmpdir(), "orthonorm-wasm-"));
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });

for (const family of await readdir("assembly/exports")) {
  const exports = `assembly/exports/${family}`;
  const file = `${folder}/${family}.simd.wasm`;
  const whole = await compile(
    "simd",
    dtypes.map((dtype) => `${exports}/${dtype}.ts`),
    file,
  );
  const code = codeFor(whole);
  const source = [
    "// Made by scripts/build-wasm.ts. Do not edit.",
    'import type { Family } from "../variants.js";',
    `export const ${family}: Family = {`,
    `  name: "${family}",`,
    `  code: "${code}",`,
  ];
  const sizes: string[] = [];
  for (const dtype of dtypes) {
    source.push(`  ${dtype}: {`);
    for (const variant of ["simd", "relaxed"] as const) {
      const entry = `${exports}/${variant === "simd" ? "" : "relaxed/"}${dtype}.ts`;
      if (!existsSync(entry)) continue;
      const bytes = await compile(variant, [entry], join(scratch, `${family}.${variant}.${dtype}.wasm`));
      const text = encode(code, bytes);
      if (!bytes.equals(decode(code, text)))
        throw new Error(`${family} ${dtype}: its text does not decode to its bytes`);
      // a getter: JavaScript engines read over a function's body until it is called (Node 20: 2.5 ms less to import all)
      source.push(`    get ${variant}() {`, `      return "${text}";`, "    },");
      sizes.push(`${dtype} ${variant} ${bytes.length}`);
    }
    source.push("  },");
  }
  source.push("};", "");
  await writeFile(`${folder}/${family}.ts`, source.join("\n"));
  console.log(`${file}: ${whole.length} bytes; in parts: ${sizes.join(", ")}`);
}
await rm(scratch, { recursive: true });

async function compile(target: Variant, entries: readonly string[], outFile: string): Promise<Buffer> {
  const args = [...entries, "--config", "asconfig.json", "--target", target, "--outFile", outFile];
  const { error, stderr } = await asc.main(args);
  // a warning of the 2xx kind is a virtual call or a lossy conversion: the first traps at run time
  if (error || stderr.toString().includes("WARNING AS2")) {
    console.error(stderr.toString());
    throw error ?? new Error(`${outFile}: asc warned`);
  }
  return readFile(outFile);
}
