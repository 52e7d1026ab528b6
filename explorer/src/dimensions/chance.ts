/**
 * Random directions, exactly. Of a direction drawn evenly from the sphere in ℝᵈ, the angle θ to any fixed vector, such as the
 * uniform one, has the density
 *
 *   f(θ) = sin^{d−2} θ · Γ(d/2) / (√π Γ((d−1)/2))
 *
 * over 0 … π. The factor is 1/(π g(d−1)), where g is `meanAbsCosine`, which is exact to the last digits for every d.
 */
import { meanAbsCosine } from "@orthonorm/study";

const perDegree = Math.PI / 180;

/** The factor of the d that was asked for last: a figure asks for hundreds of angles of one d. */
let held = { d: Number.NaN, factor: 0 };

function factorOf(d: number): number {
  if (held.d !== d) held = { d, factor: perDegree / (Math.PI * meanAbsCosine(d - 1)) };
  return held.factor;
}

/** f(θ) per degree, for d of 3 and more. @param theta in degrees */
export function density(d: number, theta: number): number {
  const off = Math.cos(theta * perDegree);
  // ln sin θ, which near 90° is far smaller than what is lost in rounding sin θ
  const logSine = Math.log1p(-off * off) / 2;
  return Math.exp((d - 2) * logSine) * factorOf(d);
}

/** So many intervals, and so many times 1/√d on either side of 90°: more of either changes no digit that is shown. */
const intervals = 400;
const reach = 12;

/**
 * The mean over random directions of what is a function of |90° − θ|, by Simpson's rule.
 *
 * @param of of |90° − θ| in degrees
 */
export function expected(d: number, of: (tilt: number) => number): number {
  const end = Math.min(90, reach / Math.sqrt(d) / perDegree);
  const step = end / intervals;
  let sum = 0;
  for (let i = 0; i <= intervals; i++) {
    const factor = i === 0 || i === intervals ? 1 : i % 2 === 1 ? 4 : 2;
    sum += factor * density(d, 90 - i * step) * of(i * step);
  }
  // as much on either side of 90°
  return (2 * sum * step) / 3;
}

/** How far LayerNorm(x) and RMSNorm(x) are apart as a share of their length, √d, by the angle alone. @param tilt in degrees */
export const apartAt = (tilt: number) => 2 * Math.sin((tilt * perDegree) / 2);

/** The inverse. @returns degrees */
export const tiltOf = (apart: number) => (2 * Math.asin(apart / 2)) / perDegree;
