import { Lanes, trait } from "../lanes";

/**
 * What the products of `linear` are made of: how W lies in memory, how a vector of it is multiplied with one of x and added, and what
 * becomes of the sums. A trait, as `Lanes` is.
 */
@unmanaged
export abstract class Factors {
  /** The columns of a vector. */
  abstract get width(): i32;
  /** The bytes of a vector of W. */
  abstract get step(): usize;
  /** The bytes of one column of x as it is arranged; width of them are a vector, v128. */
  abstract get lane(): usize;
  /** The most columns whose products are added in lanes, before the lanes are added to each other. */
  abstract get chain(): i32;
  /** Are the products whole numbers, to be multiplied by scales of x and W? Then rows are padded to whole vectors. */
  abstract get scaled(): bool;
  abstract load(p: usize): v128;
  /** load of the vector after the one at p. */
  abstract loadNext(p: usize): v128;
  /** The first n < width columns at p, and 0 after them. */
  abstract loadPart(p: usize, n: i32): v128;
  /** x·w + sum in every lane. */
  abstract fma(x: v128, w: v128, sum: v128): v128;
  /** Lane k is the sum of the lanes of the k-th argument, as a number of y's lanes. */
  abstract sumLanes4(a: v128, b: v128, c: v128, d: v128): v128;
}

/** Floating-point weights of the element type W. Chains of any length would break the bound for constant rows: 2.0 times at 4096 columns. */
@final @unmanaged
export class Floats<W extends Lanes> extends Factors {
  @inline get width(): i32 { return trait<W>().width; }
  @inline get step(): usize { return trait<W>().step; }
  @inline get lane(): usize { return trait<W>().lane; }
  @inline get chain(): i32 { return 256; }
  @inline get scaled(): bool { return false; }
  @inline load(p: usize): v128 { return trait<W>().load(p); }
  @inline loadNext(p: usize): v128 { return trait<W>().loadNext(p); }
  loadPart(p: usize, n: i32): v128 { return trait<W>().loadPart(p, n); }
  @inline fma(x: v128, w: v128, sum: v128): v128 { return trait<W>().fma(x, w, sum); }
  @inline sumLanes4(a: v128, b: v128, c: v128, d: v128): v128 { return trait<W>().sumLanes4(a, b, c, d); }
}

/**
 * Weights of 8 bits, by whole numbers of 16 bits: all is exact. 512 products of 32767·127 are the most of which an i32 can hold the
 * sum. It is `i32x4.dot_i16x8_s`, two products per lane. To widen W before takes as long for many rows, and a fifth longer for eight.
 */
@final @unmanaged
export class Int8 extends Factors {
  @inline get width(): i32 { return 8; }
  @inline get step(): usize { return 8; }
  @inline get lane(): usize { return 2; }
  @inline get chain(): i32 { return 512; }
  @inline get scaled(): bool { return true; }
  @inline load(p: usize): v128 { return v128.load8x8_s(p); }
  @inline loadNext(p: usize): v128 { return v128.load8x8_s(p, 8); }
  @inline loadPart(p: usize, n: i32): v128 { return i32x4.splat(0); }
  @inline fma(x: v128, w: v128, sum: v128): v128 { return i32x4.add(sum, i32x4.dot_i16x8_s(x, w)); }
  @inline sumLanes4(a: v128, b: v128, c: v128, d: v128): v128 {
    const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
    const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
    return f32x4.convert_i32x4_s(i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7)));
  }
}
