import { Lanes, trait } from "../lanes";
import { exponentFor, power } from "../reduce/range";
import { Nothing, Plain, Scaled, Shifted } from "../reduce/reading";
import { Reduce } from "../reduce/reduce";
import { Differences, Squares } from "../reduce/terms";
import { scale, scratch } from "../scratch";
import { Rows } from "../strides";

/**
 * angle: between a row of x and one of y, 2·atan2(‖x̂ − ŷ‖, ‖x̂ + ŷ‖), which unlike arccos keeps its digits near 0 and π.
 *
 * 1. Σx², and Σy² where y is new; where one has left its range, at a scale that brings it back.
 * 2. Σ(x̂ − ŷ)² and Σ(x̂ + ŷ)², from cache.
 *
 * y has the lanes P; its stride is 0 where it is one direction for all rows. A row of zeros has no direction: NaN.
 * Bytes per element: x and y twice, the second time from cache.
 * Error: 5e-7 radians (f64: 1e-15). Source: W. Kahan, How Futile are Mindless Assessments of Roundoff, 2006, §12.
 */
export function angle<L extends Lanes, P extends Lanes>(
  angle: usize, x: usize, y: usize, strides: usize, rows: i32, cols: i32,
): void {
  const l = trait<L>(), p = trait<P>(), nextX = trait<Rows<L>>().stride(strides, 0, cols), nextY = trait<Rows<P>>().stride(strides, 1, cols);
  const reduce = trait<Reduce<L, Differences<L>, Scaled<L>, Scaled<P>>>();
  let b = 1.0, yy = 0.0;
  for (let r = 0; r < rows; r++, x += nextX, y += nextY) {
    if (r == 0 || nextY) {
      yy = square<P>(y, cols);
      b = load<f64>(scratch, scale);
    }
    const xx = square<L>(x, cols), a = load<f64>(scratch, scale);
    reduce.row(x, y, cols, p.splat(a), p.splat(1 / sqrt(xx)), p.splat(b), p.splat(1 / sqrt(yy)));
    const apart = sqrt(reduce.first()), together = sqrt(reduce.second());
    l.storeLane(angle, l.splat(xx == 0 || yy == 0 ? NaN : 2 * NativeMath.atan2(apart, together)));
    angle += l.lane;
  }
}

/** Σ(k·x)², where k, a power of two, brings it into range; mostly k is 1. It is left in scratch, as `scale`. */
function square<L extends Lanes>(x: usize, cols: i32): f64 {
  const l = trait<L>(), plain = trait<Reduce<L, Squares<L>, Plain<L>, Nothing>>(), zero = l.splat(0);
  plain.rowInlined(x, 0, cols, zero, zero, zero, zero);
  let k = 1.0, xx = plain.second();
  if (!(xx > l.minSquares && xx < l.maxSquares)) {
    const scaled = trait<Reduce<L, Squares<L>, Shifted<L>, Nothing>>();
    k = power(exponentFor<L>(x, cols, xx));
    scaled.row(x, 0, cols, l.splat(k), zero, zero, zero);
    xx = scaled.second();
  }
  store<f64>(scratch, k, scale);
  return xx;
}
