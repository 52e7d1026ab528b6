import { rangeError, verbatim } from "../check.js";
import { checkArrays } from "./check.js";
import { dot } from "./sum.js";

/**
 * A linear layer: y = x·Wᵀ + b, as rows × k numbers, each a dot product in twice the precision of f64.
 *
 * Source: PyTorch, torch.nn.functional.linear.
 * @throws TypeError when an argument is no array of numbers, RangeError when their lengths do not fit `cols`.
 */
export function linear(
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  { bias, cols = x.length }: { bias?: ArrayLike<number>; cols?: number } = {},
): Float64Array {
  checkArrays("linear", { x, weight }, { bias });
  for (const [name, { length }] of Object.entries({ x, weight })) {
    if (length % cols !== 0) {
      throw rangeError("linear", name, `a multiple of ${cols} elements`, verbatim(`${length}`));
    }
  }
  const k = weight.length / cols;
  if (bias !== undefined && bias.length !== k) {
    throw rangeError("linear", "bias", `${k} elements`, verbatim(`${bias.length}`));
  }
  const rowsOf = (values: ArrayLike<number>) => {
    const all = Float64Array.from(values);
    return Array.from({ length: all.length / cols }, (_, i) => all.subarray(i * cols, (i + 1) * cols));
  };
  const directions = rowsOf(weight);
  return Float64Array.from(rowsOf(x).flatMap((row) => directions.map((w, j) => plus(dot(row, w), bias?.[j] ?? 0))));
}

function plus({ hi, lo }: { hi: number; lo: number }, bias: number): number {
  return hi + bias + lo;
}
