import { Lanes, trait } from "../lanes";
import { Rows } from "../strides";

/**
 * A linear layer: y = x·Wᵀ + b, with W [k, cols] as PyTorch stores it.
 *
 * Each y is a dot product of a row of x and a row of W as it lies: nothing is packed. A tile is four rows of x by two of W, so
 * each vector that is loaded enters two or four products; rows that are left over go one by four. W is taken in blocks that
 * stay in the first-level cache while all rows of x pass by.
 *
 * The order of additions of one y is the same in both tiles. Of every 256 columns each lane is a chain of its own; the lanes are
 * added to each other, then these sums are added in order, and the bias comes last. So the bits of a row depend on no other
 * row, on no block and on no stride. Chains of any length would break the bound for constant rows: 2.0 times at 4096 columns.
 *
 * Bytes: of x once per block of W, of W once per four rows, mostly from cache; y once. y shares no byte with x, W or b.
 * Error in f32: 2·√cols·2⁻²⁴·‖x‖‖w‖, and for halves one rounding more. Source: PyTorch, torch.nn.functional.linear.
 */
export function linear<L extends Lanes, P extends Lanes>(
  out: usize, x: usize, weight: usize, bias: usize, strides: usize, rows: i32, cols: i32, k: i32,
): void {
  const l = trait<L>(), p = trait<P>(), tile = trait<Tile<L, P>>();
  const nextX = trait<Rows<L>>().stride(strides, 0, cols), nextY = <usize>k * l.size, nextW = <usize>cols * l.size;
  const block = max<usize>(4, blockBytes / nextW & ~3);
  for (let j: usize = 0; j < <usize>k; j += block, weight += block * nextW, out += block * l.size, bias += bias ? block * p.size : 0) {
    const outs = <i32>min<usize>(block, <usize>k - j);
    let left = rows, from = x, to = out;
    for (; left >= 4; left -= 4, from += 4 * nextX, to += 4 * nextY) {
      tile.fourRows(to, nextY, from, nextX, weight, nextW, bias, outs, cols);
    }
    for (; left > 0; left--, from += nextX, to += nextY) tile.oneRow(to, from, weight, nextW, bias, outs, cols);
  }
}

/** The bytes of a block of W: half of a first-level cache of 32 KiB. */
const blockBytes: usize = 16384;
/** The columns of a chain of additions. */
const chain: i32 = 256;

/** L is the element type of x, W and y, P that of the bias; both have lanes of the same width. */
@final @unmanaged
export class Tile<L extends Lanes, P extends Lanes> {
  /** Four rows of x by `outs` rows of W, two at a time. An odd last row of W is taken twice and stored once. */
  fourRows(y: usize, nextY: usize, x: usize, nextX: usize, w: usize, nextW: usize, bias: usize, outs: i32, cols: i32): void {
    const l = trait<L>(), step = l.step, zero = l.splat(0);
    for (; outs > 0; outs -= 2, w += 2 * nextW, y += 2 * l.size, bias += bias ? 2 * trait<P>().size : 0) {
      let x0 = x, x1 = x + nextX, x2 = x1 + nextX, x3 = x2 + nextX, w0 = w, w1 = outs > 1 ? w + nextW : w;
      let y0 = zero, y1 = zero, y2 = zero, y3 = zero;
      for (let left = cols; left > 0; left -= chain) {
        const part = min<i32>(left, chain), tail = part & (l.width - 1);
        let a0 = zero, a1 = zero, a2 = zero, a3 = zero, b0 = zero, b1 = zero, b2 = zero, b3 = zero;
        for (const end = w0 + <usize>(part - tail) * l.size; w0 < end; w0 += step, w1 += step) {
          const u = l.load(w0), v = l.load(w1);
          const p = l.load(x0); a0 = l.fma(p, u, a0); b0 = l.fma(p, v, b0);
          const q = l.load(x1); a1 = l.fma(q, u, a1); b1 = l.fma(q, v, b1);
          const r = l.load(x2); a2 = l.fma(r, u, a2); b2 = l.fma(r, v, b2);
          const s = l.load(x3); a3 = l.fma(s, u, a3); b3 = l.fma(s, v, b3);
          x0 += step; x1 += step; x2 += step; x3 += step;
        }
        if (tail) {
          const u = l.loadPart(w0, tail), v = l.loadPart(w1, tail);
          const p = l.loadPart(x0, tail); a0 = l.fma(p, u, a0); b0 = l.fma(p, v, b0);
          const q = l.loadPart(x1, tail); a1 = l.fma(q, u, a1); b1 = l.fma(q, v, b1);
          const r = l.loadPart(x2, tail); a2 = l.fma(r, u, a2); b2 = l.fma(r, v, b2);
          const s = l.loadPart(x3, tail); a3 = l.fma(s, u, a3); b3 = l.fma(s, v, b3);
        }
        y0 = l.add(y0, l.sumLanes4(a0, b0, zero, zero)); y1 = l.add(y1, l.sumLanes4(a1, b1, zero, zero));
        y2 = l.add(y2, l.sumLanes4(a2, b2, zero, zero)); y3 = l.add(y3, l.sumLanes4(a3, b3, zero, zero));
      }
      this.finish(y, y0, bias, outs); this.finish(y + nextY, y1, bias, outs);
      this.finish(y + 2 * nextY, y2, bias, outs); this.finish(y + 3 * nextY, y3, bias, outs);
    }
  }

