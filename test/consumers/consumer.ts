// What a project's own types make of the package's: compiled by test/types.test.ts, with the least TypeScript that is promised
// and the newest, without the DOM's library.

import {
  type ArrayOrTensor,
  angle,
  center,
  convert,
  createEngine,
  type DType,
  decompose,
  defaultEngine,
  type Engine,
  geometry,
  invertLayerNorm,
  isTensor,
  type LayerNormOptions,
  type LinearOptions,
  layerNorm,
  layerNormLinear,
  linear,
  loadEngine,
  loadKernels,
  meanVector,
  moments,
  normKernels,
  orthonormalize,
  project,
  type Quantized,
  quantizeWeights,
  reject,
  rmsNorm,
  rmsNormQuantize,
  type Tensor,
  tensor,
  type ViewOptions,
} from "orthonorm";
import * as reference from "orthonorm/reference";
import { createThreadedEngine, type ThreadedEngine } from "orthonorm/threads";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles where two types are one. */
function same<A, B>(_: Equal<A, B>): void {}

/** Arrays in memory of their own, as whatever TypeScript this is calls them. */
type F32 = ReturnType<Float32ArrayConstructor["of"]>;
type F64 = ReturnType<Float64ArrayConstructor["of"]>;
type U16 = ReturnType<Uint16ArrayConstructor["of"]>;

const [f32, f64, u16] = [new Float32Array(4), new Float64Array(4), new Uint16Array(4)];
const t32 = tensor("f32", [1, 4]);
const t64 = tensor("f64", [1, 4]);
const t16 = tensor("bf16", [1, 4]);

export function results(engine: Engine): void {
  const y = layerNorm(f32);
  same<typeof y, F32>(true);
  const z = rmsNorm(f64, { eps: 1e-6, weightOffset: 1 });
  same<typeof z, F64>(true);
  const h = center(u16, { dtype: "f16", cols: 2, engine });
  same<typeof h, U16>(true);
  const t = meanVector(t32);
  same<typeof t, Tensor<"f32">>(true);
  const o = orthonormalize(t64);
  same<typeof o, Tensor<"f64">>(true);
  const p = project(t16, f32);
  same<typeof p, Tensor<"bf16">>(true);
  const { mean } = moments(u16, { dtype: "bf16" });
  same<typeof mean, F32>(true);
  const { norm } = geometry(t64);
  same<typeof norm, F64>(true);
  const theta = angle(f64, f64);
  same<typeof theta, F64>(true);
  const { unit } = decompose(t32);
  same<typeof unit, Tensor<"f32">>(true);
  const x = invertLayerNorm(f32, { mean: new Float32Array(1), rstd: new Float32Array(1) });
  same<typeof x, F32>(true);
}

export function outputs(options: LayerNormOptions): void {
  class F extends Float32Array {}
  // what is returned is what was given …
  const out = layerNorm(f32, { out: new F(4) });
  same<typeof out, F>(true);
  const given = reject(f32, f32, { out: t32 });
  same<typeof given, Tensor<"f32">>(true);
  // … or an array that the call has made: never a subclass, nor over shared memory
  const plain = layerNorm(new F(4));
  same<typeof plain, F32>(true);
  const shared = rmsNorm(new Float64Array(new SharedArrayBuffer(32)));
  same<typeof shared, F64>(true);
  // options in a variable may have an out
  const either: ArrayOrTensor = layerNorm(f32, options);
  const one: ArrayOrTensor = f32;
  const any = layerNorm(one);
  // @ts-expect-error an array or a Tensor has not always data
  any.data;
  same<typeof either extends never ? 0 : 1, 1>(true);
}

