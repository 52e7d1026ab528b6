import { begin, type CommonOptions, checkOptions, noOptions } from "../call/begin.js";
import type { ArrayOrTensor, PerRow } from "../call/operand.js";
import { geometry as op } from "../wasm/ops.js";

/** What `geometry` returns: arrays of one number per row. */
export interface Geometry<X> {
  /** ‖x‖. */
  norm: PerRow<X>;
  /** x·1̂ = μ√d, the component along the uniform vector, signed. */
  uniform: PerRow<X>;
  /** ‖x − (x·1̂)1̂‖ = σ√d, the length of the rest. */
  orthogonal: PerRow<X>;
  /** uniform / norm = μ/RMS. NaN for a row of zeros, which has no direction. */
  cosine: PerRow<X>;
  /** The angle to the uniform vector in radians, 0 … π. NaN for a row of zeros. */
  angle: PerRow<X>;
}

/**
 * Where each row lies with respect to the uniform vector 1.
 *
 * norm² = uniform² + orthogonal²; cosine = uniform/norm; angle = atan2(orthogonal, uniform). LayerNorm removes `uniform` and
 * RMSNorm keeps it: RMSNorm(x) = sin θ · LayerNorm(x) + cos θ · 1.
 *
 * In f32, cosine and angle are exact to 5e-7, the lengths to 5e-7 of the norm.
 *
 * @param x rows × cols elements
 * @returns arrays of one number per row, also for a Tensor: f64 for f64, else f32
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got
 * @see arXiv 2409.12951 v2 eq. 2–7
 *
 * @example
 * ```ts
 * const { angle, cosine } = geometry(states, { cols: 768 });
 * (angle[0] * 180) / Math.PI; // about 90 for a language model's hidden states
 * ```
 */
export function geometry<X extends ArrayOrTensor>(x: X, options: CommonOptions = noOptions): Geometry<X> {
  checkOptions(op, options);
  const call = begin(op, x, options);
  try {
    const norm = call.output(op.operands.norm);
    const uniform = call.output(op.operands.uniform);
    const orthogonal = call.output(op.operands.orthogonal);
    const cosine = call.output(op.operands.cosine);
    const angle = call.output(op.operands.angle);
    const kernel = call.kernel(op);
    call.stage();
    do {
      kernel(
        call.at(norm),
        call.at(uniform),
        call.at(orthogonal),
        call.at(cosine),
        call.at(angle),
        call.at(call.x),
        call.strides(),
        call.blockRows,
        call.cols,
      );
    } while (call.next());
    return {
      norm: call.result(norm),
      uniform: call.result(uniform),
      orthogonal: call.result(orthogonal),
      cosine: call.result(cosine),
      angle: call.result(angle),
    } as Geometry<X>;
  } finally {
    call.end();
  }
}
