/** Uniform numbers in [0, 1) from a 32-bit seed: mulberry32, small and the same on every machine. */
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

/** `n` normal deviates of the given mean and standard deviation (Box and Muller). */
export function normals(n: number, mean = 0, sd = 1, seed = 1): Float64Array {
  const uniform = uniforms(seed);
  return Float64Array.from({ length: n }, () => {
    // 1 − u lies in (0, 1], where the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    return mean + sd * radius * Math.cos(2 * Math.PI * uniform());
  });
}
