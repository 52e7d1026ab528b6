import { checkNames } from "../names.js";
import { checkArrays } from "./check.js";
import { moments } from "./moments.js";
import { countRows, type RowOptions, rowOptions, scaledRow, timesPowerOfTwo } from "./rows.js";
import { deviations } from "./statistics.js";
import { length } from "./sum.js";

/** The results of the three steps, each as long as `x`. */
export interface Decomposition {
  meanVector: Float64Array;
  orthogonal: Float64Array;
  unit: Float64Array;
  standardized: Float64Array;
}

/**
 * Each row minus its mean: the component orthogonal to the uniform direction 1 = [1, …, 1].
 *
 * x⊥ = x − μ·1 = x − (x·1̂)1̂. A row that holds NaN or ±Infinity gives NaN throughout.
 *
 * Source: arXiv 2409.12951 v2, Algorithm 1, step (i).
 * @throws RangeError when `cols` is not a positive integer that divides the length of `x`.
 */
export function center(x: ArrayLike<number>, options: RowOptions = {}): Float64Array {
  checkNames("center", rowOptions, options);
  checkArrays("center", { x });
  const { cols = x.length } = options;
  const rows = countRows("center", x.length, cols);
  const y = new Float64Array(x.length);
  for (let row = 0; row < rows; row++) {
    const { values, exponent } = scaledRow(x, row, cols);
    const centered = deviations(values);
    for (let i = 0; i < cols; i++) y[row * cols + i] = timesPowerOfTwo(centered[i], exponent);
  }
  return y;
}

/**
 * The mean of each row, repeated along the row: the component along the uniform direction.
 *
 * μ·1 = (x·1̂)1̂. A row that holds NaN or ±Infinity gives NaN throughout.
 *
 * Source: arXiv 2409.12951 v2, eq. 2–7.
 * @throws RangeError when `cols` is not a positive integer that divides the length of `x`.
 */
export function meanVector(x: ArrayLike<number>, options: RowOptions = {}): Float64Array {
  checkNames("meanVector", rowOptions, options);
  checkArrays("meanVector", { x });
  const { cols = x.length } = options;
  countRows("meanVector", x.length, cols);
  const { mean } = moments(x, { cols });
  return Float64Array.from(x, (_, i) => mean[Math.floor(i / cols)]);
}

/**
 * The results of the three steps of LayerNorm's standardization, an array for each.
 *
 * meanVector = μ·1; orthogonal = x − μ·1; unit = orthogonal/‖orthogonal‖; standardized = √d·unit.
 *
 * A constant row has no orthogonal part: unit and standardized are 0 there. A row that holds NaN or ±Infinity gives NaN
 * throughout.
 *
 * Source: arXiv 2409.12951 v2, Algorithm 1, eq. 8–9.
 * @throws RangeError when `cols` is not a positive integer that divides the length of `x`.
 */
export function decompose(x: ArrayLike<number>, options: RowOptions = {}): Decomposition {
  checkNames("decompose", rowOptions, options);
  checkArrays("decompose", { x });
  const { cols = x.length } = options;
  const rows = countRows("decompose", x.length, cols);
  const unit = new Float64Array(x.length);
  const standardized = new Float64Array(x.length);
  for (let row = 0; row < rows; row++) {
    const centered = deviations(scaledRow(x, row, cols).values);
    const size = length(centered);
    if (size === 0) continue;
    for (let i = 0; i < cols; i++) {
      unit[row * cols + i] = centered[i] / size;
      standardized[row * cols + i] = centered[i] / (size / Math.sqrt(cols));
    }
  }
  return { meanVector: meanVector(x, { cols }), orthogonal: center(x, { cols }), unit, standardized };
}
