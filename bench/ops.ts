/**
 * What the benches know about each op, one entry per op: its operands beside x, its results, its oracle, its arithmetic, and
 * how the public call and the kernel are called. An op that has an entry here can be benched, against the oracle and beside
 * the copy; loops in JavaScript and peers are added in their own files, by the op's name.
 *
 * A call is prepared as a function of its own, `() => layerNorm(x, …)`, so that what is timed is what one would write.
 */
import * as oracle from "../bindings/reference/index.js";
import type { DType, Engine, Tensor } from "../dist/index.js";
import { normal } from "./random.js";

export type Elements = Float32Array | Float64Array | Uint16Array;
export type Floats = Float32Array | Float64Array;
export type Numbers = ArrayLike<number>;

/** The package as it is published: today's build, or an earlier one beside it. */
export type Package = typeof import("../dist/index.js");

export interface Shape {
  rows: number;
  cols: number;
}

/** An operand beside x: in f64 for f64, else in f32. */
export interface Input {
  per: "row" | "column";
  /** One of its numbers, from uniform ones. */
  number(uniform: () => number): number;
}

/** x, y, which is like x, and what an op has beside them, by name. */
export type Operands<T, Name extends string = string> = Record<Name | "x" | "y", T>;

/** What a call with typed arrays is told besides its operands. */
export interface ArrayOptions {
  cols: number;
  dtype: DType | undefined;
  engine: Engine;
}

/** A kernel's export: addresses and sizes in, nothing out. */
export type Kernel = (...args: number[]) => void;

export interface Description<Name extends string = string> {
  inputs: Record<Name, Input>;
  /** `y` is like x. Other results are one number per row, in f64 for f64, else in f32. */
  outputs: readonly string[];
  /** Additions, multiplications and comparisons per element; divisions and roots per row are not counted. */
  flops: number;
  /** May y be x, call after call? Not where the numbers would then grow or vanish, for denormal numbers are slow. */
  inPlace: boolean;
  reference(operands: Operands<Numbers, Name>, shape: { cols: number; eps: number }): Record<string, Numbers>;
  /** The public call on Tensors. */
  resident(from: Package, tensors: Operands<Tensor, Name>): () => unknown;
  /** The public call on typed arrays, with `out` where y is given. */
  arrays(
    from: Package,
    arrays: Omit<Operands<Elements, Name>, "y"> & { y?: Elements },
    options: ArrayOptions,
  ): () => unknown;
  /** The kernel's export on addresses, where the bench calls it. */
  kernel?(call: Kernel, at: Operands<number, Name>, shape: Shape & { eps: number }): () => void;
}

/** Checks an entry's operands by their names. */
const describe = <Name extends string>(description: Description<Name>): Description => description as Description;

/**
 * Signs alone: a norm in place meets its own result again and again, and any other weight would, by the power iteration
 * that this is, end in denormal numbers.
 */
const weight: Input = { per: "column", number: (uniform) => (uniform() < 0.5 ? -1 : 1) };
const bias: Input = { per: "column", number: (uniform) => 0.1 * normal(uniform) };

const layerNorm = describe({
  inputs: { weight, bias },
  outputs: ["y"],
  flops: 7, // Σx, Σx², their product; x − μ, · rstd, · weight, + bias
  inPlace: true,
  reference: ({ x, weight, bias }, { cols, eps }) => ({ ...oracle.layerNorm(x, { cols, weight, bias, eps }) }),
  resident({ layerNorm }, { x, y, weight, bias }) {
    return () => layerNorm(x, { weight, bias, out: y });
  },
  arrays({ layerNorm }, { x, y, weight, bias }, { dtype, engine }) {
    return () => layerNorm(x, { weight, bias, out: y, dtype, engine });
  },
  kernel(call, { x, y, weight, bias }, { rows, cols, eps }) {
    return () => call(y, 0, 0, 0, x, 0, weight, bias, 0, rows, cols, eps);
  },
});

