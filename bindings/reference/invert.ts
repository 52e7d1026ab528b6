import { checkNames } from "../names.js";
import { checkArrays } from "./check.js";
import { countRows, defaultCols, expectLength, type RowOptions } from "./rows.js";

export interface InvertLayerNormOptions extends RowOptions {
  /** The mean of each row, as `layerNorm` gave it. */
  mean: ArrayLike<number>;
  /** 1/√(σ² + eps) of each row, as `layerNorm` gave it. */
  rstd: ArrayLike<number>;
  /** Scale per column, by default 1; no element may be 0. */
  weight?: ArrayLike<number>;
  /** Shift per column, by default 0. */
  bias?: ArrayLike<number>;
}

/**
 * Inverts LayerNorm: its input, from its output and the statistics that it saved.
 *
 * x = (z − bias)/weight/rstd + mean. Four roundings, three of which are of x − mean: |Δx| ≤ 4.5e-16 · max(|x|, |x − mean|).
 *
 * A row whose rstd is Infinity gives its mean throughout; NaN in z stays where it stands; NaN in mean or rstd gives NaN
 * throughout the row.
 *
 * Source: the inverse of Ba, Kiros, Hinton, arXiv 1607.06450, eq. 4; arXiv 2409.12951 v2, eq. 8–9.
 * @throws RangeError when `cols` does not divide the length of `z`, another length does not fit, or an element of weight is 0.
 */
export function invertLayerNorm(z: ArrayLike<number>, options: InvertLayerNormOptions): Float64Array {
  const op = "invertLayerNorm";
  checkNames(op, ["cols", "weight", "bias", "mean", "rstd"], options);
  const { mean, rstd, weight, bias } = options;
  checkArrays(op, { z, mean, rstd }, { weight, bias });
  const cols = defaultCols(z, options);
  const rows = countRows(op, z.length, cols);
  expectLength(op, "mean", mean, rows);
  expectLength(op, "rstd", rstd, rows);
  expectLength(op, "weight", weight, cols);
  expectLength(op, "bias", bias, cols);
  const zero = weight ? Array.from(weight).indexOf(0) : -1;
  if (zero >= 0) throw new RangeError(`${op}: weight expected no zero element, got 0 at ${zero}`);
  return Float64Array.from(z, (value, i) => {
    const [row, col] = [Math.floor(i / cols), i % cols];
    return (value - (bias?.[col] ?? 0)) / (weight?.[col] ?? 1) / rstd[row] + mean[row];
  });
}
