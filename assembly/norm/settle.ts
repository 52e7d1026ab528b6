import { Lanes, Pairs, trait } from "../lanes";
import { Nothing, Shifted } from "../reduce/reading";
import { Reduce, sumsSize } from "../reduce/reduce";
import { Term } from "../reduce/terms";
import { accepted, maxRows, means, rstds, scratch, squares, sums } from "../scratch";
import { Finalize } from "./finalize";
import { Norm } from "./norm";

// What becomes of the rows of a block that `Finalize` did not accept, before `slowRow` has to take them one by one; and when no row
// may be accepted.

/**
 * Looks at the rows among the k-th of a block and those after it that are not accepted: rows of zeros, which are what batches are padded
 * with, are accepted now, and what a second pass recovers is left in scratch for `slowRow`.
 */
export function lookAgain<L extends Lanes, T extends Term<L>>(
  storable: bool, x: usize, nextX: usize, k: i32, count: i32, cols: i32, eps: f64,
): void {
  if (storable) acceptZeros<L, T>(x, nextX, k, count, cols, eps);
  if (trait<T>().first) secondPass<L, T>(x, nextX, k, count, cols, eps);
}

/**
 * Accepts the rows of zeros among the k-th of a block and those after it: their sums are right, and their rstd is 1/√eps, unless eps is
 * next to nothing. A sum of squares may be 0 by underflow, so the bits of the row are looked at, but where there is no
 * mean: then such a row's squares are nothing beside eps, and x·rstd is right whatever the row holds.
 */
function acceptZeros<L extends Lanes, T extends Term<L>>(x: usize, nextX: usize, k: i32, count: i32, cols: i32, eps: f64): void {
  const l = trait<L>();
  if (eps < l.minSquares) return;
  const rstd = l.splat(1 / sqrt(eps));
  for (; k < count; k++, x += nextX) {
    const at = scratch + <usize>k * l.lane;
    if (l.lane0(l.loadSplat(at + squares)) != 0) continue;
    if (trait<T>().first && !isZero<L>(x, cols)) continue;
    l.storeLane(at + rstds, rstd);
    l.storeLane(at + accepted, i32x4.splat(-1));
  }
}

/** Is a row 0, with any signs? */
function isZero<L extends Lanes>(x: usize, cols: i32): bool {
  const l = trait<L>(), end = x + <usize>cols * l.size;
  let a = i32x4.splat(0), b = a;
  for (; x + 64 <= end; x += 64) {
    a = v128.or(v128.or(a, v128.load(x)), v128.load(x, 16));
    b = v128.or(v128.or(b, v128.load(x, 32)), v128.load(x, 48));
  }
  for (; x + 16 <= end; x += 16) a = v128.or(a, v128.load(x));
  a = v128.or(a, b);
  // no bit but that of the sign, wherever elements begin
  a = l.size == 2 ? i16x8.shl(a, 1) : l.size == 4 ? i32x4.shl(a, 1) : i64x2.shl(a, 1);
  if (v128.any_true(a)) return false;
  for (; x < end; x += l.size) if (l.lane0(l.loadPart(x, 1)) != 0) return false;
  return true;
}

/**
 * The second pass over those rows of a block that the first could not settle, of the k-th and the rows after it: the sums of
 * x − mean and of its square. x − mean loses nothing to the size of the mean, for the subtraction is exact wherever x
 * lies within a factor of two of it.
 */
function secondPass<L extends Lanes, T extends Term<L>>(x: usize, nextX: usize, k: i32, count: i32, cols: i32, eps: f64): void {
  const l = trait<L>(), zero = l.splat(0);
  for (; k < count; k++, x += nextX) {
    const at = scratch + <usize>k * l.lane;
    if (load<i32>(at, accepted)) continue;
    const to = scratch + sums + <usize>k * sumsSize;
    trait<Reduce<L, T, Shifted<L>, Nothing>>().to(to, x, 0, cols, l.splat(1), l.loadSplat(at + means), zero, zero);
  }
  trait<Finalize<L, T>>().rows(true, count, cols, eps);
}

/**
 * Can the rounding of pairs take what comes of these parameters? It is asked once a call, and takes about a cycle for each vector of
 * them.
 */
export function isStorable<L extends Lanes, P extends Lanes, N extends Norm<L>>(
  weight: usize, bias: usize, nextWeight: usize, nextBias: usize, cols: i32,
): bool {
  const n = trait<N>(), w = n.weighted ? largest<P>(weight, nextWeight, cols) : 0, b = n.biased ? largest<P>(bias, nextBias, cols) : 0;
  return trait<Pairs<L>>().storable(n.most(w, b, cols));
}

/**
 * The largest magnitude of a parameter; NaN where it holds one. The bits of floats are in the order of their magnitudes: as signed
 * integers those without a sign, as unsigned ones those with it.
 */
function largest<P extends Lanes>(at: usize, next: usize, cols: i32): f64 {
  const p = trait<P>(), tail = cols & (p.width - 1);
  if (next == 0) return p.lane0(p.load(at)); // one vector, of a constant
  let s0 = i32x4.splat(0), s1 = s0, u0 = s0, u1 = s0;
  const end = at + <usize>(cols - tail) * p.size, twos = end - 2 * p.step;
  for (; at <= twos; at += 2 * p.step) {
    const v = p.load(at), w = p.loadNext(at);
    s0 = i32x4.max_s(s0, v); u0 = i32x4.max_u(u0, v);
    s1 = i32x4.max_s(s1, w); u1 = i32x4.max_u(u1, w);
  }
  if (at < end) { const v = p.load(at); s0 = i32x4.max_s(s0, v); u0 = i32x4.max_u(u0, v); }
  if (tail) { const v = p.loadPart(end, tail); s1 = i32x4.max_s(s1, v); u1 = i32x4.max_u(u1, v); }
  let m = i32x4.max_s(i32x4.max_s(s0, s1), v128.and(i32x4.max_u(u0, u1), i32x4.splat(0x7fffffff)));
  m = i32x4.max_s(m, v128.shuffle<i32>(m, m, 2, 3, 2, 3));
  return p.lane0(i32x4.max_s(m, v128.shuffle<i32>(m, m, 1, 1, 1, 1)));
}

/** No row of the block is accepted: their outputs need the rounding that takes any number. */
export function reject<L extends Lanes>(): void {
  for (let k: usize = 0; k < <usize>maxRows * trait<L>().lane; k += 16) v128.store(scratch + k, i32x4.splat(0), accepted);
}
