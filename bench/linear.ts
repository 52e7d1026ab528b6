/**
 * `npm run bench:linear`: the linear layer beside onnxruntime-web, each at its best on one thread, and beside itself in other element
 * types. Everyone's result is checked against the oracle before time is taken.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import Benchmark from "benchmark";
import { hasRelaxed } from "../bindings/engine/variants.js";
import { linear as oracle } from "../bindings/reference/index.js";
import { convert, createEngine, type DType, type Engine, linear, relaxed } from "../dist/index.js";
import { provenance } from "./command.js";
import { duration } from "./format.js";
import { measure, ratio, type Timed } from "./measure.js";
import { secondsOf } from "./peers/asynchronous.js";
import { gemm } from "./peers/onnx.js";
import { normal, uniforms } from "./random.js";

const { values } = parseArgs({
  options: {
    shapes: { type: "string", default: "512x768x768,512x768x3072,512x3072x768,128x64x64,8x768x768,1x768x768" },
    seconds: { type: "string", default: "5" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(`npm run bench:linear -- [options]

  --shapes SHAPES   rows×cols×k, such as 512x768x768,1x768x768
  --seconds N       per table (5)
  --json FILE       the results with machine, runtime, commit and command`);
} else await run();

interface Row {
  name: string;
  microseconds: number;
  /** The median, over the rounds, of its time over that of the engine in f32. */
  ratio: number;
  gigaflops: number;
}

async function run(): Promise<void> {
  const about = provenance("bench/linear.ts");
  const results: { shape: string; rows: Row[] }[] = [];
  console.log(`${about.machine.cpu} · Node ${about.runtime.node} (V8 ${about.runtime.v8})\n`);
  for (const shape of values.shapes.split(",")) {
    const sizes = shape.split(/[x×]/).map(Number);
    if (sizes.length !== 3 || !sizes.every((size) => Number.isSafeInteger(size) && size > 0)) {
      throw new Error(`bench:linear: --shapes expected rows×cols×k, got ${shape}`);
    }
    const rows = await table(sizes as [number, number, number]);
    results.push({ shape, rows });
    console.log(`${sizes[0]} × ${sizes[1]} → ${sizes[2]}`);
    for (const { name, microseconds, ratio, gigaflops } of rows) {
      console.log(
        `  ${name.padEnd(28)} ${duration(microseconds * 1e3).padStart(9)}  ${ratio.toFixed(2).padStart(6)} times ours in f32  ${gigaflops.toFixed(1).padStart(6)} GFLOP/s`,
      );
    }
    console.log("");
  }
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ ...about, results }, null, 2)}\n`);
  process.exit(); // onnxruntime-web keeps its memory open
}

async function table([rows, cols, k]: [number, number, number]): Promise<Row[]> {
  const uniform = uniforms(1);
  const numbers = (count: number, scale: number) => Float32Array.from({ length: count }, () => scale * normal(uniform));
  const [x, weight, bias] = [numbers(rows * cols, 1), numbers(k * cols, 0.03), numbers(k, 0.1)];
  const contestants = new Map<string, Timed & { answer: () => ArrayLike<number>; unit: number }>();
  const engines: [string, Engine][] = [["simd", createEngine()]];
  if (hasRelaxed()) engines.push(["relaxed", createEngine({ variant: relaxed })]);
  for (const [variant, engine] of engines) {
    for (const [dtype, unit] of [
      ["f32", 0],
      ["bf16", 2 ** -7],
      ["f16", 2 ** -10],
    ] as [DType, number][]) {
      const of = (values: Float32Array, shape: number[]) => {
        const tensor = engine.tensor("f32", shape, values);
        return dtype === "f32" ? tensor : convert(tensor, dtype);
      };
      const [a, w] = [of(x, [rows, cols]), of(weight, [k, cols])];
      const b = engine.tensor("f32", k, bias);
      const out = engine.tensor(dtype, [rows, k]);
      contestants.set(`orthonorm, ${variant}, ${dtype}`, {
        run: () => linear(a, w, { bias: b, out }),
        answer: () => (dtype === "f32" ? out : convert(out, "f32")).toArray(),
        unit,
      });
    }
  }
  {
    const [engine] = engines.map(([, one]) => one);
    const [a, b, out] = [
      engine.tensor("f32", [rows, cols], x),
      engine.tensor("f32", k, bias),
      engine.tensor("f32", [rows, k]),
    ];
    for (const [dtype, unit] of [
      ["bf16", 2 ** -7],
      ["f16", 2 ** -10],
    ] as const) {
      const w = convert(engine.tensor("f32", [k, cols], weight), dtype);
      contestants.set(`orthonorm, simd, W ${dtype}`, {
        run: () => linear(a, w, { bias: b, out }),
        answer: () => out.toArray(),
        unit,
      });
    }
  }
  contestants.set("onnxruntime-web, session.run", await onnxruntime(rows, cols, x, weight, bias));

  const few = Math.min(rows, 4);
  const right = oracle(x.subarray(0, few * cols), weight, { cols, bias });
  const scale = Math.sqrt(cols) * 0.03;
  for (const [name, { run, answer, unit }] of contestants) {
    await run();
    const found = answer();
    for (let i = 0; i < right.length; i++) {
      if (!(Math.abs(found[i] - right[i]) <= (1e-5 + 4 * unit) * (scale + Math.abs(right[i])))) {
        throw new Error(`bench:linear: ${name} expected ${right[i]} at ${i}, got ${found[i]}`);
      }
    }
  }
  const timings = await measure(Benchmark, [...contestants.values()], { seconds: Number(values.seconds) });
  return [...contestants.keys()].map((name, i) => ({
    name,
    microseconds: timings[i].median * 1e6,
    ratio: ratio(timings[i], timings[0]),
    gigaflops: (2 * rows * cols * k) / timings[i].median / 1e9,
  }));
}

async function onnxruntime(rows: number, cols: number, x: Float32Array, weight: Float32Array, bias: Float32Array) {
  const { env, InferenceSession, Tensor } = await import("onnxruntime-web");
  env.wasm.numThreads = 1;
  const session = await InferenceSession.create(gemm(rows, cols, weight, bias), { executionProviders: ["wasm"] });
  const feeds = { x: new Tensor("float32", x, [rows, cols]) };
  let y: Float32Array = x;
  const run = async () => {
    y = (await session.run(feeds)).y.data as Float32Array;
  };
  return { run, sample: () => secondsOf(run), answer: () => y, unit: 0 };
}
