import { deviations, rowMean } from "./moments.js";
import { countRows, type RowOptions, scaledRow, timesPowerOfTwo } from "./rows.js";
import { length } from "./sum.js";

/** One number a row. */
export interface Geometry {
  norm: Float64Array;
  uniform: Float64Array;
  orthogonal: Float64Array;
  cosine: Float64Array;
  angle: Float64Array;
}

/**
 * How every row lies to the uniform direction 1̂ = [1, …, 1]/√d.
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
    // Rounding may carry the quotient of equals past 1, where no angle has its cosine.
    cosine[row] = Math.max(-1, Math.min(1, along / size));
    angles[row] = size === 0 ? Number.NaN : Math.atan2(across, along);
  }
  return { norm, uniform, orthogonal, cosine, angle: angles };
}

/**
 * The angle between paired rows of x and y, or between every row of x and the single row y; in radians, 0 … π.
 *
 * θ = 2·atan2(‖x̂ − ŷ‖, ‖x̂ + ŷ‖), which unlike arccos keeps its digits near 0 and π.
 *
 * A row of zeros, or one that holds NaN or ±Infinity, gives NaN.
 *
 * Source: Kahan, "How Futile are Mindless Assessments of Roundoff in Floating-Point Computation?", 2006, §12.
 * @throws RangeError when `cols` makes no sense or `y` is neither one row nor as long as `x`.
 */
export function angle(x: ArrayLike<number>, y: ArrayLike<number>, options: RowOptions = {}): Float64Array {
  const { cols = x.length } = options;
  const rows = countRows("angle", x.length, cols);
  if (y.length !== cols && y.length !== x.length) {
    throw new RangeError(`angle: y expected ${cols} or ${x.length} elements, got ${y.length}`);
  }
  const angles = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const a = unitRow(x, row, cols);
    const b = unitRow(y, y.length === cols ? 0 : row, cols);
    const difference = a.map((value, i) => value - b[i]);
    const sum = a.map((value, i) => value + b[i]);
    angles[row] = 2 * Math.atan2(length(difference), length(sum));
  }
  return angles;
}

/** A row divided by its length; a row of zeros has no direction, and becomes NaN. */
function unitRow(x: ArrayLike<number>, row: number, cols: number): Float64Array {
  const { values } = scaledRow(x, row, cols);
  const size = length(values);
  return values.map((value) => value / size);
}
