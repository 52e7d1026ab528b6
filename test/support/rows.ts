import type { ElementType } from "./dtypes.js";
import { normals, uniforms } from "./random.js";

// Rows that kernels treat differently: a block settles ordinary rows at once and hands the others on.

export type Kind = (typeof allKinds)[number];

/** Rows that have a finite answer … */
export const finiteKinds = [
  "ordinary",
  "constant",
  "near constant",
  "zero",
  "huge mean",
  "huge",
  "tiny",
  "subnormal",
] as const;
/** … and those that have not. */
export const allKinds = [...finiteKinds, "NaN", "infinite"] as const;

const range = {
  f32: { huge: 1e30, tiny: 1e-30, subnormal: 1e-40 },
  f64: { huge: 1e300, tiny: 1e-300, subnormal: 1e-310 },
  f16: { huge: 1e4, tiny: 1e-5, subnormal: 1e-7 },
  bf16: { huge: 1e30, tiny: 1e-30, subnormal: 1e-40 },
};

/** One row of a kind, not yet rounded to the element type. */
export function rowOf(dtype: ElementType, kind: Kind, cols: number, seed: number): Float64Array {
  const x = normals(cols, 0.2, 1, seed);
  const at = seed % cols;
  if (kind === "constant") return x.fill(x[0]);
  if (kind === "near constant") return x.map((value) => 3 + value / 1000);
  if (kind === "zero") return x.fill(0);
  if (kind === "huge mean") return x.map((value) => 1e4 + value);
  if (kind === "NaN") x[at] = Number.NaN;
  if (kind === "infinite") x[at] = seed & 1 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  if (kind === "huge" || kind === "tiny" || kind === "subnormal") return x.map((value) => value * range[dtype][kind]);
  return x;
}

/** Rows of which a bit more than half are ordinary, so that pairs have none, one and two of the others. */
export function rowsOf(
  dtype: ElementType,
  rows: number,
  cols: number,
  seed: number,
  others: readonly Kind[] = allKinds,
): Float64Array {
  const uniform = uniforms(seed);
  const x = new Float64Array(rows * cols);
  for (let r = 0; r < rows; r++) {
    const kind = uniform() < 0.55 ? "ordinary" : others[Math.floor(uniform() * others.length)];
    x.set(rowOf(dtype, kind, cols, seed * 64 + r), r * cols);
  }
  return x;
}

/** 1, 4, 7 or 9 rows; every tail meets each of them. */
export const rowCount = (cols: number, shift: number) => [1, 4, 7, 9][((cols >> 2) + shift) & 3];

/** Every length with a tail of its own, on both sides of a run's 64 vectors of two. */
export const tails = Array.from({ length: 130 }, (_, i) => i + 1);
