import type { Core } from "../engine/core.js";
import { type Place, placeOf } from "../memory/tensor.js";
import { type LinearKernel, linearBF16, linearF16, linearF32 } from "../wasm/ops.js";
import type { Norm, NormOperands } from "./norm-blocks.js";
import type { Export, Kernel, Op } from "./op.js";
import { startOf } from "./resident.js";
import { BLOCK_ELEMENTS, blockOf, bytesArranged, normElements } from "./room.js";

// Projections that need no staging: of f32 rows, with all operands live, dense Tensors of one engine. A token of a model is dozens of
// such calls, and `Call` takes as long for each as a projection of 64 × 64.

/** By the weight's element type; those of f64 go with rows of f64 alone. */
const kernels: Partial<Record<string, Export<LinearKernel>>> = { f32: linearF32, f16: linearF16, bf16: linearBF16 };

/** How x is arranged: in vectors of four lanes of f32. */
const WIDTH = 4;
const LANE = 4;

/**
 * The place of x in such a call: the shapes are right, and `out` shares no memory with another operand. For every other call, right or
 * wrong, it is undefined: `Call` then does what is needed, or says what is wrong.
 *
 * @internal
 */
export function residentRows(x: unknown, weight: unknown, bias: unknown, out: unknown): Place | undefined {
  const to = placeOf(out);
  const from = placeOf(x);
  const w = placeOf(weight);
  if (to === undefined || from === undefined || w === undefined) return undefined;
  if (!isOf(to, from.rows, w.rows) || !to.live) return undefined;
  if (!isOf(from, from.rows, w.cols) || !isBeside(from, to)) return undefined;
  if (!w.dense || w.dtype === "f64" || !isBeside(w, to)) return undefined;
  return isRowBeside(bias, w.rows, to) ? from : undefined;
}

/** The same where a norm comes first: its operands too are as they should be, and all rows are one block. @internal */
export function residentNormRows(
  x: unknown,
  { weight, bias, residual, sum }: NormOperands,
  linearWeight: unknown,
  linearBias: unknown,
  out: unknown,
): Place | undefined {
  const from = residentRows(x, linearWeight, linearBias, out);
  if (from === undefined) return undefined;
  const to = placeOf(out) as Place;
  if (from.rows > blockOf(from.rows, from.cols, WIDTH, normElements(to.cols))) return undefined;
  const { rows, cols } = from;
  if (!isRowBeside(weight, cols, to) || !isRowBeside(bias, cols, to)) return undefined;
  if (residual === undefined) return sum === undefined ? from : undefined;
  const r = placeOf(residual);
  if (r === undefined || !isOf(r, rows, cols) || !isBeside(r, to)) return undefined;
  if (sum === undefined) return from;
  const s = placeOf(sum);
  if (s === undefined || !isOf(s, rows, cols) || !isBeside(s, to)) return undefined;
  const isApart =
    isSameOrBeside(s, from) &&
    isSameOrBeside(s, r) &&
    isBeside(placeOf(linearWeight) as Place, s) &&
    isRowBeside(linearBias, to.cols, s) &&
    isRowBeside(weight, cols, s) &&
    isRowBeside(bias, cols, s);
  return isApart ? from : undefined;
}

/** Runs such a projection. @internal */
export function runRows(op: Op<Kernel>, from: Place, weight: unknown, bias: unknown, out: unknown): void {
  const kernel = kernelOf(op, from, weight);
  const { arena, rows, cols } = from;
  const block = blockOf(rows, cols, WIDTH, BLOCK_ELEMENTS);
  const bytes = bytesArranged(block, cols, WIDTH, LANE, placeOf(weight)?.dtype !== "f32");
  arena.reserveTemporaries(op.name, 1, bytes);
  const arranged = arena.temporary(bytes);
  arena.unwind(); // nothing else is asked of the arena until the end
  const k = (placeOf(weight) as Place).rows;
  kernel(startOf(out), from.start, startOf(weight), startOf(bias), arranged, 0, rows, cols, k, block);
}

/** Runs such a norm and projection. @internal */
export function runNormRows<K extends Kernel>(
  op: Op<Kernel>,
  norm: Norm<K>,
  from: Place,
  { weight, bias, residual, sum }: NormOperands,
  linearWeight: unknown,
  linearBias: unknown,
  out: unknown,
  eps: number,
  weightOffset: number,
): void {
  const kernel = kernelOf(op, from, linearWeight);
  const { arena, rows, cols, start } = from;
  const first = (from.owner as Core).kernel(op.name, norm.op, "f32", from);
  const k = (placeOf(linearWeight) as Place).rows;
  const block = blockOf(rows, cols, WIDTH, normElements(k));
  const bytes = bytesArranged(block, cols, WIDTH, LANE, placeOf(linearWeight)?.dtype !== "f32");
  const bytesNormalized = rows * cols * LANE;
  arena.reserveTemporaries(op.name, 2, bytesNormalized + bytes);
  const normalized = arena.temporary(bytesNormalized);
  const arranged = arena.temporary(bytes);
  arena.unwind(); // nothing else is asked of the arena until the end
  const [s, r, w, b] = [startOf(sum), startOf(residual), startOf(weight), startOf(bias)];
  norm.run(first, normalized, s, start, r, w, b, 0, rows, cols, eps, weightOffset);
  kernel(startOf(out), normalized, startOf(linearWeight), startOf(linearBias), arranged, 0, rows, cols, k, block);
}

function kernelOf(op: Op<Kernel>, from: Place, weight: unknown): LinearKernel {
  const of = kernels[(placeOf(weight) as Place).dtype] as Export<LinearKernel>;
  return (from.owner as Core).kernel(op.name, of, "f32", from);
}

/** Has it so many rows of f32, without gaps? */
function isOf(place: Place, rows: number, cols: number): boolean {
  return place.rows === rows && place.cols === cols && place.dtype === "f32" && place.dense;
}

/** Does a Tensor live in the same memory as an output, and in another block of it? */
function isBeside(place: Place, out: Place): boolean {
  return place.live && place.arena === out.arena && place.block !== out.block;
}

/** Is an output exactly an input of the same shape, or in another block? */
function isSameOrBeside(out: Place, input: Place): boolean {
  return out.block !== input.block || out.start === input.start;
}

/** Is it absent, or one row of f32 in another block than an output? */
function isRowBeside(value: unknown, cols: number, out: Place): boolean {
  if (value === undefined) return true;
  const place = placeOf(value);
  return place !== undefined && isOf(place, 1, cols) && isBeside(place, out);
}
