/** The upper half of a double's bits: sign, exponent, and the first 20 bits of the fraction. */
export function upperWord(value: number): number {
  one[0] = value;
  return words[1];
}

const one = new Float64Array(1);
const words = new Uint32Array(one.buffer);
