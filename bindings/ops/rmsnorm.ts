import { begin, type CommonOptions, checkOptions, none } from "../call.js";
import { checkFinite, checkNonNegative, rangeError } from "../check.js";
import type { Op, Operand } from "../frame.js";
import { residentKernel, startOf } from "../resident.js";
import type { Tensor } from "../tensor.js";
import { norm } from "../wasm/norm.js";

/** Options of `rmsNorm`. */
export interface RMSNormOptions extends CommonOptions {
  /** Scale, `cols` elements. Default: 1. */
  weight?: Operand;
  /** Shift, `cols` elements. Default: 0. */
  bias?: Operand;
  /** Added to weight, where there is one: Gemma's is 1. Default: 0. */
  weightOffset?: number;
  /** Added to the mean square. Default: 1e-5. */
  eps?: number;
  /** Added to x first, like x; the sum is rounded to x's element type and normalised. */
  residual?: Operand;
  /** Receives x + residual; may be x or residual itself. */
  sum?: Operand;
  /** Receives 1/√(mean(x²) + eps) of each row: `rows` numbers, f64 for f64, else f32. Infinity for zeros at eps 0. */
  rstd?: Operand;
}

const op: Op = { name: "rmsNorm", family: norm };

/**
 * RMSNorm: each row over its root mean square, times weight (plus bias).
 *
 * y = x / √(mean(x²) + eps) · (weightOffset + weight) + bias. As geometry: the row is scaled to length √d; LayerNorm
 * without its first step.
 *
 * Error before weight and bias: relative 3e-7 in f32 at cols ≤ 4096, 1e-15 in f64, halves the f64 result rounded, at
 * any finite scale. A row of zeros gives exactly bias. NaN in a row gives NaN through that row; infinity gives NaN
 * where it stands and 0 elsewhere (plus bias), as the limit is.
 *
 * @param x rows × cols elements
 * @returns `out` if it is given (it may be x or residual itself), else a Tensor for a Tensor, an array like x for an array
 * @throws {TypeError | RangeError} naming the argument, what was expected and what came, before anything is written
 * @see Zhang & Sennrich 2019 (arXiv 1910.07467); arXiv 2409.12951 v2
 *
 * @example
 * ```ts
 * rmsNorm(new Float32Array([1, 2, 3, 4])); // [0.3651…, 0.7302…, 1.0954…, 1.4605…]
 * rmsNorm(states, { cols: 2048, weight, weightOffset: 1, eps: 1e-6 }); // Gemma's
 * ```
 */
export function rmsNorm<O extends Operand>(x: Operand, options: RMSNormOptions & { out: O }): O;
export function rmsNorm<X extends Operand>(x: X, options?: RMSNormOptions & { out?: undefined }): X;
export function rmsNorm<X extends Operand>(x: X, options?: RMSNormOptions & { out?: X }): X;
export function rmsNorm(x: Operand, options: RMSNormOptions & { out?: Operand } = none): Operand {
  checkOptions(op.name, options);
  const { weight, bias, weightOffset = 0, eps = 1e-5, residual, sum, out, rstd } = options;
  checkFinite(op.name, "weightOffset", weightOffset);
  checkNonNegative(op.name, "eps", eps);
  if (residual === undefined && sum === undefined && rstd === undefined) {
    const resident = residentKernel(op, x, out, weight, bias, options);
    if (resident !== undefined) {
      const { start, length, cols } = x as Tensor;
      resident(startOf(out), 0, 0, start, 0, startOf(weight), startOf(bias), length / cols, cols, weightOffset, eps);
      return out as Tensor;
    }
  }
  const f = begin(op, x, options, weight);
  const r = f.input("residual", residual);
  if (sum !== undefined && r === undefined) throw rangeError(op.name, "residual", "an operand beside sum", residual);
  const w = f.parameter("weight", weight, f.cols);
  const b = f.parameter("bias", bias, f.cols);
  const y = f.output("out", out);
  const s = f.optional("sum", sum);
  const d = f.optionalPerRow("rstd", rstd);
  f.inPlace(y, f.x, r);
  f.inPlace(s, f.x, r);
  const kernel = f.kernel(op);
  f.stage();
  try {
    kernel(f.at(y), f.at(s), f.at(d), f.at(f.x), f.at(r), f.at(w), f.at(b), f.rows, f.cols, weightOffset, eps);
    f.fill(s);
    f.fill(d);
    return f.result(y);
  } finally {
    f.end();
  }
}
