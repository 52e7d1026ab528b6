import { rangeError } from "../check.js";
import { layerNorm, rmsNorm } from "../wasm/ops.js";
import type { Call } from "./call.js";
import type { Op } from "./op.js";
import type { ArrayOrTensor, Operand } from "./operand.js";

/** The norm of some rows, by the addresses of its operands. */
type Norm = (
  call: Call,
  out: number,
  sum: number,
  x: number,
  residual: number,
  weight: number,
  bias: number,
  strides: number,
  rows: number,
  eps: number,
  weightOffset: number,
) => void;

/** @internal */
export const layer: Norm = (call, out, sum, x, residual, weight, bias, strides, rows, eps) =>
  call.kernel(layerNorm)(out, sum, 0, 0, x, residual, weight, bias, strides, rows, call.cols, eps);

/** @internal */
export const rms: Norm = (call, out, sum, x, residual, weight, bias, strides, rows, eps, weightOffset) =>
  call.kernel(rmsNorm)(out, sum, 0, x, residual, weight, bias, strides, rows, call.cols, weightOffset, eps);

/** What a norm takes. */
interface NormOperands {
  weight?: ArrayOrTensor;
  bias?: ArrayOrTensor;
  residual?: ArrayOrTensor;
  sum?: ArrayOrTensor;
}

type NormOp = Op<never, "normalized" | "sum" | "x" | "residual" | "weight" | "bias">;

/**
 * @internal A norm of which each block of rows goes on into something else, so that its rows are never an array. It is declared
 * before `call.stage()`, and runs after it, once per block.
 */
export class NormBlocks {
  private readonly normalized: Operand;
  private readonly sum: Operand | undefined;
  private readonly residual: Operand | undefined;
  private readonly weight: Operand | undefined;
  private readonly bias: Operand | undefined;

  constructor(
    private readonly call: Call,
    { operands, name }: NormOp,
    { weight, bias, residual, sum }: NormOperands,
    /** How many rows a block has at most. */
    block: number,
  ) {
    if (sum !== undefined && residual === undefined) {
      throw rangeError(name, "residual", "an operand beside sum", residual);
    }
    this.residual = call.optional(operands.residual, residual);
    this.weight = call.optional(operands.weight, weight);
    this.bias = call.optional(operands.bias, bias);
    this.normalized = call.workspace(operands.normalized, block, call.cols);
    this.sum = call.optional(operands.sum, sum);
  }

  /** Normalises a block of rows, and returns where they are. */
  run(norm: Norm, eps: number, weightOffset: number): number {
    const { call, normalized, sum, residual, weight, bias } = this;
    const at = call.at(normalized);
    const [s, x, r, w, b] = [call.at(sum), call.at(call.x), call.at(residual), call.at(weight), call.at(bias)];
    norm(call, at, s, x, r, w, b, call.strides(), call.blockRows, eps, weightOffset);
    return at;
  }
}
