import { checkNames } from "../names.js";
import { checkArrays } from "./check.js";
import { countRows, type RowOptions, rowOptions, scaledRow, timesPowerOfTwo } from "./rows.js";
import { deviations, rowMean } from "./statistics.js";
import { length } from "./sum.js";

/** Arrays of one number per row. */
export interface Geometry {
  norm: Float64Array;
  uniform: Float64Array;
  orthogonal: Float64Array;
  cosine: Float64Array;
  angle: Float64Array;
}

/**
 * Where each row lies with respect to the uniform direction 1̂ = [1, …, 1]/√d.
 *
 * norm = ‖x‖, uniform = x·1̂ = √d·μ (signed), orthogonal = ‖x − (x·1̂)1̂‖ = √d·σ, cosine = uniform/norm = cos θ,
 * angle = θ = atan2(orthogonal, uniform) in radians, 0 … π.
 *
 * A row of zeros has norm, uniform and orthogonal 0, cosine and angle NaN. A row that holds NaN or ±Infinity gives NaN.
 *
 * Source: arXiv 2409.12951 v2, eq. 2–7 (‖μ·1‖ = ‖x‖ cos θ).
 * @throws RangeError when `cols` is not a positive integer that divides the length of `x`.
 */
export function geometry(x: ArrayLike<number>, options: RowOptions = {}): Geometry {
  checkNames("geometry", rowOptions, options);
  checkArrays("geometry", { x });
  const { cols = x.length } = options;
  const rows = countRows("geometry", x.length, cols);
  const norm = new Float64Array(rows);
  const uniform = new Float64Array(rows);
  const orthogonal = new Float64Array(rows);
  const cosine = new Float64Array(rows);
  const angles = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const { values, exponent } = scaledRow(x, row, cols);
    const mean = rowMean(values);
    const size = length(values);
    const along = Math.sqrt(cols) * (mean.hi + mean.lo);
    const across = length(deviations(values, mean));
    norm[row] = timesPowerOfTwo(size, exponent);
    uniform[row] = timesPowerOfTwo(along, exponent);
    orthogonal[row] = timesPowerOfTwo(across, exponent);
    // Where the two are equal, rounding may make the quotient larger than 1, which no cosine is.
    cosine[row] = Math.max(-1, Math.min(1, along / size));
    angles[row] = size === 0 ? Number.NaN : Math.atan2(across, along);
  }
  return { norm, uniform, orthogonal, cosine, angle: angles };
}
