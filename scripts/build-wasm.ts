// From the table of ops (abi/ops.ts) to bindings/wasm: each family of kernels compiled, whole, as plain .wasm, and as a
// TypeScript module that carries a part per element type as text; and ops.ts, what the bindings know of each op. Text is the
// one way of loading that works in Node, in every bundler and without one; parts, since nobody should wait for kernels that
// are not called: the first f32 LayerNorm compiles 19 KB instead of 82.

import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import asc from "assemblyscript/asc";
import type { Variant } from "../bindings/engine/variants.js";
import { codeFor, type Decoder, decode, decoderOf, encode } from "../bindings/engine/wasm-text.js";
import type { DType } from "../bindings/memory/dtype.js";
import { assemblyOf, bindingsOf, families, familiesOf, generated, namesOf, opsIn, relaxedOf } from "./abi.js";

// like beside like, for gzip sees back 32 KB: with f32 first `import { layerNorm }` is 0.4 KB larger
const dtypes: readonly DType[] = ["f64", "f32", "bf16", "f16"];
const folder = "bindings/wasm";
const exportsFolder = "assembly/exports";
const scratch = await mkdtemp(join(tmpdir(), "orthonorm-wasm-"));
/** What will be in bindings/wasm, by file name: written when all of it is there, so that a build that fails leaves the last one. */
const files = new Map<string, string | Buffer>([
  ["ops.ts", bindingsOf()],
  ["names.ts", namesOf()],
  ["families.ts", familiesOf()],
  ["exports.ts", opsIn("../ops")],
]);
let decoder: Decoder;
try {
  const decoding = await compile("simd", ["assembly/text/decode.ts"], "decode.wasm");
  files.set("decoder.ts", `${generated}\nexport const decoder = (): number[] => [${decoding.join(", ")}];\n`);
  decoder = decoderOf(new WebAssembly.Module(Uint8Array.from(decoding)));
  await rm(exportsFolder, { recursive: true, force: true });
  const relaxed: string[] = [];
  for (const family of families) relaxed.push(...(await build(family)));
  const head = [generated, 'import { hasRelaxed, type Relaxed } from "../engine/variants.js";'];
  const body = [
    "export const relaxed: Relaxed = {",
    '  name: "relaxed",',
    "  runs: hasRelaxed,",
    "  families: {",
    ...relaxed,
    "  },",
    "};",
    "",
  ];
  files.set("relaxed.ts", [...head, ...body].join("\n"));
} finally {
  await rm(scratch, { recursive: true });
}
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
for (const [name, content] of files) await writeFile(`${folder}/${name}`, content);
await writeFile("bindings/reference/ops.ts", opsIn("."));
await import("./build-worker.js");

/** Compiles a family. Returns those of its parts that relaxed SIMD makes faster, as a property. */
async function build(family: string): Promise<string[]> {
  const entries: string[] = [];
  for (const dtype of dtypes) entries.push(await write(`${family}/${dtype}.ts`, assemblyOf(family, dtype)));
  const whole = await compile("simd", entries, `${family}.simd.wasm`);
  files.set(`${family}.simd.wasm`, whole);
  const code = codeFor(whole);
  const sizes: string[] = [];
  const simd: string[] = [];
  const relaxed: string[] = [];
  for (const [i, dtype] of dtypes.entries()) {
    simd.push(...(await part("simd", entries[i], dtype)));
    const text = relaxedOf(family, dtype);
    if (text === undefined) continue;
    relaxed.push(...(await part("relaxed", await write(`${family}/relaxed/${dtype}.ts`, text), dtype)));
  }
  const head = [generated, 'import type { Family } from "../engine/variants.js";'];
  const own = [`export const ${family}: Family = {`, `  name: "${family}",`, `  code: "${code}",`, ...simd, "};", ""];
  files.set(`${family}.ts`, [...head, ...own].join("\n"));
  console.log(`${family}.simd.wasm: ${whole.length} bytes; in parts: ${sizes.join(", ")}`);
  return relaxed.length === 0 ? [] : [`    ${family}: {`, ...relaxed.map((line) => `    ${line}`), "    },"];

  /** A module as a property that gives its text. */
  async function part(variant: Variant, entry: string, dtype: DType): Promise<string[]> {
    const bytes = await compile(variant, [entry], `${family}.${variant}.${dtype}.wasm`);
    const text = encode(code, bytes);
    if (!bytes.equals(decode(code, text, decoder)))
      throw new Error(`${family} ${dtype}: its text does not decode to its bytes`);
    sizes.push(`${dtype} ${variant} ${bytes.length}`);
    // a getter: JavaScript engines read over a function's body until it is called (Node 20: 2.5 ms less to import all)
    return [`  get ${dtype}() {`, `    return "${text}";`, "  },"];
  }
}

/** Writes a file of assembly/exports; returns its path. */
async function write(name: string, text: string): Promise<string> {
  const path = `${exportsFolder}/${name}`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

async function compile(target: Variant, entries: readonly string[], name: string): Promise<Buffer> {
  const outFile = join(scratch, name);
  const args = [...entries, "--config", "asconfig.json", "--target", target, "--outFile", outFile];
  const { error, stderr } = await asc.main(args);
  // a warning of the 2xx kind is a virtual call or a lossy conversion: the first traps at run time
  if (error || stderr.toString().includes("WARNING AS2")) {
    console.error(stderr.toString());
    throw error ?? new Error(`${name}: asc warned`);
  }
  return readFile(outFile);
}
