/**
 * The null: random directions. In high dimension any direction is nearly orthogonal to the uniform vector, so "close to
 * 90°" says nothing until it is held against what chance gives.
 *
 * For a direction drawn evenly from the sphere in ℝᵈ, the tilt φ = 90° − θ has a density ∝ cos^{d−2} φ over (−90°, 90°); at
 * d = 1 it is 90° or −90°. Hence, in radians and with g(d) = E|cos θ| = Γ(d/2)/(√π Γ((d+1)/2)),
 *
 *   var θ  = E φ² = ψ′(d/2)/2                              ψ′ is the trigamma function
 *   E|φ|   = g(d)/d + g(d+2)/(d+2) + g(d+4)/(d+4) + …
 *
 * and E d·cos²θ = 1. The first is asin² as a power series with E cos^{2k} θ = (1/2)ₖ/(d/2)ₖ, the second the recurrence of
 * ∫ φ cosⁿ φ dφ by parts. For large d they are 1/d and √(2/(πd)): the normal distribution's.
 *
 * Source: NIST Digital Library of Mathematical Functions, 5.15 (ψ′) and 5.11 (Γ).
 */
export const degrees = 180 / Math.PI;

/** From this d on, the asymptotic series are exact to the last digits of a double. Smaller ones are reached by recurrence. */
const large = 200;

/** The standard deviation of a random direction's angle to the uniform vector, in degrees. */
export function chanceSd(cols: number): number {
  return degrees * Math.sqrt(trigamma(cols / 2) / 2);
}

/** The mean |90° − θ| of random directions, in degrees. */
export function chanceTilt(cols: number): number {
  const steps = Math.max(0, Math.ceil((large - cols) / 2));
  let d = cols + 2 * steps;
  let g = meanAbsCosineOfLarge(d);
  let sum = g * tail(d);
  while (d > cols) {
    d -= 2;
    g *= (d + 1) / d;
    sum += g / d;
  }
  return degrees * sum;
}

/** ψ′(x), for x above 0: stepped up by ψ′(x) = ψ′(x + 1) + 1/x² to where the asymptotic series holds. */
function trigamma(x: number): number {
  let sum = 0;
  for (; x < large / 2; x++) sum += 1 / (x * x);
  const y = 1 / (x * x);
  return sum + 1 / x + y / 2 + (y / x) * (1 / 6 - y * (1 / 30 - y * (1 / 42 - y / 30)));
}

/** g(d) = E|cos θ|, of any d above 0. */
export function meanAbsCosine(d: number): number {
  let factor = 1;
  for (; d < large; d += 2) factor *= (d + 1) / d;
  return factor * meanAbsCosineOfLarge(d);
}

/** g(d) for a large d, from the asymptotic series of Γ(x + 1/2)/Γ(x) at x = d/2. */
function meanAbsCosineOfLarge(d: number): number {
  const y = 2 / d;
  const ratio = 1 - y * (1 / 8 - y * (1 / 128 + y * (5 / 1024 - y * (21 / 32768 + y * (399 / 262144)))));
  return Math.sqrt(y / Math.PI) / ratio;
}

/**
 * (g(d)/d + g(d+2)/(d+2) + …)/g(d) for a large d, as the hypergeometric series ₃F₂(1/2, 1/2, 1; 3/2, (d+1)/2; 1): its terms fall
 * by a factor of about d, where those of the sum itself would fall like d^{−3/2}.
 */
function tail(d: number): number {
  let sum = 0;
  let term = 1;
  for (let k = 0; term > Number.EPSILON * sum; k++) {
    sum += term;
    term *= (k + 0.5) ** 2 / ((k + 1.5) * (k + (d + 1) / 2));
  }
  return sum;
}
