import type { Arena } from "./arena.js";
import { rangeError, typeError, words } from "./check.js";
import { BYTES, type DType, dtypeOf, isFloat16, isTypedArray, type TypedArray, wideOf } from "./dtype.js";
import { Tensor, viewOf } from "./tensor.js";
import type { Family } from "./variants.js";

/** What an op works on: an array in plain memory, or a Tensor in an engine's. */
export type Operand = TypedArray | Tensor;

/** A kernel's export: pointers, sizes and scalars in. */
export type Kernel = (...args: number[]) => number;

/** An op: its name, in errors and in its exports, and the family whose module has it. */
export interface Op {
  readonly name: string;
  readonly family: Family;
  /** What its first argument is called, if not x. */
  readonly argument?: string;
  /** What the operand is called whose length may be that of a row, if not weight. */
  readonly guide?: string;
}

/** What a frame needs of its engine. */
interface Host {
  readonly arena: Arena;
  kernel(op: Op, dtype: DType): Kernel;
  widen(family: Family, dtype: DType): Kernel;
}

/** As many operands as one call may have. */
const SLOTS = 10;
/** Not in the arena yet. */
const NOWHERE = -1;

/** One operand of the call under way. */
export class Slot {
  name = "";
  value: Operand | undefined;
  /** Something read; something like x that is written; numbers a row that are written. */
  role: "input" | "output" | "perRow" = "input";
  /** The element type it comes with, and the one the kernel wants. */
  given: DType = "f32";
  wanted: DType = "f32";
  length = 0;
  /** Where its bytes are: a buffer, or the arena for all that is there; the first byte, and the one after the last. */
  home: ArrayBufferLike | Arena | undefined;
  start = 0;
  end = 0;
  /** Its place in the arena, for the kernel. */
  place = NOWHERE;
  /** Of one f64 direction for f32: the power of two that brought it into range. Its length does not matter. */
  exponent = 0;
  /** Was its Tensor made by this call? */
  made = false;
  /** For an output: the inputs that it may be, exactly. */
  mayBe: Slot | undefined;
  mayAlsoBe: Slot | undefined;
  /** The view last used to copy it out: a loop of like calls makes no new ones. */
  view: TypedArray | undefined;
}

/**
 * One call of an op, from its arguments to its results, the same way for every op:
 *
 * 1. each operand is declared, which checks it and gives it a slot;
 * 2. `stage` refuses overlaps and gives each slot a place in the arena: those that are there already stay, the others are
 *    copied to temporaries above;
 * 3. the kernel runs on the places (`at`);
 * 4. `result` copies out what belongs in plain arrays; `end` drops the temporaries.
 *
 * So nothing is written before all checks have passed. An engine has one frame and uses it for every call, as ops are
 * synchronous: a call whose operands are all resident allocates nothing.
 */
export class Frame {
  dtype: DType = "f32";
  rows = 0;
  cols = 0;
  length = 0;
  /** The first argument. */
  x!: Slot;

  /** The first output that may be x itself. */
  private heir: Slot | undefined;
  private op = "";
  private family!: Family;
  private count = 0;
  private temporaries = false;
  private readonly slots: readonly Slot[] = Array.from({ length: SLOTS }, () => new Slot());
  private readonly arena: Arena;

  constructor(private readonly host: Host) {
    this.arena = host.arena;
  }

  /** Begins a call. */
  begin(op: Op, argument: string, x: Operand, dtype: DType, cols: number): this {
    this.op = op.name;
    this.family = op.family;
    this.dtype = dtype;
    this.cols = cols;
    this.length = x.length;
    this.rows = x.length / cols;
    this.count = 0;
    this.temporaries = false;
    this.heir = undefined;
    this.x = this.declare(argument, x, dtype, dtype, "input");
    return this;
  }

  // Declaring operands

  /** An input of x's element type and length. */
  input(name: string, value: Operand | undefined): Slot | undefined {
    if (value === undefined) return undefined;
    const slot = this.declare(name, value, this.elementOf(name, value, false), this.dtype, "input");
    return this.withLength(slot, this.length);
  }

  /** A weight or bias, of x's element type, f32 or f64: the kernel reads f64 for f64, else f32. */
  parameter(name: string, value: Operand | undefined, length: number): Slot | undefined {
    if (value === undefined) return undefined;
    const slot = this.declare(name, value, this.elementOf(name, value, true), wideOf(this.dtype), "input");
    return this.withLength(slot, length);
  }

