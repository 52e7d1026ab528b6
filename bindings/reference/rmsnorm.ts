import { type NormOptions, normProblem } from "./norm.js";
import { scaledRow, timesPowerOfTwo } from "./rows.js";
import { meanSquare } from "./statistics.js";

export interface RmsNormOptions extends NormOptions {
  /** Added to each weight, by default 0. Models that store weight − 1 need 1. */
  weightOffset?: number;
}

/** `y` and `sum` are as long as `x`; `rstd` has one number per row. */
export interface RmsNormResult {
  y: Float64Array;
  sum: Float64Array;
  rstd: Float64Array;
}

/**
 * RMSNorm: divides each row by its root mean square, then scales and shifts per column.
 *
 * y = s · rstd ⊙ (weightOffset + weight) + bias, with s = x + residual, rstd = 1/√((1/d) Σ sᵢ² + eps).
 *
 * `sum` is s in f64. To check an element type whose sum is rounded, pass the rounded sum as `x`. Where the mean
 * square + eps is 0, y is exactly `bias` and rstd Infinity. A row that holds NaN gives NaN in y and rstd; one that holds
 * ±Infinity has rstd 0 and so gives NaN where the infinity stands and `bias` elsewhere.
 * Without a weight the factor is 1, and weightOffset is ignored.
 *
 * Source: Zhang, Sennrich, arXiv 1910.07467, eq. 4; y = √d·x/‖x‖ in arXiv 2409.12951 v2.
 * @throws RangeError when `cols` does not divide the length of `x`, another length does not fit, or `eps` is negative or
 *   not finite.
 */
export function rmsNorm(x: ArrayLike<number>, options: RmsNormOptions = {}): RmsNormResult {
  const { rows, cols, eps, sum, weight, bias } = normProblem("rmsNorm", x, options, ["weightOffset"]);
  const offset = options.weight ? (options.weightOffset ?? 0) : 0;
  const y = new Float64Array(x.length);
  const rstd = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    // √eps takes part in the choice of the scale, so that a row far below it is not enlarged until eps overflows.
    const all = sum.subarray(row * cols, (row + 1) * cols);
    const infinite = all.some((value) => Math.abs(value) === Number.POSITIVE_INFINITY) && !all.some(Number.isNaN);
    const { values, exponent } = infinite ? { values: all, exponent: 0 } : scaledRow(sum, row, cols, Math.sqrt(eps));
    const rms = infinite
      ? Number.POSITIVE_INFINITY
      : Math.sqrt(meanSquare(values) + timesPowerOfTwo(eps, -2 * exponent));
    rstd[row] = timesPowerOfTwo(1 / rms, -exponent);
    for (let i = 0; i < cols; i++) {
      const standardized = rms === 0 ? 0 : values[i] / rms;
      y[row * cols + i] = standardized * (offset + weight(i)) + bias(i);
    }
  }
  return { y, sum, rstd };
}
