// Compiles each family of kernels (assembly/exports/*.ts) to its own module, and writes it twice to bindings/wasm: as
// plain .wasm, and as a TypeScript module that carries it as text (the one way of loading that works in Node, in every
// bundler and without one).

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import asc from "assemblyscript/asc";
import { decode, encode } from "../bindings/text.js";

const variant = "simd";
const families = (await readdir("assembly/exports")).map((file) => file.replace(/\.ts$/, ""));
await mkdir("bindings/wasm", { recursive: true });

for (const family of families) {
  const binary = `bindings/wasm/${family}.${variant}.wasm`;
  const args = [`assembly/exports/${family}.ts`, "--config", "asconfig.json", "--target", variant, "--outFile", binary];
  const { error, stderr } = await asc.main(args);
  // a warning of the 2xx kind is a virtual call or a lossy conversion: the first traps at run time
  if (error || stderr.toString().includes("WARNING AS2")) {
    console.error(stderr.toString());
    throw error ?? new Error(`${family}: asc warned`);
  }
  const bytes = await readFile(binary);
  const text = encode(bytes);
  if (!bytes.equals(decode(text))) throw new Error(`${family}: its text does not decode to its bytes`);
  const source = [
    "// Made by scripts/build-wasm.ts. Do not edit.",
    'import type { Family } from "../variants.js";',
    `export const ${family}: Family = {`,
    `  name: "${family}",`,
    `  ${variant}: "${text}",`,
    "};",
    "",
  ];
  await writeFile(`bindings/wasm/${family}.ts`, source.join("\n"));
  console.log(`${binary}: ${bytes.length} bytes`);
}
