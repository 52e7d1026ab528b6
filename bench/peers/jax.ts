/** jax-js on WebAssembly, compiled with `jit`. Its arrays stay in its memory; a call is over when they are ready. */
import type { Entry } from "../contestants/index.js";
import { asynchronous } from "./asynchronous.js";

/** An operation takes what it is given; `ref` keeps it. */
interface Arr {
  ref: Arr;
  add(other: Arr | number): Arr;
  sub(other: Arr): Arr;
  mul(other: Arr | number): Arr;
  reshape(shape: readonly number[]): Arr;
  blockUntilReady(): Promise<Arr>;
  dataSync(): Float32Array;
  dispose(): void;
}

interface Jax {
  init(...devices: string[]): Promise<string[]>;
  defaultDevice(name: string): unknown;
  jit(norm: (x: Arr, weight: Arr, bias: Arr) => Arr): (x: Arr, weight: Arr, bias: Arr) => Arr;
  numpy: {
    array(values: Float32Array): Arr;
    mean(x: Arr, axis: number, options: { keepdims: boolean }): Arr;
    square(x: Arr): Arr;
    sqrt(x: Arr): Arr;
    reciprocal(x: Arr): Arr;
  };
}

export async function jax(): Promise<Entry[]> {
  const name = "@jax-js/jax";
  oneThread();
  const { init, defaultDevice, jit, numpy: np }: Jax = await import(name);
  if (!(await init("wasm")).includes("wasm")) throw new Error("has no wasm device here");
  defaultDevice("wasm");
  return [
    {
      name: "jax-js, jit",
      enter({ op, dtype, rows, cols, eps, arrays }) {
        if (dtype !== "f32") throw new Error(`is driven in f32 only, not ${dtype}`);
        oneThread();
        const operand = (values: ArrayLike<number>, shape: readonly number[]) =>
          np.array(Float32Array.from(values)).reshape(shape);
        const x = operand(arrays.x, [rows, cols]);
        const weight = operand(arrays.weight, [cols]);
        const bias = operand(arrays.bias, [cols]);
        const mean = (t: Arr) => np.mean(t, -1, { keepdims: true });
        const rstd = (t: Arr) => np.reciprocal(np.sqrt(mean(np.square(t)).add(eps)));
        const norm = jit(
          op === "layerNorm"
            ? (x, weight, bias) => {
                const t = x.ref.sub(mean(x));
                return t.ref.mul(rstd(t)).mul(weight).add(bias);
              }
            : (x, weight, bias) => {
                bias.dispose();
                return x.ref.mul(rstd(x)).mul(weight);
              },
        );
        const call = () => norm(x.ref, weight.ref, bias.ref);
        return {
          ...asynchronous(async () => {
            const y = await call().blockUntilReady();
            y.dispose();
          }),
          answer() {
            return call().dataSync();
          },
          leave() {
            for (const one of [x, weight, bias]) one.dispose();
          },
        };
      },
    },
  ];
}

/** Where there is a global Worker, it starts threads. Node has none, but onnxruntime-web brings one that it does not need. */
const oneThread = () => Reflect.deleteProperty(globalThis, "Worker");
