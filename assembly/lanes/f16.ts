import { Code, Half } from "./half";

/** IEEE binary16 in memory. Both ways exact: subnormals, infinities, ties to even. A NaN becomes 0x7e00 or 0xfe00. */
@final @unmanaged
class Binary16 extends Code {
  /** 2^32: a row that may hold 2^16, which is what widenFinite makes of infinity, is read again in full. */
  @inline get most(): f64 { return 4294967296; }
  /** Its squares are never out of f32's range: to be read in full is enough. */
  @inline get reach(): i32 { return 0; }

  @inline widen(bits: v128): v128 {
    const v = this.widenFinite(bits);
    const special = f32x4.ge(f32x4.abs(v), f32x4.splat(65536)); // exponent 31: infinity and NaN
    return v128.or(v, v128.and(special, i32x4.splat(0x7f800000)));
  }
  /** Sign, exponent and fraction to their places in an f32; ·2^112 mends the bias, subnormals included. */
  @inline widenFinite(bits: v128): v128 {
    return f32x4.mul(v128.and(i32x4.shl(bits, 13), i32x4.splat(0x8fffe000)), i32x4.splat(0x77800000));
  }
  @inline narrow(v: v128): v128 {
    const a = f32x4.abs(v);
    const c = i32x4.min_s(a, i32x4.splat(0x47800000)); // 2^16, which rounds to infinity
    // adding 2^13 times its power of two (2^-14 at least) rounds c to 11 bits; the sum's low bits hold them
    const e = i32x4.max_s(v128.and(c, i32x4.splat(0x7f800000)), i32x4.splat(0x38800000));
    const magic = i32x4.add(e, i32x4.splat(0x06800000));
    const m = i32x4.sub(f32x4.add(c, magic), magic);
    const h = i32x4.add(m, i32x4.shr_u(i32x4.sub(e, i32x4.splat(0x38800000)), 13));
    const nan = v128.and(i32x4.gt_s(a, i32x4.splat(0x7f800000)), i32x4.splat(0x200));
    const sign = v128.and(i32x4.shr_u(v, 16), i32x4.splat(0x8000));
    const r = v128.or(v128.or(h, nan), sign);
    return i16x8.narrow_i32x4_u(r, r);
  }
}

@final @unmanaged
export class F16 extends Half<Binary16> {}
