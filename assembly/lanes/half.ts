import { trait } from "./lanes";
import { Single } from "./single";

/** What sixteen bits mean: from four of them, sign-extended, to four f32; and from twice four f32 to eight of them. */
@unmanaged
export abstract class Code {
  abstract get digits(): i32;
  abstract get maxSquares(): f64;
  abstract get rescueExponent(): i32;
  abstract widen(bits: v128): v128;
  /** widen, except that infinity and NaN may come as any number whose square is at least maxSquares. */
  abstract widenFinite(bits: v128): v128;
  abstract narrow(v: v128, w: v128): v128;
}

/** Sixteen bits in memory, f32 lanes. The code is a type parameter, for `this.widen` would be a virtual call. */
@unmanaged
export abstract class Half<C extends Code> extends Single {
  @inline get size(): usize { return 2; }
  @inline get step(): usize { return 8; }
  @inline get digits(): i32 { return trait<C>().digits; }
  @inline get wideSums(): bool { return true; }
  @inline get maxSquares(): f64 { return trait<C>().maxSquares; }
  @inline get rescueExponent(): i32 { return trait<C>().rescueExponent; }

  @inline load(p: usize): v128 { return trait<C>().widen(v128.load16x4_s(p)); }
  @inline loadNext(p: usize): v128 { return trait<C>().widen(v128.load16x4_s(p, 8)); }
  @inline loadFinite(p: usize): v128 { return trait<C>().widenFinite(v128.load16x4_s(p)); }
  @inline store(p: usize, v: v128): void { v128.store64_lane(p, trait<C>().narrow(v, v), 0); }
  @inline storeTwo(p: usize, v: v128, w: v128): void { v128.store(p, trait<C>().narrow(v, w)); }
  @inline loadTwoLanes(p: usize): v128 { return trait<C>().widen(i32x4.extend_low_i16x8_s(v128.load32_zero(p))); }
  @inline storeTwoLanes(p: usize, v: v128): void { v128.store32_lane(p, trait<C>().narrow(v, v), 0); }
  loadPart(p: usize, n: i32): v128 {
    let v = i16x8.splat(0);
    if (n & 2) v = v128.load32_zero(p);
    if (n == 1) v = v128.load16_lane(p, v, 0);
    if (n == 3) v = v128.load16_lane(p, v, 2, 4);
    return trait<C>().widen(i32x4.extend_low_i16x8_s(v));
  }
  storePart(p: usize, v: v128, n: i32): void {
    const h = trait<C>().narrow(v, v);
    if (n & 2) v128.store32_lane(p, h, 0);
    if (n == 1) v128.store16_lane(p, h, 0);
    if (n == 3) v128.store16_lane(p, h, 2, 4);
  }
}
