import type { Core } from "../engine/core.js";
import type { Arena } from "../memory/arena.js";
import { BYTES, type DType, isHalf, kindOf, type TypedArray, viewOf } from "../memory/dtype.js";
import { placeOf } from "../memory/tensor.js";
import type { Op } from "./op.js";
import { type ArrayOrTensor, bitsOf, type Operand } from "./operand.js";

// Copies between operands as they were given and their temporaries in the arena. Temporaries are dense.

/**
 * The bytes of temporaries that an operand needs: its copy and, where halves with gaps are converted to f32, a dense copy
 * of those.
 */
export function temporaryBytes(operand: Operand, arena: Arena): number {
  const raw = widens(operand) && !liesDense(operand, arena) ? arena.temporaryBytes(operand.length * 2) : 0;
  return raw + arena.temporaryBytes(operand.length * BYTES[operand.wanted]);
}

/** Copies an operand's elements to its temporary, in the element type that the kernel wants. */
export function copyIn(operand: Operand, core: Core, op: Op): void {
  const { arena } = core;
  const { given, wanted, address, length } = operand;
  if (widens(operand)) {
    let raw = operand.start;
    if (!liesDense(operand, arena)) {
      raw = arena.temporary(length * 2);
      fill(operand, arena, given, raw);
    }
    core.widen(op, given)(address, raw, 0, 1, length);
  } else if (operand.scaled && given === "f64" && wanted === "f32") fillScaled(operand, arena);
  else fill(operand, arena, wanted, address);
}

/** A new array like x, with the elements of an output for which none was given. */
export function copyNew(operand: Operand, arena: Arena, x: unknown): TypedArray {
  const { wanted, address, length } = operand;
  const copy = viewOf(arena.buffer, wanted, address, length).slice();
  // halves that a conversion makes are bits on every engine
  if (wanted !== "f16" || operand.spec.dtype === "to" || kindOf.call(x) !== "Float16Array") return copy;
  const { Float16Array } = globalThis as unknown as { Float16Array: new (buffer: ArrayBufferLike) => TypedArray };
  return new Float16Array(copy.buffer);
}

/** Copies an output from its temporary to where it belongs. */
export function copyOut(operand: Operand, arena: Arena): void {
  const { buffer, address, wanted, length } = operand;
  if (length === 0) return;
  let { view } = operand;
  // when memory has grown, the view of before has length 0
  if (
    view === undefined ||
    view.byteOffset !== address ||
    view.length !== length ||
    view.BYTES_PER_ELEMENT !== BYTES[wanted]
  ) {
    view = viewOf(arena.buffer, wanted, address, length);
    operand.view = view;
  }
  if (buffer !== arena) {
    const array = operand.value as TypedArray;
    (wanted === "f16" ? bitsOf(array) : array).set(view);
  } else if (operand.start !== address) {
    let at = 0;
    for (const row of piecesOf(operand, arena)) {
      row.set(view.subarray(at, at + row.length));
      at += row.length;
    }
  }
}

/** Does an operand become f32 in the arena, by a kernel? */
function widens({ given, wanted }: Operand): boolean {
  return given !== wanted && isHalf(given);
}

/** Is it in the arena, in one piece? */
function liesDense({ buffer, value }: Operand, arena: Arena): boolean {
  return buffer === arena && placeOf(value)?.dense !== false;
}

/** The elements as they lie: in one piece or, where rows have gaps between them, row by row. */
function* piecesOf(operand: Operand, arena: Arena): Generator<TypedArray> {
  const { buffer, given, start, length } = operand;
  // elements in the arena are read by address: memory may just have grown, which detaches the array that was given
  if (buffer !== arena) yield operand.value as TypedArray;
  else if (liesDense(operand, arena)) yield viewOf(arena.buffer, given, start, length);
  else {
    const { rows, cols, stride } = placeOf(operand.value as ArrayOrTensor) as NonNullable<ReturnType<typeof placeOf>>;
    for (let r = 0; r < rows; r++) yield viewOf(arena.buffer, given, start + r * stride, cols);
  }
}

/** Writes the elements to an address, rounded where the element type there is another. */
function fill(operand: Operand, arena: Arena, dtype: DType, address: number): void {
  if (operand.buffer !== arena) {
    put(arena, dtype, address, operand.value as TypedArray); // no generator for the ordinary case
    return;
  }
  for (const piece of piecesOf(operand, arena)) {
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
function fillScaled(operand: Operand, arena: Arena): void {
  const { cols, address } = operand;
  let at = address / 4;
  for (const piece of piecesOf(operand, arena)) {
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
