import { Lanes } from "./lanes";

/** IEEE binary64 in memory, two f64 lanes. */
@final @unmanaged
export class F64 extends Lanes {
  @inline get width(): i32 { return 2; }
  @inline get size(): usize { return 8; }
  @inline get step(): usize { return 16; }
  @inline get lane(): usize { return 8; }
  @inline get digits(): i32 { return 53; }
  @inline get wideSums(): bool { return false; }
  @inline get minSquares(): f64 { return 1e-280; }
  @inline get maxSquares(): f64 { return 1e300; }
  @inline get rescueExponent(): i32 { return 600; }
  @inline get maxExponent(): i32 { return 1000; }

  @inline load(p: usize): v128 { return v128.load(p); }
  @inline loadNext(p: usize): v128 { return v128.load(p, 16); }
  @inline loadFinite(p: usize): v128 { return v128.load(p); }
  @inline store(p: usize, v: v128): void { v128.store(p, v); }
  @inline storeTwo(p: usize, v: v128, w: v128): void { v128.store(p, v); v128.store(p, w, 16); }
  loadPart(p: usize, n: i32): v128 { return n ? v128.load64_zero(p) : f64x2.splat(0); }
  storePart(p: usize, v: v128, n: i32): void { if (n) v128.store64_lane(p, v, 0); }
  @inline loadTwoLanes(p: usize): v128 { return v128.load(p); }
  @inline storeTwoLanes(p: usize, v: v128): void { v128.store(p, v); }
  @inline loadSplat(p: usize): v128 { return v128.load64_splat(p); }
  @inline storeLane(p: usize, v: v128): void { v128.store64_lane(p, v, 0); }

  @inline splat(x: f64): v128 { return f64x2.splat(x); }
  @inline lane0(v: v128): f64 { return f64x2.extract_lane(v, 0); }
  firstLanes(v: v128, n: i32): v128 { return v128.and(v, i64x2(n ? -1 : 0, 0)); }
  @inline nanToZero(v: v128): v128 { return v128.and(v, f64x2.eq(v, v)); }
  @inline add(a: v128, b: v128): v128 { return f64x2.add(a, b); }
  @inline sub(a: v128, b: v128): v128 { return f64x2.sub(a, b); }
  @inline mul(a: v128, b: v128): v128 { return f64x2.mul(a, b); }
  @inline div(a: v128, b: v128): v128 { return f64x2.div(a, b); }
  @inline sqrt(a: v128): v128 { return f64x2.sqrt(a); }
  @inline fma(a: v128, b: v128, c: v128): v128 {
    if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(a, b, c);
    return f64x2.add(f64x2.mul(a, b), c);
  }
  @inline gt(a: v128, b: v128): v128 { return f64x2.gt(a, b); }
  @inline sumLanes4(a: v128, b: v128, c: v128, d: v128): v128 {
    return f64x2.add(v128.shuffle<f64>(a, b, 0, 2), v128.shuffle<f64>(a, b, 1, 3));
  }

  @inline promoteLow(v: v128): v128 { return v; }
  @inline promoteHigh(v: v128): v128 { return v; }
  @inline demote(low: v128, high: v128): v128 { return low; }
}
