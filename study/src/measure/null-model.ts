/**
 * The null: random directions. In high dimension any direction is nearly orthogonal to the uniform vector, so "close to
 * 90°" says nothing until it is held against what chance gives. For directions drawn evenly from the sphere in ℝᵈ,
 * cos θ has variance exactly 1/d and is very nearly normal, hence, with one radian = 57.3°:
 *
 *   θ = 90° with sd 57.3°/√d,   mean |90° − θ| = √(2/π) · sd ≈ 0.80 sd,   mean d·cos²θ = 1
 *
 * (5.06° and 4.04° at d = 128, where integrating over the sphere gives 5.08° and 4.06°.)
 */
export const degrees = 180 / Math.PI;

/** The standard deviation of a random direction's angle to the uniform vector, in degrees. */
export function chanceSd(cols: number): number {
  return degrees / Math.sqrt(cols);
}

/** The mean |90° − θ| of random directions, in degrees. */
export function chanceTilt(cols: number): number {
  return Math.sqrt(2 / Math.PI) * chanceSd(cols);
}
