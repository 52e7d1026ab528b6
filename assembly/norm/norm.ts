import { Lanes } from "../lanes";

/**
 * What tells one norm from another: what it writes of a row whose statistics are known. A trait without state, like Lanes;
 * every method folds into the loop that calls it. In all of them t is x less its mean, or x itself where the statistics
 * are those of `Squares`, times the row's scale where `robustStatistics` had to scale.
 */
@unmanaged
export abstract class Norm<L extends Lanes> {
  /** Is a weight loaded; is a bias? */
  abstract get weighted(): bool;
  abstract get biased(): bool;
  /** Is y a multiple of x, by rstd and weight? It is asked, as is `most`, where there is a weight. */
  abstract get multiple(): bool;
  /** The largest |y| of a settled row, from the largest |weight| and |bias|; NaN where it may be NaN. */
  abstract most(weight: f64, bias: f64, cols: i32): f64;
  /** One vector of y. */
  abstract value(t: v128, mean: v128, rstd: v128, weight: v128, bias: v128): v128;
  /** What else is written of that vector, where y is; mostly nothing. */
  abstract more(y: usize, t: v128, mean: v128, rstd: v128): void;
  /** The same of its first n elements. */
  abstract morePart(y: usize, t: v128, mean: v128, rstd: v128, n: i32): void;
}
