import { F64, Lanes, the } from "../lanes";
import { exponentFor, power } from "./range";
import { RMSNorm } from "./rmsnorm";
import { Plain, Reading, Shifted } from "./sums";

/**
 * The orthogonal projection of each row on the span of k directions, and what is left of it.
 *
 *   project: y = Σⱼ cⱼ·qⱼ      reject: y = x − Σⱼ cⱼ·qⱼ      cⱼ = x·qⱼ / qⱼ·qⱼ
 *
 * The directions are one vector of any length but zero, brought to a length of 1 to 2 by `prepare`, or k orthonormal
 * rows, as `deviation` found them. Row by row: 1. Σx² and x·qⱼ for each j; 2. y, four vectors at a time, with all k
 * directions in one pass. Where Σx² has left its range, both with x scaled by a power of two.
 * Bytes an element: x twice (the second time from cache), y once, q k times from cache. y may be x.
 * Error: 5e-7·‖x‖ (f64: 1e-15·‖x‖), as of any product with one rounding each. Source: arXiv 2409.12951 v2 eq. 2–6.
 */
@unmanaged
export abstract class Part<L extends Lanes> {
  /** What of x enters y; the directions then enter with this sign. */
  abstract start(x: v128): v128;
  abstract get sign(): f64;
}

@final @unmanaged
export class Along<L extends Lanes> extends Part<L> {
  @inline start(x: v128): v128 { return the<L>().splat(0); }
  @inline get sign(): f64 { return 1; }
}

@final @unmanaged
export class Across<L extends Lanes> extends Part<L> {
  @inline start(x: v128): v128 { return x; }
  @inline get sign(): f64 { return -1; }
}

export function project<L extends Lanes, P extends Lanes, W extends Part<P>>(
  y: usize, coefficients: usize, x: usize, q: usize, rows: i32, cols: i32, k: i32,
): void {
  const l = the<L>(), p = the<P>(), row = <usize>cols * l.size;
  const inverse = k == 1 ? 1 / p.squaresOf(the<Dots<P, P, Plain<P>>>().run(q, q, cols, 1)) : 1;
  for (let r = 0; r < rows; r++) {
    const pair = the<Dots<L, P, Plain<L>>>().run(x, q, cols, 1), xx = p.squaresOf(pair);
    if (xx > l.least && xx < l.most) the<Row<L, P, W, Plain<L>>>().run(y, coefficients, x, q, cols, k, pair, inverse, 1);
    else {
      const scale = power(exponentFor<L, RMSNorm<L>>(x, cols, xx));
      const again = the<Dots<L, P, Shifted<L>>>().run(x, q, cols, scale);
      the<Row<L, P, W, Shifted<L>>>().run(y, coefficients, x, q, cols, k, again, inverse, scale);
    }
    x += row; y += row; coefficients += <usize>k * l.lane;
  }
}

/** One row, read by R at a scale; `first` holds its product with the first direction. */
@unmanaged
class Row<L extends Lanes, P extends Lanes, W extends Part<P>, R extends Reading<L>> {
  run(y: usize, coefficients: usize, x: usize, q: usize, cols: i32, k: i32, first: v128, inverse: f64, scale: f64): void {
    const l = the<L>(), p = the<P>(), w = the<W>(), r = the<R>(), step = l.step, next = p.step, zero = p.splat(0);
    const width = <usize>cols * p.size, lane = l.lane, last = coefficients + <usize>k * lane;
    p.storeLane(coefficients, p.splat(p.sumOf(first) * inverse));
    for (let c = coefficients + lane, j = q + width; c < last; c += lane, j += width) {
      p.storeLane(c, p.splat(p.sumOf(the<Dots<L, P, R>>().run(x, j, cols, scale))));
    }
    const ks = l.splat(scale), back = p.splat(1 / scale), sign = p.splat(w.sign);
    const tail = cols & (l.width - 1), body = <usize>(cols - tail) * l.size, fours = body & ~(4 * step - 1), out = y - x;
    let i = x, from = q;
    for (const end = x + fours; i < end; i += 4 * step, from += 4 * next) {
      let v0 = w.start(r.load(i, ks, zero)), v1 = w.start(r.load(i + step, ks, zero));
      let v2 = w.start(r.load(i + 2 * step, ks, zero)), v3 = w.start(r.load(i + 3 * step, ks, zero));
      for (let c = coefficients, j = from; c < last; c += lane, j += width) {
        const g = p.mul(sign, p.loadSplat(c));
        v0 = p.fma(g, p.load(j), v0); v1 = p.fma(g, p.load(j + next), v1);
        v2 = p.fma(g, p.load(j + 2 * next), v2); v3 = p.fma(g, p.load(j + 3 * next), v3);
      }
      const o = i + out;
      l.store(o, p.mul(v0, back)); l.store(o + step, p.mul(v1, back));
      l.store(o + 2 * step, p.mul(v2, back)); l.store(o + 3 * step, p.mul(v3, back));
    }
    for (const end = x + body; i < end; i += step, from += next) {
      let v = w.start(r.load(i, ks, zero));
      for (let c = coefficients, j = from; c < last; c += lane, j += width) v = p.fma(p.mul(sign, p.loadSplat(c)), p.load(j), v);
      l.store(i + out, p.mul(v, back));
    }
    if (tail) {
      let v = w.start(r.loadPart(i, tail, ks, zero));
      for (let c = coefficients, j = from; c < last; c += lane, j += width) {
        v = p.fma(p.mul(sign, p.loadSplat(c)), p.loadPart(j, tail), v);
      }
      l.storePart(i + out, p.mul(v, back), tail);
    }
    if (scale != 1) for (let c = coefficients; c < last; c += lane) p.storeLane(c, p.mul(p.loadSplat(c), back));
  }
}

