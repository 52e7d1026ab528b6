import { rangeError } from "../check.js";
import { checkArrays } from "./check.js";
import { type ElementType, roundTo } from "./round.js";

/**
 * Every number rounded to an element type, to nearest, ties to even: the values of that type, as f64.
 *
 * Source: IEEE 754-2019 §5.4.2.
 * @throws TypeError when `x` is no array of numbers, RangeError when `to` is no element type.
 */
export function convert(x: ArrayLike<number>, to: ElementType): Float64Array {
  checkArrays("convert", { x });
  if (!["f32", "f64", "f16", "bf16"].includes(to))
    throw rangeError("convert", "to", '"f32", "f64", "f16" or "bf16"', to);
  return Float64Array.from(x, (value) => roundTo(to, value));
}
