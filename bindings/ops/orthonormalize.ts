import { begin, type CommonOptions, checkOptions, noOptions } from "../call/begin.js";
import type { ArrayOrTensor, Like } from "../call/operand.js";
import { rangeError, verbatim } from "../check.js";
import type { DType } from "../memory/dtype.js";
import { orthonormalize as op } from "../wasm/ops.js";

/** The share of its length that a vector must have outside the span of those before it: eight roundings of its element type. */
const INDEPENDENT: Record<DType, number> = { f64: 2 ** -50, f32: 2 ** -21, f16: 2 ** -8, bf16: 2 ** -5 };

/**
 * Makes orthonormal rows with the same span as some vectors, for `project` and `reject`.
 *
 * qᵢ = r/‖r‖ with r = vᵢ − Σⱼ (vᵢ·qⱼ) qⱼ over j < i, by Gram–Schmidt, each vector twice, in f64. So the i-th row comes from the
 * first i vectors, and its product with the i-th is positive. The result is rounded to the element type.
 *
 * @param vectors k × cols elements, k ≤ cols
 * @returns k × cols elements: a Tensor for a Tensor, an array like `vectors` for an array
 * @throws {RangeError} if a vector lies in the span of those before it, to within eight roundings of its element type
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got
 * @see Giraud, Langou, Rozložník 2005: twice is enough
 *
 * @example
 * ```ts
 * orthonormalize(new Float32Array([3, 4, 4, 3]), { cols: 2 }); // [0.6, 0.8, 0.8, -0.6]
 * ```
 */
export function orthonormalize<X extends ArrayOrTensor>(vectors: X, options: CommonOptions = noOptions): Like<X> {
  checkOptions(op, options);
  const call = begin(op, vectors, options);
  try {
    const out = call.output(op.operands.out);
    const work = call.workspace(op.operands.work, call.blockRows, call.cols);
    const kernel = call.kernel(op);
    call.stage(call.rows); // each row is made orthogonal to all before it
    const dependent = kernel(
      call.at(out),
      call.at(work),
      call.at(call.x),
      call.strides(),
      call.blockRows,
      call.cols,
      INDEPENDENT[call.dtype],
    );
    if (dependent >= 0) {
      const got = verbatim(`row ${dependent}, which is 0, not finite, or in the span of those before it`);
      throw rangeError(op.name, "vectors", "linearly independent rows", got);
    }
    call.next();
    return call.result(out) as Like<X>;
  } finally {
    call.end();
  }
}
