import { Lanes, the } from "../lanes";
import { Norm } from "./norm";
import { means, rstds, squares, verdicts } from "./scratch";

/**
 * From S1 = Σx and S2 = Σx² to a row's mean and rstd, `width` rows at a time, if one pass can be trusted with it.
 *
 *   mean = S1/n      n·σ² = S2 − S1·mean      rstd = 1/√(σ² + eps)
 */
@unmanaged
export class Settle<L extends Lanes, N extends Norm<L>> {
  @inline mean(s: v128, inverse: v128): v128 { return the<N>().centred ? the<L>().mul(s, inverse) : s; }
  /** n·σ², or n·mean(x²) where the mean stays. */
  @inline spread(s: v128, q: v128, mean: v128): v128 {
    return the<N>().centred ? the<L>().sub(q, the<L>().mul(s, mean)) : q;
  }
  @inline rstd(spread: v128, inverse: v128, eps: v128): v128 {
    const l = the<L>();
    return l.div(l.splat(1), l.sqrt(l.fma(spread, inverse, eps)));
  }
  /**
   * The share of S2 that n·σ² must be. At 3/4, mean² ≤ σ²/3, and an error of δ in S1 and S2 becomes one of δ in rstd: enough
   * for rows made to round the same way at each addition, such as two values in turn (at 1/4, the error was 1.2e-6).
   * Where S1 is wide only S2 has an error, and 1/4 will do.
   */
  @inline get share(): f64 { return the<L>().wide ? 0.25 : 0.75; }
  /** Lanes of ones where one pass is enough: S2 neither overflowed nor underflowed nor is NaN, and n·σ² > share·S2. */
  @inline sound(spread: v128, q: v128): v128 {
    const l = the<L>();
    const range = v128.and(l.gt(q, l.splat(l.least)), l.gt(l.splat(l.most), q));
    return the<N>().centred ? v128.and(range, l.gt(spread, l.mul(q, l.splat(this.share)))) : range;
  }
  /** All of it for the rows of a block, to scratch, 16 bytes at `at`. False if a row is refused. */
  @inline block(s: v128, q: v128, at: usize, inverse: v128, eps: v128): bool {
    const mean = this.mean(s, inverse), spread = this.spread(s, q, mean), sound = this.sound(spread, q);
    v128.store(means + at, mean);
    v128.store(rstds + at, this.rstd(spread, inverse, eps));
    v128.store(squares + at, q);
    v128.store(verdicts + at, sound);
    return the<L>().allTrue(sound);
  }
}
