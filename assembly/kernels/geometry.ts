import { Lanes, the } from "../lanes";
import { Statistics } from "./moments";
import { exponentFor, power } from "./range";
import { RMSNorm } from "./rmsnorm";
import { rest, scale, shift, variance } from "./scratch";
import { Plain, RowSums, Shifted } from "./sums";

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
 * 1. Σx², and Σy² where y is new; where one has left its range, at a scale that brings it back.
 * 2. Σ(x̂ − ŷ)² and Σ(x̂ + ŷ)², from cache.
 *
 * y has P's lanes; nextY is 0 where y is one direction for all rows. A row of zeros has no direction: NaN.
 * Bytes an element: x and y twice, the second time from cache.
 * Error: 5e-7 radians (f64: 1e-15). Source: W. Kahan, How Futile are Mindless Assessments of Roundoff, 2006, §12.
 */
export function angle<L extends Lanes, P extends Lanes>(angles: usize, x: usize, y: usize, nextY: usize, rows: i32, cols: i32): void {
  const l = the<L>(), p = the<P>();
  let b = 1.0, yy = 0.0;
  for (let r = 0; r < rows; r++, x += <usize>cols * l.size, y += nextY) {
    if (r == 0 || nextY) {
      yy = square<P>(y, cols);
      b = load<f64>(scale);
    }
    const xx = square<L>(x, cols), a = load<f64>(scale), u = p.splat(1 / sqrt(xx)), v = p.splat(1 / sqrt(yy));
    const pair = the<Differences<L, P>>().run(x, y, cols, p.splat(a), p.splat(b), u, v);
    const apart = sqrt(p.sumOf(pair)), together = sqrt(p.squaresOf(pair));
    l.storeLane(angles, l.splat(xx == 0 || yy == 0 ? NaN : 2 * NativeMath.atan2(apart, together)));
    angles += l.lane;
  }
}

/** Σ(k·x)², where k, a power of two, brings it into range; mostly k is 1. It is left in scratch, as `scale`. */
function square<L extends Lanes>(x: usize, cols: i32): f64 {
  const l = the<L>(), zero = l.splat(0);
  let k = 1.0, xx = l.squaresOf(the<RowSums<L, RMSNorm<L>, Plain<L>>>().run(x, cols, zero, zero));
  if (!(xx > l.least && xx < l.most)) {
    k = power(exponentFor<L, RMSNorm<L>>(x, cols, xx));
    xx = l.squaresOf(the<RowSums<L, RMSNorm<L>, Shifted<L>>>().run(x, cols, l.splat(k), zero));
  }
  store<f64>(scale, k);
  return xx;
}

/**
 * Σ(s − t)² and Σ(s + t)², where s = u·(a·x) and t = v·(b·y): powers of two first, for what comes after them may be as
 * large as they are. In the order of sums.ts.
 */
@unmanaged
class Differences<L extends Lanes, P extends Lanes> {
  run(x: usize, y: usize, cols: i32, a: v128, b: v128, u: v128, v: v128): v128 {
    const l = the<L>(), p = the<P>(), step = l.step, next = p.step, zero = p.splat(0);
    const tail = cols & (l.width - 1), body = <usize>(cols - tail) * l.size;
    let m = zero, n = zero, lostM = zero, lostN = zero, i = x, j = y;
    for (const end = x + (body & ~(4 * step - 1)); i < end;) {
      let m0 = zero, n0 = zero;
      for (const stop = min(end, i + 64 * step); i < stop; i += 4 * step, j += 4 * next) {
        const s0 = p.mul(u, p.mul(a, l.load(i))), s1 = p.mul(u, p.mul(a, l.load(i + step)));
        const s2 = p.mul(u, p.mul(a, l.load(i + 2 * step))), s3 = p.mul(u, p.mul(a, l.load(i + 3 * step)));
        const t0 = p.mul(v, p.mul(b, p.load(j))), t1 = p.mul(v, p.mul(b, p.load(j + next)));
        const t2 = p.mul(v, p.mul(b, p.load(j + 2 * next))), t3 = p.mul(v, p.mul(b, p.load(j + 3 * next)));
        m0 = p.add(m0, p.squaresFour(p.sub(s0, t0), p.sub(s1, t1), p.sub(s2, t2), p.sub(s3, t3)));
        n0 = p.add(n0, p.squaresFour(p.add(s0, t0), p.add(s1, t1), p.add(s2, t2), p.add(s3, t3)));
      }
      const c = p.sub(m0, lostM), d = p.add(m, c); lostM = p.orZero(p.sub(p.sub(d, m), c)); m = d;
      const e = p.sub(n0, lostN), f = p.add(n, e); lostN = p.orZero(p.sub(p.sub(f, n), e)); n = f;
    }
    let m0 = zero, n0 = zero;
    for (const end = x + body; i < end; i += step, j += next) {
      const s = p.mul(u, p.mul(a, l.load(i))), t = p.mul(v, p.mul(b, p.load(j))), g = p.sub(s, t), h = p.add(s, t);
      m0 = p.fma(g, g, m0); n0 = p.fma(h, h, n0);
    }
    if (tail) {
      const s = p.mul(u, p.mul(a, l.loadPart(i, tail))), t = p.mul(v, p.mul(b, p.loadPart(j, tail)));
      const g = p.sub(s, t), h = p.add(s, t);
      m0 = p.fma(g, g, m0); n0 = p.fma(h, h, n0);
    }
    m = p.add(m, p.sub(m0, lostM)); n = p.add(n, p.sub(n0, lostN));
    return p.pair(m, m, n);
  }
}
