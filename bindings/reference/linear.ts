import { rangeError, verbatim } from "../check.js";
import { checkNames } from "../names.js";
import { checkArrays } from "./check.js";
import { countRows, expectLength, type RowOptions, rowOptions } from "./rows.js";
import { dot } from "./sum.js";

export interface LinearReferenceOptions extends RowOptions {
  /** Added to each row of the result: k numbers. */
  bias?: ArrayLike<number>;
}

const names = [...rowOptions, "bias"];

/**
 * A linear layer, as rows × k numbers: the dot product of each row of x with each of the k rows of W, and a bias.
 *
 * y = x·Wᵀ + b, with W [k, cols].
 *
 * Each product and sum keeps its rounding errors, so that y is a few units in the last place of f64 from x·w + b unless they cancel.
 * NaN, ±Infinity and sums that leave the range give what plain additions give.
 *
 * Source: PyTorch, torch.nn.functional.linear.
 * @throws RangeError when `cols` does not divide the lengths of `x` and `weight`, or `bias` has another length than k.
 */
export function linear(
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  options: LinearReferenceOptions = {},
): Float64Array {
  checkNames("linear", names, options);
  const { cols = x?.length, bias } = options;
  checkArrays("linear", { x, weight }, { bias });
  const rows = countRows("linear", x.length, cols);
  const k = weight.length / cols;
  if (k === 0 || !Number.isInteger(k)) {
    throw rangeError("linear", "weight", `a positive multiple of ${cols} elements`, verbatim(`${weight.length}`));
  }
  expectLength("linear", "bias", bias, k);
  const y = new Float64Array(rows * k);
  const rowOf = (values: ArrayLike<number>, row: number) =>
    Float64Array.from({ length: cols }, (_, i) => values[row * cols + i]);
  const weights = Array.from({ length: k }, (_, j) => rowOf(weight, j));
  for (let row = 0; row < rows; row++) {
    const values = rowOf(x, row);
    for (const [j, w] of weights.entries()) {
      const { hi, lo } = dot(values, w);
      const exact = hi + (bias?.[j] ?? 0) + lo;
      y[row * k + j] = Number.isFinite(exact) ? exact : values.reduce((sum, v, i) => sum + v * w[i], bias?.[j] ?? 0);
    }
  }
  return y;
}
