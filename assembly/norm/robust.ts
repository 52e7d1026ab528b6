import { Lanes, trait } from "../lanes";
import { exponentFor, exponentOf, power } from "../reduce/range";
import { Nothing, Shifted } from "../reduce/reading";
import { Reduce } from "../reduce/reduce";
import { Term } from "../reduce/terms";
import { rest, scale, scratch, shift, variance } from "../scratch";

/**
 * The statistics of a row that one pass could not be trusted with, whatever the row holds.
 *
 *   t = x·scale − shift        scale·mean(x) = shift + rest        scale²·var(x) = variance
 *
 * 1. scale, a power of two, brings the mean of (x·scale)² to between 1 and 16: Σ(x·2^e)² to between 1 and 4 (range.ts), and
 *    2^h ≥ √cols beside it, so that x·scale has lost nothing to underflow where x·rstd has not. Where eps is large, scale·√eps
 *    stays below 2^maxExponent, so that its reciprocal keeps all bits of a lane.
 * 2. shift begins as the mean of the first pass, which is good to about 1e-6 of itself (as 0 where that pass overflowed). A
 *    pass over t gives rest = Σt/n and variance = Σt²/n − rest², and t − rest has lost nothing to the size of the
 *    mean: x·scale is exact, and so is the subtraction wherever x lies within a factor of two of the mean.
 * 3. If rest is still large beside the standard deviation, as in a constant row, shift moves by rest and the pass is repeated.
 *    That is Newton's method on a linear function: what is left is the rounding of one step, and a constant row gives t = 0
 *    exactly. NaN and infinity stop at the third pass.
 *
 * Mostly that is one pass more than the fast path's, in all about twice its cost (docs/performance.md). Results go to scratch,
 * four f64. Without the first sum of T, shift and rest are 0.
 */
export function robustStatistics<L extends Lanes, T extends Term<L>>(
  x: usize, cols: i32, eps: f64, firstMean: f64, firstSquare: f64,
): void {
  const l = trait<L>(), reduce = trait<Reduce<L, T, Shifted<L>, Nothing>>(), n = <f64>cols, zero = l.splat(0);
  const h = (33 - clz(cols - 1)) >> 1, most = l.maxExponent - (eps < 1 ? 0 : (exponentOf(eps) + 2) >> 1);
  const k = power(min(exponentFor<L>(x, cols, firstSquare) + h, most)), ks = l.splat(k);
  const inRange = firstSquare > l.minSquares && firstSquare < l.maxSquares;
  let hi = 0.0, lo = 0.0, v = 0.0, mean = 0.0;
  for (let pass = 0, next = trait<T>().first && inRange ? firstMean * k : 0.0; pass < 3; pass++) {
    hi = l.lane0(l.splat(next)); // rounded to a lane
    reduce.row(x, 0, cols, ks, l.splat(hi), zero, zero);
    const q = reduce.second() / n;
    lo = trait<T>().first ? reduce.first() / n : 0;
    if (pass == 0) mean = hi + lo;
    v = q - lo * lo;
    next = hi + lo;
    if (v > 0.75 * q || l.lane0(l.splat(next)) == hi) break;
  }
  if (l.wideSums && !inRange) { // a wide sum of x·scale is exact or nearly, where x·scale − shift has been rounded to a lane
    hi = l.lane0(l.splat(mean));
    lo = mean - hi;
  }
  store<f64>(scratch, k, scale);
  store<f64>(scratch, hi, shift);
  store<f64>(scratch, lo, rest);
  store<f64>(scratch, max(v, 0.0), variance);
}
