import { type CommonOptions, checkOptions, noOptions } from "../call/begin.js";
import { layer, NormBlocks, rms } from "../call/norm-blocks.js";
import type { ArrayOrTensor, Like } from "../call/operand.js";
import type { Quantized } from "../call/quantized.js";
import { beginBefore, Projection } from "../call/weights.js";
import { checkNonNegative, checkWeightOffset } from "../check.js";
import { layerNormLinear as layerNormLinearOp, rmsNormLinear as rmsNormLinearOp } from "../wasm/ops.js";

/** Options of `layerNormLinear`. */
export interface LayerNormLinearOptions extends CommonOptions {
  /** The norm's scale, `cols` elements. Default: 1. */
  weight?: ArrayOrTensor;
  /** The norm's shift, `cols` elements. Default: 0. */
  bias?: ArrayOrTensor;
  /** Added to the variance or, in RMSNorm, to the mean square. Default: 1e-5. */
  eps?: number;
  /** Added to x first, as many elements of the same type. The sum is rounded to that type, then normalised. */
  residual?: ArrayOrTensor;
  /** Added to each row of the result: k elements of x's element type, f32 or f64. */
  linearBias?: ArrayOrTensor;
  /** Receives x + residual; may be x or residual itself. */
  sum?: ArrayOrTensor;
  /** Receives the result, rows × k elements; shares none with another operand. */
  out?: ArrayOrTensor;
}

/** Options of `rmsNormLinear`. */
export interface RMSNormLinearOptions extends LayerNormLinearOptions {
  /** Added to weight, where there is one. Gemma's models need 1. Default: 0. */
  weightOffset?: number;
}

/**
 * A LayerNorm and the linear layer that reads it, without the normalised rows in memory: they stay in cache, a block at a time.
 *
 * y = layerNorm(x)·Wᵀ + linearBias, with W [k, cols]: the same bits as the two calls, and the bounds of both.
 *
 * @param x rows × cols elements
 * @param linearWeight W, [k, cols]: of x's element type, or where that is not f64, of f32, f16 or bf16, or from `quantizeWeights`
 * @returns `out` if it is given, else a Tensor for a Tensor, an array like x for an array: rows × k elements
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got, before anything is written
 * @see `layerNorm` and `linear`
 *
 * @example
 * ```ts
 * const w = new Float32Array([1, 0, 0, 0, 1, 1, 1, 1]); // [2, 4]
 * layerNormLinear(new Float32Array([1, 2, 3, 4]), w, { cols: 4 }); // [-1.3416…, 0]
 * ```
 */
export function layerNormLinear<O extends ArrayOrTensor>(
  x: ArrayOrTensor,
  linearWeight: ArrayOrTensor | Quantized,
  options: LayerNormLinearOptions & { out: O },
): O;
export function layerNormLinear<X extends ArrayOrTensor>(
  x: X,
  linearWeight: ArrayOrTensor | Quantized,
  options?: LayerNormLinearOptions & { out?: undefined },
): Like<X>;
export function layerNormLinear<X extends ArrayOrTensor>(
  x: X,
  linearWeight: ArrayOrTensor | Quantized,
  options?: LayerNormLinearOptions,
): Like<X> | ArrayOrTensor;
export function layerNormLinear(
  x: ArrayOrTensor,
  linearWeight: ArrayOrTensor | Quantized,
  options: LayerNormLinearOptions = noOptions,
): ArrayOrTensor {
  const op = layerNormLinearOp;
  checkOptions(op, options);
  const eps = options.eps === undefined ? 1e-5 : options.eps;
  checkNonNegative(op.name, "eps", eps);
  return normLinear(op, layer, x, linearWeight, options, eps, 0);
}

/**
 * An RMSNorm and the linear layer that reads it, without the normalised rows in memory: they stay in cache, a block at a time.
 *
 * y = rmsNorm(x)·Wᵀ + linearBias, with W [k, cols]: the same bits as the two calls, and the bounds of both.
 *
 * @param x rows × cols elements
 * @param linearWeight W, [k, cols]: of x's element type, or where that is not f64, of f32, f16 or bf16, or from `quantizeWeights`
 * @returns `out` if it is given, else a Tensor for a Tensor, an array like x for an array: rows × k elements
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got, before anything is written
 * @see `rmsNorm` and `linear`
 *
 * @example
 * ```ts
 * const w = new Float32Array([1, 0, 0, 0, 1, 1, 1, 1]); // [2, 4]
 * rmsNormLinear(new Float32Array([1, 2, 3, 4]), w, { cols: 4 }); // [0.3651…, 3.6514…]
 * ```
 */
export function rmsNormLinear<O extends ArrayOrTensor>(
  x: ArrayOrTensor,
  linearWeight: ArrayOrTensor | Quantized,
  options: RMSNormLinearOptions & { out: O },
): O;
export function rmsNormLinear<X extends ArrayOrTensor>(
  x: X,
  linearWeight: ArrayOrTensor | Quantized,
  options?: RMSNormLinearOptions & { out?: undefined },
): Like<X>;
export function rmsNormLinear<X extends ArrayOrTensor>(
  x: X,
  linearWeight: ArrayOrTensor | Quantized,
  options?: RMSNormLinearOptions,
): Like<X> | ArrayOrTensor;
export function rmsNormLinear(
  x: ArrayOrTensor,
  linearWeight: ArrayOrTensor | Quantized,
  options: RMSNormLinearOptions = noOptions,
): ArrayOrTensor {
  const op = rmsNormLinearOp;
  checkOptions(op, options);
  const eps = options.eps === undefined ? 1e-5 : options.eps;
  const weightOffset = options.weightOffset === undefined ? 0 : options.weightOffset;
  checkWeightOffset(op.name, weightOffset, "f64");
  checkNonNegative(op.name, "eps", eps);
  return normLinear(op, rms, x, linearWeight, options, eps, weightOffset);
}

/**
 * How many elements are normalised and arranged at a time. Where the norm is a large part of the work it is half of what `linear` arranges,
 * for they are in cache twice: 2048 × 4096 → 64 takes 0.91 of the time of the two calls, and with all of it 0.94. Else W would be read
 * twice as often: 512 × 768 → 768 takes 1.01 to 1.03, and with all of it 1.00 to 1.01 (`npm run bench:norm-linear`).
 */
const blockElements = (k: number): number => (k <= FEW ? 49152 : 98304);
const FEW = 256;

/** Block by block: the norm of some rows, then the projection of these. */
function normLinear(
  op: typeof layerNormLinearOp,
  norm: typeof layer,
  x: ArrayOrTensor,
  linearWeight: ArrayOrTensor | Quantized,
  options: LayerNormLinearOptions,
  eps: number,
  weightOffset: number,
): ArrayOrTensor {
  const { weight, bias, residual, sum, linearBias, out } = options;
  const call = beginBefore(op, x, options, linearWeight);
  try {
    checkWeightOffset(op.name, weightOffset, call.dtype);
    const { operands } = op;
    const projection = new Projection(call, operands.linearWeight, linearWeight, operands.linearBias, linearBias);
    projection.arrange(operands.arranged, blockElements(call.k));
    const blocks = new NormBlocks(call, op, { weight, bias, residual, sum }, projection.block);
    const y = call.output(operands.out, out);
    call.stage(projection.block, projection.block);
    do {
      const normalized = blocks.run(norm, eps, weightOffset);
      projection.run(call.at(y), normalized, 0, call.blockRows);
    } while (call.next());
    return call.result(y);
  } finally {
    call.end();
  }
}
