import { rangeError, verbatim } from "../check.js";
import type { Block } from "../memory/arena.js";
import type { ArrayOf } from "../memory/dtype.js";
import type { Owner } from "../memory/tensor.js";
import type { LinearInt8Kernel } from "../wasm/ops.js";
import type { Export } from "./op.js";

/** An Int8Array in an ArrayBuffer of its own, in the words of TypeScript before 5.7 too. */
type Int8 = ReturnType<Int8ArrayConstructor["of"]>;

/** The bytes of a row: whole eights. */
const padded = (cols: number): number => Math.ceil(cols / 8) * 8;

/** @internal The number of columns that share a scale where the whole row does. */
export const wholeRow = padded;

/** By this enumerable property test runners compare Quantized by their numbers, as they do Tensors. */
const NUMBERS = Symbol("numbers");
const numbersProperty: PropertyDescriptor & ThisType<Quantized> = {
  enumerable: true,
  get() {
    return this.disposed ? undefined : this.toArrays();
  },
};

/**
 * Rows of whole numbers of 8 bits with their scales, in an engine's memory: what `quantizeWeights`, `layerNormQuantize` and
 * `rmsNormQuantize` make, and `linear` takes. Element i of a row is scale·q, where each group of `groupSize` columns has a scale.
 *
 * It lives until it is disposed of, or until nobody has it any more.
 *
 * @example
 * ```ts
 * const weights = quantizeWeights(new Float32Array([1, 2, 3, 4, 5, 6, 7, 8]), { cols: 4 });
 * linear(new Float32Array([1, 0, 0, 0]), weights); // [1.008, 5.008]
 * weights.dispose();
 * ```
 */
export class Quantized {
  /** All dimensions; the last is the length of a row. */
  readonly shape: readonly number[];
  /** The number of rows: the product of all dimensions but the last. */
  readonly rows: number;
  /** The length of a row: the last dimension. */
  readonly cols: number;
  /** How many columns share a scale: a multiple of 8, at least `cols` where a row has one. */
  readonly groupSize: number;
  /** @internal */
  declare readonly owner: Owner;
  /** @internal The kernel of `linear` by such weights. It is here, so that a page without them does not load it. */
  declare readonly kernel: Export<LinearInt8Kernel>;
  readonly #block: Block;

  /** @internal Use `quantizeWeights` and what else makes one. */
  constructor(
    op: string,
    owner: Owner,
    kernel: Export<LinearInt8Kernel>,
    shape: readonly number[],
    rows: number,
    groupSize: number,
  ) {
    this.shape = Object.freeze([...shape]);
    this.rows = rows;
    this.cols = shape[shape.length - 1];
    this.groupSize = groupSize;
    Object.defineProperty(this, NUMBERS, numbersProperty);
    Object.defineProperty(this, "owner", { value: owner });
    Object.defineProperty(this, "kernel", { value: kernel });
    // what console.log prints, in Node. As a method, with a name that is computed, it would keep the class in every bundle
    Object.defineProperty(this, Symbol.for("nodejs.util.inspect.custom"), { value: this.toString });
    this.#block = owner.arena.allocate(op, rows * (padded(this.cols) + 4 * this.groups), "Quantized");
    owner.arena.releaseWith(this, this.#block);
  }

  /** The number of scales per row. */
  get groups(): number {
    return Math.ceil(this.cols / this.groupSize);
  }

  /** @internal The address of a row. */
  at(row = 0): number {
    return this.#block.start + row * padded(this.cols);
  }

  /** @internal The address of a row's scales. */
  scalesAt(row = 0): number {
    return this.at(this.rows) + row * 4 * this.groups;
  }

  /** The elements that the numbers stand for: scale·q, rows × cols of them. */
  toArray(): ArrayOf<"f32"> {
    const { values, scales } = this.toArrays();
    const { cols, groupSize } = this;
    const array = new Float32Array(values.length);
    // group by group in a plain loop: with Float32Array.from and a division per element it takes twenty times as long
    let start = 0;
    for (const scale of scales) {
      const row = start - (start % cols);
      const end = Math.min(start + groupSize, row + cols);
      for (let i = start; i < end; i++) array[i] = scale * values[i];
      start = end;
    }
    return array;
  }

  /** Copies, to be saved: the numbers, row after row, and the scales, `groups` per row. `quantized` brings them back. */
  toArrays(): { values: Int8; scales: ArrayOf<"f32"> } {
    this.alive("Quantized", "toArrays");
    const { rows, cols, groups } = this;
    const { buffer } = this.owner.arena;
    const values = new Int8Array(rows * cols);
    for (let row = 0; row < rows; row++) values.set(new Int8Array(buffer, this.at(row), cols), row * cols);
    return { values, scales: new Float32Array(buffer, this.scalesAt(), rows * groups).slice() };
  }

  /** Was it, or its engine, disposed of? */
  get disposed(): boolean {
    return !this.#block.live;
  }

  /** Gives the memory back. Disposing twice is no error. */
  dispose(): void {
    this.#block.release();
  }

  /** `using w = quantizeWeights(…)` disposes of it where its scope ends. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal Throws where it was disposed of. */
  alive(op: string, argument: string): void {
    if (this.disposed) throw rangeError(op, argument, "live rows", verbatim("some that were disposed of"));
  }

  /** @internal Throws unless it lies in this call's engine. */
  ownedBy(op: string, argument: string, owner: Owner): void {
    if (owner !== this.owner) {
      throw rangeError(op, argument, "rows of this call's engine", verbatim("those of another engine"));
    }
  }

  /** `Quantized int8 [768, 768], groups of 32`. */
  toString(): string {
    const groups = this.groups === 1 ? "" : `, groups of ${this.groupSize}`;
    return `Quantized int8 [${this.shape.join(", ")}]${groups}${this.disposed ? ", disposed of" : ""}`;
  }

  get [Symbol.toStringTag](): string {
    return "Quantized";
  }
}
