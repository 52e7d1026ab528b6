import { begin, type CommonOptions, checkOptions } from "../call.js";
import { rangeError, words } from "../check.js";
import { wideOf } from "../dtype.js";
import type { Op, Operand } from "../frame.js";
import { project as family } from "../wasm/project.js";

/** Options of `invertLayerNorm`. */
export interface InvertLayerNormOptions extends CommonOptions {
  /** The mean of each row, as `layerNorm` saved it: `rows` numbers, f64 for f64, else f32. */
  mean: Operand;
  /** 1/√(variance + eps) of each row, likewise. */
  rstd: Operand;
  /** The scale that z was given, `cols` elements, none of them 0. Default: 1. */
  weight?: Operand;
  /** The shift that z was given, `cols` elements. Default: 0. */
  bias?: Operand;
}

const op: Op = { name: "invertLayerNorm", argument: "z", family };
const preparing: Op = { name: "columns", family };

/** The columns that the kernel reads, 1/weight and bias in f64, are padded to whole vectors, of four at most. */
const WIDTH = 4;

/**
 * LayerNorm undone: from its output back to its input, with the mean and rstd that it saved.
 *
 * x = (z − bias) / weight / rstd + mean. The two are all that LayerNorm loses: mean is the component along the uniform
 * vector, rstd the length of the rest.
 *
 * In f32, f16 and bf16 x is the f64 result rounded to the format; in f64 |Δx| ≤ 1e-15 · max(|x|, |x − mean|). After `layerNorm`
 * without weight and bias, the x that it was given comes back to within 5e-7 · max(|x|, RMS(x)) in f32, 2e-15 in f64. A row
 * whose rstd is Infinity comes back as its mean: a constant row exactly.
 *
 * @param z rows × cols elements
 * @returns `out` if it is given (it may be z itself), else a Tensor for a Tensor, an array like z for an array
 * @throws {RangeError} if an element of weight is 0
 * @throws {TypeError | RangeError} naming the argument, what was expected and what came, before anything is written
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
export function invertLayerNorm<O extends Operand>(z: Operand, options: InvertLayerNormOptions & { out: O }): O;
export function invertLayerNorm<Z extends Operand>(z: Z, options: InvertLayerNormOptions & { out?: undefined }): Z;
export function invertLayerNorm<Z extends Operand>(z: Z, options: InvertLayerNormOptions & { out?: Z }): Z;
export function invertLayerNorm(z: Operand, options: InvertLayerNormOptions & { out?: Operand }): Operand {
  checkOptions(op.name, options);
  const { mean, rstd, weight, bias, out } = options;
  const f = begin(op, z, options, weight);
  const m = f.saved("mean", mean);
  const d = f.saved("rstd", rstd);
  const w = f.parameter("weight", weight, f.cols);
  const b = f.parameter("bias", bias, f.cols);
  const x = f.output("out", out);
  f.inPlace(x, f.x);
  // where all columns are alike, one vector of them is read again and again
  const alike = w === undefined && b === undefined;
  const cols = alike ? WIDTH : Math.ceil(f.cols / WIDTH) * WIDTH;
  const c = f.work(2 * cols);
  const kernel = f.kernel(op);
  const prepare = f.kernel(preparing, wideOf(f.dtype));
  f.stage();
  try {
    const zero = prepare(f.at(c), f.at(w), f.at(b), alike ? WIDTH : f.cols);
    if (zero >= 0) {
      const got = words(`0 at ${zero}: what it scaled cannot be recovered`);
      throw rangeError(op.name, "weight", "no zero element", got);
    }
    const next = alike ? 0 : f.dtype === "f64" ? 32 : 64;
    kernel(f.at(x), f.at(m), f.at(d), f.at(f.x), f.at(c), next, f.rows, f.cols);
    return f.result(x);
  } catch (error) {
    f.abandon();
    throw error;
  } finally {
    f.end();
  }
}
