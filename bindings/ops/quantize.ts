import { begin, type CommonOptions, checkOptions, noOptions } from "../call/begin.js";
import type { Call } from "../call/call.js";
import { layer, type Norm, NormBlocks, rms } from "../call/norm-blocks.js";
import type { Kernel } from "../call/op.js";
import type { ArrayOrTensor } from "../call/operand.js";
import { Quantized, wholeRow } from "../call/quantized.js";
import {
  checkBuffer,
  checkCount,
  checkNonNegative,
  checkNumbers,
  checkWeightOffset,
  elements,
  rangeError,
  typeError,
  verbatim,
} from "../check.js";
import { checkEngine, defaultEngine, type Engine } from "../engine/engine.js";
import { kindOf } from "../memory/dtype.js";
import { Tensor } from "../memory/tensor.js";
import { checkNames } from "../names.js";
import {
  layerNormQuantize as layerNormQuantizeOp,
  linearInt8,
  quantize,
  quantizeWeights as quantizeWeightsOp,
  rmsNormQuantize as rmsNormQuantizeOp,
} from "../wasm/ops.js";

/** How many elements are normalised at a time, before they become whole numbers: in f32 64 KiB. */
const BLOCK_ELEMENTS = 16384;

/** Options of `quantizeWeights`. */
export interface QuantizeWeightsOptions extends CommonOptions {
  /** The bits of a number: 8. */
  bits?: 8;
  /** How many columns share a scale: a multiple of 8. Default: all of a row. */
  groupSize?: number;
}

/** Options of `layerNormQuantize`. */
export interface LayerNormQuantizeOptions extends CommonOptions {
  /** The norm's scale, `cols` elements. Default: 1. */
  weight?: ArrayOrTensor;
  /** The norm's shift, `cols` elements. Default: 0. */
  bias?: ArrayOrTensor;
  /** Added to the variance or, in RMSNorm, to the mean square. Default: 1e-5. */
  eps?: number;
  /** Added to x first, as many elements of the same type. The sum is rounded to that type, then normalised. */
  residual?: ArrayOrTensor;
  /** Receives x + residual; may be x or residual itself. */
  sum?: ArrayOrTensor;
  /** Receives the result: rows like x's with a scale each, from an earlier call. */
  out?: Quantized;
}

/** Options of `rmsNormQuantize`. */
export interface RMSNormQuantizeOptions extends LayerNormQuantizeOptions {
  /** Added to weight, where there is one. Gemma's models need 1. Default: 0. */
  weightOffset?: number;
}

/**
 * Weights as whole numbers of 8 bits with scales, for `linear` and the ops that end in it: a quarter of the bytes of f32.
 *
 * q = w/scale, rounded to the nearest with ties to even, where scale = max|w|/127 of each group of `groupSize` columns of a row: symmetric.
 * |w − scale·q| ≤ 0.501·scale. Scales are 2^-107 at least.
 *
 * @param weight [k, cols], of f32, f16 or bf16
 * @returns the rows, in the engine's memory, until they are disposed of
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got, before anything is made
 * @see PyTorch, torch.ao.quantization: symmetric, per channel or per group
 *
 * @example
 * ```ts
 * const weights = quantizeWeights(new Float32Array([127, 2, 3, -4, 0, 0, 0, 0, 1, 1]), { cols: 5 });
 * weights.toArray(); // [127, 2, 3, -4, 0, 0, 0, 0, 1, 1]
 * ```
 */
