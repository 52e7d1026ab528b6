import { BF16, F16, F32, F64, Lanes, trait } from "../lanes";
import { Rows } from "../strides";

/**
 * A linear layer: y = x·Wᵀ + b, with W [k, cols] as PyTorch stores it.
 *
 * Each y is a dot product of a row of x and a row of W as it lies: nothing of W is packed. A tile is four rows of x by two of W, so
 * each vector that is loaded enters two or four products; rows that are left over go one by four. Per block of `block` rows x is
 * arranged once, as lanes, with four rows side by side vector by vector, so that one pointer serves four rows and halves are
 * widened once. W is taken in blocks that stay in the first-level cache while all rows of the block pass by.
 *
 * Four by two, because 8 sums, 2 of W and 1 of x are as many as V8 keeps in its 15 registers: a tile of three by three does not fit.
 *
 * The order of additions of one y is the same in both tiles. Of every 256 columns each lane is a chain of its own; the lanes are
 * added to each other, then these sums are added in order, and the bias comes last. So the bits of a row depend on no other
 * row, on no block and on no stride. Chains of any length would break the bound for constant rows: 2.0 times at 4096 columns.
 *
 * Bytes: x once, and arranged once per block of W; W once per four rows, mostly from cache; y once. y shares no byte with x, W or b.
 * `arranged` has room for block · cols lanes, both rounded up to fours, and for halves 16 KiB, or four rows, more.
 * Error in f32: 2·√cols·2⁻²⁴·‖x‖‖w‖, and for halves one rounding more. Source: PyTorch, torch.nn.functional.linear.
 */
function linear<L extends Lanes, W extends Lanes, P extends Lanes>(
  out: usize, x: usize, weight: usize, bias: usize, arranged: usize, strides: usize, rows: i32, cols: i32, k: i32, block: i32,
): void {
  const l = trait<L>(), m = trait<W>(), p = trait<P>(), tile = trait<Tile<L, W, P>>(), wide = trait<Tile<L, P, P>>();
  if (l.width != m.width) return; // f64 goes with f64 alone: nothing is compiled of this
  const nextX = trait<Rows<L>>().stride(strides, 0, cols), nextY = <usize>k * l.size, nextW = <usize>cols * m.size;
  const row = <usize>((cols + l.width - 1) & -l.width) * l.lane, stay = <i32>max<usize>(4, blockBytes / row & ~3);
  for (; rows > 0; rows -= block, out += <usize>block * nextY) {
    // of fewer than four rows nothing of W is used again soon
    const many = min<i32>(block, rows), fours = many & ~3, outs = fours ? stay : k;
    // where halves meet more than four rows, it pays to widen them before
    const widen = m.size < m.lane && fours > 4, widened = arranged + <usize>block * row;
    let to = arranged;
    for (let i = 0; i < fours; i += 4, to += 4 * row, x += 4 * nextX) {
      for (let r: usize = 0; r < 4; r++) tile.arrange(to + (r << 4), x + r * nextX, cols, 64);
    }
    for (let i = fours; i < many; i++, to += row, x += nextX) tile.arrange(to, x, cols, 16);
    let y = out, w = weight, b = bias;
    for (let j = 0; j < k; j += outs, w += <usize>outs * nextW, y += <usize>outs * l.size, b += b ? <usize>outs * p.size : 0) {
      const some = min<i32>(outs, k - j);
      let from = arranged, at = y;
      if (widen) {
        for (let r = 0; r < some; r++) trait<Tile<W, W, P>>().arrange(widened + <usize>r * row, w + <usize>r * nextW, cols, 16);
        for (let i = 0; i < fours; i += 4, from += 4 * row, at += 4 * nextY) wide.fourRows(at, nextY, from, widened, row, b, some, cols);
      } else {
        for (let i = 0; i < fours; i += 4, from += 4 * row, at += 4 * nextY) tile.fourRows(at, nextY, from, w, nextW, b, some, cols);
      }
      for (let i = fours; i < many; i++, from += row, at += nextY) tile.oneRow(at, from, w, nextW, b, some, cols);
    }
  }
}

/** By weights of f32, whatever x is; and so on. */
export function linearF32<L extends Lanes, P extends Lanes>(
  out: usize, x: usize, weight: usize, bias: usize, arranged: usize, strides: usize, rows: i32, cols: i32, k: i32, block: i32,
): void {
  linear<L, F32, P>(out, x, weight, bias, arranged, strides, rows, cols, k, block);
}

export function linearF64<L extends Lanes, P extends Lanes>(
  out: usize, x: usize, weight: usize, bias: usize, arranged: usize, strides: usize, rows: i32, cols: i32, k: i32, block: i32,
): void {
  linear<L, F64, P>(out, x, weight, bias, arranged, strides, rows, cols, k, block);
}

export function linearF16<L extends Lanes, P extends Lanes>(
  out: usize, x: usize, weight: usize, bias: usize, arranged: usize, strides: usize, rows: i32, cols: i32, k: i32, block: i32,
): void {
  linear<L, F16, P>(out, x, weight, bias, arranged, strides, rows, cols, k, block);
}

export function linearBF16<L extends Lanes, P extends Lanes>(
  out: usize, x: usize, weight: usize, bias: usize, arranged: usize, strides: usize, rows: i32, cols: i32, k: i32, block: i32,
): void {
  linear<L, BF16, P>(out, x, weight, bias, arranged, strides, rows, cols, k, block);
}