export function projections(options: LinearOptions, either: Float32Array | Quantized): void {
  const weights = quantizeWeights(f32, { groupSize: 8 });
  same<typeof weights, Quantized>(true);
  const y = linear(f32, weights);
  same<typeof y, F32>(true);
  const h = layerNormLinear(t16, t32);
  same<typeof h, Tensor<"bf16">>(true);
  const rows = rmsNormQuantize(t16, { out: weights });
  // of rows of 8 bits comes f32, or what was given
  const made = linear(rows, weights);
  same<typeof made, Tensor<"f32">>(true);
  const out = linear(rows, weights, { out: f32 });
  same<typeof out, typeof f32>(true);
  const one: ArrayOrTensor = linear(rows, weights, options);
  const other: ArrayOrTensor = linear(either, weights);
  same<typeof one | typeof other extends never ? 0 : 1, 1>(true);
}

export function conversions(dtype: DType): void {
  const half = convert(f32, "f16");
  same<typeof half, U16>(true);
  const wide = convert(t16, "f64");
  same<typeof wide, Tensor<"f64">>(true);
  const out = convert(f32, "f64", { out: f64 });
  same<typeof out, typeof f64>(true);
  const some: F32 | F64 | U16 = convert(f32, dtype);
  // @ts-expect-error no such element type
  convert(f32, "f8");
  same<typeof some extends never ? 0 : 1, 1>(true);
}

export function tensors(options: ViewOptions): void {
  const data: Float32Array = t32.data;
  same<typeof t32.data, F32>(true);
  same<typeof t16.data, U16>(true);
  const copy = t64.toArray();
  same<typeof copy, F64>(true);
  const view = t32.view(options);
  same<typeof view, Tensor<"f32">>(true);
  const { dtype } = t16.toJSON();
  same<typeof dtype, "bf16">(true);
  const any: Tensor = t32;
  const maybe: unknown = any;
  if (isTensor(maybe)) maybe.dispose();
  // @ts-expect-error of another element type
  const other: Tensor<"f64"> = t32;
  // @ts-expect-error read-only
  t32.shape = [4];
  data.fill(other.length);
}

export function wrongNames(): void {
  // @ts-expect-error
  layerNorm(f32, { gamma: f32 });
  // @ts-expect-error
  layerNorm(f32, { weightOffset: 1 });
  // @ts-expect-error
  rmsNorm(f32, { mean: f32 });
  // @ts-expect-error
  decompose(f32, { out: f32 });
  // @ts-expect-error
  geometry(f32, { degrees: true });
  // @ts-expect-error
  createEngine({ maxBytes: 65536 });
  // @ts-expect-error
  t32.view({ shape: 2, stride: 4 });
  // @ts-expect-error
  invertLayerNorm(f32, { mean: f32 });
  // @ts-expect-error
  layerNorm([1, 2, 3, 4]);
  // @ts-expect-error
  layerNorm(new Int8Array(4));
}

export async function engines(): Promise<Engine> {
  const engine: Engine = createEngine({ variant: "simd", maximumBytes: 2 ** 20 });
  const loaded = await loadEngine({ modules: { norm: {} } });
  // @ts-expect-error no such family
  await loadEngine({ modules: { norms: {} } });
  same<typeof loaded, Engine>(true);
  await loadKernels(engine, [normKernels]);
  engine[Symbol.dispose]();
  return defaultEngine();
}

export function scope(): number {
  using x = tensor("f32", 4);
  return x.length;
}

export const oracle: Float64Array = reference.layerNorm([1, 2, 3]).y;

export async function threads(): Promise<void> {
  const engine = await createThreadedEngine({ threads: 2, maximumBytes: 1 << 24, worker: { href: "worker.js" } });
  same<typeof engine, ThreadedEngine>(true);
  const [count, reason] = [engine.threads, engine.reason];
  same<typeof count, number>(true);
  same<typeof reason, string | undefined>(true);
  const y = layerNorm(engine.tensor("f16", [2, 4]), { engine });
  same<typeof y, Tensor<"f16">>(true);
  // @ts-expect-error the engine makes a shared memory itself
  await createThreadedEngine({ memory: { buffer: new ArrayBuffer(0), grow: () => 0 } });
}
