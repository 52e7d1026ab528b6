import { Lanes, trait } from "../lanes";
import { Factors } from "./factors";

/**
 * Some rows of x by rows of W, as dot products: y and what a dot product is made of.
 *
 * A tile is four rows of x by two of W; rows that are left over go one by four. Four by two, because 8 sums, 2 of W and 1 of x are as
 * many as V8 keeps in its 15 registers: a tile of three by three does not fit.
 *
 * The order of additions of one y is the same in both tiles. Of every chain of columns each lane is a sum of its own; the lanes are
 * added to each other, then these sums are added in order, and the bias comes last. So the bits of a row depend on no other row.
 *
 * L is the element type of y, W what is multiplied, P that of the bias. Where W is scaled, each group of `group` columns of a row of W
 * has a scale, an f32, nextScales bytes from one row's to the next; and each row of x has one, at `rowScales`.
 */
@final @unmanaged
export class Tile<L extends Lanes, W extends Factors, P extends Lanes> {
  /**
   * Four rows of x, side by side vector by vector, by `outs` rows of W, two at a time. An odd last row of W is taken twice and
   * stored once.
   */
  fourRows(
    y: usize, nextY: usize, x: usize, rowScales: usize, w: usize, nextW: usize, scales: usize, nextScales: usize, bias: usize,
    outs: i32, cols: i32, group: i32,
  ): void {
    const l = trait<L>(), m = trait<W>(), p = trait<P>(), step = m.step, zero = l.splat(0);
    const y1 = nextY, y2 = nextY + nextY, y3 = y1 + y2;
    for (; outs > 0; outs -= 2, w += 2 * nextW, y += 2 * l.size) {
      const two = outs > 1;
      let from = x, w0 = w, w1 = two ? w + nextW : w;
      let scale = scales, rest = group;
      // where a vector has four lanes, s has the rows 0 and 1, and u the rows 2 and 3
      let s = zero, t = zero, u = zero, v = zero;
      for (let left = cols; left > 0;) {
        const part = min<i32>(left, m.scaled ? min<i32>(rest, m.chain) : m.chain), tail = part & (m.width - 1);
        let a0 = zero, a1 = zero, a2 = zero, a3 = zero, b0 = zero, b1 = zero, b2 = zero, b3 = zero;
        for (const end = w0 + <usize>((part - tail) / m.width) * step; w0 < end; w0 += step, w1 += step, from += 64) {
          const c = m.load(w0), d = m.load(w1);
          const e = v128.load(from); a0 = m.fma(e, c, a0); b0 = m.fma(e, d, b0);
          const f = v128.load(from, 16); a1 = m.fma(f, c, a1); b1 = m.fma(f, d, b1);
          const g = v128.load(from, 32); a2 = m.fma(g, c, a2); b2 = m.fma(g, d, b2);
          const h = v128.load(from, 48); a3 = m.fma(h, c, a3); b3 = m.fma(h, d, b3);
        }
        if (!m.scaled && tail) {
          const c = m.loadPart(w0, tail), d = m.loadPart(w1, tail);
          const e = v128.load(from); a0 = m.fma(e, c, a0); b0 = m.fma(e, d, b0);
          const f = v128.load(from, 16); a1 = m.fma(f, c, a1); b1 = m.fma(f, d, b1);
          const g = v128.load(from, 32); a2 = m.fma(g, c, a2); b2 = m.fma(g, d, b2);
          const h = v128.load(from, 48); a3 = m.fma(h, c, a3); b3 = m.fma(h, d, b3);
        }
        if (l.width == 4) {
          let ab = m.sumLanes4(a0, b0, a1, b1), cd = m.sumLanes4(a2, b2, a3, b3);
          if (m.scaled) {
            const both = v128.load32_lane(two ? scale + nextScales : scale, v128.load32_zero(scale), 1);
            const k = v128.shuffle<u64>(both, both, 0, 0);
            ab = l.mul(ab, k); cd = l.mul(cd, k);
            rest -= part;
            if (rest == 0) { rest = group; scale += 4; }
          }
          s = l.add(s, ab); u = l.add(u, cd);
        } else {
          s = l.add(s, m.sumLanes4(a0, b0, zero, zero)); t = l.add(t, m.sumLanes4(a1, b1, zero, zero));
          u = l.add(u, m.sumLanes4(a2, b2, zero, zero)); v = l.add(v, m.sumLanes4(a3, b3, zero, zero));
        }
        left -= part;
      }
      if (m.scaled) {
        const k = v128.load(rowScales);
        s = l.mul(s, v128.shuffle<u32>(k, k, 0, 0, 1, 1)); u = l.mul(u, v128.shuffle<u32>(k, k, 2, 2, 3, 3));
        scales += 2 * nextScales;
      }
      if (bias) {
        let b = two ? p.loadTwoLanes(bias) : p.loadPart(bias, 1);
        if (l.width == 4) b = v128.shuffle<u64>(b, b, 0, 0);
        s = l.add(s, b); t = l.add(t, b); u = l.add(u, b); v = l.add(v, b);
        bias += 2 * p.size;
      }
      if (l.width == 4) { t = v128.shuffle<u64>(s, s, 1, 1); v = v128.shuffle<u64>(u, u, 1, 1); }
      if (two) { l.storeTwoLanes(y, s); l.storeTwoLanes(y + y1, t); l.storeTwoLanes(y + y2, u); l.storeTwoLanes(y + y3, v); }
      else { l.storePart(y, s, 1); l.storePart(y + y1, t, 1); l.storePart(y + y2, u, 1); l.storePart(y + y3, v, 1); }
    }
  }

