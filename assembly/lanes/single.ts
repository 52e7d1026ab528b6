import { Lanes } from "./lanes";

/** Four f32 lanes: the arithmetic of f32, f16 and bf16. */
@unmanaged
export abstract class Single extends Lanes {
  @inline get width(): i32 { return 4; }
  @inline get lane(): usize { return 4; }
  @inline get minSquares(): f64 { return 1e-25; }
  @inline get maxExponent(): i32 { return 126; }

  @inline loadSplat(p: usize): v128 { return v128.load32_splat(p); }
  @inline storeLane(p: usize, v: v128): void { v128.store32_lane(p, v, 0); }

  @inline splat(x: f64): v128 { return f32x4.splat(<f32>x); }
  @inline lane0(v: v128): f64 { return <f64>f32x4.extract_lane(v, 0); }
  firstLanes(v: v128, n: i32): v128 { return v128.and(v, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(n))); }
  @inline nanToZero(v: v128): v128 { return v128.and(v, f32x4.eq(v, v)); }
  @inline add(a: v128, b: v128): v128 { return f32x4.add(a, b); }
  @inline sub(a: v128, b: v128): v128 { return f32x4.sub(a, b); }
  @inline mul(a: v128, b: v128): v128 { return f32x4.mul(a, b); }
  @inline div(a: v128, b: v128): v128 { return f32x4.div(a, b); }
  @inline sqrt(a: v128): v128 { return f32x4.sqrt(a); }
  @inline fma(a: v128, b: v128, c: v128): v128 {
    if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
    return f32x4.add(f32x4.mul(a, b), c);
  }
  @inline gt(a: v128, b: v128): v128 { return f32x4.gt(a, b); }
  @inline sumLanes4(a: v128, b: v128, c: v128, d: v128): v128 {
    const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
    const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
    return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
  }

  @inline promoteLow(v: v128): v128 { return f64x2.promote_low_f32x4(v); }
  @inline promoteHigh(v: v128): v128 { return f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3)); }
  @inline demote(low: v128, high: v128): v128 {
    return v128.shuffle<f64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
  }
}
