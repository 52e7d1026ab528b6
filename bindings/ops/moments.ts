import { begin, type CommonOptions, checkOptions, none } from "../call.js";
import type { Op, Operand } from "../frame.js";
import { project } from "../wasm/project.js";

/** One number a row: f64 for f64 input, else f32. */
export type PerRow<X> = X extends Float64Array
  ? Float64Array
  : X extends { dtype: unknown }
    ? Float32Array | Float64Array
    : Float32Array;

/** What `moments` returns. */
export interface Moments<X> {
  /** μ = Σx/d. */
  mean: PerRow<X>;
  /** σ² = Σ(x − μ)²/d, the population variance, as LayerNorm has it. */
  variance: PerRow<X>;
  /** √(Σx²/d) = √(σ² + μ²). */
  rms: PerRow<X>;
}

const op: Op = { name: "moments", family: project };

/**
 * Mean, variance and root mean square of each row: RMS² = σ² + μ².
 *
 * In f32, μ is good to 5e-7 rms; σ² and RMS to 1e-6 of themselves, for means up to 1e6 deviations. A variance beyond
 * the range of f32 is Infinity (deviations above 1.8e19) or 0 (below 2.6e-23): take f64.
 *
 * @param x rows × cols elements
 * @returns arrays of `rows` numbers, also for a Tensor
 * @throws {TypeError | RangeError} naming the argument, what was expected and what came
 *
 * @example
 * ```ts
 * moments(new Float32Array([1, 2, 3, 4])); // { mean: [2.5], variance: [1.25], rms: [2.7386…] }
 * ```
 */
export function moments<X extends Operand>(x: X, options: CommonOptions = none): Moments<X> {
  checkOptions(op.name, options);
  const f = begin(op, x, options, undefined);
  const mean = f.perRow("mean", undefined);
  const variance = f.perRow("variance", undefined);
  const rms = f.perRow("rms", undefined);
  const kernel = f.kernel(op);
  f.stage();
  try {
    kernel(f.at(mean), f.at(variance), f.at(rms), f.at(f.x), f.rows, f.cols);
    return { mean: f.result(mean), variance: f.result(variance), rms: f.result(rms) } as Moments<X>;
  } finally {
    f.end();
  }
}
