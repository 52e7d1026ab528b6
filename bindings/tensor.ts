/// <reference lib="esnext.disposable" preserve="true" />
import type { Arena } from "./arena.js";
import { BYTES, type DType, type TypedArray } from "./dtype.js";

/** What a Tensor needs of its engine. */
export interface Owner {
  /** @internal */
  readonly arena: Arena;
}

/**
 * An array that lives in an engine's memory: given to an op, it costs no copy. It stays until it is disposed of.
 *
 * @example
 * ```ts
 * const x = tensor("f32", [2, 4], [1, 2, 3, 4, 5, 6, 7, 8]);
 * const y = layerNorm(x); // a Tensor too
 * y.data[0]; // -1.3416…
 * x.dispose();
 * y.dispose();
 * ```
 */
export class Tensor {
  readonly dtype: DType;
  /** All dimensions; the last is the length of a row. */
  readonly shape: readonly number[];
  readonly rows: number;
  readonly cols: number;
  /** rows × cols. */
  readonly length: number;

  /** @internal The engine it lives in, and that engine's memory. */
  readonly owner: Owner;
  /** @internal */
  readonly arena: Arena;
  /** @internal Where it lies; -1 once disposed of. */
  start: number;
  /** @internal */
  readonly bytes: number;
  private view: TypedArray | undefined;

  /** @internal Use `tensor` or `engine.tensor`. */
  constructor(owner: Owner, dtype: DType, shape: readonly number[], start: number) {
    this.owner = owner;
    this.arena = owner.arena;
    this.dtype = dtype;
    this.shape = Object.freeze([...shape]);
    this.cols = shape[shape.length - 1];
    this.length = shape.reduce((a, b) => a * b, 1);
    this.rows = this.length / this.cols;
    this.bytes = this.length * BYTES[dtype];
    this.start = start;
  }

  /**
   * The elements in place: read and write them. For f16 and bf16 these are the bits, in a Uint16Array. Ask for it
   * anew after every op, for a growth of memory detaches the array that was returned before; the property never
   * returns a stale one.
   *
   * @throws {Error} if the Tensor was disposed of
   */
  get data(): TypedArray {
    if (this.disposed) throw new Error("Tensor: data expected a live Tensor, got one that was disposed of");
    if (this.view === undefined || this.view.buffer !== this.arena.buffer) {
      this.view = viewOf(this.arena, this.dtype, this.start, this.length);
    }
    return this.view;
  }

  /** A copy of the elements, which stays when the Tensor goes. */
  toArray(): TypedArray {
    return this.data.slice() as TypedArray;
  }

  /** Has it been disposed of, or its engine? */
  get disposed(): boolean {
    return this.start < 0 || this.arena.disposed;
  }

  /** Gives the memory back. Disposing twice is no error. */
  dispose(): void {
    if (!this.disposed) this.arena.release(this.start);
    this.start = -1;
    this.view = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A view of the arena, valid until memory grows. */
export function viewOf(arena: Arena, dtype: DType, start: number, length: number): TypedArray {
  const { buffer } = arena;
  if (dtype === "f32") return new Float32Array(buffer, start, length);
  if (dtype === "f64") return new Float64Array(buffer, start, length);
  return new Uint16Array(buffer, start, length);
}
