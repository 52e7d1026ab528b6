/**
 * Quantiles of Student's t distribution, for ν degrees of freedom that need not be a whole number. √(d − 1)·cot θ of a random direction
 * in d dimensions is such a t, of d − 1 degrees.
 *
 * With a = ν/2, y = t²/(ν + t²) and x = 1 − y, the probability of a larger t is half of the incomplete beta function:
 *
 *   P(T > t) = ½ Iₓ(a, ½) = ½ xᵃ √y g(ν + 1)·K
 *
 * where g(ν + 1) = Γ(a + ½)/(√π Γ(a + 1)) is the mean |cos θ| of random directions in ν + 1 dimensions, and K the continued fraction of
 * that function. From x and K alone follows how steeply it falls: d log P/d log t = −ν/K.
 *
 * Source: NIST Digital Library of Mathematical Functions, 8.17.22 and 8.17.23.
 */
import { degrees, meanAbsCosine } from "./null-model.js";

/**
 * The t that is exceeded with this probability.
 *
 * @param probability above 0 and at most 0.1: the fraction has all digits for those t
 * @param freedom ν, 1 or more
 */
export function studentBeyond(probability: number, freedom: number): number {
  const wanted = Math.log(probability);
  // Against log t, log P is concave and falls. So after one step Newton's method lies above the root, and from there it cannot miss.
  let logT = Math.log(-2 * Math.log(probability)) / 2;
  for (let step = 0; step < 100; step++) {
    const t = Math.exp(logT);
    const ratio = (t * t) / freedom;
    const y = ratio / (1 + ratio);
    const fraction = betaFraction(freedom / 2, y, 1 / (1 + ratio));
    const factor = (Math.sqrt(y) * meanAbsCosine(freedom + 1) * fraction) / 2;
    // The power xᵃ stays a logarithm: on the way it may leave the range of doubles.
    const logP = Math.log(factor) - (freedom / 2) * Math.log1p(ratio);
    const change = ((logP - wanted) * fraction) / freedom;
    logT += change;
    if (Math.abs(change) < 1e-14) break;
  }
  return Math.exp(logT);
}

/**
 * The |90° − θ| beyond which one random direction lies with this probability, in degrees.
 *
 * @param probability above 0 and at most 0.2
 * @param cols d, 2 or more
 */
export function chanceTiltBeyond(probability: number, cols: number): number {
  return degrees * Math.atan(studentBeyond(probability / 2, cols - 1) / Math.sqrt(cols - 1));
}

/** So many steps give all digits at the smallest t, 1.28, and more than enough at larger ones. */
const steps = 128;

/**
 * K = 1/(1 + d₁/(1 + d₂/(1 + …))), two steps taken at a time and from the end:
 *
 *   K = 1/(B₀ − d₁d₂/(B₁ − d₃d₄/(B₂ − …)))   with Bₘ = 1 + d₂ₘ + d₂ₘ₊₁
 *
 * Where a is large, Bₘ is about as small as y. So it is written with what it is at y = 0, and no digit is lost.
 */
function betaFraction(a: number, y: number, x: number): number {
  let rest = 0;
  for (let m = steps; m > 0; m--) rest = (odd(a, m - 1) * even(a, m) * x * x) / (both(a, m, y) - rest);
  return 1 / (both(a, 0, y) - rest);
}

/** −d₂ₘ₊₁/x */
function odd(a: number, m: number): number {
  return ((a + m) * (a + m + 0.5)) / ((a + 2 * m) * (a + 2 * m + 1));
}

/** −d₂ₘ/x */
function even(a: number, m: number): number {
  return m === 0 ? 0 : (m * (m - 0.5)) / ((a + 2 * m - 1) * (a + 2 * m));
}

/** Bₘ. Its first term is 1 − odd(a, m). */
function both(a: number, m: number, y: number): number {
  const oneLessOdd = ((2 * m + 0.5) * a + (3 * m + 1.5) * m) / ((a + 2 * m) * (a + 2 * m + 1));
  return oneLessOdd - even(a, m) + y * (odd(a, m) + even(a, m));
}
