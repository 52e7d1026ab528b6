import type { Export } from "../call/op.js";
import type { Arena } from "../memory/arena.js";
import { BYTES, type DType, wideOf } from "../memory/dtype.js";
import type { RowKernel } from "./job.js";
import type { Pool } from "./pool.js";
import { type Rise, risesOf, rowsPerPiece } from "./split.js";

/** Calls of fewer bytes of x are the caller's alone: to wake a worker takes about as long as they do. */
export const LEAST_JOB = 1 << 19;
/** As in assembly/norm/rows.ts. */
const CACHE = 4 << 20;
/** Each piece of invertLayerNorm prepares its columns anew, which takes as long as some three rows. */
const LEAST_ROWS_OF_COLUMNS = 64;
/** Each piece of a projection on k directions checks them anew, which takes as long as k/4 rows. */
const LEAST_ROWS_PER_DIRECTION = 4;

/** A kernel that shares out the rows of large calls; undefined where they cannot be. @param modules those that have the kernel */
export function sharing(
  of: Export,
  dtype: DType,
  kernel: RowKernel,
  pool: Pool,
  arena: Arena,
  modules: readonly WebAssembly.Module[],
): RowKernel | undefined {
  const rises = risesOf(of, dtype);
  if (rises === undefined) return undefined;
  const number = pool.add(modules, `${of.kernel}_${dtype}`);
  // the arguments after the pointers: strides, rows, cols, and what else the kernel takes
  const stridesAt = rises.length;
  const rowsAt = stridesAt + 1;
  const kind = of.family.name;
  return (...args) => {
    const [strides, rows, cols, k] = args.slice(stridesAt);
    const row = cols * BYTES[dtype];
    if (rows * row < LEAST_JOB) return kernel(...args);
    const least = kind === "invert" ? LEAST_ROWS_OF_COLUMNS : kind === "project" ? LEAST_ROWS_PER_DIRECTION * k : 1;
    const each = rowsPerPiece(rows, row, pool.threads, least);
    if (each >= rows || !pool.willing()) return kernel(...args);
    if (kind === "project" && k === 1) {
      const refused = scaleDirection(kernel, args, rowsAt, arena, dtype);
      if (refused !== 0) return refused;
    }
    const steps = args.map((pointer, i) => {
      const rise = rises[i];
      if (rise === undefined || pointer === 0) return 0;
      return strides !== 0 && rise.stride >= 0 ? arena.i32[strides / 4 + rise.stride] : stepOf(rise, cols, k);
    });
    return pool.run({ kernel, number, args, steps, rowsAt }, rows, each, rows * row > CACHE);
  };
}

function stepOf({ bytes, times }: Rise, cols: number, k: number): number {
  return bytes * (times === "cols" ? cols : times === "k" ? k : 1);
}

/**
 * A projection scales a single direction in place, by a power of two, and must do so once, before its rows are shared out: in a call
 * of no rows. The power goes into `exponent`, which the pieces take. Returns what the kernel returned: 0, or why it refuses.
 */
function scaleDirection(
  kernel: RowKernel,
  args: number[],
  rowsAt: number,
  arena: Arena,
  dtype: DType,
): number | undefined {
  const [directionAt, exponentAt] = [rowsAt - 2, rowsAt + 3];
  const wide = wideOf(dtype);
  const start = args[directionAt] / BYTES[wide];
  const direction = arena.elements(wide).subarray(start, start + args[rowsAt + 1]);
  let largest = 0;
  for (let i = 1; i < direction.length; i++) if (Math.abs(direction[i]) > Math.abs(direction[largest])) largest = i;
  const none = [...args];
  none[rowsAt] = 0;
  for (;;) {
    const before = Math.abs(direction[largest]);
    const refused = kernel(...none);
    const after = Math.abs(direction[largest]);
    if (refused !== 0 || before === after) return refused;
    // exact, for one is the other times a power of two
    args[exponentAt] += Math.round(Math.log2(after) - Math.log2(before));
  }
}
