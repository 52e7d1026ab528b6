import { Single } from "./single";

/** IEEE binary32 in memory, f32 lanes. */
@final @unmanaged
export class F32 extends Single {
  @inline get size(): usize { return 4; }
  @inline get step(): usize { return 16; }
  @inline get most(): f64 { return 1e37; }
  @inline get reach(): i32 { return 90; }

  @inline load(p: usize): v128 { return v128.load(p); }
  @inline loadFinite(p: usize): v128 { return v128.load(p); }
  @inline store(p: usize, v: v128): void { v128.store(p, v); }
  @inline storeTwo(p: usize, v: v128, w: v128): void { v128.store(p, v); v128.store(p, w, 16); }
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

  @inline get wide(): bool { return false; }
  @inline sumOne(v: v128): v128 { return v; }
  @inline sumOneHigh(v: v128): v128 { return v; }
  @inline sumFour(a: v128, b: v128, c: v128, d: v128): v128 { return f32x4.add(f32x4.add(a, b), f32x4.add(c, d)); }
  @inline sumFourHigh(a: v128, b: v128, c: v128, d: v128): v128 { return a; }
  @inline join(a: v128, b: v128): v128 { return f32x4.add(a, b); }
  @inline foldSums(a: v128, a2: v128, b: v128, b2: v128, c: v128, c2: v128, d: v128, d2: v128): v128 { return this.fold(a, b, c, d); }
  @inline foldRests(a: v128, a2: v128, b: v128, b2: v128, c: v128, c2: v128, d: v128, d2: v128, mean: v128, n: f64): v128 { return f32x4.splat(0); }
  @inline pair(s: v128, s2: v128, q: v128): v128 { return this.fold(s, q, s, q); }
  @inline sumOf(pair: v128): f64 { return <f64>f32x4.extract_lane(pair, 0); }
  @inline squaresOf(pair: v128): f64 { return <f64>f32x4.extract_lane(pair, 1); }
}
