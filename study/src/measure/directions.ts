/** Random directions with which the uniform vector is compared. */

/** Below so many dimensions there are too few vectors of ±1: eight directions at d = 4, of which the uniform vector is one. */
const fewestSigns = 16;

/**
 * A source of random directions, the same ones in every run. They are vectors of ±1, which spread over all dimensions just as the
 * uniform vector does; in few dimensions, normal vectors, which spread evenly over the sphere.
 */
export function randomDirections(cols: number): () => Float64Array {
  const next = xorshift();
  const element = cols < fewestSigns ? () => normal(next) : () => (next() < 0 ? -1 : 1);
  return () => new Float64Array(cols).map(element);
}

/** Integers of 32 bits. Source: G. Marsaglia, Xorshift RNGs, 2003. */
function xorshift(): () => number {
  let state = 0x2545f491;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  };
}

/** Source: Box and Muller, A Note on the Generation of Random Normal Deviates, 1958. */
function normal(next: () => number): number {
  const uniform = () => ((next() >>> 0) + 0.5) / 2 ** 32;
  return Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
