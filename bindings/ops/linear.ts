import { type CommonOptions, checkOptions, noOptions } from "../call/begin.js";
import type { ArrayOrTensor, Like } from "../call/operand.js";
import { Quantized } from "../call/quantized.js";
import { hasOnlyOutAndBias } from "../call/resident.js";
import { residentRows, runRows } from "../call/resident-linear.js";
import { beginBefore, beginQuantized, Projection } from "../call/weights.js";
import type { Tensor } from "../memory/tensor.js";
import { linear as op } from "../wasm/ops.js";

/** Options of `linear`. */
export interface LinearOptions extends CommonOptions {
  /** Added to each row of the result: k elements of x's element type, f32 or f64. */
  bias?: ArrayOrTensor;
  /** Receives the result, rows × k elements; shares none with x, weight or bias. */
  out?: ArrayOrTensor;
}

/**
 * A linear layer.
 *
 * y = x·Wᵀ + b, with W [k, cols] as PyTorch stores it. In f32, |Δy| ≤ 2·√cols·2⁻²⁴·‖x‖‖w‖ (at worst twice that, where all
 * roundings go one way) and a rounding of the bias's sum; f16 and bf16 are computed in f32 and rounded once. A row's bits depend on no
 * other row.
 *
 * By weights from `quantizeWeights`, |Δy| ≤ (2⁻¹⁶ + n·2⁻²⁴)·max|x|·Σ|w| of the numbers that they stand for, with
 * n = groups·⌈groupSize/512⌉ + 6: each row of x is taken in units of max|x|/32767.
 *
 * @param x rows × cols elements; as arrays, all of x is one row without `cols`. By weights from `quantizeWeights`, also rows from
 *   `layerNormQuantize` and `rmsNormQuantize`
 * @param weight [k, cols]: of x's element type, or where that is not f64, of f32, f16 or bf16, or from `quantizeWeights`
 * @returns `out` if it is given, else a Tensor for a Tensor, an array like x for an array: rows × k elements
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got, before anything is written
 * @see PyTorch, torch.nn.functional.linear
 *
 * @example
 * ```ts
 * const weight = new Float32Array([1, 0, 0, 1, 1, 1]); // [3, 2]
 * linear(new Float32Array([3, 4]), weight, { bias: new Float32Array([0, 0, 0.5]) }); // [3, 4, 7.5]
 * ```
 */
export function linear<O extends ArrayOrTensor>(
  x: ArrayOrTensor | Quantized,
  weight: ArrayOrTensor | Quantized,
  options: LinearOptions & { out: O },
): O;
export function linear<X extends ArrayOrTensor>(
  x: X,
  weight: ArrayOrTensor | Quantized,
  options?: LinearOptions & { out?: undefined },
): Like<X>;
export function linear<X extends ArrayOrTensor>(
  x: X,
  weight: ArrayOrTensor | Quantized,
  options?: LinearOptions,
): Like<X> | ArrayOrTensor;
export function linear(x: Quantized, weight: Quantized, options?: LinearOptions & { out?: undefined }): Tensor<"f32">;
export function linear(
  x: ArrayOrTensor | Quantized,
  weight: ArrayOrTensor | Quantized,
  options?: LinearOptions,
): ArrayOrTensor;
export function linear(
  x: ArrayOrTensor | Quantized,
  weight: ArrayOrTensor | Quantized,
  options: LinearOptions = noOptions,
): ArrayOrTensor {
  const { bias, out } = options ?? noOptions;
  const place = residentRows(x, weight, bias, out);
  if (place !== undefined && hasOnlyOutAndBias(options)) {
    runRows(op, place, weight, bias, out);
    return out as ArrayOrTensor;
  }
  return ordinary(x, weight, options);
}

/** Every call that is not on Tensors alone. */
function ordinary(
  x: ArrayOrTensor | Quantized,
  weight: ArrayOrTensor | Quantized,
  options: LinearOptions,
): ArrayOrTensor {
  checkOptions(op, options);
  const { bias, out } = options;
  const call = x instanceof Quantized ? beginQuantized(op, x, options, weight) : beginBefore(op, x, options, weight);
  try {
    const { operands } = op;
    const projection = new Projection(call, operands.weight, weight, operands.bias, bias);
    const y = call.output(operands.out, out);
    projection.arrange(operands.arranged);
    call.stage(projection.block);
    do {
      const xScales = x instanceof Quantized ? x.scalesAt(call.row) : 0;
      projection.run(call.at(y), call.at(call.x), call.strides(), call.blockRows, xScales);
    } while (call.next());
    return call.result(y);
  } finally {
    call.end();
  }
}
