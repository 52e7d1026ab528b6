import { Lanes, the } from "../lanes";
import { Norm } from "./norm";
import { RowSums, Shifted } from "./sums";

/**
 * The exponent e for which Σ(x·2^e)² lies between 1 and 4, given Σx² as the fast path saw it. Where that has left its
 * range, one more pass, over x·2^±reach, finds out what it is. Multiplying by 2^e is exact. |e| ≤ limit.
 */
export function exponentFor<L extends Lanes, N extends Norm<L>>(x: usize, cols: i32, square: f64): i32 {
  const l = the<L>();
  let e = 0;
  if (!(square > l.least && square < l.most)) {
    e = square <= l.least ? l.reach : -l.reach;
    square = l.squaresOf(the<RowSums<L, N, Shifted<L>>>().run(x, cols, l.splat(power(e)), l.splat(0)));
  }
  return min(max(e - (exponentOf(square) >> 1), -l.limit), l.limit);
}

/** 2^e, for |e| ≤ 1022. */
export function power(e: i32): f64 {
  return reinterpret<f64>(<u64>(1023 + e) << 52);
}

/** The exponent of x > 0; of 0, infinity and NaN something beyond every finite number's. */
function exponentOf(x: f64): i32 {
  return <i32>((reinterpret<u64>(x) >> 52) & 0x7ff) - 1023;
}
