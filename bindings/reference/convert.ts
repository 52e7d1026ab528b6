import { checkCall } from "./check.js";
import { type ElementType, roundTo } from "./round.js";

/**
 * Every number rounded to an element type, to nearest, ties to even: the values of that type, as f64.
 *
 * Source: IEEE 754-2019 §5.4.2.
 * @throws TypeError when `x` is no array of numbers.
 */
export function convert(x: ArrayLike<number>, to: ElementType): Float64Array {
  checkCall("convert", [], {}, { x });
  return Float64Array.from(x, (value) => roundTo(to, value));
}
