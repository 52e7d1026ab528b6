/**
 * `npm run bench:dots`: why `linear` by weights of 8 bits takes no relaxed dot product. One row of x by k rows of W, as x of 16 bits by the
 * exact one, and as x of 14 bits by the relaxed one, twice. Both are checked against plain sums before time is taken.
 */
import { parseArgs } from "node:util";
import Benchmark from "benchmark";
import { hasRelaxed } from "../bindings/engine/variants.js";
import { provenance } from "./command.js";
import { compile } from "./compile.js";
import { digits, duration } from "./format.js";
import { sampler } from "./linear/sampler.js";
import { measure, ratio } from "./measure.js";
import { uniforms } from "./random.js";

const shapes = [
  { k: 768, cols: 768 },
  { k: 4096, cols: 4096 },
];
const help = `npm run bench:dots

One row by weights of 8 bits, with the exact dot product and with the relaxed one. Node 22 or newer.
`;

const { values } = parseArgs({ options: { help: { type: "boolean", default: false } } });
if (values.help) console.log(help);
else if (!hasRelaxed()) console.log("bench:dots: this runtime has no relaxed SIMD: Node 22 or newer");
else await run();

async function run(): Promise<void> {
  const { machine, runtime } = provenance("bench/dots.ts");
  console.log(`${machine.cpu}, ${machine.cores} cores · Node ${runtime.node} (V8 ${runtime.v8})\n`);
  const memory = new WebAssembly.Memory({ initial: 400 });
  type Dot = (y: number, x: number, w: number, k: number, cols: number) => void;
  const { exact, relaxed } = compile("relaxed", ["bench/linear/assembly/dots.ts"], memory) as unknown as Record<
    string,
    Dot
  >;
  for (const { k, cols } of shapes) {
    const uniform = uniforms(1);
    const x = Int16Array.from({ length: cols }, () => Math.floor(uniform() * 16384) - 8192);
    const w = Int8Array.from({ length: k * cols }, () => Math.floor(uniform() * 255) - 127);
    const [wide, halves, weights, y] = [65536, 131072, 196608, 196608 + k * cols];
    new Int16Array(memory.buffer, wide, cols).set(x);
    new Int8Array(memory.buffer, weights, k * cols).set(w);
    const sevens = new Uint8Array(memory.buffer, halves, 2 * cols);
    for (const [i, value] of x.entries()) {
      const at = 32 * Math.floor(i / 16) + (i % 16);
      sevens[at] = (value + 8192) >> 7;
      sevens[at + 16] = (value + 8192) & 127;
    }
    const calls = [() => exact(y, wide, weights, k, cols), () => relaxed(y, halves, weights, k, cols)];
    for (const [way, call] of calls.entries()) {
      call();
      const found = new Int32Array(memory.buffer, y, k);
      for (let j = 0; j < k; j++) {
        const right = x.reduce((sum, value, i) => sum + (value + way * 8192) * w[j * cols + i], 0);
        if (found[j] !== right) throw new Error(`row ${j} of way ${way} expected ${right}, got ${found[j]}`);
      }
    }
    const timed = calls.map((run) => ({ run, sample: sampler(run) }));
    const [one, two] = await measure(Benchmark, timed, { seconds: 4 });
    const times = [one, two].map(({ median }) => duration(median * 1e9));
    console.log(
      `1 × ${cols} → ${k}: exact ${times[0]}, relaxed twice ${times[1]}, ${digits(ratio(two, one))} times as long`,
    );
  }
}
