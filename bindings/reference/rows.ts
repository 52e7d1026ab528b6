/** The options that all functions have. */
export interface RowOptions {
  /** The row length; by default the whole array is one row. */
  cols?: number;
}

/** The names of RowOptions. */
export const rowOptions: readonly string[] = ["cols"];

/** One row divided by 2^exponent, so that its largest magnitude lies near 1. */
export interface ScaledRow {
  values: Float64Array;
  exponent: number;
}

/** The number of rows of length `cols` in an array, or a RangeError. */
export function countRows(op: string, length: number, cols: number): number {
  if (!Number.isInteger(cols) || cols < 1) {
    throw new RangeError(`${op}: cols expected a positive integer, got ${cols}`);
  }
  if (length % cols !== 0) throw new RangeError(`${op}: cols expected a divisor of ${length}, got ${cols}`);
  return length / cols;
}

/** Throws a RangeError unless an optional array has the expected number of elements. */
export function expectLength(op: string, name: string, array: ArrayLike<number> | undefined, length: number): void {
  if (array !== undefined && array.length !== length) {
    throw new RangeError(`${op}: ${name} expected ${length} elements, got ${array.length}`);
  }
}

/** value · 2^exponent, exact unless the result overflows or is subnormal. */
export function timesPowerOfTwo(value: number, exponent: number): number {
  let scaled = value;
  let left = exponent;
  // 2^left itself must be a normal number, so large exponents take several steps.
  for (; left > 1023; left -= 1023) scaled *= 2 ** 1023;
  for (; left < -1022; left += 1022) scaled *= 2 ** -1022;
  return scaled * 2 ** left;
}

/**
 * Row `row` of `x`, divided by a power of two so that max(|xᵢ|, floor) comes near 1, and no square overflows or underflows.
 * (An element 2^1022 times smaller than the largest becomes subnormal and loses digits.)
 * A row that holds NaN or ±Infinity becomes NaN throughout, because its mean and its length are not finite.
 */
export function scaledRow(x: ArrayLike<number>, row: number, cols: number, floor = 0): ScaledRow {
  const values = new Float64Array(cols);
  let largest = floor;
  for (let i = 0; i < cols; i++) {
    values[i] = x[row * cols + i];
    largest = Math.max(largest, Math.abs(values[i]));
  }
  if (largest === 0) return { values, exponent: 0 };
  if (!Number.isFinite(largest)) return { values: values.fill(Number.NaN), exponent: 0 };
  // Math.log2 may be off by one beside a power of two. That does not matter: any exponent scales exactly, and near 1 is enough.
  const exponent = Math.floor(Math.log2(largest));
  return { values: values.map((value) => timesPowerOfTwo(value, -exponent)), exponent };
}

/** The row length of a norm: `cols`, else that of its weight, else all of x. */
export function defaultCols(x: ArrayLike<number>, options: { cols?: number; weight?: ArrayLike<number> }): number {
  return options.cols ?? options.weight?.length ?? x.length;
}
