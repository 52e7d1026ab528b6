import type { Core } from "../engine/core.js";
import type { Arena } from "../memory/arena.js";
import { BYTES, type DType, isHalf, kindOf, newArray, type TypedArray, viewOf } from "../memory/dtype.js";
import { placeOf } from "../memory/tensor.js";
import type { Op } from "./op.js";
import { bitsOf, type Operand } from "./operand.js";

// Copies between operands as they were given and their temporaries in the arena: of some rows, from `row` on. Temporaries are dense.

/** Copies rows to their temporary, in the element type that the kernel wants. */
export function copyIn(operand: Operand, core: Core, op: Op, row: number, rows: number): void {
  const { arena } = core;
  const { given, wanted, address } = operand;
  if (widens(operand)) {
    let raw = operand.start + row * operand.cols * 2;
    if (needsRaw(operand, arena)) {
      raw = operand.raw;
      fill(operand, arena, given, raw, row, rows);
    }
    core.widen(op, given)(address, raw, 0, 1, rows * operand.cols);
  } else if (operand.scaled && given === "f64" && wanted === "f32") fillScaled(operand, arena, row, rows);
  else fill(operand, arena, wanted, address, row, rows);
}

/** A new array like x, for an output for which none was given. */
export function arrayFor({ spec, wanted, length }: Operand, x: unknown): TypedArray {
  // halves that a conversion makes are bits on every engine
  if (wanted !== "f16" || spec.dtype === "to" || kindOf.call(x) !== "Float16Array") return newArray(wanted, length);
  const { Float16Array } = globalThis as unknown as { Float16Array: new (length: number) => TypedArray };
  return new Float16Array(length);
}

/** Copies rows of an output from its temporary to where they belong. */
export function copyOut(operand: Operand, arena: Arena, row: number, rows: number): void {
  const { address, wanted, cols } = operand;
  const length = rows * cols;
  if (length === 0) return;
  let { view } = operand;
  // when memory has grown, the view of before has length 0
  if (
    view === undefined ||
    operand.viewed !== address ||
    view.length !== length ||
    view.BYTES_PER_ELEMENT !== BYTES[wanted]
  ) {
    view = viewOf(arena.buffer, wanted, address, length);
    operand.view = view;
    operand.viewed = address;
  }
  if (operand.buffer !== arena) {
    const array = partOf(operand, row, rows);
    (wanted === "f16" ? bitsOf(array) : array).set(view);
    return;
  }
  let at = 0;
  for (const piece of piecesOf(operand, arena, row, rows)) {
    piece.set(view.subarray(at, at + piece.length));
    at += piece.length;
  }
}

/** Is an operand to be widened of halves that have gaps or lie in plain memory, so that they need a dense copy in the arena before? */
export function needsRaw(operand: Operand, arena: Arena): boolean {
  return widens(operand) && !liesDense(operand, arena);
}

/** Does an operand become f32 in the arena, by a kernel? */
function widens({ given, wanted }: Operand): boolean {
  return given !== wanted && isHalf(given);
}

/** Is it in the arena, in one piece? */
function liesDense({ buffer, value }: Operand, arena: Arena): boolean {
  return buffer === arena && placeOf(value)?.dense !== false;
}

/** Rows of an operand in plain memory: all of them are the array itself. */
function partOf(operand: Operand, row: number, rows: number): TypedArray {
  const { given, cols } = operand;
  const array = operand.value as TypedArray;
  if (rows === operand.rows) return array;
  operand.findEnds();
  return viewOf(array.buffer, given, operand.start + row * cols * BYTES[given], rows * cols);
}

/** Rows of an operand in the arena as they lie: in one piece or, where they have gaps between them, row by row. */
function* piecesOf(operand: Operand, arena: Arena, row: number, rows: number): Generator<TypedArray> {
  // they are read by address: memory may just have grown, which detaches an array that was given
  const { given, start, cols } = operand;
  const stride = placeOf(operand.value)?.stride ?? cols * BYTES[given];
  const from = start + row * stride;
  if (liesDense(operand, arena)) yield viewOf(arena.buffer, given, from, rows * cols);
  else for (let r = 0; r < rows; r++) yield viewOf(arena.buffer, given, from + r * stride, cols);
}

/** Writes rows to an address, rounded where the element type there is another. */
function fill(operand: Operand, arena: Arena, dtype: DType, address: number, row: number, rows: number): void {
  if (operand.buffer !== arena) {
    put(arena, dtype, address, partOf(operand, row, rows)); // no generator for the ordinary case
    return;
  }
  for (const piece of piecesOf(operand, arena, row, rows)) {
    put(arena, dtype, address, piece);
    address += piece.length * BYTES[dtype];
  }
}

function put(arena: Arena, dtype: DType, address: number, elements: TypedArray): void {
  if (dtype === "f32") arena.f32.set(elements, address / 4);
  else if (dtype === "f64") arena.f64.set(elements, address / 8);
  else arena.u16.set(bitsOf(elements), address / 2);
}

/** Writes f64 rows as f32, each times a power of two that brings it into f32's range: only the rows' directions count. */
function fillScaled(operand: Operand, arena: Arena, row: number, rows: number): void {
  const { cols, address } = operand;
  let at = address / 4;
  const pieces = operand.buffer === arena ? piecesOf(operand, arena, row, rows) : [partOf(operand, row, rows)];
  for (const piece of pieces) {
    for (let start = 0; start < piece.length; start += cols) {
      const exponent = exponentFor(piece, start, cols);
      operand.exponent = exponent;
      // in two factors, because 2^exponent may be beyond f64 where x·2^exponent is not
      const half = 2 ** Math.trunc(exponent / 2);
      const rest = 2 ** (exponent - Math.trunc(exponent / 2));
      for (let i = start; i < start + cols; i++) arena.f32[at++] = piece[i] * half * rest;
    }
  }
}

/** The exponent of the power of two that brings some elements well into f32's range; 0 if they are there already. */
function exponentFor(elements: TypedArray, start: number, cols: number): number {
  let largest = 0;
  for (let i = start; i < start + cols; i++) largest = Math.max(largest, Math.abs(elements[i]));
  const exponent = Math.round(Math.log2(largest));
  return Number.isFinite(exponent) && Math.abs(exponent) > 60 ? -exponent : 0;
}