export function quantizeWeights(weight: ArrayOrTensor, options: QuantizeWeightsOptions = noOptions): Quantized {
  const op = quantizeWeightsOp;
  checkOptions(op, options);
  const { bits, groupSize } = options;
  if (bits !== undefined && bits !== 8) throw rangeError(op.name, "bits", "8", bits);
  const asked = groupSize === undefined ? undefined : checkGroup(op.name, groupSize);
  const call = begin(op, weight, options);
  let made: Quantized | undefined;
  try {
    const { core, rows, cols, dtype } = call;
    if (dtype === "f64") throw typeError(op.name, op.first, "f32, f16 or bf16 elements", weight);
    if (rows === 0) throw rangeError(op.name, op.first, `a positive multiple of ${cols} elements`, verbatim("0"));
    const group = Math.min(asked ?? wholeRow(cols), wholeRow(cols));
    const shape = weight instanceof Tensor ? weight.shape : [rows, cols];
    made = new Quantized(op.name, core, linearInt8, shape, rows, group);
    const kernel = call.kernel(quantize);
    call.stage();
    do {
      const { row, blockRows } = call;
      kernel(made.at(row), made.scalesAt(row), call.at(call.x), call.strides(), blockRows, cols, group);
    } while (call.next());
    return made;
  } catch (error) {
    made?.dispose();
    throw error;
  } finally {
    call.end();
  }
}

/**
 * Brings back what `toArrays` saved, or what another tool made of the same kind: q and scales as arrays.
 *
 * @param values rows × cols whole numbers of 8 bits
 * @param scales for each row ⌈cols/groupSize⌉ of them, row after row
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got, before anything is made
 *
 * @example
 * ```ts
 * quantized(new Int8Array([127, 2, 3]), new Float32Array([0.5])).toArray(); // [63.5, 1, 1.5]
 * ```
 */
export function quantized(
  values: Int8Array,
  scales: Float32Array,
  options: { cols?: number; groupSize?: number; engine?: Engine } = noOptions,
): Quantized {
  const op = "quantized";
  checkNames(op, ["cols", "groupSize", "engine"], options);
  if (kindOf.call(values) !== "Int8Array") throw typeError(op, "values", "an Int8Array", values);
  if (kindOf.call(scales) !== "Float32Array") throw typeError(op, "scales", "a Float32Array", scales);
  checkBuffer(op, "values", values);
  checkBuffer(op, "scales", scales);
  const { cols = values.length, groupSize, engine = defaultEngine() } = options;
  const core = checkEngine(op, engine);
  core.live(op);
  checkCount(op, "cols", cols);
  const rows = values.length / cols;
  if (rows === 0 || !Number.isInteger(rows)) {
    throw rangeError(op, "values", `a positive multiple of ${cols} elements`, verbatim(`${values.length}`));
  }
  const group = Math.min(groupSize === undefined ? wholeRow(cols) : checkGroup(op, groupSize), wholeRow(cols));
  const count = rows * Math.ceil(cols / group);
  if (scales.length !== count) throw rangeError(op, "scales", elements(count), verbatim(`${scales.length}`));
  // they may be views of this memory, which are detached when it grows for the rows
  if (values.buffer === core.arena.buffer) values = values.slice();
  if (scales.buffer === core.arena.buffer) scales = scales.slice();
  const made = new Quantized(op, core, linearInt8, [rows, cols], rows, group);
  const bytes = new Int8Array(core.arena.buffer, made.at(), made.scalesAt() - made.at()).fill(0);
  for (let row = 0; row < rows; row++) {
    bytes.set(values.subarray(row * cols, (row + 1) * cols), made.at(row) - made.at());
  }
  new Float32Array(core.arena.buffer, made.scalesAt(), count).set(scales);
  return made;
}

/**
 * A LayerNorm whose rows become whole numbers of 8 bits with a scale each, without the normalised rows in memory.
 *
 * q = y/scale, rounded to the nearest with ties to even, where y = layerNorm(x) and scale = max|y|/127 of each row: what
 * `quantizeWeights` gives of the norm's result, to the bit. `linear` takes it as x, by weights from `quantizeWeights`.
 *
 * @param x rows × cols elements of f32, f16 or bf16
 * @returns `out` if it is given, else new rows in the engine's memory, until they are disposed of
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got, before anything is written
 * @see `layerNorm`, `quantizeWeights`, `linear`; vLLM's dynamic per-token quantisation
 *
 * @example
 * ```ts
 * layerNormQuantize(new Float32Array([1, 2, 3, 4])).toArrays().values; // [-127, -42, 42, 127]
 * ```
 */
