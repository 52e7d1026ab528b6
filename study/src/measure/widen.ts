/**
 * 16-bit floats as f32. Every f16 and bf16 value is an f32 value, so widening is exact: the figures are then those of the
 * states themselves, and the engine's error and the swap are not buried under the rounding of a 16-bit result.
 */

/** The f32 value of each of the 65536 bit patterns of f16. */
let f16Values: Float32Array | null = null;

export function widenF16(from: Uint16Array, into: Float32Array): void {
  f16Values ??= Float32Array.from({ length: 65536 }, (_, bits) => f16(bits));
  for (let i = 0; i < from.length; i++) into[i] = f16Values[from[i]];
}

/** bf16 is the upper half of an f32. */
export function widenBf16(from: Uint16Array, into: Float32Array): void {
  const bits = new Uint32Array(into.buffer, into.byteOffset, into.length);
  for (let i = 0; i < from.length; i++) bits[i] = from[i] << 16;
}

function f16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
