// What is promised of a kernel's results (docs/numerics.md and the docstrings), and how they are held to it.

import * as reference from "../../bindings/reference/index.js";
import { decode, type ElementType } from "./dtypes.js";
import { isHalf, type Numbers } from "./ground.js";

/** LayerNorm: |Δy| ≤ norm · max(1, |y|). RMSNorm: |Δy| ≤ rms · |y|. Before weight and bias, at ≤ 4096 columns. */
export const promise = {
  f32: { norm: 5e-7, rms: 3e-7, unit: 2 ** -24, smallest: 2 ** -149 },
  f64: { norm: 1e-15, rms: 1e-15, unit: 2 ** -53, smallest: 2 ** -1074 },
  // halves are computed in f32, but their y is promised relative to itself: see `allowance`
  f16: { norm: 5e-7, rms: 3e-7, unit: 2 ** -24, smallest: 2 ** -149 },
  bf16: { norm: 5e-7, rms: 3e-7, unit: 2 ** -24, smallest: 2 ** -149 },
};

/** How far from y = t·w + b a norm may be before it is rounded to the element type. */
export function allowance(op: "layerNorm" | "rmsNorm", dtype: ElementType, t: number, w: number, b: number): number {
  // a half is the f64 result rounded, or its neighbour if that lies within 1e-6 of the tie
  if (isHalf(dtype)) return 1e-6 * (Math.abs(t * w) + Math.abs(b)) + 2 ** -148;
  const { norm, rms, unit, smallest } = promise[dtype];
  const before = op === "layerNorm" ? norm * Math.max(1, Math.abs(t)) : rms * Math.abs(t) + 2 * smallest;
  // weightOffset + weight, the product and the sum round once each
  return before * Math.abs(w) + 2 * unit * (Math.abs(t * w) + Math.abs(b)) + 2 * smallest;
}

/**
 * Throws unless every number is the expected one, off by no more than allowed, rounded to the element type: rounding is
 * monotonic, so it lies between the ends of that interval, rounded. NaN where NaN is expected, and nowhere else.
 */
export function within(
  what: string,
  dtype: ElementType,
  actual: Numbers,
  expected: ArrayLike<number>,
  allowed: (i: number) => number,
): void {
  const values = decode(dtype, actual);
  if (values.length !== expected.length) throw new Error(`${what}: ${values.length} elements, not ${expected.length}`);
  for (let i = 0; i < values.length; i++) {
    const [value, right] = [values[i], expected[i]];
    if (Object.is(value, right) || (Number.isNaN(value) && Number.isNaN(right))) continue;
    if (isHalf(dtype) && reference.roundTo(dtype, right) === value) continue;
    const least = reference.roundTo(dtype, right - allowed(i));
    const most = reference.roundTo(dtype, right + allowed(i));
    if (!(value >= least && value <= most)) {
      throw new Error(`${what}[${i}]: expected ${right} ± ${allowed(i)}, got ${value}`);
    }
  }
}

/** Throws unless two arrays hold the same numbers to the bit; the payloads of NaNs apart. */
export function same(what: string, dtype: ElementType, actual: Numbers, expected: Numbers): void {
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
