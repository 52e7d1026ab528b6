import { Lanes, Sums, trait } from "../lanes";
import { sumsSize } from "../reduce/reduce";
import { Term } from "../reduce/terms";
import { accepted, means, meansLow, recovered, rstds, scratch, squares, sums } from "../scratch";

/**
 * From S1 = Σx and S2 = Σx² to the mean and rstd of the rows of a block, and whether one pass can be trusted with them.
 *
 *   mean = S1/n      n·σ² = S2 − S1·mean      rstd = 1/√(σ² + eps)
 *
 * It takes as many rows at a time as a vector has lanes: their sums are transposed, and one square root and one division serve
 * them all. Without S1 the mean is 0.
 */
@unmanaged
export class Finalize<L extends Lanes, T extends Term<L>> {
  /**
   * The share of S2 that n·σ² must be. At 3/4, mean² ≤ σ²/3, and an error of δ in S1 and S2 becomes one of δ in rstd: that is
   * enough for rows made to round the same way at each addition, such as two values in turn (at 1/4, the error was
   * 1.2e-6). Where S1 is wide only S2 has an error, and 1/4 will do.
   */
  @inline get threshold(): f64 { return trait<L>().wideSums ? 0.25 : 0.75; }

  /**
   * `count` rows, from their sums in scratch to their statistics in scratch. `second`, which is known when compiled, says that
   * the sums are those of x − mean, of the rows that one pass could not settle. What comes of them is then, where S1 is not
   * wide, the low part of the mean. Lanes beyond the last row hold whatever they held.
   */
  @inline rows(second: bool, count: i32, cols: i32, eps: f64): void {
    const l = trait<L>(), t = trait<T>(), total = trait<Sums<L>>(), row = sumsSize;
    const inverse = l.splat(1 / <f64>cols), columns = l.splat(<f64>cols), epsilon = l.splat(eps);
    const least = l.splat(eps < l.maxSquares ? l.minSquares : Infinity); // no row, where eps is beyond the lanes
    for (let at: usize = scratch, from = scratch + sums, end = at + <usize>count * l.lane; at < end; at += 16, from += row * <usize>l.width) {
      const third = l.width == 2 ? <usize>0 : 2 * row, fourth = l.width == 2 ? row : 3 * row; // two rows fill an f64 vector
      const s0 = v128.load(from), s1 = v128.load(from + row), s2 = v128.load(from + third), s3 = v128.load(from + fourth);
      const t0 = v128.load(from, 16), t1 = v128.load(from + row, 16);
      const t2 = v128.load(from + third, 16), t3 = v128.load(from + fourth, 16);
      const q = l.sumLanes4(
        v128.load(from, 32), v128.load(from + row, 32), v128.load(from + third, 32), v128.load(from + fourth, 32),
      );
      let spread = q, mean = l.splat(0); // n·σ², or n·mean(x²) where there is no mean
      if (t.first) {
        const s = total.totals(s0, t0, s1, t1, s2, t2, s3, t3);
        mean = l.div(s, columns); // not S1 · (1/n), which would miss means that S1 has exactly
        spread = l.sub(q, l.mul(s, mean));
      }
      // S2 neither overflowed nor underflowed nor is NaN, and n·σ² > threshold·S2
      let sound = v128.and(l.gt(q, least), l.gt(l.splat(l.maxSquares), q));
      if (t.first) sound = v128.and(sound, l.gt(spread, l.mul(q, l.splat(this.threshold))));
      const rstd = l.div(l.splat(1), l.sqrt(l.fma(spread, inverse, epsilon)));
      if (second) {
        const mask = v128.andnot(sound, v128.load(at, accepted));
        v128.store(at, mask, recovered);
        // a wide sum has left a better low part than that of x − mean, each of which is rounded to a lane
        if (!l.wideSums) v128.store(at, v128.bitselect(mean, v128.load(at, meansLow), mask), meansLow);
        v128.store(at, v128.bitselect(rstd, v128.load(at, rstds), mask), rstds);
      } else {
        if (t.first) v128.store(at, mean, means);
        if (t.wide) v128.store(at, total.meansLow(s0, t0, s1, t1, s2, t2, s3, t3, mean, <f64>cols), meansLow);
        v128.store(at, q, squares);
        v128.store(at, rstd, rstds);
        v128.store(at, sound, accepted);
      }
    }
  }
}
