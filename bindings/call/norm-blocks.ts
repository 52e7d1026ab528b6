import { rangeError } from "../check.js";
import { type LayerNormKernel, layerNorm, type RmsNormKernel, rmsNorm } from "../wasm/ops.js";
import type { Call } from "./call.js";
import type { Kernel, Op } from "./op.js";
import type { ArrayOrTensor, Operand } from "./operand.js";

/** @internal A norm of some rows, by the addresses of its operands. */
export interface Norm<K extends Kernel> {
  readonly op: Op<K>;
  run(
    kernel: K,
    out: number,
    sum: number,
    x: number,
    residual: number,
    weight: number,
    bias: number,
    strides: number,
    rows: number,
    cols: number,
    eps: number,
    weightOffset: number,
  ): void;
}

/** @internal */
export const layer: Norm<LayerNormKernel> = {
  op: layerNorm,
  run: (kernel, out, sum, x, residual, weight, bias, strides, rows, cols, eps) =>
    kernel(out, sum, 0, 0, x, residual, weight, bias, strides, rows, cols, eps),
};

/** @internal */
export const rms: Norm<RmsNormKernel> = {
  op: rmsNorm,
  run: (kernel, out, sum, x, residual, weight, bias, strides, rows, cols, eps, weightOffset) =>
    kernel(out, sum, 0, x, residual, weight, bias, strides, rows, cols, weightOffset, eps),
};

/** @internal What a norm takes. */
export interface NormOperands {
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
  run<K extends Kernel>(norm: Norm<K>, eps: number, weightOffset: number): number {
    const { call, normalized, sum, residual, weight, bias } = this;
    const at = call.at(normalized);
    const [s, x, r, w, b] = [call.at(sum), call.at(call.x), call.at(residual), call.at(weight), call.at(bias)];
    const kernel = call.kernel(norm.op);
    norm.run(kernel, at, s, x, r, w, b, call.strides(), call.blockRows, call.cols, eps, weightOffset);
    return at;
  }
}