export function layerNormQuantize(x: ArrayOrTensor, options: LayerNormQuantizeOptions = noOptions): Quantized {
  const op = layerNormQuantizeOp;
  checkOptions(op, options);
  const eps = options.eps === undefined ? 1e-5 : options.eps;
  checkNonNegative(op.name, "eps", eps);
  return normQuantize(op, layer, x, options, eps, 0);
}

/**
 * An RMSNorm whose rows become whole numbers of 8 bits with a scale each, without the normalised rows in memory.
 *
 * q = y/scale, rounded to the nearest with ties to even, where y = rmsNorm(x) and scale = max|y|/127 of each row: what
 * `quantizeWeights` gives of the norm's result, to the bit. `linear` takes it as x, by weights from `quantizeWeights`.
 *
 * @param x rows × cols elements of f32, f16 or bf16
 * @returns `out` if it is given, else new rows in the engine's memory, until they are disposed of
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got, before anything is written
 * @see `rmsNorm`, `quantizeWeights`, `linear`; vLLM's dynamic per-token quantisation
 *
 * @example
 * ```ts
 * rmsNormQuantize(new Float32Array([1, 2, 3, 4])).toArrays().values; // [32, 64, 95, 127]
 * ```
 */
export function rmsNormQuantize(x: ArrayOrTensor, options: RMSNormQuantizeOptions = noOptions): Quantized {
  const op = rmsNormQuantizeOp;
  checkOptions(op, options);
  const eps = options.eps === undefined ? 1e-5 : options.eps;
  const weightOffset = options.weightOffset === undefined ? 0 : options.weightOffset;
  checkNumbers(op.name, eps, weightOffset);
  return normQuantize(op, rms, x, options, eps, weightOffset);
}

function normQuantize<K extends Kernel>(
  op: typeof layerNormQuantizeOp,
  norm: Norm<K>,
  x: ArrayOrTensor,
  options: LayerNormQuantizeOptions,
  eps: number,
  weightOffset: number,
): Quantized {
  const { weight, bias, residual, sum, out } = options;
  const call = begin(op, x, options);
  let made: Quantized | undefined;
  try {
    const { core, rows, cols, dtype } = call;
    if (dtype === "f64") throw typeError(op.name, op.first, "f32, f16 or bf16 elements", x);
    checkWeightOffset(op.name, weightOffset, dtype);
    if (out !== undefined) checkOut(call, out);
    const block = Math.max(1, Math.min(rows, Math.floor(BLOCK_ELEMENTS / cols)));
    const blocks = new NormBlocks(call, op, { weight, bias, residual, sum }, block);
    if (out === undefined) {
      const shape = x instanceof Tensor ? x.shape : [rows, cols];
      made = new Quantized(op.name, core, linearInt8, shape, rows, wholeRow(cols));
    }
    const y = out ?? (made as Quantized);
    const kernel = call.kernel(quantize);
    call.stage(block, block);
    do {
      const normalized = blocks.run(norm, eps, weightOffset);
      kernel(y.at(call.row), y.scalesAt(call.row), normalized, 0, call.blockRows, cols, wholeRow(cols));
    } while (call.next());
    return y;
  } catch (error) {
    made?.dispose();
    throw error;
  } finally {
    call.end();
  }
}

/** Are these rows like x's, with a scale each? */
function checkOut(call: Call, out: unknown): void {
  const { op, rows, cols } = call;
  if (!(out instanceof Quantized)) throw typeError(op.name, "out", "Quantized rows", out);
  out.alive(op.name, "out");
  out.ownedBy(op.name, "out", call.core);
  if (out.rows !== rows || out.cols !== cols || out.groups > 1) {
    throw rangeError(op.name, "out", `${rows} rows of ${cols} with a scale each`, verbatim(String(out)));
  }
}

function checkGroup(op: string, groupSize: number): number {
  checkCount(op, "groupSize", groupSize);
  if (groupSize % 8 !== 0) throw rangeError(op, "groupSize", "a multiple of 8", groupSize);
  return groupSize;
}