const rmsNorm = describe({
  inputs: { weight },
  outputs: ["y"],
  flops: 4, // x², Σ; · rstd, · weight
  inPlace: true,
  reference: ({ x, weight }, { cols, eps }) => ({ ...oracle.rmsNorm(x, { cols, weight, eps }) }),
  resident({ rmsNorm }, { x, y, weight }) {
    return () => rmsNorm(x, { weight, out: y });
  },
  arrays({ rmsNorm }, { x, y, weight }, { dtype, engine }) {
    return () => rmsNorm(x, { weight, out: y, dtype, engine });
  },
  kernel(call, { x, y, weight }, { rows, cols, eps }) {
    return () => call(y, 0, 0, x, 0, weight, 0, 0, rows, cols, 0, eps);
  },
});

const invertLayerNorm = describe({
  inputs: {
    weight,
    bias,
    mean: { per: "row", number: (uniform) => 0.5 * normal(uniform) },
    rstd: { per: "row", number: (uniform) => Math.exp(0.2 * normal(uniform)) },
  },
  outputs: ["y"],
  flops: 4, // − bias, · 1/weight, · 1/rstd, + mean
  inPlace: false,
  reference: ({ x, weight, bias, mean, rstd }, { cols }) => ({
    y: oracle.invertLayerNorm(x, { cols, weight, bias, mean, rstd }),
  }),
  resident({ invertLayerNorm }, { x, y, weight, bias, mean, rstd }) {
    return () => invertLayerNorm(x, { weight, bias, mean, rstd, out: y });
  },
  arrays({ invertLayerNorm }, { x, y, weight, bias, mean, rstd }, { dtype, engine }) {
    return () => invertLayerNorm(x, { weight, bias, mean, rstd, out: y, dtype, engine });
  },
});

const moments = describe({
  inputs: {},
  outputs: ["mean", "variance", "rms"],
  flops: 3, // Σx, Σx², their product
  inPlace: false,
  reference: ({ x }, { cols }) => ({ ...oracle.moments(x, { cols }) }),
  resident({ moments }, { x }) {
    return () => moments(x);
  },
  arrays({ moments }, { x }, { cols, dtype, engine }) {
    return () => moments(x, { cols, dtype, engine });
  },
});

const geometry = describe({
  inputs: {},
  outputs: ["norm", "uniform", "orthogonal", "cosine", "angle"],
  flops: 3, // as moments
  inPlace: false,
  reference: ({ x }, { cols }) => ({ ...oracle.geometry(x, { cols }) }),
  resident({ geometry }, { x }) {
    return () => geometry(x);
  },
  arrays({ geometry }, { x }, { cols, dtype, engine }) {
    return () => geometry(x, { cols, dtype, engine });
  },
});

const center = describe({
  inputs: {},
  outputs: ["y"],
  flops: 2, // Σx; x − μ
  inPlace: true,
  reference: ({ x }, { cols }) => ({ y: oracle.center(x, { cols }) }),
  resident({ center }, { x, y }) {
    return () => center(x, { out: y });
  },
  arrays({ center }, { x, y }, { cols, dtype, engine }) {
    return () => center(x, { cols, out: y, dtype, engine });
  },
});

const meanVector = describe({
  inputs: {},
  outputs: ["y"],
  flops: 1, // Σx
  inPlace: true,
  reference: ({ x }, { cols }) => ({ y: oracle.meanVector(x, { cols }) }),
  resident({ meanVector }, { x, y }) {
    return () => meanVector(x, { out: y });
  },
  arrays({ meanVector }, { x, y }, { cols, dtype, engine }) {
    return () => meanVector(x, { cols, out: y, dtype, engine });
  },
});

const project = describe({
  inputs: { direction: { per: "column", number: normal } },
  outputs: ["y"],
  flops: 5, // x · q and x², their sums; · coefficient
  inPlace: true,
  reference: ({ x, direction }, { cols }) => ({ y: oracle.project(x, direction, { cols }).y }),
  resident({ project }, { x, y, direction }) {
    return () => project(x, direction, { out: y });
  },
  arrays({ project }, { x, y, direction }, { cols, dtype, engine }) {
    return () => project(x, direction, { cols, out: y, dtype, engine });
  },
});

export const ops = { layerNorm, rmsNorm, invertLayerNorm, moments, geometry, center, meanVector, project };
export type OpName = keyof typeof ops;
export const opNames = Object.keys(ops) as OpName[];
