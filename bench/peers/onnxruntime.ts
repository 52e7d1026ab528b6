/** onnxruntime, in WebAssembly and native: one API. */
import type { Contestant } from "../contestants/index.js";
import type { Case, Environment, Problem } from "../problem.js";
import { asynchronous, difference } from "./asynchronous.js";
import { model, nodeTypes } from "./onnx.js";

interface Tensor {
  data: Float32Array;
}

export interface Session {
  run(feeds: { x: Tensor }): Promise<{ y: Tensor }>;
  release(): Promise<void>;
}

export interface Runtime {
  provider: "wasm" | "cpu";
  Tensor: new (type: "float32", data: Float32Array, shape: readonly number[]) => Tensor;
  InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
}

type Name = "onnxruntime-web" | "onnxruntime-node";

export async function startOnnxruntime(name: Name): Promise<Runtime> {
  const imported = await import(name);
  const { env, Tensor, InferenceSession } = imported.default ?? imported;
  const web = name === "onnxruntime-web";
  if (web) env.wasm.numThreads = 1;
  return { Tensor, InferenceSession, provider: web ? "wasm" : "cpu" };
}

/** The public call, and the kernel by itself. */
export async function onnxruntime(name: Name): Promise<Contestant[]> {
  const runtime = await startOnnxruntime(name);
  const where = (_: Environment, { op }: Case) => nodeTypes[op] !== undefined;
  return [
    { name: `${name}, kernel`, where, setup: (problem) => kernel(runtime, problem) },
    { name: `${name}, session.run`, where, setup: (problem) => publicCall(runtime, problem) },
  ];
}

/** A session of a model's bytes, on one thread. */
export function openSession(runtime: Runtime, bytes: Uint8Array): Promise<Session> {
  return runtime.InferenceSession.create(bytes, {
    executionProviders: [runtime.provider],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
  });
}

function open(runtime: Runtime, problem: Problem, nodes: number): Promise<Session> {
  const { op, dtype, rows, cols, eps, arrays } = problem;
  if (dtype !== "f32") throw new Error(`is driven in f32 only, not ${dtype}`);
  const inputs = arrays as Record<string, Float32Array>;
  return openSession(runtime, model({ op, rows, cols, eps, inputs, nodes }));
}

const input = (runtime: Runtime, { rows, cols, arrays }: Problem) =>
  new runtime.Tensor("float32", arrays.x as Float32Array, [rows, cols]);

/** A new result each time: a tensor given for it stays as it was on the web, and is not used in Node. */
async function publicCall(runtime: Runtime, problem: Problem) {
  const session = await open(runtime, problem, 1);
  const x = input(runtime, problem);
  let y = x;
  const run = async () => {
    y = (await session.run({ x })).y;
  };
  return { ...asynchronous(run), answer: () => ({ y: y.data }), teardown: () => session.release() };
}

/**
 * A chain of equal nodes less one node, over the difference in number: what session.run copies and the way there are in
 * both. What the executor does to get from one node to the next remains.
 */
async function kernel(runtime: Runtime, problem: Problem) {
  const size = problem.rows * problem.cols;
  const more = size < 2 ** 14 ? 256 : size < 2 ** 20 ? 8 : 2;
  const one = await open(runtime, problem, 1);
  const chain = await open(runtime, problem, 1 + more);
  const x = input(runtime, problem);
  let y = x;
  return {
    async run() {
      y = (await one.run({ x })).y;
    },
    answer: () => ({ y: y.data }),
    sample: () =>
      difference(
        () => chain.run({ x }),
        () => one.run({ x }),
      ).then((seconds) => seconds / more),
    async teardown() {
      await one.release();
      await chain.release();
    },
  };
}
