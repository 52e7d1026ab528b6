import { begin, type CommonOptions, checkOptions, noOptions } from "../call/begin.js";
import type { ArrayOrTensor, Like } from "../call/operand.js";
import { type PlainRun, plainResult } from "../call/plain.js";
import { OFFSET, residentKernel, residentPlace, startOf } from "../call/resident.js";
import { checkNumbers, checkWeightOffset, rangeError } from "../check.js";
import { rmsNorm as op, type RmsNormKernel } from "../wasm/ops.js";

/** Options of `rmsNorm`. */
export interface RMSNormOptions extends CommonOptions {
  /** Scale, `cols` elements. Default: 1. */
  weight?: ArrayOrTensor;
  /** Shift, `cols` elements. Default: 0. */
  bias?: ArrayOrTensor;
  /** Added to weight, where there is one. Gemma's models need 1. Default: 0. */
  weightOffset?: number;
  /** Added to the mean square. Default: 1e-5. */
  eps?: number;
  /** Added to x first, as many elements of the same type. The sum is rounded to that type, then normalised. */
  residual?: ArrayOrTensor;
  /** Receives x + residual; may be x or residual itself. */
  sum?: ArrayOrTensor;
  /** Receives 1/√(mean(x²) + eps) of each row: `rows` numbers, f64 for f64, else f32; Infinity for a row of zeros at eps 0. */
  rstd?: ArrayOrTensor;
  /** Receives the result; may be x or residual itself. */
  out?: ArrayOrTensor;
}

/**
 * RMSNorm: divides each row by its root mean square, multiplies by weight and adds bias.
 *
 * y = x / √(mean(x²) + eps) · (weightOffset + weight) + bias. As geometry: the row is scaled to length √d, which is LayerNorm
 * without its first step.
 *
 * The error before weight and bias, at any finite scale: in f32 3e-7 relative at cols ≤ 4096, 2e-6 above; in f64 1e-15; f16
 * and bf16 are the f64 result rounded. A row of zeros gives exactly bias. NaN in a row gives NaN throughout that row.
 * Infinity gives NaN where it stands and bias elsewhere.
 *
 * @param x rows × cols elements
 * @returns `out` if it is given (it may be x or residual itself), else a Tensor for a Tensor, an array like x for an array
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got, before anything is written
 * @see Zhang & Sennrich 2019 (arXiv 1910.07467); arXiv 2409.12951 v2
 *
 * @example
 * ```ts
 * rmsNorm(new Float32Array([1, 2, 3, 4])); // [0.3651…, 0.7302…, 1.0954…, 1.4605…]
 * rmsNorm(states, { cols: 2048, weight, weightOffset: 1, eps: 1e-6 }); // Gemma's
 * ```
 */
export function rmsNorm<O extends ArrayOrTensor>(x: ArrayOrTensor, options: RMSNormOptions & { out: O }): O;
export function rmsNorm<X extends ArrayOrTensor>(x: X, options?: RMSNormOptions & { out?: undefined }): Like<X>;
export function rmsNorm<X extends ArrayOrTensor>(x: X, options?: RMSNormOptions): Like<X> | ArrayOrTensor;
export function rmsNorm(x: ArrayOrTensor, options: RMSNormOptions = noOptions): ArrayOrTensor {
  const { weight, bias, weightOffset: shift, eps: asked, out } = options ?? noOptions;
  const weightOffset = shift === undefined ? 0 : shift;
  const eps = asked === undefined ? 1e-5 : asked;
  const place = residentPlace(x, out, weight, bias, options, OFFSET);
  if (place !== undefined) {
    checkNumbers(op.name, eps, weightOffset);
    checkWeightOffset(op.name, weightOffset, place.dtype);
    const { start, rows, cols } = place;
    const kernel = residentKernel(op, place);
    kernel(startOf(out), 0, 0, start, 0, startOf(weight), startOf(bias), 0, rows, cols, weightOffset, eps);
    return out as ArrayOrTensor;
  }
  return plainResult(op, run, x, options, OFFSET, eps, weightOffset) ?? ordinary(x, options, eps, weightOffset);
}

const run: PlainRun<RmsNormKernel> = (kernel, x, weight, bias, rows, cols, eps, weightOffset) => {
  checkNumbers(op.name, eps, weightOffset);
  checkWeightOffset(op.name, weightOffset, "f32");
  kernel(x, 0, 0, x, 0, weight, bias, 0, rows, cols, weightOffset, eps);
};

/** Every call that is neither on Tensors alone nor on few numbers. */
function ordinary(x: ArrayOrTensor, options: RMSNormOptions, eps: number, weightOffset: number): ArrayOrTensor {
  checkOptions(op, options);
  const { weight, bias, out, residual, sum, rstd } = options;
  checkNumbers(op.name, eps, weightOffset);
  if (sum !== undefined && residual === undefined) {
    throw rangeError(op.name, "residual", "an operand beside sum", residual);
  }
  const call = begin(op, x, options);
  try {
    checkWeightOffset(op.name, weightOffset, call.dtype);
    const { operands } = op;
    const r = call.optional(operands.residual, residual);
    const w = call.optional(operands.weight, weight);
    const b = call.optional(operands.bias, bias);
    const y = call.output(operands.out, out);
    const s = call.optional(operands.sum, sum);
    const d = call.optional(operands.rstd, rstd);
    const kernel = call.kernel(op);
    call.stage();
    do {
      kernel(
        call.at(y),
        call.at(s),
        call.at(d),
        call.at(call.x),
        call.at(r),
        call.at(w),
        call.at(b),
        call.strides(),
        call.blockRows,
        call.cols,
        weightOffset,
        eps,
      );
    } while (call.next());
    return call.result(y);
  } finally {
    call.end();
  }
}
