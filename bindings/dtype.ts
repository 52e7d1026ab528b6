/** The element types: IEEE binary32, binary64 and binary16, and bfloat16. */
export type DType = "f32" | "f64" | "f16" | "bf16";

/** Float16Array, where the engine and the TypeScript library know it. */
export type Float16 = typeof globalThis extends { Float16Array: { prototype: infer T } } ? T : never;

/** What a plain array of an element type is: f32, f64, the bits of f16 or bf16, f16. */
export type TypedArray = Float32Array | Float64Array | Uint16Array | Float16;

/** Bytes of one element. */
export const BYTES: Record<DType, number> = { f32: 4, f64: 8, f16: 2, bf16: 2 };

interface ArrayLikeConstructor {
  new (length: number): TypedArray;
}
const Float16Constructor = (globalThis as { Float16Array?: ArrayLikeConstructor }).Float16Array;

/** Is it a Float16Array? */
export function isFloat16(value: unknown): value is Float16 {
  return Float16Constructor !== undefined && value instanceof Float16Constructor;
}

export function isTypedArray(value: unknown): value is TypedArray {
  return (
    value instanceof Float32Array || value instanceof Float64Array || value instanceof Uint16Array || isFloat16(value)
  );
}

/** The element type an array has by itself; none for the bits in a Uint16Array, which may be either half. */
export function dtypeOf(array: TypedArray): DType | undefined {
  if (array instanceof Float32Array) return "f32";
  if (array instanceof Float64Array) return "f64";
  return array instanceof Uint16Array ? undefined : "f16";
}

/** The element type of means, other per-row results, weights and directions that go with x's. */
export function wideOf(dtype: DType): "f32" | "f64" {
  return dtype === "f64" ? "f64" : "f32";
}

const f64 = new Float64Array(1);
const u64 = new BigUint64Array(f64.buffer);

/** The bits of the half nearest to x, ties to even: one rounding, from f64. A NaN gives a quiet NaN. */
export function toHalf(dtype: "f16" | "bf16", x: number): number {
  const [bits, bias, least] = dtype === "f16" ? [10, 15, -14] : [7, 127, -126];
  const infinity = dtype === "f16" ? 0x7c00 : 0x7f80;
  f64[0] = x;
  const sign = Number(u64[0] >> 63n) << 15;
  if (Number.isNaN(x)) return sign | infinity | (1 << (bits - 1));
  const a = Math.abs(x);
  if (a === 0) return sign;
  if (a === Number.POSITIVE_INFINITY) return sign | infinity;
  // in units of the last place, an exact number of f64, rounded to even; a carry runs into the exponent as it should
  const exponent = Math.max(Number((u64[0] >> 52n) & 0x7ffn) - 1023, least);
  const scaled = a * 2 ** (bits - exponent);
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const units = floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
  return sign | Math.min(infinity, units + (exponent + bias - 1) * 2 ** bits);
}

/** The number a half's bits stand for. */
export function fromHalf(dtype: "f16" | "bf16", half: number): number {
  const [bits, bias, least] = dtype === "f16" ? [10, 15, -14] : [7, 127, -126];
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half & 0x7fff) >> bits;
  const fraction = half & ((1 << bits) - 1);
  if (exponent === 2 * bias + 1) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  const units = exponent ? fraction + (1 << bits) : fraction;
  return sign * units * 2 ** (Math.max(exponent - bias, least) - bits);
}
