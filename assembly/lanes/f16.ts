import { Code, Half } from "./half";

// V8 makes a constant anew at each use, in three or four instructions, and f16 has a dozen uses per vector. A global that may
// change is read instead: f16 LayerNorm 128×768 takes 20 % less time on Node 24 (and 5 % more on Node 20, which keeps
// some constants in registers). `f16Constants` is what may change them, and is exported for that alone: nobody calls it.
let signAndRest: v128 = i32x4(0x8fffe000, 0x8fffe000, 0x8fffe000, 0x8fffe000);
let bias: v128 = i32x4(0x77800000, 0x77800000, 0x77800000, 0x77800000); // 2^112
let special: v128 = i32x4(0x7f800000, 0x7f800000, 0x7f800000, 0x7f800000);
let most: v128 = i32x4(0x47800000, 0x47800000, 0x47800000, 0x47800000); // 2^16, which rounds to infinity
let least: v128 = i32x4(0x38800000, 0x38800000, 0x38800000, 0x38800000); // 2^-14, the least that is not subnormal
let rounding: v128 = i32x4(0x06800000, 0x06800000, 0x06800000, 0x06800000); // ·2^13
let absolute: v128 = i32x4(0x7fffffff, 0x7fffffff, 0x7fffffff, 0x7fffffff);
let quiet: v128 = i32x4(0x200, 0x200, 0x200, 0x200);
let signs: v128 = i32x4(0x80008000, 0x80008000, 0x80008000, 0x80008000);
export function f16Constants(at: usize): void {
  signAndRest = v128.load(at); bias = v128.load(at, 16); special = v128.load(at, 32); most = v128.load(at, 48);
  least = v128.load(at, 64); rounding = v128.load(at, 80); absolute = v128.load(at, 96); quiet = v128.load(at, 112);
  signs = v128.load(at, 128);
}

/** IEEE binary16 in memory. Both ways exact: subnormals, infinities, ties to even. A NaN becomes 0x7e00 or 0xfe00. */
@final @unmanaged
class Binary16 extends Code {
  @inline get digits(): i32 { return 11; }
  /** 2^32: a row that may hold 2^16, which is what widenFinite makes of infinity, is read again in full. */
  @inline get maxSquares(): f64 { return 4294967296; }
  /** Its squares are never out of f32's range: to be read in full is enough. */
  @inline get rescueExponent(): i32 { return 0; }

  @inline widen(bits: v128): v128 {
    const v = this.widenFinite(bits);
    const large = f32x4.ge(v128.and(v, absolute), most); // exponent 31: infinity and NaN
    return v128.or(v, v128.and(large, special));
  }
  /** Sign, exponent and fraction to their places in an f32; ·2^112 mends the bias, subnormals included. */
  @inline widenFinite(bits: v128): v128 { return f32x4.mul(v128.and(i32x4.shl(bits, 13), signAndRest), bias); }

  @inline narrow(v: v128, w: v128): v128 {
    const sign = v128.and(i16x8.narrow_i32x4_s(i32x4.shr_s(v, 16), i32x4.shr_s(w, 16)), signs);
    return v128.or(i16x8.narrow_i32x4_s(this.magnitude(v), this.magnitude(w)), sign);
  }
  /** The bits of |v|. */
  @inline magnitude(v: v128): v128 {
    const a = v128.and(v, absolute), c = i32x4.min_s(a, most);
    // adding 2^13 times its power of two (2^-14 at least) rounds c to 11 bits; the sum's low bits hold them
    const e = i32x4.max_s(v128.and(c, special), least), magic = i32x4.add(e, rounding);
    const m = i32x4.sub(f32x4.add(c, magic), magic);
    const h = i32x4.add(m, i32x4.shr_u(i32x4.sub(e, least), 13));
    return v128.or(h, v128.and(i32x4.gt_s(a, special), quiet));
  }
}

@final @unmanaged
export class F16 extends Half<Binary16> {}
