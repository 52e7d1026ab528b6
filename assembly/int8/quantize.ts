import { Lanes, trait } from "../lanes";
import { Rows } from "../strides";

/**
 * Rows as whole numbers of 8 bits: q = x/scale, rounded to the nearest, ties to even, with a scale per group of `group` columns,
 * max|x|/127.
 *
 * values: rows of whole eights of bytes, zeros after the last column; scales: an f32 per group, of which a row has
 * ⌈cols/group⌉. group is a multiple of 8. Two passes over a group, the second from cache. |x − scale·q| ≤ 0.501·scale. A group in which
 * the largest is below 2^-100 has the scale that goes with that; one that holds NaN or infinity has that for a scale, and q = 0 there.
 * Source: symmetric quantisation as in PyTorch, torch.ao.quantization.
 */
export function quantize<L extends Lanes, P extends Lanes>(
  values: usize, scales: usize, x: usize, strides: usize, rows: i32, cols: i32, group: i32,
): void {
  const l = trait<L>();
  if (l.width != 4) return; // the bindings refuse f64: nothing is compiled of this
  const nextX = trait<Rows<L>>().stride(strides, 0, cols);
  for (; rows > 0; rows--, x += nextX) {
    let from = x;
    for (let left = cols; left > 0; left -= group, scales += 4) {
      const some = min<i32>(left, group), most = trait<Magnitude<L>>().of(from, some), inverse = f32x4.splat(127 / most);
      store<f32>(scales, most / 127);
      for (let i = 0; i < some; i += 8, from += 8 * l.size, values += 8) {
        const n = min<i32>(some - i, 8), q = trait<Magnitude<L>>().eight(from, n, inverse);
        v128.store64_lane(values, i8x16.narrow_i16x8_s(q, q), 0);
      }
    }
  }
}

/** The largest of some elements, and these in units of it. */
@final @unmanaged
export class Magnitude<L extends Lanes> {
  /** max|x|, 2^-100 at least; NaN if there is one. */
  of(x: usize, n: i32): f32 {
    const l = trait<L>(), tail = n & 3;
    let a = f32x4.splat(7.888609052210118e-31);
    for (const end = x + <usize>(n - tail) * l.size; x < end; x += l.step) a = f32x4.max(a, f32x4.abs(l.load(x)));
    if (tail) a = f32x4.max(a, f32x4.abs(l.loadPart(x, tail)));
    a = f32x4.max(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
    return f32x4.extract_lane(f32x4.max(a, v128.shuffle<f32>(a, a, 1, 0, 3, 2)), 0);
  }

  /** The first n of eight elements times `inverse`, rounded, and zeros after them. */
  @inline eight(x: usize, n: i32, inverse: v128): v128 {
    const l = trait<L>(), zero = f32x4.splat(0);
    const v = n > 3 ? l.load(x) : l.loadPart(x, n);
    const w = n > 7 ? l.load(x + l.step) : n > 4 ? l.loadPart(x + l.step, n - 4) : zero;
    return i16x8.narrow_i32x4_s(this.rounded(v, inverse), this.rounded(w, inverse));
  }

  /** NaN gives 0. */
  @inline rounded(v: v128, inverse: v128): v128 { return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v, inverse))); }
}
