import { begin, type CommonOptions, checkOptions, noOptions } from "../call/begin.js";
import type { Export } from "../call/op.js";
import type { ArrayOrTensor } from "../call/operand.js";
import { rangeError } from "../check.js";
import { type ArrayOf, DTYPES, type DType, isDType } from "../memory/dtype.js";
import type { Tensor } from "../memory/tensor.js";
import { type ConvertKernel, convert as op, toBF16, toF16, toF32, toF64 } from "../wasm/ops.js";

/** Options of `convert`. */
export interface ConvertOptions extends CommonOptions {
  /** Receives the result: as many elements as x has, of the element type `to`. */
  out?: ArrayOrTensor;
}

const kernels: Readonly<Record<DType, Export<ConvertKernel>>> = { f32: toF32, f64: toF64, f16: toF16, bf16: toBF16 };

/**
 * x in another element type.
 *
 * Each element is rounded once, to nearest, ties to even. What lies beyond the format becomes infinity; NaN stays NaN, but its
 * payload is not kept where the format changes. `dtype` in the options is x's own, for the bits in a Uint16Array.
 *
 * @param x rows × cols elements
 * @param to the element type of the result
 * @returns `out` if it is given, else a Tensor of x's shape for a Tensor, an array for an array; of f16 and bf16 the bits, in
 *   a Uint16Array
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got, before anything is written
 * @see IEEE 754-2019 §5.4.2, formatOf-convertFormat
 *
 * @example
 * ```ts
 * const bits = convert(new Float32Array([1, 0.1, -2]), "bf16"); // [16256, 15821, 49152]
 * convert(bits, "f32", { dtype: "bf16" }); // [1, 0.10009…, -2]
 * ```
 */
export function convert<O extends ArrayOrTensor>(x: ArrayOrTensor, to: DType, options: ConvertOptions & { out: O }): O;
export function convert<D extends DType>(x: Tensor, to: D, options?: ConvertOptions & { out?: undefined }): Tensor<D>;
export function convert<D extends DType>(
  x: Exclude<ArrayOrTensor, Tensor>,
  to: D,
  options?: ConvertOptions & { out?: undefined },
): ArrayOf<D>;
export function convert(x: ArrayOrTensor, to: DType, options?: ConvertOptions): ArrayOrTensor;
export function convert(x: ArrayOrTensor, to: DType, options: ConvertOptions = noOptions): ArrayOrTensor {
  checkOptions(op, options);
  if (!isDType(to)) throw rangeError(op.name, "to", DTYPES, to);
  const { out } = options;
  const call = begin(op, x, options);
  try {
    call.to = to;
    const y = call.output(op.operands.out, out);
    const kernel = call.kernel(kernels[to]);
    call.stage();
    do {
      kernel(call.at(y), call.at(call.x), call.strides(), call.blockRows, call.cols);
    } while (call.next());
    return call.result(y);
  } finally {
    call.end();
  }
}
