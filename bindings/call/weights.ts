import { checkCount, foreign, rangeError, typeError, verbatim } from "../check.js";
import { checkEngine } from "../engine/engine.js";
import { BYTES, isHalf, wideOf } from "../memory/dtype.js";
import { linearBF16, linearF16, linearF32, linearF64 } from "../wasm/ops.js";
import { begin, type CommonOptions, callOf, engineOf } from "./begin.js";
import type { Call } from "./call.js";
import { severalRows } from "./directions.js";
import type { Op, OperandSpec } from "./op.js";
import type { Operand } from "./operand.js";
import { Quantized } from "./quantized.js";
import { BLOCK_ELEMENTS, blockOf, bytesArranged } from "./room.js";

/** By the weight's element type. */
const kernels = { f32: linearF32, f64: linearF64, f16: linearF16, bf16: linearBF16 };

/**
 * @internal The projection of a call, y = x·Wᵀ + b, of rows wherever they lie: what `linear` has in common with the ops that end in
 * it. It is declared before `call.stage()` and runs after it, once per block of rows or once for all.
 */
export class Projection {
  /** How many rows of x the kernel arranges at a time: a multiple of 4. */
  block = 0;
  private arranged!: Operand;
  private readonly w: Operand | Quantized;
  private readonly b: Operand | undefined;

  constructor(
    private readonly call: Call,
    weightSpec: OperandSpec,
    weight: unknown,
    biasSpec: OperandSpec,
    bias: unknown,
  ) {
    this.w =
      weight instanceof Quantized ? quantizedRows(call, weightSpec, weight) : severalRows(call, weightSpec, weight);
    this.b = call.optional(biasSpec, bias);
    // found here already: where there is none, that is told before anything is written
    call.kernel(this.w instanceof Quantized ? this.w.kernel : kernels[this.w.wanted]);
  }

  /** Declares the room in which the kernel arranges rows of x, for blocks of so many elements at most. */
  arrange(spec: OperandSpec, elements = BLOCK_ELEMENTS): void {
    const { call, w } = this;
    const int8 = w instanceof Quantized;
    // of lanes, or of 16 bits
    const [width, lane] = int8 ? [8, 2] : [4, BYTES[wideOf(call.dtype)]];
    this.block = blockOf(call.rows, call.cols, width, elements);
    const room = bytesArranged(this.block, call.cols, width, lane, !int8 && isHalf(w.wanted));
    // and beside 16 bits the scale of each row
    const bytes = room + (int8 ? this.block * 4 : 0);
    this.arranged = call.workspace(spec, 1, Math.ceil(bytes / BYTES[wideOf(call.dtype)]));
  }

  /** @param xScales where the scales of x's rows are, if these are whole numbers of 8 bits */
  run(y: number, x: number, strides: number, rows: number, xScales = 0): void {
    const { call, w, b, block } = this;
    const [bias, arranged] = [call.at(b), call.at(this.arranged)];
    const { cols, k } = call;
    if (w instanceof Quantized) {
      const kernel = call.kernel(w.kernel);
      const scales = w.scalesAt();
      kernel(y, x, xScales, w.at(), scales, bias, arranged, strides, rows, cols, k, block, w.groupSize);
    } else {
      const kernel = call.kernel(kernels[w.wanted]);
      kernel(y, x, call.at(w), bias, arranged, strides, rows, cols, k, block);
    }
  }
}

/** @internal Begins a call that has a projection, by weights of any kind. */
export function beginBefore(op: Op, x: unknown, options: CommonOptions, weight: unknown): Call {
  return begin(op, x, options, weight, weight instanceof Quantized ? weight : undefined);
}

/**
 * Begins a call whose x are rows of 8 bits, as its weights must be then. What it makes is f32.
 *
 * @internal
 */
export function beginQuantized(op: Op, x: Quantized, options: CommonOptions, weight: unknown): Call {
  const { name, first, second = "" } = op;
  const { cols, dtype, engine } = options;
  x.alive(name, first);
  if (engine !== undefined) checkEngine(name, engine);
  if (!(weight instanceof Quantized))
    throw typeError(name, second, `Quantized rows, for ${first} is Quantized`, foreign(weight, "a Quantized"));
  if (dtype !== undefined && dtype !== "f32")
    throw rangeError(name, "dtype", `"f32", for ${first} is Quantized`, dtype);
  if (cols !== undefined && checkCount(name, "cols", cols) !== x.cols) {
    throw rangeError(name, "cols", `${x.cols}, the last dimension of ${first}`, cols);
  }
  if (x.groups > 1) throw rangeError(name, first, "rows with a scale each", verbatim(`groups of ${x.groupSize}`));
  const core = engineOf(engine, x);
  core.live(name);
  x.ownedBy(name, first, core);
  return callOf(core).begin(op, x, "f32", x.rows, x.cols, true, (operand) => {
    operand.value = x;
    operand.buffer = core.arena;
    operand.start = x.at();
    operand.end = x.scalesAt(x.rows);
    operand.piece = operand.end - operand.start;
    operand.lie(operand.start, x.at(1) - operand.start);
  });
}

/** Checks weights of 8 bits, whose rows are the k of the call. */
function quantizedRows(call: Call, { name }: OperandSpec, weight: Quantized): Quantized {
  const { op, cols, dtype } = call;
  if (dtype === "f64") throw typeError(op.name, name, `f64 elements, for ${op.first} is f64`, weight);
  weight.alive(op.name, name);
  weight.ownedBy(op.name, name, call.core);
  if (weight.cols !== cols) throw rangeError(op.name, name, `rows of ${cols}`, verbatim(`rows of ${weight.cols}`));
  call.k = checkCount(op.name, name, weight.rows);
  return weight;
}
