/** The element types: IEEE binary32, binary64 and binary16, and bfloat16. */
export type DType = "f32" | "f64" | "f16" | "bf16";
export type HalfType = "f16" | "bf16";

// A call's result lies in an ArrayBuffer of its own. From TypeScript 5.7 on, an array's type names its buffer's type, and
// the result of `of` has the right one. Before 5.7 it is the plain array type.
type F32 = ReturnType<Float32ArrayConstructor["of"]>;
type F64 = ReturnType<Float64ArrayConstructor["of"]>;
type U16 = ReturnType<Uint16ArrayConstructor["of"]>;

/** Float16Array, where the TypeScript library has it; else never. */
export type Float16 = typeof globalThis extends { Float16Array: { prototype: infer T } } ? T : never;

/** The typed arrays that ops take: f32, f64, the bits of f16 or bf16, and f16. */
export type TypedArray = Float32Array | Float64Array | Uint16Array | Float16;

/** The typed array that holds elements of a type. For f16 and bf16 these are their bits. */
export type ArrayOf<D extends DType> = D extends "f32" ? F32 : D extends "f64" ? F64 : U16;

/** The array that a call makes for one that was given: of the same kind, whatever class and buffer that has. */
export type Copy<X> = X extends Float32Array
  ? F32
  : X extends Float64Array
    ? F64
    : X extends Uint16Array
      ? U16
      : Float16;

/** Bytes of one element. */
export const BYTES: Readonly<Record<DType, number>> = { f32: 4, f64: 8, f16: 2, bf16: 2 };

export const dtypes: readonly DType[] = ["f32", "f64", "f16", "bf16"];
export const DTYPES = '"f32", "f64", "f16" or "bf16"';

export function isDType(value: unknown): value is DType {
  return dtypes.includes(value as DType);
}

export function isHalf(dtype: DType): dtype is HalfType {
  return dtype === "f16" || dtype === "bf16";
}

/** The element type of means, other results per row, weights and directions that go with x's. */
export function wideOf(dtype: DType): "f32" | "f64" {
  return dtype === "f64" ? "f64" : "f32";
}

/** The kind of a typed array of any realm (frame, vm context), such as "Float32Array"; undefined for other values. */
export const kindOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
  ?.get as unknown as { call(value: unknown): string | undefined };

/** The element type of an array; "bits" for a Uint16Array, which may hold f16 or bf16; undefined for what is no operand. */
export function storageOf(value: unknown): "f32" | "f64" | "f16" | "bits" | undefined {
  if (value instanceof Float32Array) return "f32";
  switch (kindOf.call(value)) {
    case "Float32Array":
      return "f32";
    case "Float64Array":
      return "f64";
    case "Uint16Array":
      return "bits";
    case "Float16Array":
      return "f16";
    default:
      return undefined;
  }
}

/** Elements in a buffer, as an array of their element type. */
export function viewOf<D extends DType>(buffer: ArrayBufferLike, dtype: D, start: number, length: number): ArrayOf<D> {
  // f32 by name: V8 takes half the time for a constructor that it knows
  if (dtype === "f32") return new Float32Array(buffer as ArrayBuffer, start, length) as ArrayOf<D>;
  const View = dtype === "f64" ? Float64Array : Uint16Array;
  return new View(buffer as ArrayBuffer, start, length) as ArrayOf<D>;
}

/** A new array of an element type. */
export function newArray<D extends DType>(dtype: D, length: number): ArrayOf<D> {
  const Elements = dtype === "f32" ? Float32Array : dtype === "f64" ? Float64Array : Uint16Array;
  return new Elements(length) as ArrayOf<D>;
}

const f64 = new Float64Array(1);
const u64 = new BigUint64Array(f64.buffer);

/** The bits of the half nearest to x, rounded once, ties to even. A NaN gives a quiet NaN. */
export function toHalf(dtype: HalfType, x: number): number {
  const [bits, bias, least] = dtype === "f16" ? [10, 15, -14] : [7, 127, -126];
  const infinity = dtype === "f16" ? 0x7c00 : 0x7f80;
  f64[0] = x;
  const sign = Number(u64[0] >> 63n) << 15;
  if (Number.isNaN(x)) return sign | infinity | (1 << (bits - 1));
  const a = Math.abs(x);
  if (a === 0) return sign;
  if (a === Number.POSITIVE_INFINITY) return sign | infinity;
  // in units of the last place, which is exact in f64; then rounded to even. A carry goes into the exponent, as it should
  const exponent = Math.max(Number((u64[0] >> 52n) & 0x7ffn) - 1023, least);
  const scaled = a * 2 ** (bits - exponent);
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const units = floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
  return sign | Math.min(infinity, units + (exponent + bias - 1) * 2 ** bits);
}

/** The number that a half's bits stand for. */
export function fromHalf(dtype: HalfType, half: number): number {
  const [bits, bias, least] = dtype === "f16" ? [10, 15, -14] : [7, 127, -126];
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half & 0x7fff) >> bits;
  const fraction = half & ((1 << bits) - 1);
  if (exponent === 2 * bias + 1) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  const units = exponent ? fraction + (1 << bits) : fraction;
  return sign * units * 2 ** (Math.max(exponent - bias, least) - bits);
}
