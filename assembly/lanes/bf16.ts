import { Code, Half } from "./half";

/** bfloat16 in memory: the upper half of an f32. Stores round to nearest, ties to even; a NaN becomes 0xffff. */
@final @unmanaged
class Upper16 extends Code {
  @inline get digits(): i32 { return 8; }
  @inline get maxSquares(): f64 { return 1e37; }
  @inline get rescueExponent(): i32 { return 90; }
  @inline widen(bits: v128): v128 { return i32x4.shl(bits, 16); }
  @inline widenFinite(bits: v128): v128 { return i32x4.shl(bits, 16); }
  @inline narrow(v: v128, w: v128): v128 { return i16x8.narrow_i32x4_s(this.upper(v), this.upper(w)); }
  /** The upper half of each lane after rounding, sign-extended. */
  @inline upper(v: v128): v128 {
    const odd = i32x4.shr_u(i32x4.shl(v, 15), 31); // two shifts: V8 would make a mask anew at each use
    return v128.or(i32x4.shr_s(i32x4.add(i32x4.add(v, i32x4.splat(0x7fff)), odd), 16), f32x4.ne(v, v));
  }
}

@final @unmanaged
export class BF16 extends Half<Upper16> {}
