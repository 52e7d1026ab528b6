/** TensorFlow.js on WebAssembly. It has no norm of this kind: it is composed of what there is. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Contestant } from "../contestants/index.js";
import { type OpName, ops } from "../ops.js";

export interface Tensor {
  dataSync(): Float32Array;
  dispose(): void;
}

export interface Core {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tidy(compute: () => Tensor): Tensor;
  fused: { matMul(operands: { a: Tensor; b: Tensor; bias: Tensor }): Tensor };
  tensor1d(values: Float32Array): Tensor;
  tensor2d(values: Float32Array, shape: [number, number]): Tensor;
  mean(x: Tensor, axis: number, keepDims: boolean): Tensor;
  square(x: Tensor): Tensor;
  rsqrt(x: Tensor): Tensor;
  sub(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor): Tensor;
  add(a: Tensor, b: Tensor | number): Tensor;
}

interface Backend {
  setWasmPaths(prefix: string): void;
  setThreadsCount(count: number): void;
}

/** On its wasm backend, which takes its simd build where the runtime has simd, with one thread. */
export async function startTfjs(): Promise<Core> {
  // its CommonJS files, of which Node finds the one made for it
  const require = createRequire(import.meta.url);
  const tf: Core = require("@tensorflow/tfjs-core");
  const backend: Backend = require("@tensorflow/tfjs-backend-wasm");
  backend.setWasmPaths(`${join(dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json")), "dist")}/`);
  backend.setThreadsCount(1);
  if (!(await tf.setBackend("wasm"))) throw new Error("its wasm backend does not start");
  await tf.ready();
  return tf;
}

export async function tfjs(): Promise<Contestant[]> {
  const tf = await startTfjs();
  return [
    {
      name: "tfjs-wasm, composed",
      where: (_, { op }) => composed[op] !== undefined,
      setup({ op, dtype, rows, cols, eps, arrays }) {
        if (dtype !== "f32") throw new Error(`is driven in f32 only, not ${dtype}`);
        const x = tf.tensor2d(arrays.x as Float32Array, [rows, cols]);
        const inputs = Object.fromEntries(
          Object.keys(ops[op].inputs).map((name) => [name, tf.tensor1d(arrays[name] as Float32Array)]),
        );
        const norm = composed[op] as Composed;
        const call = () => tf.tidy(() => norm(tf, { ...inputs, x }, eps));
        return {
          run: () => call().dispose(),
          answer() {
            const y = call();
            const values = y.dataSync();
            y.dispose();
            return { y: values };
          },
          teardown() {
            for (const one of [x, ...Object.values(inputs)]) one.dispose();
          },
        };
      },
    },
  ];
}

type Composed = (tf: Core, operands: Record<string, Tensor>, eps: number) => Tensor;

const composed: Partial<Record<OpName, Composed>> = {
  layerNorm: (tf, { x, weight, bias }, eps) => tf.add(scaled(tf, tf.sub(x, tf.mean(x, -1, true)), weight, eps), bias),
  rmsNorm: (tf, { x, weight }, eps) => scaled(tf, x, weight, eps),
};

/** t / RMS(t) · weight */
function scaled(tf: Core, t: Tensor, weight: Tensor, eps: number): Tensor {
  return tf.mul(tf.mul(t, tf.rsqrt(tf.add(tf.mean(tf.square(t), -1, true), eps))), weight);
}
