import { begin, type CommonOptions, checkOptions, none } from "../call.js";
import { checkNonNegative, rangeError } from "../check.js";
import type { Op, Operand } from "../frame.js";
import { residentKernel, startOf } from "../resident.js";
import type { Tensor } from "../tensor.js";
import { norm } from "../wasm/norm.js";

/** Options of `layerNorm`. */
export interface LayerNormOptions extends CommonOptions {
  /** Scale, `cols` elements. Default: 1. */
  weight?: Operand;
  /** Shift, `cols` elements. Default: 0. */
  bias?: Operand;
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
  /** Added to x first, like x; the sum is rounded to x's element type and normalised. */
  residual?: Operand;
  /** Receives x + residual; may be x or residual itself. */
  sum?: Operand;
  /** Receives the mean of each row: `rows` numbers, f64 for f64, else f32. */
  mean?: Operand;
  /** Receives 1/√(variance + eps) of each row, likewise. Infinity for a constant row at eps 0. */
  rstd?: Operand;
}

const op: Op = { name: "layerNorm", family: norm };

/**
 * LayerNorm: each row less its mean, over its standard deviation, times weight, plus bias.
 *
 * y = (x − μ) / √(σ² + eps) · weight + bias, with μ and σ² the mean and the population variance of the row. As
 * geometry: the component along the uniform vector is removed, the rest is scaled to length √d.
 *
 * Error before weight and bias: |Δy| ≤ 5e-7 · max(1, |y|) in f32 at cols ≤ 4096, 1e-15 in f64, halves the f64 result
 * rounded, for means up to 1e6 deviations and any finite scale. A constant row gives exactly bias; NaN or infinity in a
 * row gives NaN through that row.
 *
 * @param x rows × cols elements
 * @returns `out` if it is given (it may be x or residual itself), else a Tensor for a Tensor, an array like x for an array
 * @throws {TypeError | RangeError} naming the argument, what was expected and what came, before anything is written
 * @see Ba, Kiros, Hinton 2016 (arXiv 1607.06450); arXiv 2409.12951 v2 eq. 8–9
 *
 * @example
 * ```ts
 * layerNorm(new Float32Array([1, 2, 3, 4])); // [-1.3416…, -0.4472…, 0.4472…, 1.3416…]
 * layerNorm(states, { cols: 768, weight, bias, out: states }); // rows of 768, in place
 * ```
 */
export function layerNorm<O extends Operand>(x: Operand, options: LayerNormOptions & { out: O }): O;
export function layerNorm<X extends Operand>(x: X, options?: LayerNormOptions & { out?: undefined }): X;
export function layerNorm<X extends Operand>(x: X, options?: LayerNormOptions & { out?: X }): X;
export function layerNorm(x: Operand, options: LayerNormOptions & { out?: Operand } = none): Operand {
  checkOptions(op.name, options);
  const { weight, bias, eps = 1e-5, residual, sum, out, mean, rstd } = options;
  checkNonNegative(op.name, "eps", eps);
  if (residual === undefined && sum === undefined && mean === undefined && rstd === undefined) {
    const resident = residentKernel(op, x, out, weight, bias, options);
    if (resident !== undefined) {
      const { start, length, cols } = x as Tensor;
      resident(startOf(out), 0, 0, 0, start, 0, startOf(weight), startOf(bias), length / cols, cols, eps);
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
  const m = f.optionalPerRow("mean", mean);
  const d = f.optionalPerRow("rstd", rstd);
  f.inPlace(y, f.x, r);
  f.inPlace(s, f.x, r);
  const kernel = f.kernel(op);
  f.stage();
  try {
    kernel(f.at(y), f.at(s), f.at(m), f.at(d), f.at(f.x), f.at(r), f.at(w), f.at(b), f.rows, f.cols, eps);
    f.fill(s);
    f.fill(m);
    f.fill(d);
    return f.result(y);
  } finally {
    f.end();
  }
}
