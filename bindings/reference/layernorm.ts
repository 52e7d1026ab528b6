import { type NormOptions, normProblem } from "./norm.js";
import { scaledRow, timesPowerOfTwo } from "./rows.js";
import { deviations, meanSquare, rowMean } from "./statistics.js";

/** `y` and `sum` are as long as `x`; `mean` and `rstd` have one number per row. */
export interface LayerNormResult {
  y: Float64Array;
  sum: Float64Array;
  mean: Float64Array;
  rstd: Float64Array;
}

/**
 * LayerNorm: subtracts each row's mean, divides by its standard deviation, then scales and shifts per column.
 *
 * y = (s − μ) · rstd ⊙ weight + bias, with s = x + residual, μ = mean(s), rstd = 1/√(σ² + eps).
 *
 * `sum` is s in f64. To check an element type whose sum is rounded, pass the rounded sum as `x`. Where σ² + eps is
 * 0, y is exactly `bias` and rstd Infinity. A row that holds NaN or ±Infinity gives NaN in y, mean and rstd.
 *
 * Source: arXiv 2409.12951 v2, Algorithm 1, eq. 8–9; eps, weight and bias as in Ba, Kiros, Hinton, arXiv 1607.06450.
 * @throws RangeError when `cols` does not divide the length of `x`, another length does not fit, or `eps` is negative or
 *   not finite.
 */
export function layerNorm(x: ArrayLike<number>, options: NormOptions = {}): LayerNormResult {
  const { rows, cols, eps, sum, weight, bias } = normProblem("layerNorm", x, options);
  const y = new Float64Array(x.length);
  const mean = new Float64Array(rows);
  const rstd = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    // √eps takes part in the choice of the scale, so that a row far below it is not enlarged until eps overflows.
    const { values, exponent } = scaledRow(sum, row, cols, Math.sqrt(eps));
    const { hi, lo } = rowMean(values);
    const centered = deviations(values, { hi, lo });
    const variance = meanSquare(centered);
    const deviation = Math.sqrt(variance + timesPowerOfTwo(eps, -2 * exponent));
    mean[row] = timesPowerOfTwo(hi + lo, exponent);
    // a constant row has eps alone, which may be out of f64's range in the units of that row
    rstd[row] = variance === 0 ? 1 / Math.sqrt(eps) : timesPowerOfTwo(1 / deviation, -exponent);
    for (let i = 0; i < cols; i++) {
      const standardized = deviation === 0 ? 0 : centered[i] / deviation;
      y[row * cols + i] = standardized * weight(i) + bias(i);
    }
  }
  return { y, sum, mean, rstd };
}
