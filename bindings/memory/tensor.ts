/// <reference lib="esnext.disposable" preserve="true" />
import { checkCount, MOST, rangeError, typeError, verbatim } from "../check.js";
import { checkNames } from "../names.js";
import { type Arena, Block } from "./arena.js";
import { type ArrayOf, BYTES, type DType, fromHalf, isHalf, type TypedArray, viewOf } from "./dtype.js";
import type { Layout } from "./layout.js";

/** @internal What a Tensor needs of its engine. */
export interface Owner {
  /** @internal */
  readonly arena: Arena;
}

/** Options of `tensor.view`. */
export interface ViewOptions {
  /** All dimensions of the view, or the length of one row; the last dimension is the length of a row. */
  shape: number | readonly number[];
  /** Elements from the start of a row to the start of the next, `cols` at least. Default: `cols`, which leaves no gaps. */
  rowStride?: number;
  /** Elements from the start of this Tensor to the start of the view. Default: 0. */
  offset?: number;
}

/** @internal Where a Tensor's rows lie: all that calls need to know of it. */
export class Place {
  readonly arena: Arena;
  /** The address after the last row. */
  readonly end: number;
  /** Do the rows follow each other without gaps? */
  readonly dense: boolean;
  /** The layout; undefined where rows have gaps between them. */
  readonly layout: Layout | undefined;

  constructor(
    readonly owner: Owner,
    /** Its bytes. A view that was disposed of has a dead block, where the bytes live on in the Tensor that it was a view of. */
    public block: Block,
    readonly dtype: DType,
    readonly rows: number,
    readonly cols: number,
    readonly start: number,
    /** Bytes from the start of a row to the start of the next. */
    readonly stride: number,
  ) {
    const row = cols * BYTES[dtype];
    this.arena = block.arena;
    this.end = rows === 0 ? start : start + (rows - 1) * stride + row;
    this.dense = stride === row || rows <= 1;
    this.layout = this.dense ? block.arena.layouts.of(dtype, rows, cols) : undefined;
  }

  get live(): boolean {
    return this.block.live;
  }

  /** Ends a view, not its bytes. */
  leave(): void {
    this.block = new Block(this.arena, this.start);
    this.block.live = false;
  }
}

/** How many elements a Tensor prints. */
const PRINTED = 6;

/** By this enumerable property test runners compare Tensors by their elements. Its name is a symbol, so that nobody else meets it. */
const ELEMENTS = Symbol("elements");
const elementsProperty: PropertyDescriptor & ThisType<Tensor> = {
  enumerable: true,
  get() {
    return this.disposed ? undefined : this.toArray();
  },
};

/** The Tensor of each `data` array: as long as somebody has the array, its memory is not given to others. */
const keepers = new WeakMap<TypedArray, Tensor>();

