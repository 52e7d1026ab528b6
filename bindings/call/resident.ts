import type { Core } from "../engine/core.js";
import { type Place, placeOf, type Tensor } from "../memory/tensor.js";
import type { Kernel, Op } from "./op.js";

/**
 * The place of x in a call that needs no staging. In such a call x, out, weight and bias are live, dense Tensors of one
 * engine with the right element types and shapes; out is x, or shares no memory with another operand; and no other options
 * are given but `scalars` numbers. For every other call, right or wrong, it is undefined: `Call` then does what is needed,
 * or says what is wrong.
 *
 * The caller has read each option, once: a getter might say something else the next time.
 */
export function residentPlace(
  x: unknown,
  out: unknown,
  weight: unknown,
  bias: unknown,
  options: object,
  scalars: number,
): Place | undefined {
  const from = placeOf(x);
  if (from?.layout === undefined || !from.live) return undefined;
  const to = placeOf(out);
  if (to?.layout !== from.layout || !to.live) return undefined;
  if (to.block === from.block && to.start !== from.start) return undefined;
  let names = 1 + scalars;
  if (weight !== undefined) {
    if (!isParameter(placeOf(weight), from, to)) return undefined;
    names++;
  }
  if (bias !== undefined) {
    if (!isParameter(placeOf(bias), from, to)) return undefined;
    names++;
  }
  return onlyNames(options, names) ? from : undefined;
}

/** Are options a plain object of so many names? To compare each of them with the op's options would take 60 ns. */
export function onlyNames(options: object, names: number): boolean {
  if (typeof options !== "object" || options === null || options.constructor !== Object) return false;
  for (const _ in options) names--;
  return names === 0;
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

/** How many options a value is: 1 if it is given, else 0. */
export function given(option: unknown): number {
  return option === undefined ? 0 : 1;
}
