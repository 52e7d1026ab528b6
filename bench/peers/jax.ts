/** jax-js on WebAssembly, compiled with `jit`. Its arrays stay in its memory; a call is over when they are ready. */
import type { Contestant } from "../contestants/index.js";
import type { OpName } from "../ops.js";
import { asynchronous } from "./asynchronous.js";

/** An operation takes what it is given; `ref` keeps it. */
export interface Arr {
  ref: Arr;
  add(other: Arr | number): Arr;
  sub(other: Arr): Arr;
  mul(other: Arr | number): Arr;
  reshape(shape: readonly number[]): Arr;
  blockUntilReady(): Promise<Arr>;
  dataSync(): Float32Array;
  dispose(): void;
}

export interface Jax {
  init(...devices: string[]): Promise<string[]>;
  defaultDevice(name: string): unknown;
  jit(compute: (...operands: Arr[]) => Arr): (...operands: Arr[]) => Arr;
  lax: {
    dot(a: Arr, b: Arr, dimensions: { lhsContractingDims: number[]; rhsContractingDims: number[] }): Arr;
  };
  numpy: {
    array(values: Float32Array): Arr;
    mean(x: Arr, axis: number, options: { keepdims: boolean }): Arr;
    square(x: Arr): Arr;
    sqrt(x: Arr): Arr;
    reciprocal(x: Arr): Arr;
  };
}

/** On its wasm device. */
export async function startJax(): Promise<Jax> {
  const name = "@jax-js/jax";
  oneThread();
  const started: Jax = await import(name);
  if (!(await started.init("wasm")).includes("wasm")) throw new Error("has no wasm device here");
  started.defaultDevice("wasm");
  return started;
}

export async function jax(): Promise<Contestant[]> {
  const { jit, numpy: np } = await startJax();
  return [
    {
      name: "jax-js, jit",
      where: (_, { op }) => formulas[op] !== undefined,
      setup({ op, dtype, rows, cols, eps, arrays }) {
        if (dtype !== "f32") throw new Error(`is driven in f32 only, not ${dtype}`);
        oneThread();
        const operand = (values: ArrayLike<number>, shape: readonly number[]) =>
          np.array(Float32Array.from(values)).reshape(shape);
        const x = operand(arrays.x, [rows, cols]);
        const weight = operand(arrays.weight, [cols]);
        const bias = operand(arrays.bias ?? new Float32Array(cols), [cols]);
        const norm = jit((formulas[op] as Formula)(np, eps));
        const call = () => norm(x.ref, weight.ref, bias.ref);
        return {
          ...asynchronous(async () => {
            const y = await call().blockUntilReady();
            y.dispose();
          }),
          answer() {
            return { y: call().dataSync() };
          },
          teardown() {
            for (const one of [x, weight, bias]) one.dispose();
          },
        };
      },
    },
  ];
}

type Norm = (x: Arr, weight: Arr, bias: Arr) => Arr;
type Formula = (np: Jax["numpy"], eps: number) => Norm;

const formulas: Partial<Record<OpName, Formula>> = {
  layerNorm: (np, eps) => (x, weight, bias) => {
    const t = x.ref.sub(mean(np, x));
    return t.ref
      .mul(rstd(np, t, eps))
      .mul(weight)
      .add(bias);
  },
  rmsNorm: (np, eps) => (x, weight, bias) => {
    bias.dispose();
    return x.ref.mul(rstd(np, x, eps)).mul(weight);
  },
};

const mean = (np: Jax["numpy"], t: Arr) => np.mean(t, -1, { keepdims: true });
const rstd = (np: Jax["numpy"], t: Arr, eps: number) => np.reciprocal(np.sqrt(mean(np, np.square(t)).add(eps)));

/** Where there is a global Worker, it starts threads. Node has none, but onnxruntime-web brings one that it does not need. */
export const oneThread = () => Reflect.deleteProperty(globalThis, "Worker");
