import type { Core } from "../engine/core.js";
import { type Place, placeOf, type Tensor } from "../memory/tensor.js";
import type { Kernel, Op } from "./op.js";

/**
 * The place of x in a call that needs no staging. In such a call x, out, weight and bias are live, dense Tensors of one
 * engine with the right element types and shapes; out is x, or shares no memory with another operand; and no other options
 * are given but eps and `more`. For every other call, right or wrong, it is undefined: `Call` then does what is needed, or says what is
 * wrong.
 *
 * The caller has read each option, once: a getter might say something else the next time.
 */
export function residentPlace(
  x: unknown,
  out: unknown,
  weight: unknown,
  bias: unknown,
  options: object,
  more: number,
): Place | undefined {
  const from = placeOf(x);
  if (from?.layout === undefined || !from.live) return undefined;
  const to = placeOf(out);
  if (to?.layout !== from.layout || !to.live) return undefined;
  if (to.block === from.block && to.start !== from.start) return undefined;
  if (weight !== undefined && !isParameter(placeOf(weight), from, to)) return undefined;
  if (bias !== undefined && !isParameter(placeOf(bias), from, to)) return undefined;
  return hasOnly(options, more) ? from : undefined;
}

/** What a norm's short way may have beside out, weight, bias and eps: weightOffset, */
export const OFFSET = 1;
/** residual, sum and linearBias, */
export const FUSED = 2;
/** cols, dtype and engine. */
export const COMMON = 4;

/**
 * Are options a plain object without others than a norm's out, weight, bias, eps and `more`? To count them is not enough: one that cannot be
 * enumerated, and yet is read, would let an unknown one pass. A function or a list of names that differs from op to op takes a quarter
 * of LayerNorm 1×64 on Tensors, once several ops have been called; comparisons take a twentieth of it.
 */
export function hasOnly(options: object, more: number): boolean {
  if (!isPlainObject(options)) return false;
  for (const name in options) {
    if (name === "out" || name === "weight" || name === "bias" || name === "eps") continue;
    if ((bitOf(name) & more) === 0) return false;
  }
  return true;
}

function bitOf(name: string): number {
  if (name === "weightOffset") return OFFSET;
  if (name === "residual" || name === "sum" || name === "linearBias") return FUSED;
  return name === "cols" || name === "dtype" || name === "engine" ? COMMON : 0;
}

/** The same of a projection's out and bias. */
export function hasOnlyOutAndBias(options: object): boolean {
  if (!isPlainObject(options)) return false;
  for (const name in options) if (name !== "out" && name !== "bias") return false;
  return true;
}

function isPlainObject(options: object): boolean {
  // to ask for the prototype takes a tenth of LayerNorm 1×64 on Tensors
  return typeof options === "object" && options !== null && options.constructor === Object;
}

function isParameter(place: Place | undefined, x: Place, out: Place): boolean {
  return place !== undefined && place.layout === x.layout?.parameter && place.live && place.block !== out.block;
}

/** The kernel of such a call. */
export function residentKernel<K extends Kernel>(op: Op<K>, place: Place): K {
  return (place.owner as Core).kernel(op.name, op, place.dtype, place);
}

/** The address of an operand of such a call; 0 for an absent one. */
export function startOf(operand: unknown): number {
  return operand === undefined ? 0 : (operand as Tensor).place.start;
}
