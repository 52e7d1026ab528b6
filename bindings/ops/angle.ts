import { begin, type CommonOptions, checkOptions, noOptions } from "../call/begin.js";
import { rowsOrOne } from "../call/directions.js";
import type { ArrayOrTensor, PerRow } from "../call/operand.js";
import { angle as op } from "../wasm/ops.js";

/**
 * The angle in radians between each row of x and the same row of y, or between every row and one direction.
 *
 * θ = 2·atan2(‖x̂ − ŷ‖, ‖x̂ + ŷ‖), which is exact near 0 and π too: to 5e-7 in f32, 1e-15 in f64. A row of zeros has no
 * direction and gives NaN.
 *
 * @param x rows × cols elements
 * @param y as many elements, or one row of them; of x's element type, f32 or f64
 * @returns an array of one number per row, also for Tensors: f64 for f64, else f32
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got
 * @see W. Kahan, How Futile are Mindless Assessments of Roundoff, 2006, §12
 *
 * @example
 * ```ts
 * angle(new Float32Array([1, 0, 0, 1]), new Float32Array([1, 1]), { cols: 2 }); // [0.7853…, 0.7853…]
 * ```
 */
export function angle<X extends ArrayOrTensor>(x: X, y: ArrayOrTensor, options: CommonOptions = noOptions): PerRow<X> {
  checkOptions(op, options);
  const call = begin(op, x, options, y);
  try {
    const other = rowsOrOne(call, op.operands.y, y);
    const angles = call.output(op.operands.angle);
    const kernel = call.kernel(op);
    call.stage();
    do {
      kernel(call.at(angles), call.at(call.x), call.at(other), call.strides(), call.blockRows, call.cols);
    } while (call.next());
    return call.result(angles) as PerRow<X>;
  } finally {
    call.end();
  }
}
