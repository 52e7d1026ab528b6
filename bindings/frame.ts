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
  /** What its first argument is called, if not x. */
  readonly argument?: string;
  /** What the operand is called whose length may be that of a row, if not weight. */
  readonly guide?: string;
  readonly family: Family;
}

/** What a frame needs of its engine. */
interface Host {
  readonly arena: Arena;
  kernel(op: Op, dtype: DType): Kernel;
  widen(dtype: DType): Kernel;
}

/** As many operands as one call may have. */
const SLOTS = 10;
/** No such operand; or not in the arena yet. */
const NONE = -1;

/** What a slot holds: something read, something like x that is written, numbers a row that are written. */
type Role = "input" | "output" | "perRow";

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

  private op = "";
  private count = 0;
  private temporaries = false;
  /** A bit for each slot whose Tensor the call has made. */
  private made = 0;
  private readonly names: string[] = new Array(SLOTS).fill("");
  private readonly values: (Operand | undefined)[] = new Array(SLOTS).fill(undefined);
  private readonly roles: Role[] = new Array(SLOTS).fill("input");
  /** The element type it comes with, and the one the kernel wants. */
  private readonly given: DType[] = new Array(SLOTS).fill("f32");
  private readonly wanted: DType[] = new Array(SLOTS).fill("f32");
  private readonly lengths: number[] = new Array(SLOTS).fill(0);
  /** Where its bytes are: the buffer, the first byte in it. */
  private readonly buffers: (ArrayBufferLike | undefined)[] = new Array(SLOTS).fill(undefined);
  private readonly starts: number[] = new Array(SLOTS).fill(0);
  /** Was it in the arena when the call came? */
  private readonly resident: boolean[] = new Array(SLOTS).fill(false);
  /** Its place in the arena. */
  private readonly places: number[] = new Array(SLOTS).fill(NONE);
  /** For an output: a bit for each input that it may be, exactly. */
  private readonly allowed: number[] = new Array(SLOTS).fill(0);
  /** The view last used to copy an output out: a loop of like calls makes no new ones. */
  private readonly views: (TypedArray | undefined)[] = new Array(SLOTS).fill(undefined);

  constructor(private readonly host: Host) {}

  /** Begins a call. x takes slot 0. */
  begin(op: string, argument: string, x: Operand, dtype: DType, cols: number): this {
    this.op = op;
    this.dtype = dtype;
    this.cols = cols;
    this.length = x.length;
    this.rows = x.length / cols;
    this.count = 0;
    this.temporaries = false;
    this.made = 0;
    this.declare(argument, x, dtype, dtype, "input");
    return this;
  }

  // Declaring operands. Each returns its slot.

  /** An input of x's element type and length; none is NONE. */
  input(name: string, value: Operand | undefined): number {
    if (value === undefined) return NONE;
    const slot = this.declare(name, value, this.elementOf(name, value, false), this.dtype, "input");
    this.checkLength(slot, this.length);
    return slot;
  }

  /** A weight or bias, of x's element type, f32 or f64: the kernel reads f64 for f64, else f32. None is NONE. */
  parameter(name: string, value: Operand | undefined, length: number): number {
    if (value === undefined) return NONE;
    const slot = this.declare(name, value, this.elementOf(name, value, true), wideOf(this.dtype), "input");
    this.checkLength(slot, length);
    return slot;
  }

  /** Rows of cols of such a type: directions. `own`: the kernel gets a copy, which it may change. */
  directions(name: string, value: Operand, own: boolean): number {
    const slot = this.declare(name, value, this.elementOf(name, value, true), wideOf(this.dtype), "input");
    if (value.length === 0 || value.length % this.cols !== 0) {
      throw rangeError(this.op, name, `a positive multiple of ${this.cols} elements`, words(`${value.length}`));
    }
    if (own) this.places[slot] = NONE;
    return slot;
  }

  /** An output of x's element type and length. Where none is given the call makes one: a Tensor if x is one, else an array. */
  output(name: string, value: Operand | undefined): number {
    const given = value === undefined ? this.dtype : this.elementOf(name, value, false);
    const slot = this.declare(name, value, given, this.dtype, "output");
    if (value === undefined) this.lengths[slot] = this.length;
    else this.checkLength(slot, this.length);
    return slot;
  }

  /** An output of so many numbers a row, f64 for f64, else f32. Where none is given the call makes one, an array. */
  perRow(name: string, value: Operand | undefined, each = 1): number {
    const wide = wideOf(this.dtype);
    const slot = this.declare(name, value, wide, wide, "perRow");
    if (value === undefined) this.lengths[slot] = this.rows * each;
    else {
      const own = value instanceof Tensor ? value.dtype : dtypeOf(value);
      if (own !== wide) throw typeError(this.op, name, wide === "f64" ? "f64 elements" : "f32 elements", value);
      this.checkLength(slot, this.rows * each);
    }
    return slot;
  }

  /** `output`, or NONE where none is given. */
  optional(name: string, value: Operand | undefined): number {
    return value === undefined ? NONE : this.output(name, value);
  }

  /** `perRow`, or NONE where none is given. */
  optionalPerRow(name: string, value: Operand | undefined): number {
    return value === undefined ? NONE : this.perRow(name, value);
  }

  /** Room for so many f64, for the call alone. */
  work(length: number): number {
    const slot = this.declare("", undefined, "f64", "f64", "perRow");
    this.lengths[slot] = length;
    return slot;
  }

  /** The output may be the input itself: the kernel reads an element before it writes it. */
  mayBe(output: number, input: number): void {
    if (output >= 0 && input >= 0) this.allowed[output] |= 1 << input;
  }

  // Running

  /** An op's kernel for x's element type. */
  kernel(op: Op): Kernel {
    return this.host.kernel(op, this.dtype);
  }

  /** The same for the type that weights and directions have in the arena. */
  wideKernel(op: Op): Kernel {
    return this.host.kernel(op, wideOf(this.dtype));
  }

  /** The same for f64, whatever x has. */
  f64Kernel(op: Op): Kernel {
    return this.host.kernel(op, "f64");
  }

  /** The element type that an operand came with. */
  dtypeOf(slot: number): DType {
    return this.given[slot];
  }

  /** The second step. After it the kernel may run, and `end` must follow. */
  stage(): void {
    this.refuseOverlaps();
    let absent = 0;
    for (let slot = 0; slot < this.count; slot++) if (this.places[slot] === NONE) absent++;
    if (absent === 0) return;
    try {
      // Tensors that stay come first, then the temporaries above them, in one growth at most
      for (let slot = 0; slot < this.count; slot++) this.makeTensor(slot);
      let bytes = 0;
      for (let slot = 0; slot < this.count; slot++) if (this.places[slot] === NONE) bytes += this.temporaryBytes(slot);
      this.host.arena.reserveTemporaries(this.op, bytes);
      this.temporaries = true;
      for (let slot = 0; slot < this.count; slot++) if (this.places[slot] === NONE) this.place(slot);
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  /** Where a slot's elements are in memory; 0 for none. */
  at(slot: number): number {
    return slot < 0 ? 0 : this.places[slot];
  }

  /** A slot's elements in memory, until it grows. */
  view(slot: number): TypedArray {
    return viewOf(this.host.arena, this.wanted[slot], this.places[slot], this.lengths[slot]);
  }

  /** The value of an output, filled: what was given, or what the call made. */
  result(slot: number): Operand {
    const value = this.values[slot];
    if (value instanceof Tensor) return value;
    const wanted = this.wanted[slot];
    if (value === undefined) {
      const bits = this.view(slot).slice();
      return wanted === "f16" && isFloat16(this.values[0]) ? asFloat16(bits as Uint16Array) : bits;
    }
    if (!this.resident[slot]) {
      const { arena } = this.host;
      const place = this.places[slot];
      const length = this.lengths[slot];
      let view = this.views[slot];
      if (
        view === undefined ||
        view.buffer !== arena.buffer ||
        view.byteOffset !== place ||
        view.length !== length ||
        view.BYTES_PER_ELEMENT !== BYTES[wanted]
      ) {
        view = this.view(slot);
        this.views[slot] = view;
      }
      (isFloat16(value) ? bitsOf(value) : value).set(view);
    }
    return value;
  }

  /** An optional output: copied out if there is one. */
  fill(slot: number): void {
    if (slot >= 0) this.result(slot);
  }

  /** Drops the temporaries and lets go of the operands. */
  end(): void {
    if (this.temporaries) this.host.arena.unwind();
    this.temporaries = false;
    for (let slot = 0; slot < this.count; slot++) {
      this.values[slot] = undefined;
      this.buffers[slot] = undefined;
    }
    this.count = 0;
  }

  /** `end`, and what the call had made goes too: for an error found after `stage`. */
  abandon(): void {
    this.host.arena.unwind();
    for (let slot = 0; slot < this.count; slot++) if (this.made & (1 << slot)) (this.values[slot] as Tensor).dispose();
    this.end();
  }

  private declare(name: string, value: Operand | undefined, given: DType, wanted: DType, role: Role): number {
    const slot = this.count++;
    this.names[slot] = name;
    this.values[slot] = value;
    this.roles[slot] = role;
    this.given[slot] = given;
    this.wanted[slot] = wanted;
    this.places[slot] = NONE;
    this.allowed[slot] = 0;
    this.resident[slot] = false;
    if (value === undefined) return slot;
    this.lengths[slot] = value.length;
    const { arena } = this.host;
    if (value instanceof Tensor) {
      if (value.owner.arena !== arena)
        throw rangeError(this.op, name, "a Tensor of this call's engine", words("one of another engine"));
      if (value.start < 0) throw rangeError(this.op, name, "a live Tensor", words("one that was disposed of"));
      this.buffers[slot] = arena.buffer;
      this.starts[slot] = value.start;
      this.resident[slot] = true;
      if (given === wanted) this.places[slot] = value.start;
    } else {
      if (!isTypedArray(value)) throw typeError(this.op, name, "a typed array or a Tensor", value);
      const { buffer, byteOffset } = value;
      if (value.length === 0 && isDetached(buffer)) {
        throw rangeError(this.op, name, "an array with its buffer", words("one whose buffer is detached"));
      }
      this.buffers[slot] = buffer;
      this.starts[slot] = byteOffset;
      if (buffer === arena.buffer) {
        if (!arena.holds(byteOffset, byteOffset + value.byteLength)) {
          throw rangeError(this.op, name, "a view of a live Tensor", words("one of memory that holds none"));
        }
        this.resident[slot] = true;
        if (given === wanted) this.places[slot] = byteOffset;
      }
    }
    return slot;
  }

  /** The element type of an operand that goes with x's: x's own, or for parameters f32 or f64 too. */
  private elementOf(name: string, value: Operand, parameter: boolean): DType {
    if (!(value instanceof Tensor) && !isTypedArray(value))
      throw typeError(this.op, name, "a typed array or a Tensor", value);
    const own = value instanceof Tensor ? value.dtype : dtypeOf(value);
    const half = own === undefined && (this.dtype === "f16" || this.dtype === "bf16");
    if (own === this.dtype || half || (parameter && (own === "f32" || own === "f64"))) return own ?? this.dtype;
    const expected = `${this.dtype} elements${parameter ? " (or f32, f64)" : ""} like x`;
    throw typeError(this.op, name, expected, value instanceof Tensor ? words(`a Tensor of ${own}`) : value);
  }

  private checkLength(slot: number, length: number): void {
    if (this.lengths[slot] !== length) {
      throw rangeError(this.op, this.names[slot], `${length} elements`, words(`${this.lengths[slot]}`));
    }
  }

  private refuseOverlaps(): void {
    for (let o = 1; o < this.count; o++) {
      if (this.roles[o] === "input" || this.values[o] === undefined) continue;
      const start = this.starts[o];
      const bytes = this.lengths[o] * BYTES[this.given[o]];
      for (let i = 0; i < this.count; i++) {
        if (i === o || this.buffers[i] !== this.buffers[o] || this.values[i] === undefined) continue;
        const otherBytes = this.lengths[i] * BYTES[this.given[i]];
        if (start >= this.starts[i] + otherBytes || this.starts[i] >= start + bytes) continue;
        const exact = start === this.starts[i] && bytes === otherBytes;
        if (exact && this.allowed[o] & (1 << i)) continue;
        const other = this.names[i];
        const expected = this.allowed[o] & (1 << i) ? `${other} itself, or no element of it` : `no element of ${other}`;
        throw rangeError(this.op, this.names[o], expected, words(exact ? other : `an array that overlaps ${other}`));
      }
    }
  }

  /** For an output like x that was not given: where x is a Tensor, the call makes one. */
  private makeTensor(slot: number): void {
    const x = this.values[0];
    if (this.values[slot] !== undefined || this.roles[slot] !== "output" || !(x instanceof Tensor)) return;
    const made = new Tensor(x.owner, this.dtype, x.shape, this.host.arena.allocate(this.op, x.bytes));
    this.values[slot] = made;
    this.places[slot] = made.start;
    this.made |= 1 << slot;
  }

  /** Is it to be widened in the arena, from halves to f32? */
  private widens(slot: number): boolean {
    return this.given[slot] !== this.wanted[slot] && BYTES[this.given[slot]] === 2;
  }

  private temporaryBytes(slot: number): number {
    const { arena } = this.host;
    const raw = this.widens(slot) && !this.resident[slot] ? arena.rounded(this.lengths[slot] * 2) : 0;
    return raw + arena.rounded(this.lengths[slot] * BYTES[this.wanted[slot]]);
  }

  /** A temporary for a slot, with its elements if it is read. */
  private place(slot: number): void {
    const { arena } = this.host;
    const wanted = this.wanted[slot];
    const length = this.lengths[slot];
    const place = arena.temporary(length * BYTES[wanted]);
    this.places[slot] = place;
    if (this.roles[slot] !== "input") return;
    // what is in the arena is read where it lies: memory may just have grown, and the view that was given be detached
    const source = this.resident[slot]
      ? viewOf(arena, this.given[slot], this.starts[slot], length)
      : (this.values[slot] as TypedArray);
    if (this.widens(slot)) {
      let raw = this.starts[slot];
      if (!this.resident[slot]) {
        raw = arena.temporary(length * 2);
        arena.u16.set(bitsOf(source), raw / 2);
      }
      this.host.widen(this.given[slot])(place, raw, length);
    } else if (wanted === "f32") arena.f32.set(source, place / 4);
    else if (wanted === "f64") arena.f64.set(source, place / 8);
    else arena.u16.set(bitsOf(source), place / 2);
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

function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}
