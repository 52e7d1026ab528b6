import { Lanes, trait } from "./lanes";

/**
 * How Σx is kept: in the lanes of the arithmetic; or, where L's sums are wide, in f64, as two accumulators of two lanes
 * each. The methods that end in High belong to the second accumulator, and only wide sums call them. A half has at most
 * 11 significant bits, so that such sums of halves are exact or nearly exact.
 */
@final @unmanaged
export class Sums<L extends Lanes> {
  /** A vector of elements, to be added to a sum. */
  @inline one(v: v128): v128 { return trait<L>().wideSums ? trait<L>().promoteLow(v) : v; }
  @inline oneHigh(v: v128): v128 { return trait<L>().promoteHigh(v); }

  /** (a + b) + (c + d). */
  @inline four(a: v128, b: v128, c: v128, d: v128): v128 {
    const l = trait<L>();
    if (!l.wideSums) return l.add(l.add(a, b), l.add(c, d));
    return f64x2.add(f64x2.add(l.promoteLow(a), l.promoteLow(b)), f64x2.add(l.promoteLow(c), l.promoteLow(d)));
  }
  @inline fourHigh(a: v128, b: v128, c: v128, d: v128): v128 {
    const l = trait<L>();
    return f64x2.add(f64x2.add(l.promoteHigh(a), l.promoteHigh(b)), f64x2.add(l.promoteHigh(c), l.promoteHigh(d)));
  }

  /** One sum added to another. */
  @inline addSums(a: v128, b: v128): v128 { return trait<L>().wideSums ? f64x2.add(a, b) : trait<L>().add(a, b); }

  /** The sum over all lanes of its accumulators, in f64. */
  @inline total(a: v128, high: v128): f64 {
    const l = trait<L>();
    return l.wideSums ? f64x2.extract_lane(this.pairTotals(a, high, a, high), 0) : l.lane0(l.sumLanes4(a, a, a, a));
  }
  /** Lane k is the total of the k-th row, rounded to a lane. */
  @inline totals(a: v128, a2: v128, b: v128, b2: v128, c: v128, c2: v128, d: v128, d2: v128): v128 {
    const l = trait<L>();
    return l.wideSums ? l.demote(this.pairTotals(a, a2, b, b2), this.pairTotals(c, c2, d, d2)) : l.sumLanes4(a, b, c, d);
  }
  /** What the lanes of `mean` lack of those totals divided by n; 0 where sums are not wide. */
  @inline meansLow(a: v128, a2: v128, b: v128, b2: v128, c: v128, c2: v128, d: v128, d2: v128, mean: v128, n: f64): v128 {
    const l = trait<L>(), columns = f64x2.splat(n);
    if (!l.wideSums) return l.splat(0);
    const ab = f64x2.div(this.pairTotals(a, a2, b, b2), columns), cd = f64x2.div(this.pairTotals(c, c2, d, d2), columns);
    return l.demote(f64x2.sub(ab, l.promoteLow(mean)), f64x2.sub(cd, l.promoteHigh(mean)));
  }
  /** The totals of two wide sums, in f64. */
  @inline pairTotals(a: v128, a2: v128, b: v128, b2: v128): v128 {
    const s = f64x2.add(a, a2), t = f64x2.add(b, b2);
    return f64x2.add(v128.shuffle<f64>(s, t, 0, 2), v128.shuffle<f64>(s, t, 1, 3));
  }
}
