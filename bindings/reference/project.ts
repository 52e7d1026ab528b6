import { countRows, type RowOptions, type ScaledRow, scaledRow, timesPowerOfTwo } from "./rows.js";
import { divide, dot, length, NeumaierSum, productError } from "./sum.js";

/** `y` as long as `x`; `coefficients` [rows, k]. */
export interface Projection {
  y: Float64Array;
  coefficients: Float64Array;
}

/**
 * The component of every row in the span of `direction`.
 *
 * One direction d, of any length but 0: c = x·d / d·d, y = c·d. Several, [k, cols] with orthonormal rows (taken on
 * trust): cⱼ = x·dⱼ, y = Σ cⱼ·dⱼ.
 *
 * A row, or a direction, that holds NaN or ±Infinity gives NaN.
 *
 * Source: arXiv 2409.12951 v2, eq. 2–7, there for d = 1.
 * @throws RangeError when `cols` or the length of `direction` makes no sense, or a single direction is 0.
 */
export function project(x: ArrayLike<number>, direction: ArrayLike<number>, options: RowOptions = {}): Projection {
  return split("project", x, direction, options);
}

/**
 * Every row minus its component in the span of `direction`.
 *
 * y = x − project(x, direction), with the same coefficients.
 *
 * A row, or a direction, that holds NaN or ±Infinity gives NaN.
 *
 * Source: arXiv 2409.12951 v2, Algorithm 1, step (i), there for d = 1.
 * @throws RangeError when `cols` or the length of `direction` makes no sense, or a single direction is 0.
 */
export function reject(x: ArrayLike<number>, direction: ArrayLike<number>, options: RowOptions = {}): Projection {
  return split("reject", x, direction, options);
}

/** Both of the above. Coefficients and products keep their rounding errors: x − c·d cancels, and would show them. */
function split(
  op: "project" | "reject",
  x: ArrayLike<number>,
  direction: ArrayLike<number>,
  options: RowOptions,
): Projection {
  const { cols = x.length } = options;
  const rows = countRows(op, x.length, cols);
  const directions = directionRows(op, direction, cols);
  const k = directions.length;
  const y = new Float64Array(x.length);
  const coefficients = new Float64Array(rows * k);
  for (let row = 0; row < rows; row++) {
    const { values, exponent } = scaledRow(x, row, cols);
    const pairs = directions.map(({ values: d }) => (k === 1 ? divide(dot(values, d), dot(d, d)) : dot(values, d)));
    for (let j = 0; j < k; j++) {
      coefficients[row * k + j] = timesPowerOfTwo(pairs[j].hi, exponent - directions[j].exponent);
    }
    for (let i = 0; i < cols; i++) {
      const sum = new NeumaierSum();
      if (op === "reject") sum.add(values[i]);
      for (let j = 0; j < k; j++) {
        const d = op === "reject" ? -directions[j].values[i] : directions[j].values[i];
        const product = pairs[j].hi * d;
        sum.add(product);
        sum.add(productError(pairs[j].hi, d, product) + pairs[j].lo * d);
      }
      y[row * cols + i] = timesPowerOfTwo(sum.value, exponent);
    }
  }
  return { y, coefficients };
}

/** The rows of `direction`: a single one scaled near 1, as only its line matters; several as they are. */
function directionRows(op: string, direction: ArrayLike<number>, cols: number): ScaledRow[] {
  if (direction.length === 0 || direction.length % cols !== 0) {
    throw new RangeError(`${op}: direction expected a multiple of ${cols} elements, got ${direction.length}`);
  }
  if (direction.length === cols) {
    const single = scaledRow(direction, 0, cols);
    if (single.values.every((value) => value === 0)) {
      throw new RangeError(`${op}: direction expected a vector other than 0, got 0`);
    }
    return [single];
  }
  const all = Float64Array.from(direction);
  return Array.from({ length: all.length / cols }, (_, j) => ({
    values: all.slice(j * cols, (j + 1) * cols),
    exponent: 0,
  }));
}

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
