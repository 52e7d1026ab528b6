import { Lanes, the } from "../lanes";
import { Norm } from "./norm";
import { means, mendeds, rests, rstds, squares, sums, verdicts } from "./scratch";

/**
 * From S1 = Σx and S2 = Σx² to the mean and rstd of a block's rows, and whether one pass can be trusted with them.
 *
 *   mean = S1/n      n·σ² = S2 − S1·mean      rstd = 1/√(σ² + eps)
 *
 * A vector of rows at a time: their sums are transposed, and one square root and one division serve them all.
 */
@unmanaged
export class Settle<L extends Lanes, N extends Norm<L>> {
  /**
   * The share of S2 that n·σ² must be. At 3/4, mean² ≤ σ²/3, and an error of δ in S1 and S2 becomes one of δ in rstd: enough
   * for rows made to round the same way at each addition, such as two values in turn (at 1/4, the error was 1.2e-6).
   * Where S1 is wide only S2 has an error, and 1/4 will do.
   */
  @inline get share(): f64 { return the<L>().wide ? 0.25 : 0.75; }

  /**
   * `count` rows, from their sums in scratch to scratch. If `again`, which is known when compiled, those that were refused:
   * then the sums are those of x − mean, and what comes of them is the rest of the mean, where S1 is not wide. Lanes beyond the last row hold
   * whatever they held.
   */
  @inline rows(again: bool, count: i32, cols: i32, eps: f64): void {
    const l = the<L>(), n = the<N>(), row: usize = 48;
    const inverse = l.splat(1 / <f64>cols), columns = l.splat(<f64>cols), epsilon = l.splat(eps);
    for (let at: usize = 0, from = sums, end = <usize>count * l.lane; at < end; at += 16, from += row * <usize>l.width) {
      const third = l.width == 2 ? <usize>0 : 2 * row, fourth = l.width == 2 ? row : 3 * row; // two rows fill an f64 vector
      const s0 = v128.load(from), s1 = v128.load(from + row), s2 = v128.load(from + third), s3 = v128.load(from + fourth);
      const t0 = v128.load(from + 16), t1 = v128.load(from + row + 16);
      const t2 = v128.load(from + third + 16), t3 = v128.load(from + fourth + 16);
      const q = l.fold(
        v128.load(from + 32), v128.load(from + row + 32), v128.load(from + third + 32), v128.load(from + fourth + 32),
      );
      let spread = q, mean = l.splat(0); // n·σ², or n·mean(x²) where the mean stays
      if (n.centred) {
        const s = l.foldSums(s0, t0, s1, t1, s2, t2, s3, t3);
        mean = l.div(s, columns); // not S1 · (1/n), which would miss means that S1 has exactly
        spread = l.sub(q, l.mul(s, mean));
      }
      // S2 neither overflowed nor underflowed nor is NaN, and n·σ² > share·S2
      let sound = v128.and(l.gt(q, l.splat(l.least)), l.gt(l.splat(l.most), q));
      if (n.centred) sound = v128.and(sound, l.gt(spread, l.mul(q, l.splat(this.share))));
      const rstd = l.div(l.splat(1), l.sqrt(l.fma(spread, inverse, epsilon)));
      if (again) {
        const mended = v128.andnot(sound, v128.load(verdicts + at));
        v128.store(mendeds + at, mended);
        // a wide sum has left a better rest than that of x − mean, each rounded to a lane
        if (!l.wide) v128.store(rests + at, v128.bitselect(mean, v128.load(rests + at), mended));
        v128.store(rstds + at, v128.bitselect(rstd, v128.load(rstds + at), mended));
      } else {
        if (n.centred) v128.store(means + at, mean);
        if (n.centred && l.wide) v128.store(rests + at, l.foldRests(s0, t0, s1, t1, s2, t2, s3, t3, mean, <f64>cols));
        v128.store(squares + at, q);
        v128.store(rstds + at, rstd);
        v128.store(verdicts + at, sound);
      }
    }
  }
}
