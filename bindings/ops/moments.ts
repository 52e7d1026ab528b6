import { begin, type CommonOptions, checkOptions, noOptions } from "../call/begin.js";
import type { ArrayOrTensor, PerRow } from "../call/operand.js";
import { moments as op } from "../wasm/ops.js";

/** What `moments` returns: arrays of one number per row. */
export interface Moments<X> {
  /** μ = Σx/d. */
  mean: PerRow<X>;
  /** σ² = Σ(x − μ)²/d, the population variance, as LayerNorm has it. */
  variance: PerRow<X>;
  /** √(Σx²/d) = √(σ² + μ²). */
  rms: PerRow<X>;
}

/**
 * The mean, the variance and the root mean square of each row.
 *
 * μ = Σx/d, σ² = Σ(x − μ)²/d, RMS² = Σx²/d = σ² + μ². In f32, μ is exact to 5e-7 RMS, and σ² and RMS to a relative error of
 * 1e-6, for means up to 1e6 standard deviations. A variance beyond the range of f32 is Infinity (σ above 1.8e19) or 0 (σ
 * below 2.6e-23): take f64.
 *
 * @param x rows × cols elements
 * @returns arrays of one number per row, also for a Tensor: f64 for f64, else f32
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got
 * @see arXiv 2409.12951 v2 eq. 2–9
 *
 * @example
 * ```ts
 * moments(new Float32Array([1, 2, 3, 4])); // { mean: [2.5], variance: [1.25], rms: [2.7386…] }
 * ```
 */
export function moments<X extends ArrayOrTensor>(x: X, options: CommonOptions = noOptions): Moments<X> {
  checkOptions(op, options);
  const call = begin(op, x, options);
  try {
    const mean = call.output(op.operands.mean);
    const variance = call.output(op.operands.variance);
    const rms = call.output(op.operands.rms);
    const kernel = call.kernel(op);
    call.stage();
    do {
      kernel(
        call.at(mean),
        call.at(variance),
        call.at(rms),
        call.at(call.x),
        call.strides(),
        call.blockRows,
        call.cols,
      );
    } while (call.next());
    return { mean: call.result(mean), variance: call.result(variance), rms: call.result(rms) } as Moments<X>;
  } finally {
    call.end();
  }
}
