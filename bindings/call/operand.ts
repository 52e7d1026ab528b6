import { checkBuffer, elements, foreign, rangeError, typeError, verbatim } from "../check.js";
import { Arena } from "../memory/arena.js";
import {
  type ArrayOf,
  BYTES,
  type Copy,
  type DType,
  isHalf,
  kindOf,
  storageOf,
  type TypedArray,
  wideOf,
} from "../memory/dtype.js";
import type { Place, Tensor } from "../memory/tensor.js";
import type { OperandSpec } from "./op.js";
import type { Quantized } from "./quantized.js";

/** What an op works on: an array in plain memory, or a Tensor in an engine's. */
export type ArrayOrTensor = TypedArray | Tensor;

/** What a call makes for an array or a Tensor: a new one of the same kind. */
export type Like<X> = X extends Tensor<infer D> ? Tensor<D> : Copy<X>;

/** An array of numbers per row: f64 for f64, else f32. */
export type PerRow<X> =
  X extends Tensor<infer D>
    ? ArrayOf<D extends "f64" ? "f64" : "f32">
    : ArrayOf<X extends Float64Array ? "f64" : "f32">;

/** The address of an operand that is not in the arena yet. */
const NOWHERE = -1;

const KINDS = "a Float32Array, Float64Array, Uint16Array, Float16Array or Tensor";

/** @internal One operand of the current call: what was given, and where the kernel finds it. */
export class Operand {
  spec!: OperandSpec;
  value: ArrayOrTensor | Quantized | undefined;
  /** The element type that was given, and the one that the kernel wants. */
  given: DType = "f32";
  wanted: DType = "f32";
  rows = 0;
  cols = 0;
  /** Where its bytes are: the array's buffer, or the arena for everything in the engine's memory. */
  buffer: ArrayBufferLike | Arena | undefined;
  /** The first byte, and the one after the last. Of an array in plain memory not before `findEnds`. */
  start = 0;
  end = 0;
  /** The bytes that follow each other without a gap, and from the first of them to the next such: all, and 0, but in views. */
  piece = 0;
  pitch = 0;
  /** What the kernel gets: its address in the arena, and the bytes from a row to the next there. */
  address = NOWHERE;
  step = 0;
  /** Has it a temporary, which lasts for the call? */
  staged = false;
  /** The input in whose temporary this output is computed in place; and, of an input, has an output taken its temporary? */
  host: Operand | undefined;
  taken = false;
  /** Has it a row, or a number, for each row of x? Then each block of rows has its own part of it. */
  perRow = false;
  /** Is it memory for the kernel alone, of which nobody gets the elements? */
  room = false;
  /** Does the kernel change its copy, so that each block of rows needs a new one? */
  spent = false;
  /** How rows are copied in, where not element by element: see directions.ts. */
  fill: ((operand: Operand, arena: Arena, row: number, rows: number) => void) | undefined;
  /** The exponent of the power of two that the last row was multiplied by. */
  exponent = 0;
  /** Was its Tensor made by this call? */
  made = false;
  /** The view with which it was last copied out, and its address: a loop of equal calls makes no new ones. */
  view: TypedArray | undefined;
  viewed = NOWHERE;

  get length(): number {
    return this.rows * this.cols;
  }

  get resident(): boolean {
    return this.address !== NOWHERE;
  }

  /** Starts over with nothing given. `rows` and `cols` are those that the op asks for. */
  declare(spec: OperandSpec, wanted: DType, rows: number, cols: number): this {
    const { shape } = spec;
    this.spec = spec;
    this.value = undefined;
    this.given = wanted;
    this.wanted = wanted;
    this.rows = rows;
    this.cols = cols;
    this.buffer = undefined;
    this.start = NOWHERE;
    this.piece = 0;
    this.pitch = 0;
    this.address = NOWHERE;
    this.step = cols * BYTES[wanted];
    this.staged = false;
    this.host = undefined;
    this.taken = false;
    this.perRow = shape === "rows cols" || shape === "rows" || shape === "rows k";
    this.room = false;
    this.spent = false;
    this.fill = undefined;
    this.exponent = 0;
    this.made = false;
    return this;
  }

  /**
   * Finds out where a value lies whose element type was checked, and whether the kernel can use it there. A kernel can step
   * over gaps between the rows of a [rows, cols] operand; all other operands must be in one piece.
   */
  locate(op: string, value: ArrayOrTensor, place: Place | undefined, given: DType, arena: Arena): void {
    const { name, shape } = this.spec;
    this.value = value;
    this.given = given;
    if (place !== undefined) {
      if (place.arena !== arena) {
        throw rangeError(op, name, "a Tensor of this call's engine", verbatim("one of another engine"));
      }
      if (!place.live) throw rangeError(op, name, "a live Tensor", verbatim("one that was disposed of"));
      this.buffer = arena;
      this.start = place.start;
      this.end = place.end;
      if (place.dense) this.piece = place.end - place.start;
      else {
        this.piece = place.cols * BYTES[given];
        this.pitch = place.stride;
      }
      const row = this.cols * BYTES[given];
      if (given === this.wanted && (place.dense || shape === "rows cols")) this.lie(place.start, this.pitch || row);
      return;
    }
    const { buffer } = value as TypedArray;
    this.buffer = buffer;
    if (!arena.owns(buffer)) return;
    this.findEnds();
    if (!arena.holds(this.start, this.end)) {
      throw rangeError(op, name, "a view of a live Tensor", verbatim("one of memory that holds none"));
    }
    this.buffer = arena;
    if (given === this.wanted) this.lie(this.start, this.cols * BYTES[given]);
  }

