import { type ElementType, fromBits, toBits } from "../../bindings/reference/round.js";

export type { ElementType, HalfType } from "../../bindings/reference/round.js";

/** Numbers rounded into the typed array of an element type: bit patterns for f16 and bf16. */
export function encode(dtype: "f32", values: ArrayLike<number>): Float32Array<ArrayBuffer>;
export function encode(dtype: "f64", values: ArrayLike<number>): Float64Array<ArrayBuffer>;
export function encode(dtype: "f16" | "bf16", values: ArrayLike<number>): Uint16Array<ArrayBuffer>;
export function encode(
  dtype: "f32" | "f64",
  values: ArrayLike<number>,
): Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
export function encode(
  dtype: ElementType,
  values: ArrayLike<number>,
): Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
export function encode(dtype: ElementType, values: ArrayLike<number>) {
  if (dtype === "f32") return Float32Array.from(values);
  if (dtype === "f64") return Float64Array.from(values);
  return Uint16Array.from(values, (value) => toBits(dtype, value));
}

/** The numbers that the typed array of an element type stands for. */
export function decode(dtype: ElementType, array: ArrayLike<number>): Float64Array<ArrayBuffer> {
  if (dtype === "f32" || dtype === "f64") return Float64Array.from(array);
  return Float64Array.from(array, (bits) => fromBits(dtype, bits));
}
