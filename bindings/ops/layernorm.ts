import { begin, type CommonOptions, checkOptions, noOptions } from "../call/begin.js";
import type { ArrayOrTensor, Like } from "../call/operand.js";
import { type PlainRun, plainResult } from "../call/plain.js";
import { residentKernel, residentPlace, startOf } from "../call/resident.js";
import { checkNonNegative, rangeError } from "../check.js";
import { type LayerNormKernel, layerNorm as op } from "../wasm/ops.js";

/** Options of `layerNorm`. */
export interface LayerNormOptions extends CommonOptions {
  /** Scale, `cols` elements. Default: 1. */
  weight?: ArrayOrTensor;
  /** Shift, `cols` elements. Default: 0. */
  bias?: ArrayOrTensor;
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
  /** Added to x first, as many elements of the same type. The sum is rounded to that type, then normalised. */
  residual?: ArrayOrTensor;
  /** Receives x + residual; may be x or residual itself. */
  sum?: ArrayOrTensor;
  /** Receives the mean of each row: `rows` numbers, f64 for f64, else f32. */
  mean?: ArrayOrTensor;
  /** Receives 1/√(variance + eps) of each row, likewise; Infinity for a constant row at eps 0. */
  rstd?: ArrayOrTensor;
  /** Receives the result; may be x or residual itself. */
  out?: ArrayOrTensor;
}

/**
 * LayerNorm: subtracts each row's mean, divides by its standard deviation, multiplies by weight and adds bias.
 *
 * y = (x − μ) / √(σ² + eps) · weight + bias, with μ and σ² the mean and the population variance of the row. As
 * geometry: the component along the uniform vector is removed, the rest is scaled to length √d.
 *
 * The error before weight and bias, for means up to 1e6 standard deviations and any finite scale: in f32 |Δy| ≤ 5e-7 ·
 * max(1, |y|) at cols ≤ 4096, 2e-6 above; in f64 1e-15 for means up to 1e3 standard deviations; f16 and bf16 are the f64
 * result rounded. A constant row gives exactly bias; NaN or infinity in a row gives NaN throughout that row.
 *
 * @param x rows × cols elements
 * @returns `out` if it is given (it may be x or residual itself), else a Tensor for a Tensor, an array like x for an array
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got, before anything is written
 * @see Ba, Kiros, Hinton 2016 (arXiv 1607.06450); arXiv 2409.12951 v2 eq. 8–9
 *
 * @example
 * ```ts
 * layerNorm(new Float32Array([1, 2, 3, 4])); // [-1.3416…, -0.4472…, 0.4472…, 1.3416…]
 * layerNorm(states, { cols: 768, weight, bias, out: states }); // rows of 768, in place
 * ```
 */
export function layerNorm<O extends ArrayOrTensor>(x: ArrayOrTensor, options: LayerNormOptions & { out: O }): O;
export function layerNorm<X extends ArrayOrTensor>(x: X, options?: LayerNormOptions & { out?: undefined }): Like<X>;
export function layerNorm<X extends ArrayOrTensor>(x: X, options?: LayerNormOptions): Like<X> | ArrayOrTensor;
export function layerNorm(x: ArrayOrTensor, options: LayerNormOptions = noOptions): ArrayOrTensor {
  const { weight, bias, eps: asked, out } = options ?? noOptions;
  const eps = asked === undefined ? 1e-5 : asked;
  const place = residentPlace(x, out, weight, bias, options, 0);
  if (place !== undefined) {
    checkNonNegative(op.name, "eps", eps);
    const { start, rows, cols } = place;
    const kernel = residentKernel(op, place);
    kernel(startOf(out), 0, 0, 0, start, 0, startOf(weight), startOf(bias), 0, rows, cols, eps);
    return out as ArrayOrTensor;
  }
  return plainResult(op, run, x, options, 0, eps, 0) ?? ordinary(x, options, eps);
}

const run: PlainRun<LayerNormKernel> = (kernel, x, weight, bias, rows, cols, eps) => {
  checkNonNegative(op.name, "eps", eps);
  kernel(x, 0, 0, 0, x, 0, weight, bias, 0, rows, cols, eps);
};

/** Every call that is neither on Tensors alone nor on few numbers. */
function ordinary(x: ArrayOrTensor, options: LayerNormOptions, eps: number): ArrayOrTensor {
  checkOptions(op, options);
  const { weight, bias, out, residual, sum, mean, rstd } = options;
  checkNonNegative(op.name, "eps", eps);
  if (sum !== undefined && residual === undefined) {
    throw rangeError(op.name, "residual", "an operand beside sum", residual);
  }
  const call = begin(op, x, options);
  try {
    const { operands } = op;
    const r = call.optional(operands.residual, residual);
    const w = call.optional(operands.weight, weight);
    const b = call.optional(operands.bias, bias);
    const y = call.output(operands.out, out);
    const s = call.optional(operands.sum, sum);
    const m = call.optional(operands.mean, mean);
    const d = call.optional(operands.rstd, rstd);
    const kernel = call.kernel(op);
    call.stage();
    do {
      kernel(
        call.at(y),
        call.at(s),
        call.at(m),
        call.at(d),
        call.at(call.x),
        call.at(r),
        call.at(w),
        call.at(b),
        call.strides(),
        call.blockRows,
        call.cols,
        eps,
      );
    } while (call.next());
    return call.result(y);
  } finally {
    call.end();
  }
}
