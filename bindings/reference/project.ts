import { checkNames } from "../names.js";
import { checkArrays } from "./check.js";
import { countRows, type RowOptions, rowOptions, type ScaledRow, scaledRow, timesPowerOfTwo } from "./rows.js";
import { divide, dot, NeumaierSum, productError } from "./sum.js";

/** `y` is as long as `x`; `coefficients` are [rows, k]. */
export interface Projection {
  y: Float64Array;
  coefficients: Float64Array;
}

/**
 * The component of each row in the span of `direction`.
 *
 * For one direction d, of any length but 0: c = x·d / d·d, y = c·d. For several, [k, cols] with orthonormal rows, which is not
 * checked: cⱼ = x·dⱼ, y = Σ cⱼ·dⱼ.
 *
 * A row, or a direction, that holds NaN or ±Infinity gives NaN.
 *
 * Source: arXiv 2409.12951 v2, eq. 2–7, there for d = 1.
 * @throws RangeError when `cols` does not divide the lengths of `x` and `direction`, or a single direction is 0.
 */
export function project(x: ArrayLike<number>, direction: ArrayLike<number>, options: RowOptions = {}): Projection {
  return split("project", x, direction, options);
}

/**
 * Each row minus its component in the span of `direction`.
 *
 * y = x − project(x, direction), with the same coefficients.
 *
 * A row, or a direction, that holds NaN or ±Infinity gives NaN.
 *
 * Source: arXiv 2409.12951 v2, Algorithm 1, step (i), there for d = 1.
 * @throws RangeError when `cols` does not divide the lengths of `x` and `direction`, or a single direction is 0.
 */
export function reject(x: ArrayLike<number>, direction: ArrayLike<number>, options: RowOptions = {}): Projection {
  return split("reject", x, direction, options);
}

/** Both of the above. Coefficients and products keep their rounding errors, which x − c·d would show where it cancels. */
function split(
  op: "project" | "reject",
  x: ArrayLike<number>,
  direction: ArrayLike<number>,
  options: RowOptions,
): Projection {
  checkNames(op, rowOptions, options);
  checkArrays(op, { x, direction });
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

/** The rows of `direction`: a single one scaled near 1, because its length does not matter; several as they are. */
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
