import { elements, rangeError, verbatim } from "../check.js";
import type { CallState, Core } from "../engine/core.js";
import { BYTES, type DType, wideOf } from "../memory/dtype.js";
import { Place, placeOf, Tensor } from "../memory/tensor.js";
import { arrayFor, bytesPerElement, copyIn, copyOut } from "./copy.js";
import type { Export, Kernel, Op, OperandSpec, Shape } from "./op.js";
import { type ArrayOrTensor, elementOf, Operand } from "./operand.js";
import type { Quantized } from "./quantized.js";

/**
 * How many bytes of temporaries a block of rows has: what is copied in is still in a second-level cache of 256 KiB when it is computed in
 * place and copied out.
 */
const BLOCK_BYTES = 131072;
/** The same where they are numbers per row alone: they are few, and a kernel that has all rows of x at once may share them out. */
const NUMBERS_BYTES = 8 << 20;

/**
 * One call of an op, from its arguments to its results. It goes the same way for every op:
 *
 * 1. Each operand is declared by what the table of ops says of it, and checked.
 * 2. `stage` refuses overlaps and gives each operand an address in the arena. Operands that are in the arena already stay where
 *    they are; the others are copied to temporaries above the Tensors, rows a block at a time.
 * 3. The kernel runs on these addresses (`at`), and `next` copies out what belongs in arrays and in the next block's rows, until
 *    there are no more.
 * 4. `result` gives the output. `end` drops the temporaries and, after an error, the Tensors that the call had made.
 *
 * So nothing is written before all checks have passed, and memory does not grow with x. Ops are synchronous, so an engine has
 * one Call and uses it for every call. A call whose operands are all resident allocates nothing.
 */
export class Call implements CallState {
  dtype: DType = "f32";
  rows = 0;
  cols = 0;
  /** The number of directions, where an op has them. */
  k = 0;
  /** The element type that the op converts to, where it does. */
  to: DType = "f32";
  /** The first row of the block for which the kernel runs, and how many rows the block has. */
  row = 0;
  blockRows = 0;
  /** The first argument. */
  x!: Operand;

  op!: Op;
  /** Was the length of a row given? If not, all of x is one row. */
  private colsGiven = false;
  private count = 0;
  private temporaries = false;
  /** Does the kernel need strides: are there gaps between the rows of an operand of [rows, cols], or does one row serve all? */
  gaps = false;
  private done = false;
  private readonly operands: Operand[] = [];
  /** Keeps the view of calls that are no Call: see plain.ts. */
  readonly plain = new Operand();

  constructor(readonly core: Core) {}

  /** @param locate finds out where x lies, where that is no array and no Tensor */
  begin(
    op: Op,
    x: ArrayOrTensor | Quantized,
    dtype: DType,
    rows: number,
    cols: number,
    colsGiven: boolean,
    locate?: (x: Operand) => void,
  ): this {
    this.op = op;
    this.dtype = dtype;
    this.rows = rows;
    this.cols = cols;
    this.colsGiven = colsGiven;
    this.count = 0;
    this.temporaries = false;
    this.gaps = false;
    this.done = false;
    this.row = 0;
    try {
      this.x = this.declare(op.operands[op.first], rows, cols);
      if (locate !== undefined) locate(this.x);
      else {
        const place = placeOf(x);
        this.x.locate(op.name, x as ArrayOrTensor, place, dtype, this.core.arena);
        this.gaps = place?.dense === false;
      }
    } catch (error) {
      this.end();
      throw error;
    }
    return this;
  }

  // Declaring operands

  /** An operand that must be given. */
  operand(spec: OperandSpec, value: unknown): Operand {
    return this.take(spec, value, this.rowsOf(spec.shape), this.colsOf(spec.shape));
  }

  /** An operand that may be absent. */
  optional(spec: OperandSpec, value: unknown): Operand | undefined {
    return value === undefined ? undefined : this.operand(spec, value);
  }

  /** An output. Where none is given, the call makes one: a Tensor if x is a Tensor, else an array. */
  output(spec: OperandSpec, value?: unknown): Operand {
    if (value !== undefined) return this.operand(spec, value);
    return this.declare(spec, this.rowsOf(spec.shape), this.colsOf(spec.shape));
  }

  /** Room for the kernel alone: rows of cols elements, one after another. */
  workspace(spec: OperandSpec, rows: number, cols: number): Operand {
    const operand = this.declare(spec, rows, cols);
    operand.room = true;
    return operand;
  }

