import type { Core } from "../engine/core.js";
import { type Place, placeOf, type Tensor } from "../memory/tensor.js";
import type { Kernel, Op } from "./op.js";

/**
 * The place of x in a call that needs no staging. In such a call x, out, weight and bias are live, dense Tensors of one
 * engine with the right element types and shapes; out is x, or shares no memory with another operand; and no other options
 * are given but those of which `isOwn` tells the names. For every other call, right or wrong, it is undefined: `Call` then
 * does what is needed, or says what is wrong.
 *
 * The caller has read each option, once: a getter might say something else the next time.
 */
export function residentPlace(
  x: unknown,
  out: unknown,
  weight: unknown,
  bias: unknown,
  options: object,
  isOwn: IsOwn,
): Place | undefined {
  const from = placeOf(x);
  if (from?.layout === undefined || !from.live) return undefined;
  const to = placeOf(out);
  if (to?.layout !== from.layout || !to.live) return undefined;
  if (to.block === from.block && to.start !== from.start) return undefined;
  if (weight !== undefined && !isParameter(placeOf(weight), from, to)) return undefined;
  if (bias !== undefined && !isParameter(placeOf(bias), from, to)) return undefined;
  return hasOnly(options, isOwn) ? from : undefined;
}

/** Is it the name of an option that a short way knows? Comparisons, for a list takes longer to search than a row of 64 to normalise. */
export type IsOwn = (name: string) => boolean;

/**
 * Are options a plain object without other names? To count them is not enough: one that cannot be enumerated, and yet is read, would let
 * an unknown one pass.
 *
 * @param common whether the names that all ops have may be there too
 */
export function hasOnly(options: object, isOwn: IsOwn, common = false): boolean {
  // to ask for the prototype takes a tenth of LayerNorm 1×64 on Tensors
  if (typeof options !== "object" || options === null || options.constructor !== Object) return false;
  for (const name in options) {
    if (isOwn(name)) continue;
    if (!common || (name !== "cols" && name !== "dtype" && name !== "engine")) return false;
  }
  return true;
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
