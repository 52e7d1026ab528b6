import { checkNames } from "../names.js";
import { checkArrays } from "./check.js";
import { countRows, type RowOptions, rowOptions, scaledRow, timesPowerOfTwo } from "./rows.js";
import { deviations, meanSquare, rowMean } from "./statistics.js";

/** Arrays of one number per row. */
export interface Moments {
  mean: Float64Array;
  variance: Float64Array;
  rms: Float64Array;
}

/**
 * The mean, the population variance and the root mean square of each row.
 *
 * μ = (1/d) Σ xᵢ, σ² = (1/d) Σ (xᵢ − μ)², RMS² = (1/d) Σ xᵢ² = σ² + μ².
 *
 * A row that holds NaN or ±Infinity gives NaN three times; a variance beyond f64 (rows of 1e300) gives Infinity.
 *
 * Source: arXiv 2409.12951 v2, eq. 2–7 (the mean).
 * @throws RangeError when `cols` is not a positive integer that divides the length of `x`.
 */
export function moments(x: ArrayLike<number>, options: RowOptions = {}): Moments {
  checkNames("moments", rowOptions, options);
  checkArrays("moments", { x });
  const { cols = x.length } = options;
  const rows = countRows("moments", x.length, cols);
  const mean = new Float64Array(rows);
  const variance = new Float64Array(rows);
  const rms = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const { values, exponent } = scaledRow(x, row, cols);
    const { hi, lo } = rowMean(values);
    mean[row] = timesPowerOfTwo(hi + lo, exponent);
    variance[row] = timesPowerOfTwo(meanSquare(deviations(values, { hi, lo })), 2 * exponent);
    rms[row] = timesPowerOfTwo(Math.sqrt(meanSquare(values)), exponent);
  }
  return { mean, variance, rms };
}
