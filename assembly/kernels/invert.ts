import { Lanes, the } from "../lanes";
import { deviation, ones, zeros } from "./scratch";

/**
 * LayerNorm undone, with the mean and rstd that it saved: x = (z − bias) / weight / rstd + mean, row by row.
 *
 * 1. `columns`, once a call: 1/weight and bias of each column, in f64, as the rows read them.
 * 2. x, a vector of z at a time, in f64 lanes whatever the element type: where mean and x − mean cancel, each rounding
 *    of an f32 would be many of the x that is left. There are five, and one to the element type.
 *
 * Bytes an element: z once, x once, 16 of columns from cache. x may be z.
 * Error: f32 and halves are the f64 result rounded, |Δx| ≤ 6e-8·|x| + 7e-16·|x − mean| in f32; f64 7e-16·max(|x|, |x − mean|).
 * Source: the inverse of Ba, Kiros, Hinton 2016 eq. 4; as geometry arXiv 2409.12951 v2 eq. 8–9, whose mean and length
 * are lost without it.
 */
export function invertLayerNorm<L extends Lanes>(
  x: usize, mean: usize, rstd: usize, z: usize, columns: usize, nextColumns: usize, rows: i32, cols: i32,
): void {
  const l = the<L>(), inverse = the<Inverse<L>>(), step = l.step, out = x - z;
  const row = <usize>cols * l.size, tail = cols & (l.width - 1), body = row - <usize>tail * l.size, twos = body & ~(2 * step - 1);
  for (let r = 0, i = z; r < rows; r++, mean += l.lane, rstd += l.lane) {
    store<f64>(deviation, 1 / l.first(l.loadSplat(rstd)));
    const s = v128.load64_splat(deviation), m = f64x2.splat(l.first(l.loadSplat(mean)));
    const start = i;
    let c = columns;
    for (const end = start + twos; i < end; i += 2 * step, c += 2 * nextColumns) {
      l.storeTwo(i + out, inverse.of(l.load(i), c, s, m), inverse.of(l.load(i + step), c + nextColumns, s, m));
    }
    if (i < start + body) {
      l.store(i + out, inverse.of(l.load(i), c, s, m));
      i += step; c += nextColumns;
    }
    if (tail) {
      l.storePart(i + out, inverse.of(l.loadPart(i, tail), c, s, m), tail);
      i += <usize>tail * l.size;
    }
  }
}

@unmanaged
class Inverse<L extends Lanes> {
  /** One vector of x: of z, its columns, the row's deviation and its mean. */
  @inline of(z: v128, c: usize, s: v128, m: v128): v128 {
    const l = the<L>(), low = this.pair(l.low(z), v128.load(c), v128.load(c + 8 * l.width), s, m);
    if (l.width == 2) return low;
    return l.demote(low, this.pair(l.high(z), v128.load(c, 16), v128.load(c, 48), s, m));
  }
  @inline pair(z: v128, scale: v128, bias: v128, s: v128, m: v128): v128 {
    return f64x2.add(f64x2.mul(f64x2.mul(f64x2.sub(z, bias), scale), s), m);
  }
}

/**
 * What the rows read of each vector of columns: its 1/weight, then its bias, in f64. Absent ones are 1 and 0. Returns the
 * first column whose weight is 0, or −1.
 */
export function columns<P extends Lanes>(to: usize, weight: usize, bias: usize, cols: i32): i32 {
  const p = the<P>(), column = the<Column<P>>(), tail = cols & (p.width - 1), body = cols - tail, next = 16 * p.width;
  const nextWeight = weight ? p.step : 0, nextBias = bias ? p.step : 0;
  v128.store(ones, p.splat(1));
  v128.store(zeros, p.splat(0));
  let none = p.splat(0), w = weight ? weight : ones, b = bias ? bias : zeros;
  for (const end = to + <usize>body * 16; to < end; to += next, w += nextWeight, b += nextBias) {
    none = v128.or(none, column.keep(to, p.load(w), p.load(b)));
  }
  if (tail) none = v128.or(none, column.keep(to, p.loadPart(w, tail), p.loadPart(b, tail)));
  if (!weight || !v128.any_true(none)) return -1;
  // which it was; the lanes after a tail are 0 too
  for (let k = 0; k < cols; k++) if (p.first(p.loadSplat(weight + <usize>k * p.lane)) == 0) return k;
  return -1;
}

@unmanaged
class Column<P extends Lanes> {
  /** Of one vector; returns a mask that is not 0 where a weight is. */
  @inline keep(to: usize, weight: v128, bias: v128): v128 {
    const p = the<P>(), low = p.low(weight), half = 8 * p.width;
    v128.store(to, f64x2.div(f64x2.splat(1), low));
    v128.store(to + half, p.low(bias));
    const none = f64x2.eq(low, f64x2.splat(0));
    if (p.width == 2) return none;
    const high = p.high(weight);
    v128.store(to, f64x2.div(f64x2.splat(1), high), 16);
    v128.store(to, p.high(bias), 48);
    return v128.or(none, f64x2.eq(high, f64x2.splat(0)));
  }
}
