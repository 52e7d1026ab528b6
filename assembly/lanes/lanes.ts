/**
 * How an element lies in memory and how its lanes compute: everything a kernel may ask of an element type.
 *
 * A trait without state: the receiver is null (see `the`), the implementations are final and their short methods
 * inline, so `the<F32>().load(p)` compiles to one v128.load. Two rules keep it so (asc says nothing when they are
 * broken, the module traps at run time): a base class never calls an abstract method on `this`, and nothing concrete
 * is ever overridden.
 */
@unmanaged
export abstract class Lanes {
  // Layout

  /** Elements in a vector. */
  abstract get width(): i32;
  /** Bytes of one element in memory. */
  abstract get size(): usize;
  /** Bytes of one vector of elements in memory. */
  abstract get step(): usize;
  /** Bytes of one lane, which is also a mean's and a rstd's size. */
  abstract get lane(): usize;

  // Memory

  abstract load(p: usize): v128;
  /** load, where infinity and NaN may come back as anything whose square is at least `most`: cheaper for f16. */
  abstract loadFinite(p: usize): v128;
  abstract store(p: usize, v: v128): void;
  /** v and w, one after the other. */
  abstract storeTwo(p: usize, v: v128, w: v128): void;
  /** The first n < width elements at p, the other lanes 0. Touches no other byte. */
  abstract loadPart(p: usize, n: i32): v128;
  abstract storePart(p: usize, v: v128, n: i32): void;
  /** The lane at p in every lane. */
  abstract loadSplat(p: usize): v128;
  /** Lane 0 to p. */
  abstract storeLane(p: usize, v: v128): void;

  // Arithmetic

  abstract splat(x: f64): v128;
  abstract first(v: v128): f64;
  /** v in its first n < width lanes, 0 in the others. */
  abstract keep(v: v128, n: i32): v128;
  /** v, 0 in the lanes that are NaN. */
  abstract orZero(v: v128): v128;
  abstract add(a: v128, b: v128): v128;
  abstract sub(a: v128, b: v128): v128;
  abstract mul(a: v128, b: v128): v128;
  abstract div(a: v128, b: v128): v128;
  abstract sqrt(a: v128): v128;
  /** a·b + c, rounded once or twice: relaxed SIMD leaves it to the machine. */
  abstract fma(a: v128, b: v128, c: v128): v128;
  /** Lanes of ones where a > b, never for NaN. */
  abstract gt(a: v128, b: v128): v128;
  /** Lane k is the sum of the lanes of the k-th argument (of the first `width` of them). */
  abstract fold(a: v128, b: v128, c: v128, d: v128): v128;

  // In f64

  /** Lanes 0 and 1 in f64; and the other two, where there are four. */
  abstract low(v: v128): v128;
  abstract high(v: v128): v128;
  /** Those back in one vector, rounded to a lane. */
  abstract demote(low: v128, high: v128): v128;

  // Sums of a row

  /**
   * Is Σx kept in f64? So it is for the halves, whose results are promised to within a rounding of the format however
   * small they are: the mean must then be known far better than to an f32. Such a sum takes two accumulators.
   */
  abstract get wide(): bool;
  /** v as a sum, and its second accumulator (anything where the sum is not wide). */
  abstract sumOne(v: v128): v128;
  abstract sumOneHigh(v: v128): v128;
  /** (a + b) + (c + d), likewise. */
  abstract sumFour(a: v128, b: v128, c: v128, d: v128): v128;
  abstract sumFourHigh(a: v128, b: v128, c: v128, d: v128): v128;
  /** (a² + b²) + (c² + d²). */
  abstract squaresFour(a: v128, b: v128, c: v128, d: v128): v128;
  /** (a·e + b·f) + (c·g + d·h). */
  abstract productsFour(a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128): v128;
  /** The sum of two such sums. */
  abstract join(a: v128, b: v128): v128;
  /** Lane k is the sum of the lanes of the k-th pair of accumulators, rounded to a lane. */
  abstract foldSums(a: v128, a2: v128, b: v128, b2: v128, c: v128, c2: v128, d: v128, d2: v128): v128;
  /** What the lanes of `mean` lack of those sums times 1/n; 0 where the sum is not wide. */
  abstract foldRests(a: v128, a2: v128, b: v128, b2: v128, c: v128, c2: v128, d: v128, d2: v128, mean: v128, n: f64): v128;
  /** S1 = the sum of the lanes of s and s2, and S2 = that of q, in one vector. */
  abstract pair(s: v128, s2: v128, q: v128): v128;
  /** S1 and S2 of a pair. */
  abstract sumOf(pair: v128): f64;
  abstract squaresOf(pair: v128): f64;

  // Range

  /** S2 outside (least, most) may have lost bits to underflow or overflow … */
  abstract get least(): f64;
  abstract get most(): f64;
  /** … and 2^±reach brings any row's S2 within it. A scale is at most 2^±limit. */
  abstract get reach(): i32;
  abstract get limit(): i32;
}

/** The receiver of a trait's methods. It is null: no trait has state. */
export function the<T>(): T {
  return changetype<T>(<usize>0);
}
