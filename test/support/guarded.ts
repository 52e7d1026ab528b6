import type { ArrayOrTensor, DType, Engine, Tensor } from "../../bindings/index.js";
import type { Numbers } from "./within.js";

/** How an operand is given: an array, the `data` of a Tensor, a Tensor, or a Tensor whose rows have gaps between them. */
export type Form = "array" | "data" | "Tensor" | "gaps";

/** Elements before and after an operand, an odd number so that nothing is aligned by chance; and between rows with gaps. */
const GUARD = 11;
const GAP = 3;
const CANARY = 0xa5;

/** So many elements, all of them 0. */
function zeros(dtype: DType, length: number): Numbers {
  if (dtype === "f32") return new Float32Array(length);
  return dtype === "f64" ? new Float64Array(length) : new Uint16Array(length);
}

/**
 * An operand with canaries on both sides and between its rows. It knows what it was filled with, so it can tell afterwards
 * whether anything but its elements changed, or those too.
 */
export class Guarded {
  /** What the op is given. */
  readonly value: ArrayOrTensor;
  private readonly base: Tensor | undefined;
  private readonly array: Numbers | undefined;
  private readonly stride: number;
  private readonly before: Numbers;

  /** @param values rows × cols elements; without them the operand is full of canaries, as befits an output */
  constructor(
    engine: Engine,
    readonly form: Form,
    readonly dtype: DType,
    private readonly rows: number,
    private readonly cols: number,
    shape: readonly number[],
    values?: Numbers,
  ) {
    this.stride = form === "gaps" ? cols + GAP : cols;
    const all = zeros(dtype, 2 * GUARD + rows * this.stride);
    new Uint8Array(all.buffer).fill(CANARY);
    for (let r = 0; values !== undefined && r < rows; r++) {
      all.set(values.subarray(r * cols, (r + 1) * cols), GUARD + r * this.stride);
    }
    this.before = all.slice() as Numbers;
    if (form === "array") this.array = all;
    else this.base = engine.tensor(dtype, all.length, all);
    if (form === "Tensor") this.value = (this.base as Tensor).view({ shape, offset: GUARD });
    else if (form === "gaps") this.value = this.withGaps(this.base as Tensor, shape);
    else this.value = this.elements.subarray(GUARD, GUARD + rows * cols) as Numbers;
  }

  /** The elements, row after row. */
  read(): Numbers {
    const { elements, rows, cols, stride } = this;
    const copy = zeros(this.dtype, rows * cols);
    for (let r = 0; r < rows; r++) copy.set(elements.subarray(GUARD + r * stride, GUARD + r * stride + cols), r * cols);
    return copy;
  }

  /** Throws if a canary changed, or anything at all where it is no output. */
  check(what: string, output: boolean): void {
    const { elements, before, rows, cols, stride } = this;
    for (let i = 0; i < before.length; i++) {
      if (Object.is(elements[i], before[i])) continue;
      const at = i - GUARD;
      const outside = at < 0 || Math.floor(at / stride) >= rows || at % stride >= cols;
      if (outside || !output) {
        throw new Error(`${what}: ${outside ? `the canary at ${at}` : `the input's element ${at}`} is ${elements[i]}`);
      }
    }
  }

  dispose(): void {
    this.base?.dispose();
  }

  private get elements(): Numbers {
    return this.array ?? ((this.base as Tensor).data as Numbers);
  }

  /** As many elements, with gaps: a vector is given as a column, and has a gap after every one of them. */
  private withGaps(base: Tensor, shape: readonly number[]): Tensor {
    return base.view({
      shape: shape.length === 1 && this.cols === 1 ? [this.rows, 1] : shape,
      rowStride: this.stride,
      offset: GUARD,
    });
  }
}
