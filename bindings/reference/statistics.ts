import { divide, dot, NeumaierSum, type Pair } from "./sum.js";

/** The mean of one row as hi + lo: the rounded mean, and what sum and division rounded away. */
export function rowMean(values: Float64Array): Pair {
  const sum = new NeumaierSum();
  for (const value of values) sum.add(value);
  return divide(sum.pair, { hi: values.length, lo: 0 });
}

/** One row minus its mean, (x − hi) − lo: subtracting the rounded mean alone would leave its rounding error behind. */
export function deviations(values: Float64Array, mean: Pair = rowMean(values)): Float64Array {
  return values.map((value) => value - mean.hi - mean.lo);
}

/** Σ xᵢ² / d of one row. */
export function meanSquare(values: Float64Array): number {
  return dot(values, values).hi / values.length;
}