/**
 * An array in an engine's memory, which ops read and write without a copy. It lives until it is disposed of, or until
 * nobody has it any more, nor its `data`, nor a view of it.
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
export class Tensor<D extends DType = DType> {
  /** The element type. */
  readonly dtype: D;
  /** All dimensions; the last is the length of a row. */
  readonly shape: readonly number[];
  /** @internal Where it lies. It is no private field, for which V8 11 takes 20 ns more in a call of 100 ns. */
  declare readonly place: Place;
  /** The Tensor whose memory this is a view of, by way of other views or not: it keeps the memory. */
  readonly #base: Tensor | undefined;
  #view: ArrayOf<D> | undefined;

  /** @internal Use `tensor`, `engine.tensor` or `tensor.view`. */
  constructor(place: Place, shape: readonly number[], base?: Tensor) {
    this.dtype = place.dtype as D;
    this.shape = Object.freeze([...shape]);
    this.#base = base;
    // test runners go over the enumerable properties: the element type, the shape and the elements
    Object.defineProperty(this, "place", { value: place });
    Object.defineProperty(this, ELEMENTS, elementsProperty);
    if (base === undefined) place.arena.releaseWith(this, place.block);
  }

  /** The number of rows: the product of all dimensions but the last. */
  get rows(): number {
    return this.place.rows;
  }

  /** The length of a row: the last dimension. */
  get cols(): number {
    return this.place.cols;
  }

  /** rows × cols. */
  get length(): number {
    return this.place.rows * this.place.cols;
  }

  /** Elements from the start of a row to the start of the next: `cols`, except in a view with gaps. */
  get rowStride(): number {
    return this.place.stride / BYTES[this.dtype];
  }

  /**
   * The elements in place, to read and to write. For f16 and bf16 these are the bits, in a Uint16Array. Ask for it anew after
   * each op: when memory grows, the array that was returned before is detached, and the property returns a new one.
   *
   * @throws {RangeError} if the Tensor was disposed of, or is a view whose rows have gaps between them
   */
  get data(): ArrayOf<D> {
    const { arena, start, dense } = this.#alive("data");
    if (!dense) {
      const got = verbatim(`rows of ${this.cols} that begin every ${this.rowStride}: toArray() copies them`);
      throw rangeError("Tensor", "data", "rows without gaps", got);
    }
    if (this.#view === undefined || this.#view.buffer !== arena.buffer) {
      this.#view = viewOf(arena.buffer, this.dtype, start, this.length);
      keepers.set(this.#view, this);
    }
    return this.#view;
  }

  /** A copy of the elements, row after row, which stays when the Tensor is disposed of. */
  toArray(): ArrayOf<D> {
    const { arena, start, stride, rows, cols, dense } = this.#alive("toArray");
    if (dense) return this.data.slice() as ArrayOf<D>;
    const copy = viewOf(new ArrayBuffer(this.length * BYTES[this.dtype]), this.dtype, 0, this.length);
    for (let r = 0; r < rows; r++) copy.set(viewOf(arena.buffer, this.dtype, start + r * stride, cols), r * cols);
    return copy;
  }

  /**
   * Rows of this Tensor in place, as a Tensor of their own, without a copy.
   *
   * Element (r, c) of the view is element offset + r·rowStride + c of this Tensor, counted as it lies in memory: with the gaps
   * between its rows, where it has any. No row may reach into one. Ops read and write a view where it lies, so that q and k
   * inside a fused qkv buffer are normalised without leaving it. The view ends when the Tensor whose memory it is is disposed
   * of; to dispose of one view ends no other.
   *
   * @throws {TypeError | RangeError} if an option is of the wrong kind, or the view reaches beyond this Tensor
   *
   * @example
   * ```ts
   * const qkv = tensor("f32", [2, 6], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]); // 2 tokens of q, k and v, 2 elements each
   * const k = qkv.view({ shape: [2, 2], rowStride: 6, offset: 2 });
   * k.toArray(); // [3, 4, 9, 10]
   * rmsNorm(k, { out: k }); // in place: q and v stay as they are
   * ```
   */
  view(options: ViewOptions): Tensor<D> {
    const op = "view";
    const place = this.#alive(op);
    checkNames(op, ["shape", "rowStride", "offset"], options);
    const { shape, rowStride, offset = 0 } = options;
    const dims = checkShape(op, shape);
    const { rows, cols } = rowsOf(dims);
    const size = BYTES[this.dtype];
    const step = rowStride === undefined ? cols : checkCount(op, "rowStride", rowStride);
    if (step < cols) throw rangeError(op, "rowStride", `at least ${cols}, the length of a row`, step);
    if (typeof offset !== "number") throw typeError(op, "offset", "a number of elements", offset);
    if (!Number.isSafeInteger(offset) || offset < 0) throw rangeError(op, "offset", "a number of elements", offset);
    const made = new Place(place.owner, place.block, this.dtype, rows, cols, place.start + offset * size, step * size);
    if (made.start > place.end || made.end > place.end) {
      const room = (place.end - place.start) / size;
      const got = verbatim(`rows that end at element ${(Math.max(made.end, made.start) - place.start) / size}`);
      throw rangeError(op, "shape", `rows within ${room} elements`, got);
    }
    if (!place.dense) checkGaps(op, place, rows, cols, step, offset);
    return new Tensor<D>(made, dims, this.#base ?? this);
  }

  /** Was it, its engine, or the Tensor whose memory it is a view of disposed of? */
  get disposed(): boolean {
    return !this.place.live;
  }

  /** Gives the memory back. Disposing of a view ends the view alone. Disposing twice is no error. */
  dispose(): void {
    if (this.#base === undefined) this.place.block.release();
    else this.place.leave();
    this.#view = undefined;
  }

  /** `using x = tensor(…)` disposes of it where its scope ends. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** `Tensor f32 [2, 4] [1, 2, 3, 4, 5, 6, …]`. */
  toString(): string {
    const head = `Tensor ${this.dtype} [${this.shape.join(", ")}]`;
    if (this.disposed) return `${head}, disposed of`;
    const shown = this.#numbers(PRINTED);
    return `${head} [${shown.join(", ")}${this.length > shown.length ? ", …" : ""}]`;
  }

  /** What JSON.stringify writes: the elements as numbers. JSON has no NaN and no infinities, and writes null for them. */
  toJSON(): { dtype: D; shape: readonly number[]; data: number[] } {
    return { dtype: this.dtype, shape: this.shape, data: this.#numbers(this.length) };
  }

  /** What console.log prints, in Node. @internal */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  get [Symbol.toStringTag](): string {
    return "Tensor";
  }

  #alive(what: string): Place {
    if (this.disposed) throw rangeError("Tensor", what, "a live Tensor", verbatim("one that was disposed of"));
    return this.place;
  }

  /** The first elements, as numbers. */
  #numbers(count: number): number[] {
    const { dtype } = this;
    const all = this.place.dense ? this.data : this.toArray();
    const first = Array.from(all.subarray(0, count));
    return isHalf(dtype) ? first.map((bits) => fromHalf(dtype, bits)) : first;
  }
}

/** @internal Where a Tensor lies; undefined for other values. */
export function placeOf(value: unknown): Place | undefined {
  return value instanceof Tensor ? value.place : undefined;
}

/**
 * Is a value a Tensor, live or disposed of?
 *
 * @example
 * ```ts
 * isTensor(tensor("f32", 4)); // true
 * isTensor(new Float32Array(4)); // false
 * ```
 */
export function isTensor(value: unknown): value is Tensor {
  return placeOf(value) !== undefined;
}

/** @internal The dimensions of a shape, checked. */
export function checkShape(op: string, shape: unknown): readonly number[] {
  const dims = typeof shape === "number" ? [shape] : shape;
  if (!Array.isArray(dims) || dims.length === 0) {
    throw typeError(op, "shape", "a length or an array of dimensions", shape);
  }
  for (const [i, n] of dims.entries()) {
    if (!Number.isSafeInteger(n) || n < (i === dims.length - 1 ? 1 : 0)) {
      throw rangeError(op, `shape[${i}]`, "a dimension: an integer, positive in the last place", n);
    }
    if (n > MOST) throw rangeError(op, `shape[${i}]`, `at most ${MOST}`, n);
  }
  return dims;
}

/** No row of a view may reach into a gap between the rows of another one: what is there is no element of it. */
function checkGaps(
  op: string,
  { cols: whole, stride, dtype }: Place,
  rows: number,
  cols: number,
  step: number,
  offset: number,
): void {
  const period = stride / BYTES[dtype];
  for (let r = 0; r < rows; r++) {
    const start = offset + r * step;
    if ((start % period) + cols <= whole) continue;
    const expected = `rows within the rows of ${whole}, which begin every ${period}`;
    throw rangeError(op, "shape", expected, verbatim(`row ${r} from element ${start} on`));
  }
}

/** @internal How many rows of which length a shape has. */
export function rowsOf(dims: readonly number[]): { rows: number; cols: number } {
  return { rows: dims.slice(0, -1).reduce((a, b) => a * b, 1), cols: dims[dims.length - 1] };
}
