import { Lanes, trait } from "../lanes";
import { Finalize } from "../norm/finalize";
import { robustStatistics } from "../norm/robust";
import { Nothing, Plain } from "../reduce/reading";
import { Reduce } from "../reduce/reduce";
import { Moments } from "../reduce/terms";
import { rest, scale, scratch, shift, variance } from "../scratch";

/**
 * A row's mean and variance, in scratch: scale·mean(x) = shift + rest, scale²·var(x) = variance. From one pass, or where that
 * cannot be trusted, from `robustStatistics`.
 */
@final @unmanaged
export class RowStatistics<L extends Lanes> {
  @inline run(x: usize, cols: i32): void {
    const l = trait<L>(), reduce = trait<Reduce<L, Moments<L>, Plain<L>, Nothing>>(), zero = l.splat(0), n = <f64>cols;
    reduce.rowInlined(x, 0, cols, zero, zero, zero, zero);
    const q = reduce.second(), mean = reduce.first() / n, v = q / n - mean * mean;
    if (q > l.minSquares && q < l.maxSquares && n * v > trait<Finalize<L, Moments<L>>>().threshold * q) {
      store<f64>(scratch, 1, scale);
      store<f64>(scratch, mean, shift);
      store<f64>(scratch, 0, rest);
      store<f64>(scratch, v, variance);
    } else robustStatistics<L, Moments<L>>(x, cols, 0, mean, q);
  }
}