  /** Rows of cols of such a type: directions. `own`: the kernel gets a copy, which it may change. */
  directions(name: string, value: Operand, own: boolean): Slot {
    const slot = this.declare(name, value, this.elementOf(name, value, true), wideOf(this.dtype), "input");
    if (value.length === 0 || value.length % this.cols !== 0) {
      throw rangeError(this.op, name, `a positive multiple of ${this.cols} elements`, words(`${value.length}`));
    }
    if (own) slot.place = NOWHERE;
    if (value.length === this.cols && slot.given === "f64" && slot.wanted === "f32")
      slot.exponent = this.exponentFor(slot);
    return slot;
  }

  /** An output of x's element type and length. Where none is given the call makes one: a Tensor if x is one, else an array. */
  output(name: string, value: Operand | undefined): Slot {
    const given = value === undefined ? this.dtype : this.elementOf(name, value, false);
    const slot = this.declare(name, value, given, this.dtype, "output");
    if (value !== undefined) return this.withLength(slot, this.length);
    slot.length = this.length;
    return slot;
  }

  /** An output of so many numbers a row, f64 for f64, else f32. Where none is given the call makes one, an array. */
  perRow(name: string, value: Operand | undefined, each = 1): Slot {
    const wide = wideOf(this.dtype);
    const slot = this.declare(name, value, wide, wide, "perRow");
    if (value === undefined) {
      slot.length = this.rows * each;
      return slot;
    }
    const own = value instanceof Tensor ? value.dtype : dtypeOf(value);
    if (own !== wide) throw typeError(this.op, name, `${wide} elements`, kindOf(value));
    return this.withLength(slot, this.rows * each);
  }

  /** Numbers a row that are read, as a norm has saved them: f64 for f64, else f32. */
  saved(name: string, value: Operand | undefined): Slot {
    if (value === undefined) throw typeError(this.op, name, "a typed array or a Tensor", value);
    const slot = this.perRow(name, value);
    slot.role = "input";
    return slot;
  }

  /** `output` if one is given. */
  optional(name: string, value: Operand | undefined): Slot | undefined {
    return value === undefined ? undefined : this.output(name, value);
  }

  /** `perRow` if one is given. */
  optionalPerRow(name: string, value: Operand | undefined): Slot | undefined {
    return value === undefined ? undefined : this.perRow(name, value);
  }

  /** Room for so many f64, for the call alone. */
  work(length: number): Slot {
    const slot = this.declare("", undefined, "f64", "f64", "perRow");
    slot.length = length;
    return slot;
  }

  /** The output may be x itself, or another input: the kernel reads an element before it writes it. */
  inPlace(output: Slot | undefined, input: Slot, other?: Slot): void {
    if (output === undefined) return;
    output.mayBe = input;
    this.heir ??= output;
    output.mayAlsoBe = other;
  }

  // Running

  /** An op's kernel, for x's element type by default. */
  kernel(op: Op, dtype: DType = this.dtype): Kernel {
    return this.host.kernel(op, dtype);
  }

