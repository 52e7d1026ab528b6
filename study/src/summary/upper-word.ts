/** The upper 32 bits of a double: its sign, its exponent, and the first 20 bits of its fraction. */
export function upperWord(value: number): number {
  one[0] = value;
  return words[1];
}

const one = new Float64Array(1);
const words = new Uint32Array(one.buffer);
