import type { Arena } from "../memory/arena.js";
import { BYTES } from "../memory/dtype.js";
import { needsRaw } from "./copy.js";
import type { Op } from "./op.js";
import type { Operand } from "./operand.js";

/**
 * How many bytes of temporaries a block of rows has: what is copied in is still in a second-level cache of 256 KiB when it is computed
 * in place and copied out.
 */
const BLOCK_BYTES = 131072;

/**
 * Gives the operands that are not in the arena their temporaries, above the Tensors: those per row with room for a block of rows.
 *
 * @param rows how many rows there are
 * @param least the fewest rows of a block, if there are so many
 * @returns how many rows a block has
 */
export function placeTemporaries(
  operands: readonly Operand[],
  count: number,
  op: Op,
  arena: Arena,
  rows: number,
  least: number,
): number {
  let rowBytes = 0;
  for (let i = 0; i < count; i++) {
    const operand = operands[i];
    operand.staged = !operand.resident;
    if (!operand.staged) continue;
    operand.host = hostOf(operand, operands, count);
    if (operand.perRow && operand.host === undefined) rowBytes += operand.cols * BYTES[operand.wanted];
  }
  const most = Math.floor(BLOCK_BYTES / rowBytes);
  // a multiple of four, for rows that share a vector in a kernel
  const block = rowBytes === 0 ? rows : Math.min(rows, Math.max(least, most > 4 ? most & -4 : most));
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    const operand = operands[i];
    if (!operand.staged || operand.host !== undefined) continue;
    const length = lengthIn(block, operand);
    bytes += arena.temporaryBytes(length * BYTES[operand.wanted]);
    if (needsRaw(operand, arena)) bytes += arena.temporaryBytes(length * 2);
  }
  arena.reserveTemporaries(op.name, bytes);
  for (let i = 0; i < count; i++) {
    const operand = operands[i];
    if (!operand.staged) continue;
    const length = lengthIn(block, operand);
    const bytes = length * BYTES[operand.wanted];
    // inputs are declared before outputs, so the host has its address already
    operand.lie(operand.host?.address ?? arena.temporary(bytes), operand.cols * BYTES[operand.wanted]);
    if (needsRaw(operand, arena)) operand.raw = arena.temporary(length * 2);
  }
  return block;
}

/** The elements that a temporary has room for. */
function lengthIn(block: number, { perRow, rows, cols }: Operand): number {
  return (perRow ? block : rows) * cols;
}

/**
 * The input in whose temporary an output is computed in place: the first that the table allows, which no other output has. That
 * is less memory to go through, and nothing else will read the input's copy.
 */
function hostOf({ spec, wanted, perRow }: Operand, operands: readonly Operand[], count: number): Operand | undefined {
  const { aliases } = spec;
  for (let a = 0; a < aliases.length; a++) {
    for (let i = 0; i < count; i++) {
      const input = operands[i];
      if (input.spec.name !== aliases[a] || !input.staged || input.taken || input.wanted !== wanted) continue;
      if (input.perRow !== perRow) continue;
      input.taken = true;
      return input;
    }
  }
  return undefined;
}
