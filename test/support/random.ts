import { uniforms } from "../../bench/random.js";

export { uniforms };

/** `n` normal deviates of the given mean and standard deviation (Box and Muller). */
export function normals(n: number, mean = 0, sd = 1, seed = 1): Float64Array {
  const uniform = uniforms(seed);
  return Float64Array.from({ length: n }, () => {
    // 1 − u lies in (0, 1], where the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    return mean + sd * radius * Math.cos(2 * Math.PI * uniform());
  });
}
