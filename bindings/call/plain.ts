import type { Core } from "../engine/core.js";
import { coreOf, defaultEngine, type Engine } from "../engine/engine.js";
import type { Arena } from "../memory/arena.js";
import type { DType } from "../memory/dtype.js";
import { callOf } from "./begin.js";
import { viewFor } from "./copy.js";
import type { Kernel, Op } from "./op.js";
import type { ArrayOrTensor } from "./operand.js";
import { COMMON, hasOnly } from "./resident.js";

/** The most elements of x in such a call: beyond them its copies take most of the time. */
const MOST_ELEMENTS = 8192;

interface PlainOptions {
  cols?: number;
  weight?: ArrayOrTensor;
  bias?: ArrayOrTensor;
  out?: ArrayOrTensor;
  dtype?: DType;
  engine?: Engine;
}

/** @internal */
export type PlainRun<K> = (
  kernel: K,
  x: number,
  weight: number,
  bias: number,
  rows: number,
  cols: number,
  eps: number,
  weightOffset: number,
) => void;

/**
 * The result of a norm of few numbers in plain arrays. In such a call x, out, weight and bias are Float32Arrays of the right lengths;
 * out is x, or shares no buffer with another operand; and no other options are given but cols, dtype, a live engine, eps and `more`. For every other call, right or wrong, it is undefined: `Call` then does what is needed, or says what is wrong.
 *
 * `Call` takes three to five times as long for one row of 64, for all that it asks of each operand.
 *
 * @param run calls the kernel, in place, on the addresses of the copies, after checking the scalars
 */
export function plainResult<K extends Kernel>(
  op: Op<K>,
  run: PlainRun<K>,
  x: ArrayOrTensor,
  options: PlainOptions,
  more: number,
  eps: number,
  weightOffset: number,
): ArrayOrTensor | undefined {
  // options that are inherited are none
  if (!(x instanceof Float32Array) || options === null || Object.getPrototypeOf(options) !== Object.prototype) {
    return undefined;
  }
  if (!hasOnly(options, more | COMMON)) return undefined;
  const { cols, weight, bias, out, dtype, engine } = options;
  if (dtype !== undefined && dtype !== "f32") return undefined;
  if (!isPlain(out) || !isPlain(weight) || !isPlain(bias)) return undefined;
  const { length } = x;
  const columns = cols !== undefined ? cols : (weight?.length ?? bias?.length ?? length);
  if (length > MOST_ELEMENTS || !Number.isInteger(columns)) return undefined;
  const rows = length / columns;
  if (!Number.isInteger(rows) || rows < 1) return undefined;
  const core = coreOf(engine === undefined ? defaultEngine() : engine) as Core | undefined;
  if (core === undefined || core.arena.disposed) return undefined;
  const { arena } = core;
  const to = out?.buffer;
  if (out !== x && !isApart(x, length, arena, to)) return undefined;
  if (!isApart(out, length, arena) || !isApart(weight, columns, arena, to) || !isApart(bias, columns, arena, to)) {
    return undefined;
  }
  const kernel = core.kernel(op.name, op, "f32");
  const bytes = 4 * (length + 2 * columns);
  arena.reserveTemporaries(op.name, 1, bytes);
  const at = arena.temporary(bytes);
  arena.unwind(); // nothing else is asked of the arena until the end
  const { f32 } = arena;
  const start = at >>> 2;
  f32.set(x, start);
  if (weight !== undefined) f32.set(weight, start + length);
  if (bias !== undefined) f32.set(bias, start + length + columns);
  const w = at + 4 * length;
  const b = w + 4 * columns;
  run(kernel, at, weight === undefined ? 0 : w, bias === undefined ? 0 : b, rows, columns, eps, weightOffset);
  if (out === undefined) return f32.slice(start, start + length);
  out.set(viewFor(callOf(core).plain, arena, "f32", at, length));
  return out;
}

function isPlain(value: unknown): value is Float32Array | undefined {
  return value === undefined || value instanceof Float32Array;
}

/** Is an operand absent, or of so many numbers that lie neither in the engine's memory nor in another buffer? */
function isApart(value: Float32Array | undefined, length: number, arena: Arena, other?: ArrayBufferLike): boolean {
  if (value === undefined) return true;
  const { buffer } = value;
  return value.length === length && buffer !== other && !arena.owns(buffer);
}
