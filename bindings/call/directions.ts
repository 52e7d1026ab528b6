import { rangeError, verbatim } from "../check.js";
import type { Arena } from "../memory/arena.js";
import type { TypedArray } from "../memory/dtype.js";
import { placeOf } from "../memory/tensor.js";
import type { Call } from "./call.js";
import { piecesOf } from "./copy.js";
import type { OperandSpec } from "./op.js";
import { type ArrayOrTensor, elementOf, type Operand } from "./operand.js";

// Operands that are declared by more than their shape, here so that no bundle without them has them: several rows that
// serve all of x's, and rows of which only the directions count.

/** Rows of cols, of which there may be any number but none: that number is the call's k. */
export function severalRows(call: Call, spec: OperandSpec, value: unknown): Operand {
  const { op, cols } = call;
  const length = lengthOf(call, spec, value);
  if (length === 0 || length % cols !== 0) {
    throw rangeError(op.name, spec.name, `a positive multiple of ${cols} elements`, verbatim(`${length}`));
  }
  call.k = length / cols;
  return call.take(spec, value, call.k, cols);
}

/** Directions: k rows of cols. A single one may have any length, and the kernel scales it in place, in a copy. */
export function directions(call: Call, spec: OperandSpec, value: unknown): Operand {
  const operand = severalRows(call, spec, value);
  if (call.k === 1) {
    operand.leave();
    scale(operand);
  }
  return operand;
}

/** As many rows as x has, or one row for all of them. Only their directions count, not their lengths. */
export function rowsOrOne(call: Call, spec: OperandSpec, value: unknown): Operand {
  const { op, rows, cols } = call;
  const length = lengthOf(call, spec, value);
  const shared = length === cols && rows !== 1;
  if (!shared && length !== rows * cols) {
    const expected = `${rows * cols} elements like ${op.first}, or one row of ${cols}`;
    throw rangeError(op.name, spec.name, expected, verbatim(`${length}`));
  }
  const operand = call.take(spec, value, shared ? 1 : rows, cols);
  operand.perRow = !shared;
  if (shared) call.gaps = true;
  scale(operand);
  return operand;
}

function lengthOf({ op, dtype }: Call, spec: OperandSpec, value: unknown): number {
  elementOf(op.name, spec, value, placeOf(value), dtype, op.first);
  return (value as ArrayOrTensor).length;
}

/** f64 rows become f32 each times a power of two, for their lengths do not count. */
function scale(operand: Operand): void {
  if (operand.given === "f64" && operand.wanted === "f32") operand.fill = fillScaled;
}

/** Writes f64 rows as f32, each times a power of two that brings it into f32's range: only the rows' directions count. */
function fillScaled(operand: Operand, arena: Arena, row: number, rows: number): void {
  const { cols, address } = operand;
  let at = address / 4;
  for (const piece of piecesOf(operand, arena, row, rows)) {
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
