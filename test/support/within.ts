import type { DType } from "../../bindings/index.js";
import { roundTo } from "../../bindings/reference/round.js";
import { decode } from "./dtypes.js";

export type Numbers = Float32Array | Float64Array | Uint16Array;

export const isHalf = (dtype: DType): dtype is "f16" | "bf16" => dtype === "f16" || dtype === "bf16";
/** The element type of means and other numbers per row, and what kernels make of parameters. */
export const wideOf = (dtype: DType) => (dtype === "f64" ? "f64" : "f32");

/**
 * What docs/numerics.md promises before weight and bias, at up to 4096 columns. LayerNorm: |Δy| ≤ norm · max(1, |y|).
 * RMSNorm: |Δy| ≤ rms · |y|. Halves are computed in f32, but their y is promised relative to itself.
 */
export const promise = {
  f32: { norm: 5e-7, rms: 3e-7, unit: 2 ** -24, smallest: 2 ** -149 },
  f64: { norm: 1e-15, rms: 1e-15, unit: 2 ** -53, smallest: 2 ** -1074 },
  f16: { norm: 5e-7, rms: 3e-7, unit: 2 ** -24, smallest: 2 ** -149 },
  bf16: { norm: 5e-7, rms: 3e-7, unit: 2 ** -24, smallest: 2 ** -149 },
} as const;

/** What an output should be. */
export interface Expected {
  readonly values: ArrayLike<number>;
  /** How far the number at `i` may be off before it is rounded to the element type. Default: not at all. */
  allowed?(i: number): number;
  /** Where the answer is not finite, and no more is promised of it. */
  anyNonFinite?(i: number): boolean;
}

/**
 * Throws unless every number is the expected one, off by no more than allowed, rounded to the element type: rounding is
 * monotonic, so it lies between the ends of that interval, rounded. NaN where NaN is expected, and nowhere else.
 */
export function within(what: string, dtype: DType, actual: Numbers, expected: Expected): void {
  const { values: rights, allowed = () => 0 } = expected;
  const values = decode(dtype, actual);
  if (values.length !== rights.length) throw new Error(`${what}: ${values.length} elements, not ${rights.length}`);
  for (let i = 0; i < values.length; i++) {
    const [value, right] = [values[i], rights[i]];
    if (value === right || (Number.isNaN(value) && Number.isNaN(right))) continue;
    if (!Number.isFinite(value) && expected.anyNonFinite?.(i)) continue;
    if (isHalf(dtype) && roundTo(dtype, right) === value) continue;
    const least = roundTo(dtype, right - allowed(i));
    const most = roundTo(dtype, right + allowed(i));
    if (!(value >= least && value <= most)) {
      throw new Error(`${what}[${i}]: expected ${right} ± ${allowed(i)}, got ${value}`);
    }
  }
}

/** The same of numbers and of how far each may be off. */
export function allWithin(
  what: string,
  dtype: DType,
  actual: Numbers,
  values: ArrayLike<number>,
  allowed: (i: number) => number,
): void {
  within(what, dtype, actual, { values, allowed });
}

/** Throws unless two arrays hold the same numbers to the bit; the payloads of NaNs apart. */
export function sameBits(what: string, dtype: DType, actual: Numbers, expected: Numbers): void {
  if (actual.length !== expected.length) {
    throw new Error(`${what}: ${actual.length} elements, not ${expected.length}`);
  }
  for (let i = 0; i < actual.length; i++) {
    if (Object.is(actual[i], expected[i])) continue;
    // halves are bits, of which many are NaN
    const [a, b] = [decode(dtype, [actual[i]])[0], decode(dtype, [expected[i]])[0]];
    if (!Object.is(a, b)) throw new Error(`${what}[${i}]: expected the bits of ${b}, got ${a}`);
  }
}

/** Throws unless all of them are NaN. */
export function allNaN(what: string, dtype: DType, actual: Numbers): void {
  const at = decode(dtype, actual).findIndex((value) => !Number.isNaN(value));
  if (at >= 0) throw new Error(`${what}[${at}]: expected NaN, got ${decode(dtype, actual)[at]}`);
}
