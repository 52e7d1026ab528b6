import { Lanes } from "../lanes";

/**
 * What tells one family from another: which statistics it needs and what it writes. A trait without state, like Lanes;
 * every method folds into the loop that calls it.
 */
@unmanaged
export abstract class Norm<L extends Lanes> {
  /** Is the mean subtracted? Else S1 is not summed and `t` is x itself. */
  abstract get centred(): bool;
  /** Is a weight loaded; is a bias? */
  abstract get weighted(): bool;
  abstract get biased(): bool;
  /** One vector of y: t is x less its mean, times the row's scale where `resolve` had to scale. */
  abstract value(t: v128, mean: v128, rstd: v128, weight: v128, bias: v128): v128;
  /** What else is written of it, where y is; mostly nothing. */
  abstract more(y: usize, t: v128, mean: v128, rstd: v128): void;
  /** Of its first n elements. */
  abstract morePart(y: usize, t: v128, mean: v128, rstd: v128, n: i32): void;
}
