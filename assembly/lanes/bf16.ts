import { Code, Half } from "./half";

/** bfloat16 in memory: the upper half of an f32. Stores round to nearest, ties to even; a NaN becomes 0xffff. */
@final @unmanaged
class Upper16 extends Code {
  @inline get most(): f64 { return 1e37; }
  @inline get reach(): i32 { return 90; }
  @inline widen(bits: v128): v128 { return i32x4.shl(bits, 16); }
  @inline widenFinite(bits: v128): v128 { return i32x4.shl(bits, 16); }
  @inline narrow(v: v128): v128 {
    const odd = v128.and(i32x4.shr_u(v, 16), i32x4.splat(1));
    const up = i32x4.shr_u(i32x4.add(i32x4.add(v, i32x4.splat(0x7fff)), odd), 16);
    const h = v128.or(up, f32x4.ne(v, v));
    return v128.shuffle<i16>(h, h, 0, 2, 4, 6, 0, 2, 4, 6);
  }
}

@final @unmanaged
export class BF16 extends Half<Upper16> {}