  /** One row of x by `outs` rows of W, four at a time; where fewer are left, the first of them stands for those. */
  oneRow(y: usize, x: usize, w: usize, nextW: usize, bias: usize, outs: i32, cols: i32): void {
    const l = trait<L>(), step = l.step, zero = l.splat(0), lane = trait<P>().size;
    for (; outs > 0; outs -= 4, w += 4 * nextW, y += 4 * l.size, bias += bias ? 4 * lane : 0) {
      let from = x, w0 = w, w1 = outs > 1 ? w + nextW : w, w2 = outs > 2 ? w + 2 * nextW : w, w3 = outs > 3 ? w + 3 * nextW : w;
      let low = zero, high = zero;
      for (let left = cols; left > 0; left -= chain) {
        const part = min<i32>(left, chain), tail = part & (l.width - 1);
        let a = zero, b = zero, c = zero, d = zero;
        for (const end = from + <usize>(part - tail) * l.size; from < end; from += step) {
          const v = l.load(from);
          a = l.fma(v, l.load(w0), a); b = l.fma(v, l.load(w1), b); c = l.fma(v, l.load(w2), c); d = l.fma(v, l.load(w3), d);
          w0 += step; w1 += step; w2 += step; w3 += step;
        }
        if (tail) {
          const v = l.loadPart(from, tail);
          a = l.fma(v, l.loadPart(w0, tail), a); b = l.fma(v, l.loadPart(w1, tail), b);
          c = l.fma(v, l.loadPart(w2, tail), c); d = l.fma(v, l.loadPart(w3, tail), d);
        }
        low = l.add(low, l.sumLanes4(a, b, zero, zero)); high = l.add(high, l.sumLanes4(c, d, zero, zero));
      }
      this.finish(y, low, bias, outs);
      if (outs > 2) this.finish(y + 2 * l.size, high, bias ? bias + 2 * lane : 0, outs - 2);
    }
  }

  /** The first two lanes, or the first where only one is left, plus their bias, to y. */
  @inline finish(y: usize, v: v128, bias: usize, outs: i32): void {
    const l = trait<L>(), p = trait<P>();
    if (outs > 1 && l.width == 2) l.store(y, bias ? l.add(v, p.load(bias)) : v);
    else {
      const n = min<i32>(outs, 2);
      l.storePart(y, bias ? l.add(v, p.loadPart(bias, n)) : v, n);
    }
  }
}