  /** Declares an operand that was given, after checking its element type and shape, and finds out where it lies. */
  take(spec: OperandSpec, value: unknown, rows: number, cols: number): Operand {
    const { name, first } = this.op;
    // Float32Array first: it is the ordinary case, and known by its own prototype, where it is no Tensor only after three
    const place = value instanceof Float32Array ? undefined : placeOf(value);
    const converted = spec.dtype === "to";
    const dtype = converted ? this.to : this.dtype;
    const given = elementOf(name, spec, value, place, dtype, converted ? "to" : first);
    const { length } = value as ArrayOrTensor;
    if (length !== rows * cols) {
      const hint = cols === 1 && !this.colsGiven ? `: without cols all of ${first} is one row` : "";
      throw rangeError(name, spec.name, elements(rows * cols), verbatim(`${length}${hint}`));
    }
    if (place !== undefined && (place.rows !== rows || place.cols !== cols))
      this.checkShape(spec, value as Tensor, rows, cols);
    const operand = this.declare(spec, rows, cols, given);
    operand.locate(name, value as ArrayOrTensor, place, given, this.core.arena);
    if (place?.dense === false && spec.shape === "rows cols") this.gaps = true;
    return operand;
  }

  // Running

  /** An op's kernel, for x's element type by default. */
  kernel<K extends Kernel>(of: Export<K>, dtype: DType = this.dtype): K {
    return this.core.kernel(this.op.name, of, dtype, this);
  }

  /**
   * The second step. After it the kernel may run on the first block of rows.
   *
   * @param least the fewest rows of a block, where x has so many
   * @param most the most rows of a block, also where all operands are resident
   */
  stage(least = 2, most = this.rows): void {
    const { operands, count } = this;
    const { arena } = this.core;
    for (let i = 0; i < count; i++) {
      const operand = operands[i];
      if (operand.value !== undefined && operand.spec.role !== "in") this.refuseOverlaps(operand);
    }
    // the Tensors that the call makes come first and the temporaries above them, so that memory grows once at most
    let bytes = 0;
    let rowBytes = 0;
    let whole = false; // rows of cols?
    for (let i = 0; i < count; i++) {
      const operand = operands[i];
      if (operand.value === undefined && !operand.room) this.make(operand);
      if (operand.resident) continue;
      operand.staged = true;
      this.temporaries = true;
      operand.host = this.hostOf(operand);
      if (operand.host !== undefined) continue;
      const row = operand.cols * bytesPerElement(operand, arena);
      if (operand.perRow) {
        rowBytes += row;
        if (operand.cols === this.cols) whole = true;
      } else bytes += operand.rows * row;
    }
    this.blockRows = Math.min(this.rows, most);
    if (!this.temporaries) return;
    if (rowBytes > 0) {
      const room = arena.room(count) - bytes;
      const fit = Math.floor(Math.min(whole ? BLOCK_BYTES : NUMBERS_BYTES, room) / rowBytes);
      // in fours, for these share vectors in a kernel
      this.blockRows = Math.min(this.blockRows, Math.max(least, fit & -4 || fit));
    }
    arena.reserveTemporaries(this.op.name, count, bytes + this.blockRows * rowBytes);
    for (let i = 0; i < count; i++) {
      const operand = operands[i];
      if (!operand.staged) continue;
      const { host, cols } = operand;
      const elements = (operand.perRow ? this.blockRows : operand.rows) * cols;
      // inputs are declared before outputs, so that a host has its address
      const address = host?.address ?? arena.temporary(elements * bytesPerElement(operand, arena));
      operand.lie(address, cols * BYTES[operand.wanted]);
      this.copyIn(operand);
    }
  }

  /**
   * Ends a block of rows: copies out what the kernel wrote of it, and in what it reads of the next one.
   *
   * @returns whether there is a next one
   */
  next(): boolean {
    const { operands, count, row, blockRows } = this;
    for (let i = 0; i < count; i++) {
      const { staged, room, spec } = operands[i];
      if (staged && !room && spec.role !== "in") copyOut(operands[i], this.core.arena, row, blockRows);
    }
    this.row += blockRows;
    this.done = this.row >= this.rows;
    if (this.done) return false;
    this.blockRows = Math.min(blockRows, this.rows - this.row);
    for (let i = 0; i < count; i++) {
      const operand = operands[i];
      if (!operand.staged && operand.perRow) operand.address += blockRows * operand.step;
      else if (operand.perRow || operand.spent) this.copyIn(operand);
    }
    return true;
  }

  /** Where an operand is in memory, from the first row of the block on; 0 for an absent operand. */
  at(operand: Operand | undefined): number {
    return operand === undefined ? 0 : operand.address;
  }

  /** The kernel's `strides`: 0 where all [rows, cols] operands are dense, else the address of a table of their row strides. */
  strides(): number {
    if (!this.gaps) return 0;
    const { arena, strides } = this.core;
    arena.refresh(); // the memory may have grown by other hands, and nothing else been asked of it since
    for (let i = 0; i < this.count; i++) {
      const { spec, perRow, step } = this.operands[i];
      if (spec.stride >= 0) arena.i32[strides / 4 + spec.stride] = perRow ? step : 0;
    }
    return strides;
  }

  /** An output: the array or Tensor that was given, or the one that the call made. */
  result(operand: Operand): ArrayOrTensor {
    return operand.value as ArrayOrTensor;
  }

