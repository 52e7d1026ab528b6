import { Single } from "./single";

/** IEEE binary32 in memory, f32 lanes. */
@final @unmanaged
export class F32 extends Single {
  @inline get size(): usize { return 4; }
  @inline get step(): usize { return 16; }
  @inline get digits(): i32 { return 24; }
  @inline get wideSums(): bool { return false; }
  @inline get maxSquares(): f64 { return 1e37; }
  @inline get rescueExponent(): i32 { return 90; }

  @inline load(p: usize): v128 { return v128.load(p); }
  @inline loadNext(p: usize): v128 { return v128.load(p, 16); }
  @inline loadFinite(p: usize): v128 { return v128.load(p); }
  @inline store(p: usize, v: v128): void { v128.store(p, v); }
  @inline storeTwo(p: usize, v: v128, w: v128): void { v128.store(p, v); v128.store(p, w, 16); }
  @inline loadTwoLanes(p: usize): v128 { return v128.load64_zero(p); }
  @inline storeTwoLanes(p: usize, v: v128): void { v128.store64_lane(p, v, 0); }
  loadPart(p: usize, n: i32): v128 {
    let v = f32x4.splat(0);
    if (n & 2) v = v128.load64_zero(p);
    if (n == 1) v = v128.load32_zero(p);
    if (n == 3) v = v128.load32_lane(p, v, 2, 8);
    return v;
  }
  storePart(p: usize, v: v128, n: i32): void {
    if (n & 2) v128.store64_lane(p, v, 0);
    if (n == 1) v128.store32_lane(p, v, 0);
    if (n == 3) v128.store32_lane(p, v, 2, 8);
  }
}