/** The bytes of a block of W: half of a first-level cache of 32 KiB. */
const blockBytes: usize = 16384;
/** The columns of a chain of additions. */
const chain: i32 = 256;

/** L is the element type of x and y, W that of the weights, P that of the bias. All have lanes of the same width. */
@final @unmanaged
export class Tile<L extends Lanes, W extends Lanes, P extends Lanes> {
  /** A row as vectors of lanes, `step` bytes from one to the next; after its end zeros. */
  arrange(to: usize, x: usize, cols: i32, step: usize): void {
    const l = trait<L>(), tail = cols & (l.width - 1);
    for (const end = x + <usize>(cols - tail) * l.size; x < end; x += l.step, to += step) v128.store(to, l.load(x));
    if (tail) v128.store(to, l.loadPart(x, tail));
  }

  /** Four rows of x by `outs` rows of W, two at a time. An odd last row of W is taken twice and stored once. */
  fourRows(y: usize, nextY: usize, x: usize, w: usize, nextW: usize, bias: usize, outs: i32, cols: i32): void {
    const l = trait<L>(), m = trait<W>(), p = trait<P>(), step = m.step, zero = l.splat(0);
    const y1 = nextY, y2 = nextY + nextY, y3 = y1 + y2;
    for (; outs > 0; outs -= 2, w += 2 * nextW, y += 2 * l.size) {
      const two = outs > 1;
      let from = x, w0 = w, w1 = two ? w + nextW : w;
      // where a vector has four lanes, s has the rows 0 and 1, and u the rows 2 and 3
      let s = zero, t = zero, u = zero, v = zero;
      for (let left = cols; left > 0; left -= chain) {
        const part = min<i32>(left, chain), tail = part & (l.width - 1);
        let a0 = zero, a1 = zero, a2 = zero, a3 = zero, b0 = zero, b1 = zero, b2 = zero, b3 = zero;
        for (const end = w0 + <usize>(part - tail) * m.size; w0 < end; w0 += step, w1 += step, from += 64) {
          const c = m.load(w0), d = m.load(w1);
          const e = v128.load(from); a0 = l.fma(e, c, a0); b0 = l.fma(e, d, b0);
          const f = v128.load(from, 16); a1 = l.fma(f, c, a1); b1 = l.fma(f, d, b1);
          const g = v128.load(from, 32); a2 = l.fma(g, c, a2); b2 = l.fma(g, d, b2);
          const h = v128.load(from, 48); a3 = l.fma(h, c, a3); b3 = l.fma(h, d, b3);
        }
        if (tail) {
          const c = m.loadPart(w0, tail), d = m.loadPart(w1, tail);
          const e = v128.load(from); a0 = l.fma(e, c, a0); b0 = l.fma(e, d, b0);
          const f = v128.load(from, 16); a1 = l.fma(f, c, a1); b1 = l.fma(f, d, b1);
          const g = v128.load(from, 32); a2 = l.fma(g, c, a2); b2 = l.fma(g, d, b2);
          const h = v128.load(from, 48); a3 = l.fma(h, c, a3); b3 = l.fma(h, d, b3);
        }
        if (l.width == 4) { s = l.add(s, l.sumLanes4(a0, b0, a1, b1)); u = l.add(u, l.sumLanes4(a2, b2, a3, b3)); }
        else {
          s = l.add(s, l.sumLanes4(a0, b0, zero, zero)); t = l.add(t, l.sumLanes4(a1, b1, zero, zero));
          u = l.add(u, l.sumLanes4(a2, b2, zero, zero)); v = l.add(v, l.sumLanes4(a3, b3, zero, zero));
        }
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
  oneRow(y: usize, x: usize, w: usize, nextW: usize, bias: usize, outs: i32, cols: i32): void {
    const l = trait<L>(), m = trait<W>(), p = trait<P>(), step = m.step, zero = l.splat(0);
    for (; outs > 0; outs -= 4, w += 4 * nextW, y += 4 * l.size) {
      let from = x, w0 = w, w1 = outs > 1 ? w + nextW : w, w2 = outs > 2 ? w + 2 * nextW : w, w3 = outs > 3 ? w + 3 * nextW : w;
      let s = zero, t = zero;
      for (let left = cols; left > 0; left -= chain) {
        const part = min<i32>(left, chain), tail = part & (l.width - 1);
        let a = zero, b = zero, c = zero, d = zero;
        for (const end = w0 + <usize>(part - tail) * m.size; w0 < end; from += 16) {
          const v = v128.load(from);
          a = l.fma(v, m.load(w0), a); b = l.fma(v, m.load(w1), b); c = l.fma(v, m.load(w2), c); d = l.fma(v, m.load(w3), d);
          w0 += step; w1 += step; w2 += step; w3 += step;
        }
        if (tail) {
          const v = v128.load(from);
          a = l.fma(v, m.loadPart(w0, tail), a); b = l.fma(v, m.loadPart(w1, tail), b);
          c = l.fma(v, m.loadPart(w2, tail), c); d = l.fma(v, m.loadPart(w3, tail), d);
        }
        s = l.add(s, l.sumLanes4(a, b, c, d));
        if (l.width == 2) t = l.add(t, l.sumLanes4(c, d, zero, zero));
      }
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
