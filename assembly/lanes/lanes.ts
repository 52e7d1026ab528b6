/**
 * How an element lies in memory and how its lanes compute: all that a kernel may ask of an element type.
 *
 * A trait has no state, so its receiver is null (see `trait`); its implementations are final, and their short methods are
 * inlined: `trait<F32>().load(p)` compiles to one v128.load. Two rules keep it so, and where one is broken asc may say
 * nothing and the module trap at run time. A base class never calls an abstract method on `this`. A method that has a
 * body is never overridden.
 */
@unmanaged
export abstract class Lanes {
  // Layout

  /** The number of elements in a vector: 4, or 2 for f64. */
  abstract get width(): i32;
  /** The bytes of one element in memory. */
  abstract get size(): usize;
  /** The bytes of a vector of elements in memory: width · size. */
  abstract get step(): usize;
  /** The bytes of one lane. Means, rstds and other results per row have this size. */
  abstract get lane(): usize;
  /** The significant bits of an element, by which the element types can be told apart. */
  abstract get digits(): i32;

  // Memory

  /** v128.load; for the halves v128.load16x4_s and the steps from there to f32. */
  abstract load(p: usize): v128;
  /** load of the vector after the one at p. The distance is part of the instruction. */
  abstract loadNext(p: usize): v128;
  /** load, except that infinity and NaN may come as any number whose square is at least maxSquares: that is cheaper for f16. */
  abstract loadFinite(p: usize): v128;
  /** v128.store; for the halves the steps from f32 and v128.store64_lane. */
  abstract store(p: usize, v: v128): void;
  /** v and then w: two stores, and for the halves one. */
  abstract storeTwo(p: usize, v: v128, w: v128): void;
  /** The first n < width elements at p, and 0 in the lanes after them. It reads no other byte. */
  abstract loadPart(p: usize, n: i32): v128;
  /** The first two elements at p, and 0 in the lanes after them: v128.load64_zero, for f64 v128.load. */
  abstract loadTwoLanes(p: usize): v128;
  /** The first n < width lanes to p. It writes no other byte. */
  abstract storePart(p: usize, v: v128, n: i32): void;
  /** The first two lanes to p: v128.store64_lane, for f64 v128.store, for the halves the steps from f32 and v128.store32_lane. */
  abstract storeTwoLanes(p: usize, v: v128): void;
  /** v128.load32_splat, v128.load64_splat: one lane (not one element) from p into every lane. */
  abstract loadSplat(p: usize): v128;
  /** v128.store32_lane, v128.store64_lane: lane 0 to p. */
  abstract storeLane(p: usize, v: v128): void;

  // Arithmetic

  /** f32x4.splat of x rounded to f32, f64x2.splat. */
  abstract splat(x: f64): v128;
  /** extract_lane 0, in f64. */
  abstract lane0(v: v128): f64;
  /** v128.and with a mask: v in its first n < width lanes, 0 in the others. */
  abstract firstLanes(v: v128, n: i32): v128;
  /** v128.and with v = v: 0 in the lanes that are NaN. */
  abstract nanToZero(v: v128): v128;
  /** f32x4.add, f64x2.add. */
  abstract add(a: v128, b: v128): v128;
  /** f32x4.sub, f64x2.sub. */
  abstract sub(a: v128, b: v128): v128;
  /** f32x4.mul, f64x2.mul. */
  abstract mul(a: v128, b: v128): v128;
  /** f32x4.div, f64x2.div. */
  abstract div(a: v128, b: v128): v128;
  /** f32x4.sqrt, f64x2.sqrt. */
  abstract sqrt(a: v128): v128;
  /** a·b + c: mul and add, each of which rounds; or, in the relaxed variant, relaxed_madd, which may round once. */
  abstract fma(a: v128, b: v128, c: v128): v128;
  /** f32x4.gt, f64x2.gt: ones in the lanes where a > b, which NaN never is. */
  abstract gt(a: v128, b: v128): v128;
  /** Shuffles and adds: lane k is the sum of the lanes of the k-th argument, for the first `width` of the arguments. */
  abstract sumLanes4(a: v128, b: v128, c: v128, d: v128): v128;

  // f64 lanes

  /** f64x2.promote_low_f32x4: lanes 0 and 1 in f64. */
  abstract promoteLow(v: v128): v128;
  /** Lanes 2 and 3 in f64, of a vector that has four. */
  abstract promoteHigh(v: v128): v128;
  /** f32x4.demote_f64x2_zero, twice: promoteLow and promoteHigh undone, each lane rounded. */
  abstract demote(low: v128, high: v128): v128;

  // Sums and their range

  /**
   * Is Σx kept in f64? It is for the halves: their results are promised to within a rounding of the format however small
   * they are, so the mean must be known far better than to an f32. See sums.ts.
   */
  abstract get wideSums(): bool;
  /** A sum of squares that is not between these two may have lost bits to underflow or to overflow. */
  abstract get minSquares(): f64;
  abstract get maxSquares(): f64;
  /** One of 2^±rescueExponent brings the sum of squares of any row between them. */
  abstract get rescueExponent(): i32;
  /** A row is scaled by 2^±maxExponent at most. */
  abstract get maxExponent(): i32;
}

/** The receiver of a trait's methods. It is null, for no trait has state. */
export function trait<T>(): T {
  return changetype<T>(<usize>0);
}
