import { Lanes, the } from "../lanes";
import { Norm } from "./norm";
import { exponentFor, power } from "./range";
import { rest, scale, shift, variance } from "./scratch";
import { RowSums, Shifted } from "./sums";

/**
 * The statistics of a row that one pass could not be trusted with, whatever it holds.
 *
 *   t = x·scale − shift        scale·mean(x) = shift + rest        scale²·var(x) = variance
 *
 * 1. scale, a power of two, brings the mean of (x·scale)² to between 1 and 16: Σ(x·2^e)² to between 1 and 4 (range.ts), and
 *    2^h ≥ √cols beside it, so that x·scale has lost nothing to underflow where x·rstd has not.
 * 2. shift begins as the first pass's mean, which is good to about 1e-6 of itself (as 0 where that pass overflowed). A
 *    pass over t gives rest = Σt/n and variance = Σt²/n − rest², and t − rest has lost nothing to the size of the
 *    mean: x·scale is exact, and so is the subtraction wherever x lies within a factor of two of the mean.
 * 3. If rest is still large beside the deviation, as in a constant row, shift moves by it and the pass is repeated. That
 *    is Newton's method on a linear function: what is left is the rounding of one step, and a constant row gives t = 0
 *    exactly. NaN and infinity stop at the third pass.
 *
 * Mostly one pass more than the fast path's, in all about twice its cost (docs/performance.md). Results go to scratch, four f64.
 */
export function resolve<L extends Lanes, N extends Norm<L>>(x: usize, cols: i32, firstMean: f64, firstSquare: f64): void {
  const l = the<L>(), sums = the<RowSums<L, N, Shifted<L>>>(), n = <f64>cols;
  const h = (33 - clz(cols - 1)) >> 1;
  const k = power(min(exponentFor<L, N>(x, cols, firstSquare) + h, l.limit)), ks = l.splat(k);
  const fits = firstSquare > l.least && firstSquare < l.most;
  let hi = 0.0, lo = 0.0, v = 0.0, mean = 0.0;
  for (let pass = 0, next = the<N>().centred && fits ? firstMean * k : 0.0; pass < 3; pass++) {
    hi = l.first(l.splat(next)); // rounded to a lane
    const pair = sums.run(x, cols, ks, l.splat(hi)), q = l.squaresOf(pair) / n;
    lo = the<N>().centred ? l.sumOf(pair) / n : 0;
    if (pass == 0) mean = hi + lo;
    v = q - lo * lo;
    next = hi + lo;
    if (v > 0.75 * q || l.first(l.splat(next)) == hi) break;
  }
  if (l.wide && !fits) { // a wide sum of x·scale is exact or nearly, where x·scale − shift has been rounded to a lane
    hi = l.first(l.splat(mean));
    lo = mean - hi;
  }
  store<f64>(scale, k);
  store<f64>(shift, hi);
  store<f64>(rest, lo);
  store<f64>(variance, max(v, 0.0));
}