  /** Finds out where an array begins and ends. Few calls ask for it, and in V8 11 each of the two getters takes 25 ns. */
  findEnds(): void {
    if (this.start !== NOWHERE) return;
    const { byteOffset, byteLength } = this.value as TypedArray;
    this.start = byteOffset;
    this.end = byteOffset + byteLength;
    this.piece = byteLength;
  }

  /** Makes the kernel get a copy that it may change, even if the operand is in the arena. */
  leave(): void {
    this.address = NOWHERE;
    this.spent = true;
  }

  /** Says where the kernel finds it. */
  lie(address: number, step: number): void {
    this.address = address;
    this.step = step;
  }

  /** Have two operands an element in common? */
  meets(other: Operand): boolean {
    if (this.buffer !== other.buffer) return false;
    this.findEnds();
    other.findEnds();
    if (this.start >= other.end || other.start >= this.end) return false;
    if (this.length === 0 || other.length === 0) return false;
    if (this.pitch !== other.pitch && this.pitch !== 0 && other.pitch !== 0) return this.meetsByPieces(other);
    const pitch = this.pitch || other.pitch;
    if (pitch === 0) return true;
    // pieces at the same distance from each other, such as the rows of q and k within qkv, meet all or none
    const offset = (((other.start - this.start) % pitch) + pitch) % pitch;
    return offset < this.piece || pitch - offset < other.piece;
  }

  /** The same of pieces at two distances: from each to the next that ends after the other begins. */
  private meetsByPieces(other: Operand): boolean {
    let a = this.start;
    let b = other.start;
    while (a < this.end && b < other.end) {
      if (a < b + other.piece && b < a + this.piece) return true;
      if (a < b) a += this.pitch;
      else b += other.pitch;
    }
    return false;
  }

  /** Are two operands the same elements? */
  is(other: Operand): boolean {
    const { buffer, start, end, pitch } = this;
    return buffer === other.buffer && start === other.start && end === other.end && pitch === other.pitch;
  }
}

/**
 * The element type of an operand, after checking it against x's: the same, the wide one, for parameters f32 or f64 too, and for a
 * weight any that has lanes like x's.
 *
 * @internal
 */
export function elementOf(
  op: string,
  spec: OperandSpec,
  value: unknown,
  place: Place | undefined,
  dtype: DType,
  first: string,
): DType {
  const own = place === undefined ? storageIn(op, spec.name, value) : place.dtype;
  const wide = spec.dtype === "wide";
  const wanted = wide ? wideOf(dtype) : dtype;
  if (own === wanted) return wanted;
  const parameter = spec.dtype === "parameter";
  if (parameter && (own === "f32" || own === "f64")) return own;
  const weight = spec.dtype === "weight" && dtype !== "f64";
  if (weight && own !== "f64" && own !== "bits") return own;
  if (own === "bits" && isHalf(wanted)) return wanted;
  const got = place === undefined ? value : verbatim(`a Tensor of ${place.dtype}`);
  if (wide) throw typeError(op, spec.name, `${wanted} elements`, got);
  const others = parameter ? ["f32", "f64"] : weight ? ["f32", "f16", "bf16"] : [];
  const also = others.filter((other) => other !== dtype).map((other) => ` or ${other}`);
  throw typeError(op, spec.name, `${dtype}${also.join("")} elements, for ${first} is ${dtype}`, got);
}

/**
 * The element type of an array, or "bits" for a Uint16Array. Throws for all that is no operand, and for an array that has
 * lost its buffer.
 *
 * @internal
 */
export function storageIn(op: string, name: string, value: unknown): DType | "bits" {
  const storage = storageOf(value);
  if (storage === undefined) throw typeError(op, name, KINDS, strange(value));
  checkBuffer(op, name, value as TypedArray);
  return storage;
}

/** A value that is no operand, for an error: with the way to make one of it, if there is one. */
function strange(value: unknown): unknown {
  const kind = kindOf.call(value);
  const numbers = kind !== undefined ? !kind.startsWith("Big") : Array.isArray(value) && typeof value[0] === "number";
  if (!numbers) return isOwn(value) ? value : foreign(foreign(value, "a Tensor"), "a Quantized");
  const name = (value as object).constructor?.name ?? kind;
  return verbatim(`${name} of ${elements((value as unknown[]).length)} (Float32Array.from makes one of it)`);
}

/** Is it of this copy of the package, though no operand? So are Quantized rows, whose class only the ops that take them bring along. */
function isOwn(value: unknown): boolean {
  return (value as { owner?: { arena?: unknown } } | null | undefined)?.owner?.arena instanceof Arena;
}

/** @internal Halves as bits. */
export function bitsOf(array: TypedArray): Uint16Array {
  return kindOf.call(array) === "Uint16Array"
    ? (array as Uint16Array)
    : new Uint16Array(array.buffer, array.byteOffset, array.length);
}
