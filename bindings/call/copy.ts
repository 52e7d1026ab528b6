import type { Core } from "../engine/core.js";
import type { Arena } from "../memory/arena.js";
import { BYTES, type DType, isHalf, kindOf, newArray, type TypedArray, viewOf } from "../memory/dtype.js";
import { placeOf } from "../memory/tensor.js";
import type { Op } from "./op.js";
import { bitsOf, type Operand } from "./operand.js";

// Copies between operands as they were given and their temporaries in the arena: of some rows, from `row` on. Temporaries are dense.

/** What an element takes in a temporary: halves that are not dense in the arena lie there once more, before they are widened. */
export function bytesPerElement(operand: Operand, arena: Arena): number {
  return BYTES[operand.wanted] + (widens(operand) && !liesDense(operand, arena) ? 2 : 0);
}

/** Copies rows to their temporary, in the element type that the kernel wants. */
export function copyIn(operand: Operand, core: Core, op: Op, row: number, rows: number): void {
  const { arena } = core;
  const { given, wanted, address } = operand;
  const length = rows * operand.cols;
  if (widens(operand)) {
    let raw = operand.start + row * operand.cols * 2;
    if (!liesDense(operand, arena)) {
      raw = address + length * BYTES[wanted];
      fill(operand, arena, given, raw, row, rows);
    }
    core.widen(op, given)(address, raw, 0, 1, length);
  } else if (operand.fill !== undefined) operand.fill(operand, arena, row, rows);
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
  const view = viewFor(operand, arena, wanted, address, length);
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

/** A view of elements in the arena: the operand's last one, where that is still right. */
export function viewFor(operand: Operand, arena: Arena, dtype: DType, address: number, length: number): TypedArray {
  const { view } = operand;
  // when memory has grown, the view of before has length 0
  const right = view?.length === length && operand.viewed === address && view.BYTES_PER_ELEMENT === BYTES[dtype];
  if (right) return view;
  operand.viewed = address;
  operand.view = viewOf(arena.buffer, dtype, address, length);
  return operand.view;
}

/** Does an operand become f32 in the arena, by a kernel? */
function widens({ given, wanted }: Operand): boolean {
  return given !== wanted && isHalf(given);
}

/** Is it in the arena, in one piece? */
function liesDense({ buffer, value }: Operand, arena: Arena): boolean {
  return buffer === arena && placeOf(value)?.dense !== false;
}

/** Rows of an operand as they lie: in one piece or, where they have gaps between them, row by row. */
export function* piecesOf(operand: Operand, arena: Arena, row: number, rows: number): Generator<TypedArray> {
  const { given, start, cols, buffer, value } = operand;
  const stride = placeOf(value)?.stride ?? cols * BYTES[given];
  const from = start + row * stride;
  if (buffer !== arena) yield partOf(operand, row, rows);
  // elements in the arena are read by address: memory may just have grown, which detaches an array that was given
  else if (liesDense(operand, arena)) yield viewOf(arena.buffer, given, from, rows * cols);
  else for (let r = 0; r < rows; r++) yield viewOf(arena.buffer, given, from + r * stride, cols);
}

/** Rows of an operand in plain memory: all of them are the array itself. */
function partOf(operand: Operand, row: number, rows: number): TypedArray {
  const { given, cols } = operand;
  const array = operand.value as TypedArray;
  if (rows === operand.rows) return array;
  const from = array.byteOffset + row * cols * BYTES[given];
  return viewOf(array.buffer, given, from, rows * cols);
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
  if (dtype === "f32") arena.f32.set(elements, address >>> 2);
  else if (dtype === "f64") arena.f64.set(elements, address >>> 3);
  else arena.u16.set(bitsOf(elements), address >>> 1);
}
