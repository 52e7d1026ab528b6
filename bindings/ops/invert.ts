import { begin, type CommonOptions, checkOptions } from "../call/begin.js";
import type { ArrayOrTensor, Like } from "../call/operand.js";
import { rangeError, verbatim } from "../check.js";
import { invertLayerNorm as op } from "../wasm/ops.js";

/** Options of `invertLayerNorm`. */
export interface InvertLayerNormOptions extends CommonOptions {
  /** The mean of each row, as `layerNorm` saved it: `rows` numbers, f64 for f64, else f32. */
  mean: ArrayOrTensor;
  /** 1/√(variance + eps) of each row, as `layerNorm` saved it; likewise. */
  rstd: ArrayOrTensor;
  /** The scale that z was given, `cols` elements, none of them 0. Default: 1. */
  weight?: ArrayOrTensor;
  /** The shift that z was given, `cols` elements. Default: 0. */
  bias?: ArrayOrTensor;
  /** Receives the result; may be z itself. */
  out?: ArrayOrTensor;
}

/** The kernel keeps 1/weight and bias in f64, padded to whole vectors of four columns at most. */
const WIDTH = 4;
/** The kernel takes 1/weight once per block of rows. */
const FEWEST_ROWS = 32;

/**
 * Inverts LayerNorm: from its output back to its input, with the mean and rstd that it saved.
 *
 * x = (z − bias) / weight / rstd + mean. All that LayerNorm loses are these two: mean gives the component along the uniform
 * vector, rstd the length of what is orthogonal to it.
 *
 * In f32, f16 and bf16 x is the f64 result rounded to the format; in f64 |Δx| ≤ 1e-15 · max(|x|, |x − mean|). After `layerNorm`
 * without weight and bias, its input comes back to within 5e-7 · max(|x|, RMS(x)) in f32, 2e-15 in f64. A row whose rstd is
 * Infinity comes back as its mean, which for a constant row is exact.
 *
 * @param z rows × cols elements
 * @returns `out` if it is given (it may be z itself), else a Tensor for a Tensor, an array like z for an array
 * @throws {RangeError} if an element of weight is 0
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got, before anything is written
 * @see Ba, Kiros, Hinton 2016 (arXiv 1607.06450) eq. 4; arXiv 2409.12951 v2 eq. 8–9
 *
 * @example
 * ```ts
 * const mean = new Float32Array(1);
 * const rstd = new Float32Array(1);
 * const z = layerNorm(new Float32Array([1, 2, 3, 4]), { mean, rstd });
 * invertLayerNorm(z, { mean, rstd }); // [1, 2, 3, 4]
 * ```
 */
export function invertLayerNorm<O extends ArrayOrTensor>(
  z: ArrayOrTensor,
  options: InvertLayerNormOptions & { out: O },
): O;
export function invertLayerNorm<Z extends ArrayOrTensor>(
  z: Z,
  options: InvertLayerNormOptions & { out?: undefined },
): Like<Z>;
export function invertLayerNorm<Z extends ArrayOrTensor>(
  z: Z,
  options: InvertLayerNormOptions,
): Like<Z> | ArrayOrTensor;
export function invertLayerNorm(z: ArrayOrTensor, options: InvertLayerNormOptions): ArrayOrTensor {
  checkOptions(op, options);
  const { mean, rstd, weight, bias, out } = options;
  const call = begin(op, z, options);
  try {
    const { operands } = op;
    const m = call.operand(operands.mean, mean);
    const d = call.operand(operands.rstd, rstd);
    const w = call.optional(operands.weight, weight);
    const b = call.optional(operands.bias, bias);
    const x = call.output(operands.out, out);
    // where all columns are alike, the kernel reads one vector of them again and again
    const alike = w === undefined && b === undefined;
    const columns = call.workspace(operands.columns, 1, 2 * (alike ? WIDTH : Math.ceil(call.cols / WIDTH) * WIDTH));
    const kernel = call.kernel(op);
    call.stage(FEWEST_ROWS);
    do {
      const zero = kernel(
        call.at(x),
        call.at(m),
        call.at(d),
        call.at(call.x),
        call.at(w),
        call.at(b),
        call.at(columns),
        call.strides(),
        call.blockRows,
        call.cols,
      );
      // found before the first row, so that nothing has been written
      if (zero >= 0) {
        const got = verbatim(`0 at ${zero}: what it scaled cannot be recovered`);
        throw rangeError(op.name, "weight", "no zero element", got);
      }
    } while (call.next());
    return call.result(x);
  } finally {
    call.end();
  }
}
