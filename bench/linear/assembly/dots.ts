/**
 * Two ways to multiply a row of x with rows of W of 8 bits, for `npm run bench:dots`. asc compiles it for relaxed, with the flags of the
 * kernels. Both give whole numbers, four rows of W at a time, with cols a multiple of 16.
 */

/** x of 16 bits, as `linear` has it: all is exact. */
export function exact(y: usize, x: usize, w: usize, k: i32, cols: i32): void {
  for (let j = 0; j < k; j += 4, w += 4 * <usize>cols, y += 16) {
    let w0 = w,
      w1 = w + cols,
      w2 = w + 2 * <usize>cols,
      w3 = w + 3 * <usize>cols,
      from = x;
    let a = i32x4.splat(0),
      b = a,
      c = a,
      d = a;
    for (const end = w + cols; w0 < end; w0 += 16, w1 += 16, w2 += 16, w3 += 16, from += 32) {
      const u = v128.load(from),
        v = v128.load(from, 16);
      a = i32x4.add(
        i32x4.add(a, i32x4.dot_i16x8_s(u, v128.load8x8_s(w0))),
        i32x4.dot_i16x8_s(v, v128.load8x8_s(w0, 8)),
      );
      b = i32x4.add(
        i32x4.add(b, i32x4.dot_i16x8_s(u, v128.load8x8_s(w1))),
        i32x4.dot_i16x8_s(v, v128.load8x8_s(w1, 8)),
      );
      c = i32x4.add(
        i32x4.add(c, i32x4.dot_i16x8_s(u, v128.load8x8_s(w2))),
        i32x4.dot_i16x8_s(v, v128.load8x8_s(w2, 8)),
      );
      d = i32x4.add(
        i32x4.add(d, i32x4.dot_i16x8_s(u, v128.load8x8_s(w3))),
        i32x4.dot_i16x8_s(v, v128.load8x8_s(w3, 8)),
      );
    }
    v128.store(y, sums(a, b, c, d));
  }
}

/**
 * x + 8192 of 14 bits, as twice 7: sixteen upper halves, then their sixteen lower ones. The relaxed dot product takes 7 bits of one side. It
 * gives Σw·(x + 8192), from which the caller takes 8192·Σw.
 */
export function relaxed(y: usize, x: usize, w: usize, k: i32, cols: i32): void {
  for (let j = 0; j < k; j += 4, w += 4 * <usize>cols, y += 16) {
    let w0 = w,
      w1 = w + cols,
      w2 = w + 2 * <usize>cols,
      w3 = w + 3 * <usize>cols,
      from = x;
    let a = i32x4.splat(0),
      b = a,
      c = a,
      d = a,
      e = a,
      f = a,
      g = a,
      h = a;
    for (const end = w + cols; w0 < end; w0 += 16, w1 += 16, w2 += 16, w3 += 16, from += 32) {
      const upper = v128.load(from),
        lower = v128.load(from, 16);
      let m = v128.load(w0);
      a = i32x4.relaxed_dot_i8x16_i7x16_add_s(m, upper, a);
      e = i32x4.relaxed_dot_i8x16_i7x16_add_s(m, lower, e);
      m = v128.load(w1);
      b = i32x4.relaxed_dot_i8x16_i7x16_add_s(m, upper, b);
      f = i32x4.relaxed_dot_i8x16_i7x16_add_s(m, lower, f);
      m = v128.load(w2);
      c = i32x4.relaxed_dot_i8x16_i7x16_add_s(m, upper, c);
      g = i32x4.relaxed_dot_i8x16_i7x16_add_s(m, lower, g);
      m = v128.load(w3);
      d = i32x4.relaxed_dot_i8x16_i7x16_add_s(m, upper, d);
      h = i32x4.relaxed_dot_i8x16_i7x16_add_s(m, lower, h);
    }
    v128.store(y, i32x4.add(i32x4.shl(sums(a, b, c, d), 7), sums(e, f, g, h)));
  }
}

/** The sum of the lanes of each. */
function sums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}
