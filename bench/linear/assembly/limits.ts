/**
 * What bounds a linear layer, for `npm run bench:linear`: arithmetic that needs no memory, and reading that does nothing else.
 * asc compiles it for simd and for relaxed, with the flags of the kernels.
 */

/** Floating-point operations per turn of `peak`: twelve vectors of four lanes, a multiplication and an addition in each lane. */
export const operations: i32 = 12 * 4 * 2;

/**
 * v ← v·factor + summand, in twelve vectors that do not wait for each other: with both operands fourteen, of the fifteen registers
 * that V8 has for vectors on x64. Fewer would wait: a multiplication and an addition take six cycles on Zen 3, which begins two
 * of each per cycle. `turns` is at least one, for V8 in Node 20 makes the loop a tenth faster where it is left at its end. Returns
 * the sum of all lanes, 48·summand/(1 − factor) after many turns.
 */
export function peak(turns: i32, factor: f32, summand: f32): f32 {
  const f = f32x4.splat(factor);
  const s = f32x4.splat(summand);
  // they begin apart, so that no compiler may keep one for all
  let a = f32x4.splat(0);
  let b = f32x4.splat(1);
  let c = f32x4.splat(2);
  let d = f32x4.splat(3);
  let e = f32x4.splat(4);
  let g = f32x4.splat(5);
  let h = f32x4.splat(6);
  let i = f32x4.splat(7);
  let j = f32x4.splat(8);
  let k = f32x4.splat(9);
  let l = f32x4.splat(10);
  let m = f32x4.splat(11);
  do {
    a = Chain.next(a, f, s);
    b = Chain.next(b, f, s);
    c = Chain.next(c, f, s);
    d = Chain.next(d, f, s);
    e = Chain.next(e, f, s);
    g = Chain.next(g, f, s);
    h = Chain.next(h, f, s);
    i = Chain.next(i, f, s);
    j = Chain.next(j, f, s);
    k = Chain.next(k, f, s);
    l = Chain.next(l, f, s);
    m = Chain.next(m, f, s);
  } while (--turns);
  const abcd = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
  const eghi = f32x4.add(f32x4.add(e, g), f32x4.add(h, i));
  const jklm = f32x4.add(f32x4.add(j, k), f32x4.add(l, m));
  const all = f32x4.add(f32x4.add(abcd, eghi), jklm);
  const two = f32x4.add(all, v128.shuffle<f32>(all, all, 2, 3, 0, 1));
  return f32x4.extract_lane(two, 0) + f32x4.extract_lane(two, 1);
}

// biome-ignore lint/complexity/noStaticOnlyClass: a method, for asc inlines no function without a decorator, which tsc takes on methods alone
class Chain {
  /** With one rounding where the target has it, as the kernels do; inlined here, for V8 in Node 20 does not inline. */
  @inline
  static next(v: v128, factor: v128, summand: v128): v128 {
    if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(v, factor, summand);
    return f32x4.add(f32x4.mul(v, factor), summand);
  }
}

/**
 * Reads `bytes`, a multiple of four, and returns the exclusive or of their 32-bit words, an operation that hardly takes time. It
 * reads in four places side by side: of 64 MB that takes two thirds of the time of one place after the other (Zen 3, Node 20 and 24).
 */
export function read(from: usize, bytes: usize): i32 {
  const quarter = (bytes >> 2) & ~63;
  const end = from + bytes;
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  let c = i32x4.splat(0);
  let d = i32x4.splat(0);
  for (const stop = from + quarter; from < stop; from += 64) {
    a = v128.xor(a, v128.xor(v128.load(from), v128.load(from, 16)));
    a = v128.xor(a, v128.xor(v128.load(from, 32), v128.load(from, 48)));
    const second = from + quarter;
    b = v128.xor(b, v128.xor(v128.load(second), v128.load(second, 16)));
    b = v128.xor(b, v128.xor(v128.load(second, 32), v128.load(second, 48)));
    const third = second + quarter;
    c = v128.xor(c, v128.xor(v128.load(third), v128.load(third, 16)));
    c = v128.xor(c, v128.xor(v128.load(third, 32), v128.load(third, 48)));
    const fourth = third + quarter;
    d = v128.xor(d, v128.xor(v128.load(fourth), v128.load(fourth, 16)));
    d = v128.xor(d, v128.xor(v128.load(fourth, 32), v128.load(fourth, 48)));
  }
  const all = v128.xor(v128.xor(a, b), v128.xor(c, d));
  let word = i32x4.extract_lane(all, 0) ^ i32x4.extract_lane(all, 1);
  word ^= i32x4.extract_lane(all, 2) ^ i32x4.extract_lane(all, 3);
  for (from += 3 * quarter; from < end; from += 4) word ^= load<i32>(from);
  return word;
}
