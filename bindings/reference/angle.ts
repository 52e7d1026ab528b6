import { checkNames } from "../names.js";
import { checkArrays } from "./check.js";
import { countRows, type RowOptions, rowOptions, scaledRow } from "./rows.js";
import { length } from "./sum.js";

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
  checkNames("angle", rowOptions, options);
  checkArrays("angle", { x, y });
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
