/** The element types of the engine. */
export type ElementType = "f32" | "f64" | "f16" | "bf16";

/** The element types of two bytes, stored as bit patterns. */
export type HalfType = "f16" | "bf16";

/** The formats: a sign, an exponent field, a fraction. `minExponent` is the exponent of the smallest normal number. */
const layouts = {
  f16: { fractionBits: 10, minExponent: -14, infinity: 0x7c00, nan: 0x7e00 },
  bf16: { fractionBits: 7, minExponent: -126, infinity: 0x7f80, nan: 0x7fc0 },
} as const;

/**
 * The bit pattern of the f16 or bf16 number nearest to `value`, ties to even.
 *
 * bits = sign · 2^15 + (e − minExponent) · 2^fractionBits + round(|value| / 2^(e − fractionBits)).
 *
 * It is rounded once, from f64: rounding to f32 on the way would turn some near-ties into ties. Subnormals are kept, what
 * overflows becomes infinity, and NaN becomes the quiet NaN without a payload.
 *
 * Source: IEEE 754-2019, §3.4 and §4.3.1.
 */
export function toBits(dtype: HalfType, value: number): number {
  const { fractionBits, minExponent, infinity, nan } = layouts[dtype];
  if (Number.isNaN(value)) return nan;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return sign + infinity;
  const exponent = Math.max(exponentOf(magnitude), minExponent);
  // In units in the last place: dividing by a power of two is exact. A normal number has at least 2^fractionBits units, and
  // that leading 1 adds one to the exponent field; a subnormal has fewer and leaves the field 0. Rounding up to the next power
  // of two carries into the field by itself.
  const units = roundHalfEven(magnitude / 2 ** (exponent - fractionBits));
  return sign + Math.min((exponent - minExponent) * 2 ** fractionBits + units, infinity);
}

/**
 * The number that an f16 or bf16 bit pattern stands for, which is exact.
 *
 * value = ±(1 + fraction/2^fractionBits) · 2^e, subnormal ±fraction/2^fractionBits · 2^minExponent.
 *
 * Source: IEEE 754-2019, §3.4.
 */
export function fromBits(dtype: HalfType, bits: number): number {
  const { fractionBits, minExponent, infinity } = layouts[dtype];
  const sign = bits & 0x8000 ? -1 : 1;
  const magnitude = bits & 0x7fff;
  if (magnitude > infinity) return Number.NaN;
  if (magnitude === infinity) return sign * Number.POSITIVE_INFINITY;
  const field = magnitude >> fractionBits;
  const fraction = (magnitude - field * 2 ** fractionBits) / 2 ** fractionBits;
  if (field === 0) return sign * fraction * 2 ** minExponent;
  return sign * (1 + fraction) * 2 ** (field - 1 + minExponent);
}

/** `value` rounded to an element type, to nearest and ties to even, as a number. */
export function roundTo(dtype: ElementType, value: number): number {
  if (dtype === "f64") return value;
  if (dtype === "f32") return Math.fround(value);
  return fromBits(dtype, toBits(dtype, value));
}

const view = new DataView(new ArrayBuffer(8));

/** The exponent e of a magnitude in [2^e, 2^(e+1)), read from its bits; −1023 for 0 and f64's own subnormals. */
function exponentOf(magnitude: number): number {
  view.setFloat64(0, magnitude);
  return (view.getUint16(0) >> 4) - 1023;
}

function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