  /** The second step. After it the kernel may run, and `end` must follow. */
  stage(): void {
    let absent = 0;
    for (let i = 0; i < this.count; i++) {
      const slot = this.slots[i];
      if (slot.role !== "input" && slot.value !== undefined) this.refuseOverlaps(slot);
      if (slot.place === NOWHERE) absent++;
    }
    if (absent === 0) return;
    try {
      // Tensors that stay come first, then the temporaries above them, in one growth at most
      let bytes = 0;
      for (let i = 0; i < this.count; i++) {
        const slot = this.slots[i];
        if (slot.place !== NOWHERE) continue;
        if (slot.role === "output" && slot.value === undefined && this.x.value instanceof Tensor) this.makeTensor(slot);
        else if (!this.sharesX(slot)) bytes += this.temporaryBytes(slot);
      }
      this.arena.reserveTemporaries(this.op, bytes);
      this.temporaries = true;
      for (let i = 0; i < this.count; i++) if (this.slots[i].place === NOWHERE) this.place(this.slots[i]);
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  /** Where a slot's elements are in memory; 0 for none. */
  at(slot: Slot | undefined): number {
    return slot === undefined ? 0 : slot.place;
  }

  /** A slot's elements in memory, until it grows. */
  view(slot: Slot): TypedArray {
    return viewOf(this.arena, slot.wanted, slot.place, slot.length);
  }

  /** The value of an output, filled: what was given, or what the call made. */
  result(slot: Slot): Operand {
    const { value } = slot;
    if (value instanceof Tensor || slot.home === this.arena) return value as Operand;
    if (value === undefined) {
      const bits = this.view(slot).slice();
      return slot.wanted === "f16" && isFloat16(this.x.value) ? asFloat16(bits as Uint16Array) : bits;
    }
    let { view } = slot;
    if (
      view === undefined ||
      view.buffer !== this.arena.buffer ||
      view.byteOffset !== slot.place ||
      view.length !== slot.length ||
      view.BYTES_PER_ELEMENT !== BYTES[slot.wanted]
    ) {
      view = this.view(slot);
      slot.view = view;
    }
    (isFloat16(value) ? bitsOf(value) : value).set(view);
    return value;
  }

  /** An optional output: copied out if there is one. */
  fill(slot: Slot | undefined): void {
    if (slot !== undefined) this.result(slot);
  }

  /** Drops the temporaries and lets go of the operands. */
  end(): void {
    if (this.temporaries) this.arena.unwind();
    this.temporaries = false;
    for (let i = 0; i < this.count; i++) {
      const slot = this.slots[i];
      slot.value = undefined;
      slot.home = undefined;
    }
    this.count = 0;
  }

  /** Lets go of every view, for an engine whose memory goes. */
  forget(): void {
    for (const slot of this.slots) slot.view = undefined;
  }

  /** `end`, and what the call had made goes too: for an error found after `stage`. */
  abandon(): void {
    this.arena.unwind();
    for (let i = 0; i < this.count; i++) {
      const slot = this.slots[i];
      if (slot.made) (slot.value as Tensor).dispose();
    }
    this.end();
  }

  private declare(name: string, value: Operand | undefined, given: DType, wanted: DType, role: Slot["role"]): Slot {
    const slot = this.slots[this.count++];
    slot.name = name;
    slot.value = value;
    slot.role = role;
    slot.given = given;
    slot.wanted = wanted;
    slot.place = NOWHERE;
    slot.made = false;
    slot.exponent = 0;
    slot.mayBe = undefined;
    slot.mayAlsoBe = undefined;
    if (value === undefined) {
      slot.home = undefined;
      return slot;
    }
    if (value instanceof Tensor) {
      const { start } = value;
      slot.length = value.length;
      if (value.arena !== this.arena) {
        throw rangeError(this.op, name, "a Tensor of this call's engine", words("one of another engine"));
      }
      if (start < 0) throw rangeError(this.op, name, "a live Tensor", words("one that was disposed of"));
      slot.home = this.arena;
      slot.start = start;
      slot.end = start + value.bytes;
      if (given === wanted) slot.place = start;
    } else this.locate(slot, value);
    return slot;
  }

  /** Where an array lies: in plain memory, or in the arena, as a view of a Tensor. */
  private locate(slot: Slot, value: TypedArray): void {
    if (!isTypedArray(value)) throw typeError(this.op, slot.name, "a typed array or a Tensor", value);
    const { buffer, byteOffset } = value;
    slot.length = value.length;
    if (value.length === 0 && isDetached(buffer)) {
      throw rangeError(this.op, slot.name, "an array with its buffer", words("one whose buffer is detached"));
    }
    slot.home = buffer;
    slot.start = byteOffset;
    slot.end = byteOffset + value.byteLength;
    if (buffer !== this.arena.buffer) return;
    if (!this.arena.holds(slot.start, slot.end)) {
      throw rangeError(this.op, slot.name, "a view of a live Tensor", words("one of memory that holds none"));
    }
    slot.home = this.arena;
    if (slot.given === slot.wanted) slot.place = byteOffset;
  }

  /** The element type of an operand that goes with x's: x's own, or for parameters f32 or f64 too. */
  private elementOf(name: string, value: Operand, parameter: boolean): DType {
    let own: DType | undefined;
    if (value instanceof Tensor) own = value.dtype;
    else if (isTypedArray(value)) own = dtypeOf(value);
    else throw typeError(this.op, name, "a typed array or a Tensor", value);
    if (own === this.dtype || (parameter && (own === "f32" || own === "f64"))) return own;
    if (own === undefined && (this.dtype === "f16" || this.dtype === "bf16")) return this.dtype;
    const also = ["f32", "f64"].filter((dtype) => parameter && dtype !== this.dtype).map((dtype) => ` or ${dtype}`);
    throw typeError(
      this.op,
      name,
      `${this.dtype}${also.join("")} elements, for ${this.x.name} is ${this.dtype}`,
      kindOf(value),
    );
  }

  /** The power of two that brings f64 elements to where f32 keeps all their bits; 0 if they are there. */
  private exponentFor(slot: Slot): number {
    const { value } = slot;
    let largest = 0;
    for (const x of value instanceof Tensor ? value.data : (value as TypedArray))
      largest = Math.max(largest, Math.abs(x));
    const exponent = Math.round(Math.log2(largest));
    return Number.isFinite(exponent) && Math.abs(exponent) > 60 ? Math.max(-1000, Math.min(1000, -exponent)) : 0;
  }

  private withLength(slot: Slot, length: number): Slot {
    if (slot.length === length) return slot;
    throw rangeError(this.op, slot.name, `${length} elements`, words(`${slot.length}`));
  }

  /** An output may be an input where that is allowed, exactly; else it may touch no other operand. */
  private refuseOverlaps(output: Slot): void {
    const { start, end } = output;
    for (let i = 0; i < this.count; i++) {
      const other = this.slots[i];
      if (other.home !== output.home || other === output) continue;
      if (start >= other.end || other.start >= end) continue;
      const allowed = other === output.mayBe || other === output.mayAlsoBe;
      const same = start === other.start && end === other.end;
      if (allowed && same) continue;
      const expected = allowed ? `${other.name} itself, or no element of it` : `no element of ${other.name}`;
      throw rangeError(
        this.op,
        output.name,
        expected,
        words(same ? other.name : `an array that overlaps ${other.name}`),
      );
    }
  }

  private makeTensor(slot: Slot): void {
    const x = this.x.value as Tensor;
    const made = new Tensor(x.owner, this.dtype, x.shape, this.arena.allocate(this.op, x.bytes));
    slot.value = made;
    slot.home = this.arena;
    slot.start = slot.place = made.start;
    slot.end = made.start + made.bytes;
    slot.made = true;
  }

  /** Is it to be widened in the arena, from halves to f32? */
  private widens(slot: Slot): boolean {
    return slot.given !== slot.wanted && BYTES[slot.given] === 2;
  }

  private temporaryBytes(slot: Slot): number {
    const raw = this.widens(slot) && slot.home !== this.arena ? this.arena.temporaryBytes(slot.length * 2) : 0;
    return raw + this.arena.temporaryBytes(slot.length * BYTES[slot.wanted]);
  }

  /**
   * An output that may be x itself takes the place of x's copy, which nobody else will read: less memory to go through
   * (layerNorm 128×768 with arrays in and out: 1.80 times the resident call instead of 1.88).
   */
  private sharesX(slot: Slot): boolean {
    return slot === this.heir && this.x.home !== this.arena;
  }

  /** A temporary for a slot, with its elements if it is read. */
  private place(slot: Slot): void {
    const { arena } = this;
    const { wanted, length } = slot;
    if (this.sharesX(slot)) {
      slot.place = this.x.place;
      return;
    }
    slot.place = arena.temporary(length * BYTES[wanted]);
    if (slot.role !== "input") return;
    // what is in the arena is read where it lies: memory may just have grown, and the view that was given be detached
    const resident = slot.home === arena;
    const source = resident ? viewOf(arena, slot.given, slot.start, length) : (slot.value as TypedArray);
    if (this.widens(slot)) {
      let raw = slot.start;
      if (!resident) {
        raw = arena.temporary(length * 2);
        arena.u16.set(bitsOf(source), raw / 2);
      }
      this.host.widen(this.family, slot.given)(slot.place, raw, length);
    } else if (slot.exponent !== 0) {
      const place = slot.place / 4;
      for (let i = 0; i < length; i++) arena.f32[place + i] = source[i] * 2 ** slot.exponent;
    } else if (wanted === "f32") arena.f32.set(source, slot.place / 4);
    else if (wanted === "f64") arena.f64.set(source, slot.place / 8);
    else arena.u16.set(bitsOf(source), slot.place / 2);
  }
}

/** Halves as bits. */
function bitsOf(array: TypedArray): Uint16Array {
  if (array instanceof Uint16Array) return array;
  return new Uint16Array(array.buffer, array.byteOffset, array.length);
}

/** Bits as halves, the same bytes. */
function asFloat16(bits: Uint16Array): TypedArray {
  const { Float16Array } = globalThis as unknown as { Float16Array: new (buffer: ArrayBufferLike) => TypedArray };
  return new Float16Array(bits.buffer);
}

/** An operand of a wrong element type, for an error. */
function kindOf(value: Operand): unknown {
  return value instanceof Tensor ? words(`a Tensor of ${value.dtype}`) : value;
}

/** Has the buffer been transferred away? */
export function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}
