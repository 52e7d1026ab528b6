/** f16 and bf16 for the contestants in JavaScript, fast: a table one way, integer arithmetic the other. */
import { fromBits } from "../bindings/reference/index.js";

export type HalfType = "f16" | "bf16";

const tables: Partial<Record<HalfType, Float32Array>> = {};
const single = new Float32Array(1);
const word = new Uint32Array(single.buffer);

/** Bits to numbers. */
export function decode(dtype: HalfType, bits: Uint16Array, numbers: Float32Array): void {
  tables[dtype] ??= Float32Array.from({ length: 65536 }, (_, i) => fromBits(dtype, i));
  const table = tables[dtype];
  for (let i = 0; i < bits.length; i++) numbers[i] = table[bits[i]];
}

/** Finite numbers to bits, to nearest, ties to even. */
export function encode(dtype: HalfType, numbers: Float32Array, bits: Uint16Array): void {
  if (dtype === "bf16") {
    for (let i = 0; i < bits.length; i++) {
      single[0] = numbers[i];
      bits[i] = (word[0] + 0x7fff + ((word[0] >>> 16) & 1)) >>> 16;
    }
    return;
  }
  for (let i = 0; i < bits.length; i++) {
    single[0] = numbers[i];
    const sign = (word[0] >>> 16) & 0x8000;
    const magnitude = word[0] & 0x7fffffff;
    if (magnitude >= 0x477ff000) bits[i] = sign | 0x7c00;
    else if (magnitude >= 0x38800000)
      bits[i] = sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
    else {
      // subnormal: added to 1/2, its bits come to lie at the end, rounded by the addition
      single[0] = Math.abs(numbers[i]) + 0.5;
      bits[i] = sign | (word[0] - 0x3f000000);
    }
  }
}
