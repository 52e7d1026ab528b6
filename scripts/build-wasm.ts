// From the table of ops (abi/ops.ts) to bindings/wasm: each family of kernels compiled, whole, as plain .wasm, and as a
// TypeScript module that carries a part per element type as text; and ops.ts, what the bindings know of each op. Text is the
// one way of loading that works in Node, in every bundler and without one; parts, since nobody should wait for kernels that
// are not called: the first f32 LayerNorm compiles 19 KB instead of 82.

import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import asc from "assemblyscript/asc";
import type { Variant } from "../bindings/engine/variants.js";
import { codeFor, decode, encode } from "../bindings/engine/wasm-text.js";
import type { DType } from "../bindings/memory/dtype.js";
import { assemblyOf, bindingsOf, families, familiesOf, made, namesOf, opsIn, relaxedOf } from "./abi.js";

// like beside like, for gzip sees back 32 KB: with f32 first `import { layerNorm }` is 0.4 KB larger
const dtypes: readonly DType[] = ["f64", "f32", "bf16", "f16"];
const folder = "bindings/wasm";
const exportsFolder = "assembly/exports";
const scratch = await mkdtemp(join(tmpdir(), "orthonorm-wasm-"));
for (const made of [folder, exportsFolder]) await rm(made, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
await writeFile(`${folder}/ops.ts`, bindingsOf());
await writeFile(`${folder}/names.ts`, namesOf());
await writeFile(`${folder}/families.ts`, familiesOf());
await writeFile(`${folder}/exports.ts`, opsIn("../ops"));
await writeFile("bindings/reference/ops.ts", opsIn("."));

const relaxed = [
  made,
  'import type { Relaxed } from "../engine/variants.js";',
  "export const relaxed: Relaxed = {",
  '  name: "relaxed",',
  "  families: {",
];
for (const family of families) {
  const file = `${folder}/${family}.simd.wasm`;
  const entries: string[] = [];
  for (const dtype of dtypes) entries.push(await write(`${family}/${dtype}.ts`, assemblyOf(family, dtype)));
  const whole = await compile("simd", entries, file);
  const code = codeFor(whole);
  const source = [
    made,
    'import type { Family } from "../engine/variants.js";',
    `export const ${family}: Family = {`,
    `  name: "${family}",`,
    `  code: "${code}",`,
  ];
  const faster: string[] = [];
  const sizes: string[] = [];
  for (const [i, dtype] of dtypes.entries()) {
    source.push(...(await part("simd", family, entries[i], dtype)));
    const text = relaxedOf(family, dtype);
    if (text === undefined) continue;
    faster.push(...(await part("relaxed", family, await write(`${family}/relaxed/${dtype}.ts`, text), dtype)));
  }
  source.push("};", "");
  if (faster.length > 0) relaxed.push(`    ${family}: {`, ...faster, "    },");
  await writeFile(`${folder}/${family}.ts`, source.join("\n"));
  console.log(`${file}: ${whole.length} bytes; in parts: ${sizes.join(", ")}`);

  /** A module as a property that gives its text. */
  async function part(variant: Variant, family: string, entry: string, dtype: DType): Promise<string[]> {
    const bytes = await compile(variant, [entry], join(scratch, `${family}.${variant}.${dtype}.wasm`));
    const text = encode(code, bytes);
    if (!bytes.equals(decode(code, text))) throw new Error(`${family} ${dtype}: its text does not decode to its bytes`);
    sizes.push(`${dtype} ${variant} ${bytes.length}`);
    // a getter: JavaScript engines read over a function's body until it is called (Node 20: 2.5 ms less to import all)
    return [`get ${dtype}() {`, `  return "${text}";`, "},"].map(
      (line) => `  ${variant === "relaxed" ? "    " : ""}${line}`,
    );
  }
}
relaxed.push("  },", "};", "");
await writeFile(`${folder}/relaxed.ts`, relaxed.join("\n"));
await rm(scratch, { recursive: true });

/** Writes a file of assembly/exports; returns its path. */
async function write(name: string, text: string): Promise<string> {
  const path = `${exportsFolder}/${name}`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

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
