/**
 * `npm run bench:relaxed`: which ops relaxed SIMD makes faster. All of norm is compiled both ways, with asc, and each op and
 * element type timed against itself over one memory. What wins is exported by assembly/exports/norm/relaxed/.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import Benchmark from "benchmark";
import { hasRelaxed } from "../bindings/variants.js";
import type { DType } from "../dist/index.js";
import { environment, optionsHelp, type Request, read, root } from "./command.js";
import { digits, duration } from "./lines.js";
import { measure, ratio } from "./measure.js";
import { makeProblem } from "./problem.js";
import { openPlace, round } from "./suite.js";

const help = `npm run bench:relaxed -- [options]

Times the norms' kernels compiled for relaxed SIMD (one rounding where simd has two) against the simd ones: node 22 or newer.

${optionsHelp}`;

type Exports = Record<string, (...args: number[]) => void>;

const request = read("bench:relaxed", help);
if (request !== undefined) {
  if (hasRelaxed()) await run(request);
  else console.error("bench:relaxed expected a runtime with relaxed SIMD, got one without: Node 22 or newer has it");
}

async function run({ ops, shapes, dtypes, seconds, json }: Request): Promise<void> {
  const about = environment("bench/relaxed.ts");
  const place = openPlace();
  const { memory } = place;
  const variants = { simd: await compile("simd", memory, dtypes), relaxed: await compile("relaxed", memory, dtypes) };
  const results: {
    op: string;
    dtype: DType;
    rows: number;
    cols: number;
    simd: number;
    relaxed: number;
    ratio: number;
  }[] = [];
  for (const op of ops) {
    for (const dtype of dtypes) {
      for (const shape of shapes) {
        const problem = makeProblem({ op, dtype, ...shape }, place);
        const { rows, cols, eps, tensors } = problem;
        const [y, x, weight, bias] = [tensors.y, tensors.x, tensors.weight, tensors.bias].map(
          (one) => one.data.byteOffset,
        );
        const call = (exports: Exports) => {
          const kernel = exports[`${op}_${dtype}`];
          const norm =
            op === "layerNorm"
              ? () => kernel(y, 0, 0, 0, x, 0, weight, bias, rows, cols, eps)
              : () => kernel(y, 0, 0, x, 0, weight, 0, rows, cols, 0, eps);
          return { run: norm };
        };
        const [simd, relaxed] = await measure(Benchmark, [call(variants.simd), call(variants.relaxed)], {
          seconds: seconds / 2,
        });
        problem.dispose();
        const one = {
          op,
          dtype,
          rows,
          cols,
          simd: round(simd.median * 1e9),
          relaxed: round(relaxed.median * 1e9),
          ratio: round(ratio(relaxed, simd)),
        };
        results.push(one);
        const name = `${op} ${dtype} ${rows}×${cols}`;
        console.log(
          `${name.padEnd(28)} simd ${duration(one.simd).padStart(8)}  relaxed ${duration(one.relaxed).padStart(8)}  ${digits(one.ratio)}`,
        );
      }
    }
  }
  if (json !== undefined) {
    await writeFile(json, `${JSON.stringify({ ...about, results }, null, 2)}\n`);
    console.log(`\nwritten to ${json}`);
  }
}

/** All norms of these element types, compiled for a variant, over a memory. */
async function compile(target: string, memory: WebAssembly.Memory, dtypes: readonly DType[]): Promise<Exports> {
  const folder = await mkdtemp(join(tmpdir(), "orthonorm-relaxed-"));
  const file = join(folder, "norm.wasm");
  try {
    const entries = dtypes.map((dtype) => join(root, `assembly/exports/norm/${dtype}.ts`));
    const { error, stderr } = await asc.main([
      ...entries,
      "--config",
      join(root, "asconfig.json"),
      "--target",
      target,
      "--outFile",
      file,
    ]);
    if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
    const module = new WebAssembly.Module(await readFile(file));
    return new WebAssembly.Instance(module, { env: { memory } }).exports as Exports;
  } finally {
    await rm(folder, { recursive: true });
  }
}
