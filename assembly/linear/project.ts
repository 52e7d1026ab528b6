import { Lanes, trait } from "../lanes";
import { Factors } from "./factors";
import { Tile } from "./tile";

/** How a row of x, of the element type L, becomes vectors of W's kind. A trait, as `Lanes` is. */
@unmanaged
export abstract class Arrange {
  /** A row of x to `to`, `step` bytes from one vector to the next, with zeros after its end. Returns the row's scale. */
  abstract x(to: usize, x: usize, scale: usize, cols: i32, step: usize): f32;
  /** Does it pay to widen rows of W before they meet many of x? */
  abstract get widens(): bool;
  /** A row of W, widened, where it does. */
  abstract w(to: usize, w: usize, cols: i32): void;
}

/** The bytes of a block of W: half of a first-level cache of 32 KiB. */
const blockBytes: usize = 16384;

/**
 * y = x·Wᵀ + b: blocks and their order. Per block of `block` rows x is arranged once, four rows side by side vector by vector, so that
 * one pointer serves four rows and what is not a number to multiply becomes one once. W is taken in blocks that stay in the
 * first-level cache while all rows of the block pass by; as it lies, or widened where it pays.
 *
 * `arranged` has room for `block` rows of x, and where W is widened for 16 KiB of it, or four rows; and where products are scaled, for
 * `block` f32. V are W's factors as they are once widened. xScales are those of rows that come with a scale, else 0.
 */
export function project<L extends Lanes, W extends Factors, V extends Factors, A extends Arrange, P extends Lanes>(
  out: usize, x: usize, nextX: usize, xScales: usize, w: usize, nextW: usize, scales: usize, nextScales: usize, bias: usize,
  arranged: usize, rows: i32, cols: i32, k: i32, block: i32, group: i32,
): void {
  const l = trait<L>(), m = trait<W>(), p = trait<P>(), arrange = trait<A>(), tile = trait<Tile<L, W, P>>(), wide = trait<Tile<L, V, P>>();
  const nextY = <usize>k * l.size, row = <usize>((cols + m.width - 1) & -m.width) * m.lane;
  const stay = <i32>max<usize>(4, blockBytes / row & ~3), whole = m.scaled ? (cols + m.width - 1) & -m.width : cols;
  for (; rows > 0; rows -= block, out += <usize>block * nextY) {
    // of fewer than four rows nothing of W is used again soon
    const many = min<i32>(block, rows), fours = many & ~3, outs = fours ? stay : k;
    const widen = arrange.widens && fours > 4, widened = arranged + <usize>block * row;
    const rowScales = widened + (arrange.widens ? <usize>stay * row : 0);
    let to = arranged, at = rowScales;
    for (let i = 0; i < many;) {
      const beside = i < fours ? 4 : 1, end = i + beside;
      for (let start = to; i < end; i++, start += 16, x += nextX, at += 4) {
        const scale = arrange.x(start, x, xScales, cols, <usize>beside << 4);
        if (m.scaled) store<f32>(at, scale);
        if (xScales) xScales += 4;
      }
      to += <usize>beside * row;
    }
    let y = out, from = w, k0 = scales, b = bias;
    for (let j = 0; j < k; j += outs) {
      const some = min<i32>(outs, k - j);
      let source = arranged, to = y, i = 0;
      if (widen) {
        for (let r = 0; r < some; r++) arrange.w(widened + <usize>r * row, from + <usize>r * nextW, cols);
        for (; i < fours; i += 4, source += 4 * row, to += 4 * nextY) {
          wide.fourRows(to, nextY, source, rowScales + (<usize>i << 2), widened, row, k0, nextScales, b, some, whole, group);
        }
      }
      for (; i < fours; i += 4, source += 4 * row, to += 4 * nextY) {
        tile.fourRows(to, nextY, source, rowScales + (<usize>i << 2), from, nextW, k0, nextScales, b, some, whole, group);
      }
      for (; i < many; i++, source += row, to += nextY) {
        tile.oneRow(to, source, rowScales + (<usize>i << 2), from, nextW, k0, nextScales, b, some, whole, group);
      }
      y += <usize>outs * l.size; from += <usize>outs * nextW; k0 += <usize>outs * nextScales; if (b) b += <usize>outs * p.size;
    }
  }
}
