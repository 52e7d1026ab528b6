import { fromBits, type HalfType, toBits } from "../../bindings/reference/round.js";

/** The largest |actual − expected| / max(1, |expected|); Infinity where one is NaN or infinite and the other is not. */
export function scaledError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  return largest(actual, expected, (value) => Math.max(1, Math.abs(value)));
}

/**
 * The largest |actual − expected| / max(|expected|, least), with 0/0 = 0; Infinity where one is NaN or infinite and the
 * other not. `least`, the format's smallest normal number, spares results that it cannot hold to full precision.
 */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>, least = 0): number {
  return largest(actual, expected, (value) => Math.max(Math.abs(value), least));
}

function largest(actual: ArrayLike<number>, expected: ArrayLike<number>, scale: (expected: number) => number): number {
  expectSameLength(actual, expected);
  let error = 0;
  for (let i = 0; i < expected.length; i++) {
    // Covers 0/0 and equal infinities; two NaNs agree as well.
    if (actual[i] === expected[i] || (Number.isNaN(actual[i]) && Number.isNaN(expected[i]))) continue;
    if (!Number.isFinite(actual[i]) || !Number.isFinite(expected[i])) return Number.POSITIVE_INFINITY;
    error = Math.max(error, Math.abs(actual[i] - expected[i]) / scale(expected[i]));
  }
  return error;
}

/**
 * How many f16 or bf16 values are neither the f64 result rounded to the format nor, where the f64 result lies within
 * `window` relative of the tie between the two, its neighbour.
 *
 * An exact result that may be off by `window` rounds to what one end of that interval rounds to, or the other.
 */
export function misroundings(
  dtype: HalfType,
  bits: ArrayLike<number>,
  expected: ArrayLike<number>,
  window = 1e-6,
): number {
  expectSameLength(bits, expected);
  let count = 0;
  for (let i = 0; i < expected.length; i++) {
    const actual = fromBits(dtype, bits[i]);
    const right = [1, 1 - window, 1 + window].map((factor) => fromBits(dtype, toBits(dtype, expected[i] * factor)));
    // includes: NaN equals NaN there, and 0 equals −0.
    if (!right.includes(actual)) count++;
  }
  return count;
}

function expectSameLength(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  if (actual.length !== expected.length) {
    throw new RangeError(`expected ${expected.length} elements, got ${actual.length}`);
  }
}
