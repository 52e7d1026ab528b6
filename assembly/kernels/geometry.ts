import { Lanes, the } from "../lanes";
import { Statistics } from "./moments";
import { exponentFor, power } from "./range";
import { RMSNorm } from "./rmsnorm";
import { rest, scale, shift, variance } from "./scratch";
import { chain } from "./sums";

/**
 * geometry: where a row lies with respect to the uniform direction 1̂ = 1/√d, from LayerNorm's own statistics.
 *
 *   norm = ‖x‖ = √(d(σ² + μ²))    uniform = x·1̂ = μ√d    orthogonal = ‖x − (x·1̂)1̂‖ = σ√d
 *   cosine = μ/√(σ² + μ²)         angle = atan2(orthogonal, uniform)
 *
 * One pass over x, bytes an element: x once. The angle is good at 0, 90° and 180° alike, for atan2 has no bad places.
 * A row of zeros has no direction: cosine and angle are NaN. Source: arXiv 2409.12951 v2 eq. 2–7.
 */
export function geometry<L extends Lanes>(
  norms: usize, uniforms: usize, orthogonals: usize, cosines: usize, angles: usize, x: usize, rows: i32, cols: i32,
): void {
  const l = the<L>(), n = <f64>cols;
  for (let r = 0; r < rows; r++, x += <usize>cols * l.size) {
    the<Statistics<L>>().run(x, cols);
    const k = load<f64>(scale), m = load<f64>(shift) + load<f64>(rest), v = load<f64>(variance), rms = sqrt(v + m * m);
    l.storeLane(norms, l.splat(sqrt(n) * (rms / k)));
    l.storeLane(uniforms, l.splat(sqrt(n) * (m / k)));
    l.storeLane(orthogonals, l.splat(sqrt(n) * (sqrt(v) / k)));
    l.storeLane(cosines, l.splat(m / rms));
    l.storeLane(angles, l.splat(rms == 0 ? NaN : NativeMath.atan2(sqrt(v), m)));
    norms += l.lane; uniforms += l.lane; orthogonals += l.lane; cosines += l.lane; angles += l.lane;
  }
}

/**
 * angle: between a row of x and one of y, 2·atan2(‖x̂ − ŷ‖, ‖x̂ + ŷ‖), which unlike arccos keeps its digits near 0 and π.
 *
 * 1. Σx² and Σy², to unit length; where one has left its range, at a scale that brings it back.
 * 2. Σ(x̂ − ŷ)² and Σ(x̂ + ŷ)², from cache.
 *
 * y has P's lanes; nextY is 0 where y is one direction for all rows. A row of zeros has no direction: NaN.
 * Error: 5e-7 radians (f64: 1e-15). Source: W. Kahan, How Futile are Mindless Assessments of Roundoff, 2006, §12.
 */
export function angle<L extends Lanes, P extends Lanes>(angles: usize, x: usize, y: usize, nextY: usize, rows: i32, cols: i32): void {
  const l = the<L>(), p = the<P>();
  for (let r = 0; r < rows; r++, x += <usize>cols * l.size, y += nextY) {
    const pair = the<Differences<L, P>>().run(x, y, cols, p.splat(1), p.splat(0), p.splat(0), p.splat(1));
    let a = 1.0, b = 1.0, xx = p.sumOf(pair), yy = p.squaresOf(pair);
    if (!(xx > l.least && xx < l.most && yy > l.least && yy < l.most)) {
      a = power(exponentFor<L, RMSNorm<L>>(x, cols, xx));
      b = power(exponentFor<P, RMSNorm<P>>(y, cols, yy));
      const scaled = the<Differences<L, P>>().run(x, y, cols, p.splat(a), p.splat(0), p.splat(0), p.splat(b));
      xx = p.sumOf(scaled); yy = p.squaresOf(scaled);
    }
    const u = p.splat(a / sqrt(xx)), v = p.splat(b / sqrt(yy));
    const two = the<Differences<L, P>>().run(x, y, cols, u, p.mul(v, p.splat(-1)), u, v);
    const apart = sqrt(p.sumOf(two)), together = sqrt(p.squaresOf(two));
    l.storeLane(angles, l.splat(xx == 0 || yy == 0 ? NaN : 2 * NativeMath.atan2(apart, together)));
    angles += l.lane;
  }
}

/** Σ(a·x + b·y)² and Σ(c·x + d·y)², four vectors side by side. */
@unmanaged
class Differences<L extends Lanes, P extends Lanes> {
  run(x: usize, y: usize, cols: i32, a: v128, b: v128, c: v128, d: v128): v128 {
    const l = the<L>(), p = the<P>(), step = l.step, zero = p.splat(0);
    const tail = cols & (l.width - 1), end = x + <usize>(cols - tail) * l.size;
    let s = zero, q = zero, i = x, j = y;
    while (i < end) {
      let s0 = zero, s1 = zero, q0 = zero, q1 = zero;
      for (const stop = min(end, i + chain * step); i < stop; i += 2 * step, j += 2 * p.step) {
        const x0 = l.load(i), y0 = p.load(j);
        const e0 = p.add(p.mul(a, x0), p.mul(b, y0)), f0 = p.add(p.mul(c, x0), p.mul(d, y0));
        s0 = p.fma(e0, e0, s0); q0 = p.fma(f0, f0, q0);
        if (i + step >= stop) { i += step; j += p.step; break; }
        const x1 = l.load(i + step), y1 = p.load(j + p.step);
        const e1 = p.add(p.mul(a, x1), p.mul(b, y1)), f1 = p.add(p.mul(c, x1), p.mul(d, y1));
        s1 = p.fma(e1, e1, s1); q1 = p.fma(f1, f1, q1);
      }
      s = p.add(s, p.add(s0, s1)); q = p.add(q, p.add(q0, q1));
    }
    if (tail) {
      const x0 = l.loadPart(i, tail), y0 = p.loadPart(j, tail);
      const e = p.add(p.mul(a, x0), p.mul(b, y0)), f = p.add(p.mul(c, x0), p.mul(d, y0));
      s = p.fma(e, e, s); q = p.fma(f, f, q);
    }
    return p.pair(s, s, q);
  }
}
