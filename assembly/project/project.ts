import { Lanes, trait } from "../lanes";
import { exponentFor, power } from "../reduce/range";
import { Plain, Reading, Shifted } from "../reduce/reading";
import { Reduce } from "../reduce/reduce";
import { Products } from "../reduce/terms";
import { Rows } from "../strides";
import { dot, noDirection, orthonormalityError, scaleDirection } from "./directions";

/**
 * The orthogonal projection of each row on the span of k directions, and what is left of it.
 *
 *   project: y = Σⱼ cⱼ·qⱼ      reject: y = x − Σⱼ cⱼ·qⱼ      cⱼ = x·qⱼ / qⱼ·qⱼ
 *
 * The directions are one vector of any length but zero, which `scaleDirection` brings to a length of 1 to 2, or k
 * orthonormal rows, as `orthonormalityError` finds them. Row by row:
 *
 * 1. Σx², and x·qⱼ for each j.
 * 2. y, four vectors at a time, with all k directions in one pass.
 * 3. The coefficients once more, times the powers of two that x and a direction were scaled by, in f64, where no bit is lost.
 *
 * Where Σx² is out of range, 1 and 2 take x scaled by a power of two.
 * Bytes per element: x twice (the second time from cache), y once, q k times from cache. y may be x, with the same stride.
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
  @inline start(x: v128): v128 { return trait<L>().splat(0); }
  @inline get sign(): f64 { return 1; }
}

@final @unmanaged
export class Across<L extends Lanes> extends Part<L> {
  @inline start(x: v128): v128 { return x; }
  @inline get sign(): f64 { return -1; }
}

export function project<L extends Lanes, P extends Lanes>(
  out: usize, coefficients: usize, x: usize, direction: usize, strides: usize, rows: i32, cols: i32, k: i32,
  exponent: i32, tolerance: f64,
): f64 {
  return parts<L, P, Along<P>>(out, coefficients, x, direction, strides, rows, cols, k, exponent, tolerance);
}

export function reject<L extends Lanes, P extends Lanes>(
  out: usize, coefficients: usize, x: usize, direction: usize, strides: usize, rows: i32, cols: i32, k: i32,
  exponent: i32, tolerance: f64,
): f64 {
  return parts<L, P, Across<P>>(out, coefficients, x, direction, strides, rows, cols, k, exponent, tolerance);
}

/**
 * A single direction comes times 2^exponent, and is scaled in place; several must be orthonormal to within tolerance. Returns 0;
 * or where nothing was written, −1 for a direction of 0 or of what is not finite, or how far several are from orthonormal.
 */
function parts<L extends Lanes, P extends Lanes, W extends Part<P>>(
  y: usize, coefficients: usize, x: usize, q: usize, strides: usize, rows: i32, cols: i32, k: i32, exponent: i32, tolerance: f64,
): f64 {
  const l = trait<L>(), r = trait<Rows<L>>(), nextY = r.stride(strides, 0, cols), nextX = r.stride(strides, 1, cols);
  let inverse = 1.0;
  if (k == 1) {
    const e = scaleDirection<P>(q, cols);
    if (e == noDirection) return -1;
    exponent += e;
    inverse = 1 / dot<P>(q, q, cols);
  } else {
    const error = orthonormalityError<P>(q, k, cols);
    if (!(error <= tolerance)) return error;
  }
  const plain = trait<Reduce<L, Products<L>, Plain<L>, Plain<P>>>(), zero = l.splat(0);
  for (let left = rows; left > 0; left--, x += nextX, y += nextY, coefficients += <usize>k * l.lane) {
    plain.row(x, q, cols, zero, zero, zero, zero);
    const product = plain.first(), xx = plain.second();
    if (xx > l.minSquares && xx < l.maxSquares) {
      trait<Row<L, P, W, Plain<L>>>().run(y, coefficients, x, q, cols, k, product, inverse, 0, exponent);
    } else {
      const scaled = trait<Reduce<L, Products<L>, Shifted<L>, Plain<P>>>(), e = exponentFor<L>(x, cols, xx);
      scaled.row(x, q, cols, l.splat(power(e)), zero, zero, zero);
      trait<Row<L, P, W, Shifted<L>>>().run(y, coefficients, x, q, cols, k, scaled.first(), inverse, e, exponent - e);
    }
  }
  return 0;
}

/**
 * One row, read by R times 2^e; `product` is that with the first direction. In the end the coefficients lack a
 * factor of 2^rest.
 */
@unmanaged
class Row<L extends Lanes, P extends Lanes, W extends Part<P>, R extends Reading> {
  run(y: usize, coefficients: usize, x: usize, q: usize, cols: i32, k: i32, product: f64, inverse: f64, e: i32, rest: i32): void {
    const l = trait<L>(), p = trait<P>(), w = trait<W>(), r = trait<R>(), step = l.step, next = p.step, zero = p.splat(0);
    const width = <usize>cols * p.size, lane = l.lane, last = coefficients + <usize>k * lane;
    p.storeLane(coefficients, p.splat(product * inverse));
    const ks = l.splat(power(e)), products = trait<Reduce<L, Products<L>, R, Plain<P>>>();
    for (let c = coefficients + lane, j = q + width; c < last; c += lane, j += width) {
      products.row(x, j, cols, ks, zero, zero, zero);
      p.storeLane(c, p.splat(products.first()));
    }
    const back = p.splat(power(-e)), sign = p.splat(w.sign);
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
    if (rest == 0) return;
    // in f64, where no bit of a lane is lost, and in two steps, neither of which is out of its range: 0 must stay 0
    const half = power(rest / 2), other = power(rest - rest / 2);
    for (let c = coefficients; c < last; c += lane) p.storeLane(c, p.splat(p.lane0(p.loadSplat(c)) * half * other));
  }
}
