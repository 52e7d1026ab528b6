import { Lanes, the } from "../lanes";
import { Statistics } from "./moments";
import { exponentFor, power } from "./range";
import { RMSNorm } from "./rmsnorm";
import { rest, scale, shift, variance } from "./scratch";

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
    l.storeLane(norms, l.splat(sqrt(n) * rms / k));
    l.storeLane(uniforms, l.splat(sqrt(n) * m / k));
    l.storeLane(orthogonals, l.splat(sqrt(n) * sqrt(v) / k));
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
  const l = the<L>(), p = the<P>(), d = the<Differences<L, P>>(), zero = p.splat(0), one = p.splat(1);
  for (let r = 0; r < rows; r++, x += <usize>cols * l.size, y += nextY) {
    let a = one, b = one, pair = d.run(x, y, cols, a, b, one, zero, zero, one), xx = p.sumOf(pair), yy = p.squaresOf(pair);
    if (!(xx > l.least && xx < l.most && yy > l.least && yy < l.most)) {
      a = p.splat(power(exponentFor<L, RMSNorm<L>>(x, cols, xx)));
      b = p.splat(power(exponentFor<P, RMSNorm<P>>(y, cols, yy)));
      pair = d.run(x, y, cols, a, b, one, zero, zero, one);
      xx = p.sumOf(pair); yy = p.squaresOf(pair);
    }
    const u = p.splat(1 / sqrt(xx)), v = p.splat(1 / sqrt(yy));
    pair = d.run(x, y, cols, a, b, u, p.sub(zero, v), u, v);
    const apart = sqrt(p.sumOf(pair)), together = sqrt(p.squaresOf(pair));
    l.storeLane(angles, l.splat(xx == 0 || yy == 0 ? NaN : 2 * NativeMath.atan2(apart, together)));
    angles += l.lane;
  }
}

/**
 * Σ(c·s + d·t)² and Σ(e·s + f·t)², where s = a·x and t = b·y: powers of two first, for what comes after them may be as
 * large as they are. In the order of sums.ts.
 */
@unmanaged
class Differences<L extends Lanes, P extends Lanes> {
  run(x: usize, y: usize, cols: i32, a: v128, b: v128, c: v128, d: v128, e: v128, f: v128): v128 {
    const l = the<L>(), p = the<P>(), step = l.step, next = p.step, zero = p.splat(0);
    const tail = cols & (l.width - 1), body = <usize>(cols - tail) * l.size;
    let m = zero, n = zero, lostM = zero, lostN = zero, i = x, j = y;
    for (const end = x + (body & ~(4 * step - 1)); i < end;) {
      let m0 = zero, n0 = zero;
      for (const stop = min(end, i + 64 * step); i < stop; i += 4 * step, j += 4 * next) {
        const s0 = p.mul(a, l.load(i)), s1 = p.mul(a, l.load(i + step)), s2 = p.mul(a, l.load(i + 2 * step)), s3 = p.mul(a, l.load(i + 3 * step));
        const t0 = p.mul(b, p.load(j)), t1 = p.mul(b, p.load(j + next)), t2 = p.mul(b, p.load(j + 2 * next)), t3 = p.mul(b, p.load(j + 3 * next));
        m0 = p.add(m0, p.squaresFour(
          p.fma(c, s0, p.mul(d, t0)), p.fma(c, s1, p.mul(d, t1)), p.fma(c, s2, p.mul(d, t2)), p.fma(c, s3, p.mul(d, t3)),
        ));
        n0 = p.add(n0, p.squaresFour(
          p.fma(e, s0, p.mul(f, t0)), p.fma(e, s1, p.mul(f, t1)), p.fma(e, s2, p.mul(f, t2)), p.fma(e, s3, p.mul(f, t3)),
        ));
      }
      const u = p.sub(m0, lostM), v = p.add(m, u); lostM = p.orZero(p.sub(p.sub(v, m), u)); m = v;
      const w = p.sub(n0, lostN), z = p.add(n, w); lostN = p.orZero(p.sub(p.sub(z, n), w)); n = z;
    }
    let m0 = zero, n0 = zero;
    for (const end = x + body; i < end; i += step, j += next) {
      const s = p.mul(a, l.load(i)), t = p.mul(b, p.load(j)), g = p.fma(c, s, p.mul(d, t)), h = p.fma(e, s, p.mul(f, t));
      m0 = p.fma(g, g, m0); n0 = p.fma(h, h, n0);
    }
    if (tail) {
      const s = p.mul(a, l.loadPart(i, tail)), t = p.mul(b, p.loadPart(j, tail));
      const g = p.fma(c, s, p.mul(d, t)), h = p.fma(e, s, p.mul(f, t));
      m0 = p.fma(g, g, m0); n0 = p.fma(h, h, n0);
    }
    m = p.add(m, p.sub(m0, lostM)); n = p.add(n, p.sub(n0, lostN));
    return p.pair(m, m, n);
  }
}
