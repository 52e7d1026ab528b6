import { checkNames } from "../names.js";
import { checkArrays } from "./check.js";
import { reject } from "./project.js";
import { countRows, type RowOptions, rowOptions, scaledRow, timesPowerOfTwo } from "./rows.js";
import { length } from "./sum.js";

/** A row is dependent when less than this share of its length lies outside the span of the rows before it. */
const dependent = 1e-12;

/**
 * Orthonormal rows [k, cols] with the same span as `vectors`: Gram–Schmidt in row order.
 *
 * qⱼ = r/‖r‖ with r = vⱼ − Σ_{i<j} (vⱼ·qᵢ) qᵢ, so that vⱼ·qⱼ > 0.
 *
 * The subtraction is done twice: what the first leaves behind, because r was short, the second removes ("twice is
 * enough", Kahan and Parlett).
 *
 * Source: Giraud, Langou, Rozložník, van den Eshof 2005, doi 10.1007/s00211-005-0615-4.
 * @throws RangeError when `cols` makes no sense, or the rows are dependent, 0 or not finite.
 */
export function orthonormalize(vectors: ArrayLike<number>, options: RowOptions = {}): Float64Array {
  checkNames("orthonormalize", rowOptions, options);
  checkArrays("orthonormalize", { vectors });
  const { cols = vectors.length } = options;
  const k = countRows("orthonormalize", vectors.length, cols);
  const basis = new Float64Array(vectors.length);
  for (let j = 0; j < k; j++) {
    const { values } = scaledRow(vectors, j, cols);
    const original = length(values);
    let rest = values;
    for (let pass = 0; pass < 2; pass++) {
      for (let i = 0; i < j; i++) rest = reject(rest, basis.subarray(i * cols, (i + 1) * cols)).y;
    }
    // The rest is short where rows are nearly dependent: scaled again, its squares keep their digits.
    const scaled = scaledRow(rest, 0, cols);
    const size = length(scaled.values);
    // Written so that NaN fails too.
    if (!(timesPowerOfTwo(size, scaled.exponent) > dependent * original)) {
      throw new RangeError(
        `orthonormalize: vectors expected independent finite rows, got row ${j} in the span of others`,
      );
    }
    for (let i = 0; i < cols; i++) basis[j * cols + i] = scaled.values[i] / size;
  }
  return basis;
}
