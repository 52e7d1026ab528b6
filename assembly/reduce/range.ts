import { Lanes, trait } from "../lanes";
import { Nothing, Shifted } from "./reading";
import { Reduce } from "./reduce";
import { Squares } from "./terms";

/**
 * The exponent e for which Σ(x·2^e)² lies between 1 and 4, given Σx² as the first pass found it. Where that is out of range,
 * one more pass, over x·2^±rescueExponent, finds out what it is. x·2^e is exact. |e| ≤ maxExponent.
 */
export function exponentFor<L extends Lanes>(x: usize, cols: i32, square: f64): i32 {
  const l = trait<L>(), reduce = trait<Reduce<L, Squares<L>, Shifted<L>, Nothing>>(), zero = l.splat(0);
  let e = 0;
  if (!(square > l.minSquares && square < l.maxSquares)) {
    e = square <= l.minSquares ? l.rescueExponent : -l.rescueExponent;
    reduce.row(x, 0, cols, l.splat(power(e)), zero, zero, zero);
    square = reduce.second();
  }
  return min(max(e - (exponentOf(square) >> 1), -l.maxExponent), l.maxExponent);
}

/** 2^e, for |e| ≤ 1022. */
export function power(e: i32): f64 {
  return reinterpret<f64>(<u64>(1023 + e) << 52);
}

/** The exponent of x > 0; of 0, of infinity and of NaN something beyond the exponent of every finite number. */
export function exponentOf(x: f64): i32 {
  return <i32>((reinterpret<u64>(x) >> 52) & 0x7ff) - 1023;
}
