import { deviations, meanSquare, rowMean } from "./moments.js";
import { type NormOptions, normProblem } from "./norm.js";
import { scaledRow, timesPowerOfTwo } from "./rows.js";

/** `y` and `sum` as long as `x`; `mean` and `rstd` one number a row. */
export interface LayerNormResult {
  y: Float64Array;
  sum: Float64Array;
  mean: Float64Array;
  rstd: Float64Array;
}

/**
 * LayerNorm: every row minus its mean, divided by its standard deviation, then scaled and shifted per column.
 *
 * y = (s − μ) · rstd ⊙ weight + bias, with s = x + residual, μ = mean(s), rstd = 1/√(σ² + eps).
 *
 * `sum` is s in f64; whoever checks an element type that rounds its sum passes the rounded sum as `x`. Where σ² + eps is
 * 0, y is exactly `bias` and rstd Infinity. A row that holds NaN or ±Infinity gives NaN in y, mean and rstd.
 *
 * Source: arXiv 2409.12951 v2, Algorithm 1, eq. 8–9; eps, weight and bias as in Ba, Kiros, Hinton, arXiv 1607.06450.
 * @throws RangeError when `cols`, a length or `eps` makes no sense.
 */
export function layerNorm(x: ArrayLike<number>, options: NormOptions = {}): LayerNormResult {
  const { rows, cols, eps, sum, weight, bias } = normProblem("layerNorm", x, options);
  const y = new Float64Array(x.length);
  const mean = new Float64Array(rows);
  const rstd = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    // √eps takes part in the choice of scale: a row far below it must not be enlarged until eps overflows.
    const { values, exponent } = scaledRow(sum, row, cols, Math.sqrt(eps));
    const { hi, lo } = rowMean(values);
    const centered = deviations(values, { hi, lo });
    const deviation = Math.sqrt(meanSquare(centered) + timesPowerOfTwo(eps, -2 * exponent));
    mean[row] = timesPowerOfTwo(hi + lo, exponent);
    rstd[row] = timesPowerOfTwo(1 / deviation, -exponent);
    for (let i = 0; i < cols; i++) {
      const standardized = deviation === 0 ? 0 : centered[i] / deviation;
      y[row * cols + i] = standardized * weight(i) + bias(i);
    }
  }
  return { y, sum, mean, rstd };
}