  /** Drops the temporaries, lets go of the operands and, after an error, disposes of the Tensors that the call had made. */
  end(): void {
    if (this.temporaries) this.core.arena.unwind();
    for (let i = 0; i < this.count; i++) {
      const operand = this.operands[i];
      if (operand.made && !this.done) (operand.value as Tensor).dispose();
      operand.value = undefined;
      operand.buffer = undefined;
    }
    this.count = 0;
  }

  releaseViews(): void {
    for (const operand of [...this.operands, this.plain]) operand.view = undefined;
  }

  private declare(spec: OperandSpec, rows: number, cols: number, given: DType = this.dtype): Operand {
    if (this.count === this.operands.length) this.operands.push(new Operand());
    return this.operands[this.count++].declare(spec, this.wanted(spec, given), rows, cols);
  }

  /** The element type that the kernel wants. @param given the operand's own */
  private wanted({ dtype }: OperandSpec, given: DType): DType {
    if (dtype === "same") return this.dtype;
    if (dtype === "weight") return given;
    if (dtype === "f64") return "f64";
    return dtype === "to" ? this.to : wideOf(this.dtype);
  }

  private rowsOf(shape: Shape): number {
    if (shape === "cols" || shape === "k") return 1;
    return shape === "k cols" ? this.k : this.rows;
  }

  private colsOf(shape: Shape): number {
    if (shape === "rows") return 1;
    return shape === "rows k" || shape === "k" ? this.k : this.cols;
  }

  /** Refuses a Tensor that has the right number of elements in another shape. */
  private checkShape(spec: OperandSpec, { shape }: Tensor, rows: number, cols: number): void {
    // numbers per row may come as [rows], as [rows, 1], or as x's shape without its last dimension
    const perRow = cols === 1 && spec.shape.startsWith("rows") && spec.shape !== "rows cols";
    if (perRow && (shape.length === 1 || this.hasLeadingShape(shape))) return;
    const expected = rows === 1 ? `one row of ${cols}` : `${rows} rows of ${cols}`;
    throw rangeError(this.op.name, spec.name, expected, verbatim(`a Tensor of [${shape.join(", ")}]`));
  }

  private hasLeadingShape(shape: readonly number[]): boolean {
    const x = this.x.value;
    if (!(x instanceof Tensor)) return true;
    return shape.length === x.shape.length - 1 && shape.every((n, i) => n === x.shape[i]);
  }

  /** An output may be exactly an input where the table allows it. Otherwise it may share no element with another operand. */
  private refuseOverlaps(output: Operand): void {
    for (let i = 0; i < this.count; i++) {
      const other = this.operands[i];
      if (other === output || other.value === undefined || !output.meets(other)) continue;
      const { name } = other.spec;
      const allowed = output.spec.aliases.includes(name);
      const same = output.is(other);
      if (allowed && same) continue;
      const expected = allowed ? `${name} itself, or no element of it` : `no element of ${name}`;
      const got = verbatim(same ? name : `an array that overlaps ${name}`);
      throw rangeError(this.op.name, output.spec.name, expected, got);
    }
  }

  /** Makes an output that was not given: what has x's elements is like x; numbers per row come as an array. */
  private make(operand: Operand): void {
    const x = this.x.value as object;
    if ("shape" in x && operand.spec.dtype !== "wide") this.makeTensor(operand);
    else operand.value = arrayFor(operand, x);
  }

  private makeTensor(operand: Operand): void {
    const { arena } = this.core;
    const { shape } = this.x.value as Tensor | Quantized;
    const { rows, cols, wanted } = operand;
    const step = cols * BYTES[wanted];
    const block = arena.allocate(this.op.name, rows * step);
    const own = cols === this.cols ? shape : [...shape.slice(0, -1), cols];
    operand.value = new Tensor(new Place(this.core, block, wanted, rows, cols, block.start, step), own);
    operand.buffer = arena;
    operand.start = block.start;
    operand.end = block.start + rows * step;
    operand.lie(block.start, step);
    operand.made = true;
  }

  /** Copies in what the kernel reads of the block. */
  private copyIn(operand: Operand): void {
    if (operand.room || operand.spec.role === "out") return;
    if (operand.perRow) copyIn(operand, this.core, this.op, this.row, this.blockRows);
    else copyIn(operand, this.core, this.op, 0, operand.rows);
  }

  /**
   * The input in whose temporary an output is computed in place: the first that the table allows and no other output has. That is
   * less memory to go through, and nothing else will read the input's copy.
   */
  private hostOf({ spec, wanted }: Operand): Operand | undefined {
    const { aliases } = spec;
    for (let a = 0; a < aliases.length; a++) {
      for (let i = 0; i < this.count; i++) {
        const input = this.operands[i];
        if (input.spec.name !== aliases[a] || !input.staged || input.taken || input.wanted !== wanted) continue;
        input.taken = true;
        return input;
      }
    }
    return undefined;
  }
}
