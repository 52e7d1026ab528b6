import { isHalf } from "../memory/dtype.js";
import { linearBF16, linearF16, linearF32, linearF64 } from "../wasm/ops.js";
import type { Call } from "./call.js";
import type { OperandSpec } from "./op.js";
import type { Operand } from "./operand.js";

/** By the weight's element type. */
const kernels = { f32: linearF32, f64: linearF64, f16: linearF16, bf16: linearBF16 };

/** How many elements of x are arranged at a time: in f32 384 KiB, for which a second-level cache of 512 KiB has room beside W. */
const BLOCK_ELEMENTS = 98304;

/** … and how many of W are widened at a time, where they are halves. */
const WIDENED_ELEMENTS = 4096;

/**
 * @internal The projection of a call, y = x·Wᵀ + b, of rows wherever they lie: what `linear` has in common with the ops that end in
 * it. It is declared before `call.stage()` and runs after it, once per block of rows or once for all.
 */
export class Projection {
  /** How many rows of x the kernel arranges at a time: a multiple of 4. */
  block = 0;
  private arranged!: Operand;
  private readonly w: Operand;
  private readonly b: Operand | undefined;

  constructor(
    private readonly call: Call,
    weightSpec: OperandSpec,
    weight: unknown,
    biasSpec: OperandSpec,
    bias: unknown,
  ) {
    this.w = call.severalRows(weightSpec, weight);
    this.b = call.optional(biasSpec, bias);
  }

  /** Declares the room in which the kernel arranges rows of x, for blocks of so many elements at most. */
  arrange(spec: OperandSpec, elements = BLOCK_ELEMENTS): void {
    const { call, w } = this;
    const width = Math.ceil(call.cols / 4) * 4;
    this.block = Math.max(4, Math.min(Math.floor(elements / width), call.rows + 3) & -4);
    const widened = isHalf(w.wanted) ? Math.max(4, Math.floor(WIDENED_ELEMENTS / width)) : 0;
    this.arranged = call.workspace(spec, this.block + widened, width);
  }

  run(y: number, x: number, strides: number, rows: number): void {
    const { call, w, b, arranged, block } = this;
    const kernel = call.kernel(kernels[w.wanted]);
    kernel(y, x, call.at(w), call.at(b), call.at(arranged), strides, rows, call.cols, call.k, block);
  }
}
