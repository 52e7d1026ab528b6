/** Numbers that are the same in every run and on every machine. */

/** Uniform numbers in [0, 1) from a 32-bit seed: mulberry32. */
export function uniforms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One number of N(0, 1), by Box and Muller, from two uniform ones. */
export function normal(uniform: () => number): number {
  // 1 − u lies in (0, 1], where the logarithm is finite
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