/** x·q and Σx², x read by R at a scale, in the order of sums.ts. */
@unmanaged
export class Dots<L extends Lanes, P extends Lanes, R extends Reading<L>> {
  run(x: usize, q: usize, cols: i32, scale: f64): v128 {
    const l = the<L>(), p = the<P>(), r = the<R>(), zero = p.splat(0), step = l.step, next = p.step, k = l.splat(scale);
    const tail = cols & (l.width - 1), body = <usize>(cols - tail) * l.size;
    let s = zero, t = zero, lostS = zero, lostT = zero, i = x, j = q;
    for (const end = x + (body & ~(4 * step - 1)); i < end;) {
      let s0 = zero, t0 = zero;
      for (const stop = min(end, i + 64 * step); i < stop; i += 4 * step, j += 4 * next) {
        const a = r.load(i, k, zero), b = r.load(i + step, k, zero), c = r.load(i + 2 * step, k, zero), d = r.load(i + 3 * step, k, zero);
        s0 = p.add(s0, p.productsFour(a, b, c, d, p.load(j), p.load(j + next), p.load(j + 2 * next), p.load(j + 3 * next)));
        t0 = p.add(t0, p.squaresFour(a, b, c, d));
      }
      const u = p.sub(s0, lostS), v = p.add(s, u); lostS = p.orZero(p.sub(p.sub(v, s), u)); s = v;
      const w = p.sub(t0, lostT), z = p.add(t, w); lostT = p.orZero(p.sub(p.sub(z, t), w)); t = z;
    }
    let s0 = zero, t0 = zero;
    for (const end = x + body; i < end; i += step, j += next) {
      const v = r.load(i, k, zero);
      s0 = p.fma(v, p.load(j), s0); t0 = p.fma(v, v, t0);
    }
    if (tail) {
      const v = r.loadPart(i, tail, k, zero);
      s0 = p.fma(v, p.loadPart(j, tail), s0); t0 = p.fma(v, v, t0);
    }
    s = p.add(s, p.sub(s0, lostS)); t = p.add(t, p.sub(t0, lostT));
    return p.pair(s, s, t);
  }
}

/**
 * Brings a direction, in place, to a length of 1 to 2 by a power of two, and returns its exponent: q ← q·2^e. What it
 * was comes back exactly. -2000 if it has no direction: all zeros, or not finite.
 */
export function prepare<P extends Lanes>(q: usize, cols: i32): i32 {
  const p = the<P>(), xx = p.squaresOf(the<Dots<P, P, Plain<P>>>().run(q, q, cols, 1));
  const e = exponentFor<P, RMSNorm<P>>(q, cols, xx), scale = power(e);
  const square = p.squaresOf(the<Dots<P, P, Shifted<P>>>().run(q, q, cols, scale));
  if (!(square > 0 && square < Infinity)) return -2000;
  const tail = cols & (p.width - 1), k = p.splat(scale);
  for (const end = q + <usize>(cols - tail) * p.size; q < end; q += p.step) p.store(q, p.mul(p.load(q), k));
  if (tail) p.storePart(q, p.mul(p.loadPart(q, tail), k), tail);
  return e;
}

/** The largest |qᵢ·qⱼ − δᵢⱼ| of k rows; NaN if one is. */
export function deviation<P extends Lanes>(q: usize, k: i32, cols: i32): f64 {
  const p = the<P>(), row = <usize>cols * p.size;
  let most = 0.0;
  for (let i = 0; i < k; i++) {
    for (let j = 0; j <= i; j++) {
      const dot = p.sumOf(the<Dots<P, P, Plain<P>>>().run(q + <usize>i * row, q + <usize>j * row, cols, 1));
      most = max(most, abs(dot - (i == j ? 1.0 : 0.0)));
    }
  }
  return most;
}

/**
 * k vectors made orthonormal in place, in order: Gram–Schmidt, each vector twice, which is enough (Giraud, Langou,
 * Rozložník 2005). In f64 for every element type. Returns -1, or the first row of which no more than `tolerance` of
 * its length is left outside the span of the rows before it.
 */
export function orthonormalize(q: usize, k: i32, cols: i32, tolerance: f64): i32 {
  const p = the<F64>(), dots = the<Dots<F64, F64, Plain<F64>>>(), row = <usize>cols * p.size;
  for (let i = 0, v = q; i < k; i++, v += row) {
    if (prepare<F64>(v, cols) == -2000) return i;
    const length = sqrt(p.squaresOf(dots.run(v, v, cols, 1)));
    for (let pass = 0; pass < 2; pass++) {
      for (let u = q; u < v; u += row) axpy(v, -p.sumOf(dots.run(v, u, cols, 1)), u, cols);
    }
    const left = sqrt(p.squaresOf(dots.run(v, v, cols, 1)));
    if (!(left > tolerance * length)) return i;
    for (let j = 0; j < cols; j++) store<f64>(v + (<usize>j << 3), load<f64>(v + (<usize>j << 3)) / left);
  }
  return -1;
}

/** y += a·x, f64. */
function axpy(y: usize, a: f64, x: usize, cols: i32): void {
  const p = the<F64>(), tail = cols & 1, as = p.splat(a);
  for (const end = y + (<usize>(cols - tail) << 3); y < end; y += 16, x += 16) p.store(y, p.fma(as, p.load(x), p.load(y)));
  if (tail) p.storePart(y, p.fma(as, p.loadPart(x, 1), p.loadPart(y, 1)), 1);
}