  /** One row of x by `outs` rows of W, four at a time; where fewer are left, the first of them stands for those. */
  oneRow(
    y: usize, x: usize, rowScale: usize, w: usize, nextW: usize, scales: usize, nextScales: usize, bias: usize,
    outs: i32, cols: i32, group: i32,
  ): void {
    const l = trait<L>(), m = trait<W>(), p = trait<P>(), step = m.step, zero = l.splat(0);
    for (; outs > 0; outs -= 4, w += 4 * nextW, y += 4 * l.size) {
      let from = x, w0 = w, w1 = outs > 1 ? w + nextW : w, w2 = outs > 2 ? w + 2 * nextW : w, w3 = outs > 3 ? w + 3 * nextW : w;
      let k0 = scales, k1 = outs > 1 ? scales + nextScales : scales;
      let k2 = outs > 2 ? scales + 2 * nextScales : scales, k3 = outs > 3 ? scales + 3 * nextScales : scales, rest = group;
      let s = zero, t = zero;
      for (let left = cols; left > 0;) {
        const part = min<i32>(left, m.scaled ? min<i32>(rest, m.chain) : m.chain), tail = part & (m.width - 1);
        let a = zero, b = zero, c = zero, d = zero;
        for (const end = w0 + <usize>(part / (2 * m.width)) * 2 * step; w0 < end; from += 32) {
          const u = v128.load(from), v = v128.load(from, 16);
          a = m.fma(v, m.loadNext(w0), m.fma(u, m.load(w0), a)); b = m.fma(v, m.loadNext(w1), m.fma(u, m.load(w1), b));
          c = m.fma(v, m.loadNext(w2), m.fma(u, m.load(w2), c)); d = m.fma(v, m.loadNext(w3), m.fma(u, m.load(w3), d));
          w0 += 2 * step; w1 += 2 * step; w2 += 2 * step; w3 += 2 * step;
        }
        if (part & m.width) {
          const v = v128.load(from); from += 16;
          a = m.fma(v, m.load(w0), a); b = m.fma(v, m.load(w1), b); c = m.fma(v, m.load(w2), c); d = m.fma(v, m.load(w3), d);
          w0 += step; w1 += step; w2 += step; w3 += step;
        }
        if (!m.scaled && tail) {
          const v = v128.load(from);
          a = m.fma(v, m.loadPart(w0, tail), a); b = m.fma(v, m.loadPart(w1, tail), b);
          c = m.fma(v, m.loadPart(w2, tail), c); d = m.fma(v, m.loadPart(w3, tail), d);
        }
        let sums = m.sumLanes4(a, b, c, d);
        if (m.scaled) {
          const two = v128.load32_lane(k1, v128.load32_zero(k0), 1);
          sums = l.mul(sums, v128.load32_lane(k3, v128.load32_lane(k2, two, 2), 3));
          rest -= part;
          if (rest == 0) { rest = group; k0 += 4; k1 += 4; k2 += 4; k3 += 4; }
        }
        s = l.add(s, sums);
        if (l.width == 2) t = l.add(t, m.sumLanes4(c, d, zero, zero));
        left -= part;
      }
      if (m.scaled) { s = l.mul(s, v128.load32_splat(rowScale)); scales += 4 * nextScales; }
      this.finish(y, s, bias, min<i32>(outs, l.width));
      if (l.width == 2 && outs > 2) this.finish(y + 2 * l.size, t, bias ? bias + 2 * p.size : 0, min<i32>(outs - 2, 2));
      if (bias) bias += 4 * p.size;
    }
  }

  /** The first `outs` lanes, and their bias, to y. */
  @inline finish(y: usize, v: v128, bias: usize, outs: i32): void {
    const l = trait<L>(), p = trait<P>();
    if (outs == l.width) l.store(y, bias ? l.add(v, p.load(bias)) : v);
    else l.storePart(y, bias ? l.add(v, p.loadPart(bias, outs)) : v, outs);
  }
}
