import { the } from "./lanes";
import { Single } from "./single";

/** What sixteen bits mean: four of them, sign-extended, to four f32; and twice four f32 to eight of them. */
@unmanaged
export abstract class Code {
  abstract get most(): f64;
  abstract get reach(): i32;
  abstract widen(bits: v128): v128;
  /** widen, where infinity and NaN may come back as anything whose square is at least `most`. */
  abstract widenFinite(bits: v128): v128;
  abstract narrow(v: v128, w: v128): v128;
}

/** Sixteen bits in memory, f32 lanes. The code is a type parameter, for `this.widen` would be a virtual call. */
@unmanaged
export abstract class Half<C extends Code> extends Single {
  @inline get size(): usize { return 2; }
  @inline get step(): usize { return 8; }
  @inline get most(): f64 { return the<C>().most; }
  @inline get reach(): i32 { return the<C>().reach; }

  @inline load(p: usize): v128 { return the<C>().widen(v128.load16x4_s(p)); }
  @inline loadFinite(p: usize): v128 { return the<C>().widenFinite(v128.load16x4_s(p)); }
  @inline store(p: usize, v: v128): void { v128.store64_lane(p, the<C>().narrow(v, v), 0); }
  @inline storeTwo(p: usize, v: v128, w: v128): void { v128.store(p, the<C>().narrow(v, w)); }
  loadPart(p: usize, n: i32): v128 {
    let v = i16x8.splat(0);
    if (n & 2) v = v128.load32_zero(p);
    if (n == 1) v = v128.load16_lane(p, v, 0);
    if (n == 3) v = v128.load16_lane(p, v, 2, 4);
    return the<C>().widen(i32x4.extend_low_i16x8_s(v));
  }
  storePart(p: usize, v: v128, n: i32): void {
    const h = the<C>().narrow(v, v);
    if (n & 2) v128.store32_lane(p, h, 0);
    if (n == 1) v128.store16_lane(p, h, 0);
    if (n == 3) v128.store16_lane(p, h, 2, 4);
  }

  // Σx in f64: two accumulators of two lanes. Halves have at most 11 bits, so these sums are exact or nearly.
  @inline get wide(): bool { return true; }
  @inline sumOne(v: v128): v128 { return f64x2.promote_low_f32x4(v); }
  @inline sumOneHigh(v: v128): v128 { return f64x2.promote_low_f32x4(this.upper(v)); }
  @inline sumFour(a: v128, b: v128, c: v128, d: v128): v128 {
    const ab = f64x2.add(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b));
    return f64x2.add(ab, f64x2.add(f64x2.promote_low_f32x4(c), f64x2.promote_low_f32x4(d)));
  }
  @inline sumFourHigh(a: v128, b: v128, c: v128, d: v128): v128 {
    return this.sumFour(this.upper(a), this.upper(b), this.upper(c), this.upper(d));
  }
  @inline join(a: v128, b: v128): v128 { return f64x2.add(a, b); }
  /** The two sums of two pairs of accumulators, in f64. */
  @inline fold64(a: v128, a2: v128, b: v128, b2: v128): v128 {
    const s = f64x2.add(a, a2), t = f64x2.add(b, b2);
    return f64x2.add(v128.shuffle<f64>(s, t, 0, 2), v128.shuffle<f64>(s, t, 1, 3));
  }
  @inline foldSums(a: v128, a2: v128, b: v128, b2: v128, c: v128, c2: v128, d: v128, d2: v128): v128 {
    return this.demote(this.fold64(a, a2, b, b2), this.fold64(c, c2, d, d2));
  }
  @inline foldRests(a: v128, a2: v128, b: v128, b2: v128, c: v128, c2: v128, d: v128, d2: v128, mean: v128, n: f64): v128 {
    const ab = f64x2.div(this.fold64(a, a2, b, b2), f64x2.splat(n));
    const cd = f64x2.div(this.fold64(c, c2, d, d2), f64x2.splat(n));
    return this.demote(f64x2.sub(ab, f64x2.promote_low_f32x4(mean)), f64x2.sub(cd, f64x2.promote_low_f32x4(this.upper(mean))));
  }
  @inline pair(s: v128, s2: v128, q: v128): v128 {
    // S2 is folded as four f32 lanes, like a block's, and only then widened
    const squares = f64x2.promote_low_f32x4(this.fold(q, q, q, q));
    return v128.shuffle<f64>(this.fold64(s, s2, s, s2), squares, 0, 2);
  }
  @inline sumOf(pair: v128): f64 { return f64x2.extract_lane(pair, 0); }
  @inline squaresOf(pair: v128): f64 { return f64x2.extract_lane(pair, 1); }
}
