import { type CommonOptions, checkOptions, noOptions } from "../call/begin.js";
import { layer, type Norm, NormBlocks, rms } from "../call/norm-blocks.js";
import type { Kernel } from "../call/op.js";
import type { ArrayOrTensor, Like } from "../call/operand.js";
import type { Quantized } from "../call/quantized.js";
import { FUSED, hasOnly, OFFSET } from "../call/resident.js";
import { residentNormRows, runNormRows } from "../call/resident-linear.js";
import { normElements } from "../call/room.js";
import { beginBefore, Projection } from "../call/weights.js";
import { checkNumbers, checkWeightOffset } from "../check.js";
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
  const { eps } = options ?? noOptions;
  return normLinear(layerNormLinearOp, layer, x, linearWeight, options, FUSED, eps, undefined);
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
  const { eps, weightOffset } = options ?? noOptions;
  return normLinear(rmsNormLinearOp, rms, x, linearWeight, options, FUSED | OFFSET, eps, weightOffset);
}

function normLinear<K extends Kernel>(
  op: typeof layerNormLinearOp,
  norm: Norm<K>,
  x: ArrayOrTensor,
  linearWeight: ArrayOrTensor | Quantized,
  options: LayerNormLinearOptions,
  more: number,
  askedEps: number | undefined,
  askedOffset: number | undefined,
): ArrayOrTensor {
  const eps = askedEps === undefined ? 1e-5 : askedEps;
  const weightOffset = askedOffset === undefined ? 0 : askedOffset;
  const { weight, bias, residual, sum, linearBias, out } = options ?? noOptions;
  const operands = { weight, bias, residual, sum };
  const place = residentNormRows(x, operands, linearWeight, linearBias, out);
  if (place !== undefined && hasOnly(options, more)) {
    checkNumbers(op.name, eps, weightOffset);
    checkWeightOffset(op.name, weightOffset, "f32");
    runNormRows(op, norm, place, operands, linearWeight, linearBias, out, eps, weightOffset);
    return out as ArrayOrTensor;
  }
  checkOptions(op, options);
  checkNumbers(op.name, eps, weightOffset);
  return ordinary(op, norm, x, linearWeight, options, eps, weightOffset);
}

/** Every call that is not on Tensors alone, block by block: the norm of some rows, then the projection of these. */
function ordinary<K extends Kernel>(
  op: typeof layerNormLinearOp,
  norm: Norm<K>,
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
    projection.arrange(operands.arranged, normElements(call.k));
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
