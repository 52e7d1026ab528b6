import { begin, type CommonOptions, none } from "../call.js";
import { checkOptions, rangeError, words } from "../check.js";
import { type DType, fromHalf, toHalf } from "../dtype.js";
import type { Op, Operand } from "../frame.js";
import { project } from "../wasm/project.js";

const op: Op = { name: "orthonormalize", argument: "vectors", family: project };

/** The share of its length that must be left of a vector outside the span of those before it: eight roundings. */
const TOLERANCE: Record<DType, number> = { f64: 2 ** -50, f32: 2 ** -21, f16: 2 ** -8, bf16: 2 ** -5 };

/**
 * Orthonormal rows that span what the vectors span, for `project` and `reject`: the i-th from the first i vectors, with
 * a positive product with the i-th.
 *
 * Gram–Schmidt, each vector twice, in f64; the result is rounded to the element type, so that products are off by no
 * more than its roundings.
 *
 * @param vectors k × cols elements, k ≤ cols
 * @returns k × cols elements: a Tensor for a Tensor, an array like `vectors` for an array
 * @throws {RangeError} if a vector lies in the span of those before it, to within eight roundings of its element type
 * @throws {TypeError | RangeError} naming the argument, what was expected and what came
 * @see Giraud, Langou, Rozložník 2005: twice is enough
 *
 * @example
 * ```ts
 * orthonormalize(new Float32Array([3, 4, 4, 3]), { cols: 2 }); // [0.6, 0.8, 0.8, -0.6]
 * ```
 */
export function orthonormalize<X extends Operand>(vectors: X, options: CommonOptions = none): X {
  checkOptions(op.name, options);
  const f = begin(op, vectors, options, undefined);
  const q = f.output("out", undefined);
  const work = f.work(f.length);
  const kernel = f.f64Kernel(op);
  f.stage();
  try {
    const { dtype } = f;
    const from = f.view(0);
    const wide = f.view(work);
    if (dtype === "f32" || dtype === "f64") wide.set(from);
    else for (let i = 0; i < wide.length; i++) wide[i] = fromHalf(dtype, from[i]);
    const dependent = kernel(f.at(work), f.rows, f.cols, TOLERANCE[dtype]);
    if (dependent >= 0) {
      const got = words(`row ${dependent}, which lies in the span of those before it`);
      throw rangeError(op.name, "vectors", "linearly independent rows", got);
    }
    const to = f.view(q);
    if (dtype === "f32" || dtype === "f64") to.set(wide);
    else for (let i = 0; i < to.length; i++) to[i] = toHalf(dtype, wide[i]);
    return f.result(q) as X;
  } catch (error) {
    f.abandon();
    throw error;
  } finally {
    f.end();
  }
}
