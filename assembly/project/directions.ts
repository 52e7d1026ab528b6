import { Lanes, trait } from "../lanes";
import { exponentFor, power } from "../reduce/range";
import { Nothing, Plain, Shifted } from "../reduce/reading";
import { Reduce } from "../reduce/reduce";
import { Products, Squares } from "../reduce/terms";

/** What `scaleDirection` says of a vector without a direction. */
export const noDirection: i32 = -2000;

/**
 * Brings a direction, in place, to a length of 1 to 2 by a power of two: q ← q·2^e. It returns e, with which the vector comes
 * back exactly; or `noDirection`, if the vector is all zeros or not finite.
 */
export function scaleDirection<P extends Lanes>(q: usize, cols: i32): i32 {
  const p = trait<P>(), scaled = trait<Reduce<P, Squares<P>, Shifted<P>, Nothing>>(), zero = p.splat(0);
  const e = exponentFor<P>(q, cols, dot<P>(q, q, cols)), k = p.splat(power(e));
  scaled.row(q, 0, cols, k, zero, zero, zero);
  const square = scaled.second();
  if (!(square > 0 && square < Infinity)) return noDirection;
  const tail = cols & (p.width - 1);
  for (const end = q + <usize>(cols - tail) * p.size; q < end; q += p.step) p.store(q, p.mul(p.load(q), k));
  if (tail) p.storePart(q, p.mul(p.loadPart(q, tail), k), tail);
  return e;
}

/** p·q. */
export function dot<P extends Lanes>(p: usize, q: usize, cols: i32): f64 {
  const reduce = trait<Reduce<P, Products<P>, Plain<P>, Plain<P>>>(), zero = trait<P>().splat(0);
  reduce.row(p, q, cols, zero, zero, zero, zero);
  return reduce.first();
}

/** The largest |qᵢ·qⱼ − δᵢⱼ| of k rows, or NaN if one of them is. */
export function orthonormalityError<P extends Lanes>(q: usize, k: i32, cols: i32): f64 {
  const row = <usize>cols * trait<P>().size;
  let most = 0.0;
  for (let i = 0; i < k; i++) {
    for (let j = 0; j <= i; j++) {
      const product = dot<P>(q + <usize>i * row, q + <usize>j * row, cols);
      most = max(most, abs(product - (i == j ? 1.0 : 0.0)));
    }
  }
  return most;
}
