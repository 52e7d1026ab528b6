/** Others that have a linear layer on WebAssembly, each in the fastest of the forms that it offers, with W and bias placed ahead. */
import { type Arr, oneThread, startJax } from "../peers/jax.js";
import { gemm } from "../peers/onnx.js";
import { openSession, startOnnxruntime } from "../peers/onnxruntime.js";
import { startTfjs } from "../peers/tfjs.js";
import type { Contestant } from "./contestant.js";
import type { Shape } from "./problem.js";

export type Peer = [name: string, load: () => Promise<Contestant[]>];

export const peers: readonly Peer[] = [
  ["@jax-js/jax", jax],
  ["@tensorflow/tfjs-backend-wasm", tfjs],
  ["onnxruntime-web", onnxruntime],
];

/** One Gemm with W and bias as constants, which it packs when the session is made. The result is a new array each time. */
async function onnxruntime(): Promise<Contestant[]> {
  const runtime = await startOnnxruntime("onnxruntime-web");
  return [
    {
      name: "onnxruntime-web, Gemm",
      async setup({ rows, cols, x, weight, bias, check }) {
        const session = await openSession(runtime, gemm(rows, cols, weight, bias));
        const feeds = { x: new runtime.Tensor("float32", x, [rows, cols]) };
        let y = feeds.x;
        return {
          async run() {
            y = (await session.run(feeds)).y;
          },
          check: () => check(y.data),
          teardown: () => session.release(),
        };
      },
    },
  ];
}

/**
 * XNNPACK's fully connected operator, which `fused.matMul` uses where nothing is to be transposed: so it is given Wᵀ, which it packs at
 * the first call. With `transposeB` it runs plain loops instead, 13 times as long at 512 × 768 → 768, and adds a wrong bias.
 */
async function tfjs(): Promise<Contestant[]> {
  const tf = await startTfjs();
  return [
    {
      name: "tfjs-wasm, fused.matMul",
      setup(problem) {
        const { rows, cols, k, x, check } = problem;
        const a = tf.tensor2d(x, [rows, cols]);
        const b = tf.tensor2d(transposed(problem.weight, problem), [cols, k]);
        const bias = tf.tensor1d(problem.bias);
        const call = () => tf.fused.matMul({ a, b, bias });
        return {
          run: () => call().dispose(),
          check() {
            const y = call();
            check(y.dataSync());
            y.dispose();
          },
          teardown() {
            for (const one of [a, b, bias]) one.dispose();
          },
        };
      },
    },
  ];
}

/** Compiled with `jit`, for relaxed SIMD where the runtime has it. W as it lies is at least as fast as Wᵀ. */
async function jax(): Promise<Contestant[]> {
  const { jit, lax, numpy: np } = await startJax();
  return [
    {
      name: "jax-js, jit of lax.dot",
      setup({ rows, cols, k, x, weight, bias, check }) {
        oneThread();
        const along = { lhsContractingDims: [1], rhsContractingDims: [1] };
        const layer = jit((x: Arr, weight: Arr, bias: Arr) => lax.dot(x, weight, along).add(bias));
        const operands = [
          np.array(x).reshape([rows, cols]),
          np.array(weight).reshape([k, cols]),
          np.array(bias).reshape([k]),
        ];
        const call = () => layer(...operands.map(({ ref }) => ref));
        return {
          async run() {
            const y = await call().blockUntilReady();
            y.dispose();
          },
          check: () => check(call().dataSync()),
          teardown() {
            for (const one of operands) one.dispose();
          },
        };
      },
    },
  ];
}

/** Wᵀ, [cols, k]. */
function transposed(weight: Float32Array, { cols, k }: Shape): Float32Array {
  const result = new Float32Array(weight.length);
  for (let j = 0; j < k; j++) {
    for (let i = 0; i < cols; i++) result[i * k + j] = weight[j * cols + i];
  }
  return result;
}
