/**
 * `npm run bench:relaxed`: which ops relaxed SIMD makes faster. All of norm is compiled both ways, with asc, and each op and
 * element type timed against itself over one memory. What wins is named by `relaxed` in abi/ops.ts.
 */
import { writeFile } from "node:fs/promises";
import Benchmark from "benchmark";
import { hasRelaxed, type Variant } from "../bindings/engine/variants.js";
import type { DType } from "../dist/index.js";
import { optionsHelp, provenance, type Request, read } from "./command.js";
import { compile } from "./compile.js";
import { digits, duration, round } from "./format.js";
import { measure, ratio } from "./measure.js";
import { type Description, ops as descriptions, type Kernel } from "./ops.js";
import { addresses, makeProblem } from "./problem.js";
import { openEnvironment } from "./suite.js";

const help = `npm run bench:relaxed -- [options]

Times the norms' kernels compiled for relaxed SIMD (one rounding where simd has two) against the simd ones: node 22 or newer.

${optionsHelp}`;

type Exports = Record<string, Kernel>;

const request = read("bench:relaxed", help);
if (request !== undefined) {
  if (hasRelaxed()) await run(request);
  else console.error("bench:relaxed expected a runtime with relaxed SIMD, got one without: Node 22 or newer has it");
}

async function run({ ops, shapes, dtypes, seconds, json }: Request): Promise<void> {
  const about = provenance("bench/relaxed.ts");
  const environment = openEnvironment();
  const { memory } = environment;
  const variants = { simd: norms("simd", memory, dtypes), relaxed: norms("relaxed", memory, dtypes) };
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
    const { kernel }: Description = descriptions[op];
    if (kernel === undefined) {
      console.log(`${op}: the bench does not call its kernel`);
      continue;
    }
    for (const dtype of dtypes) {
      for (const shape of shapes) {
        const problem = makeProblem({ op, dtype, ...shape }, environment);
        const { rows, cols, eps, tensors } = problem;
        const at = addresses(tensors);
        const call = (exports: Exports) => ({ run: kernel(exports[`${op}_${dtype}`], at, { rows, cols, eps }) });
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
function norms(target: Variant, memory: WebAssembly.Memory, dtypes: readonly DType[]): Exports {
  const entries = dtypes.map((dtype) => `assembly/exports/norm/${dtype}.ts`);
  return compile(target, entries, memory) as Exports;
}
