/** `npm run bench:threads`: large calls on several threads beside one. See --help. */
import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import type { Tensor } from "../dist/index.js";
import { createEngine, type Engine, layerNorm, rmsNorm } from "../dist/index.js";
import { createThreadedEngine } from "../dist/threads/index.js";
import { optionsHelp, provenance, type Request, read } from "./command.js";
import { digits, duration, round } from "./format.js";
import { normal, uniforms } from "./random.js";

const help = `npm run bench:threads -- [options]

Times layerNorm and rmsNorm on Tensors on one thread and on 2 … as many as the machine runs at once, in turns, after checking that
all give the same bits. Printed are the median of the ratios within a round; and, as "best", the ratio of the 5 % quantiles of
the times, which is what a machine gives that has nothing else to do. Small shapes are declined: one thread runs them.

${optionsHelp}`;

const norms: Record<string, typeof layerNorm> = { layerNorm, rmsNorm };
/** Declined; from where sharing begins; and the shapes of the targets. */
const shapes = "1x64,128x64,128x768,256x768,512x768,2048x768,2048x4096";
/** Seconds of a sample at least: several calls, where one takes less. */
const sampleTime = 1e-4;

interface Contestant {
  threads: number;
  run: () => void;
  out: Tensor;
  tensors: Tensor[];
  times: number[];
}

const request = read("bench:threads", help, { shapes });
if (request !== undefined) await run(request);

async function run({ ops, dtypes, shapes, seconds, json }: Request): Promise<void> {
  const about = provenance("bench/threads.ts");
  if (about.stale)
    console.error("dist/ is older than its sources, and it is dist/ that is timed: npm run build first\n");
  const most = Math.max(2, Math.min(16, availableParallelism()));
  const engines: Engine[] = [createEngine()];
  for (let threads = 2; threads <= most; threads++) engines.push(await createThreadedEngine({ threads }));
  const results: object[] = [];
  for (const op of ops) {
    if (!(op in norms)) {
      console.log(`${op}: the bench has layerNorm and rmsNorm`);
      continue;
    }
    for (const dtype of dtypes) {
      for (const { rows, cols } of shapes) {
        const random = uniforms(1);
        const numbers = (count: number) => Float64Array.from({ length: count }, () => normal(random));
        const [x, weight, bias] = [numbers(rows * cols), numbers(cols), numbers(cols)];
        const contestants = engines.map((engine, i): Contestant => {
          const wide = dtype === "f64" ? "f64" : "f32";
          const [input, out] = [engine.tensor(dtype, [rows, cols], x), engine.tensor(dtype, [rows, cols])];
          const [w, b] = [engine.tensor(wide, cols, weight), engine.tensor(wide, cols, bias)];
          const norm = norms[op];
          const run = () => norm(input, { weight: w, bias: b, out });
          return { threads: i + 1, run, out, tensors: [input, out, w, b], times: [] };
        });
        const what = `${op} ${dtype} ${rows}×${cols}`;
        checkBits(what, contestants);
        takeTurns(contestants, seconds);
        const [one, ...several] = contestants;
        const figures = several.map((contestant) => ({ threads: contestant.threads, ...compare(one, contestant) }));
        results.push({ op, dtype, rows, cols, one: round(quantile(one.times, 0.5) * 1e9), figures });
        console.log(
          `${what.padEnd(28)} ${duration(quantile(one.times, 0.5) * 1e9).padStart(8)}   ${figures
            .map(({ threads, median, best }) => `${threads} threads ×${digits(median)} (best ×${digits(best)})`)
            .join("   ")}`,
        );
        for (const { tensors } of contestants) for (const tensor of tensors) tensor.dispose();
      }
    }
  }
  for (const engine of engines) engine.dispose();
  if (json !== undefined) await writeFile(json, `${JSON.stringify({ ...about, results }, null, 2)}\n`);
}

/** Throws unless all give the bits of the first. */
function checkBits(what: string, contestants: readonly Contestant[]): void {
  const bits = contestants.map(({ run, out }) => {
    for (let i = 0; i < 20; i++) run(); // by then workers have the kernel
    out.data.fill(0);
    run();
    return new Uint8Array(out.toArray().buffer);
  });
  for (const [i, other] of bits.entries()) {
    const differs = other.findIndex((byte, k) => byte !== bits[0][k]);
    if (differs >= 0) throw new Error(`${what}: ${i + 1} threads expected the bits of one, got others at ${differs}`);
  }
}

/** Samples of all, one after another, for so many seconds. A sample follows an untimed call, which brings the operands into cache. */
function takeTurns(contestants: readonly Contestant[], seconds: number): void {
  const [one] = contestants;
  const start = performance.now();
  for (let i = 0; i < 20; i++) one.run();
  const calls = Math.max(1, Math.round((sampleTime * 1e3) / ((performance.now() - start) / 20)));
  const end = performance.now() + seconds * 1e3;
  for (let turn = 0; performance.now() < end || turn < 20; turn++) {
    for (let i = 0; i < contestants.length; i++) {
      const { run, times } = contestants[(i + turn) % contestants.length];
      run();
      const before = performance.now();
      for (let call = 0; call < calls; call++) run();
      times.push((performance.now() - before) / calls / 1e3);
    }
  }
}

/** How many times faster than one thread. */
function compare(one: Contestant, several: Contestant): { median: number; best: number } {
  const ratios = one.times.map((time, i) => time / several.times[i]);
  return {
    median: round(quantile(ratios, 0.5)),
    best: round(quantile(one.times, 0.05) / quantile(several.times, 0.05)),
  };
}

function quantile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * share)];
}
