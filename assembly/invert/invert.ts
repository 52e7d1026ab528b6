import { Lanes, trait } from "../lanes";
import { ones, scratch, stdDev, zeros } from "../scratch";
import { Rows } from "../strides";

/**
 * LayerNorm undone, with the mean and rstd that it saved: x = (z − bias) / weight / rstd + mean, row by row.
 *
 * 1. `columns`, once per call: 1/weight and bias of each column, in f64, as the rows read them. Where both are absent all
 *    columns are alike, and one vector of them is read again and again.
 * 2. x, a vector of z at a time, in f64 lanes whatever the element type: where mean and x − mean cancel, each rounding
 *    of an f32 would be many roundings of the x that is left. There are five, and one to the element type.
 *
 * Bytes per element: z once, x once, 16 of columns from cache. x may be z, with the same stride. Returns the first column whose
 * weight is 0, where nothing was written, or −1.
 * Error: f32 and halves are the f64 result rounded, |Δx| ≤ 6e-8·|x| + 7e-16·|x − mean| in f32; f64 7e-16·max(|x|, |x − mean|).
 * Source: the inverse of Ba, Kiros, Hinton 2016 eq. 4; as geometry arXiv 2409.12951 v2 eq. 8–9, whose mean and length
 * are lost without it.
 */
export function invertLayerNorm<L extends Lanes, P extends Lanes>(
  out: usize, mean: usize, rstd: usize, z: usize, weight: usize, bias: usize, columns: usize, strides: usize,
  rows: i32, cols: i32,
): i32 {
  const l = trait<L>(), r = trait<Rows<L>>(), inverse = trait<Inverse<L>>(), step = l.step;
  const alike = !weight && !bias, zero = prepare<P>(columns, weight, bias, alike ? l.width : cols);
  if (zero >= 0) return zero;
  const nextColumns = alike ? 0 : 16 * l.width, nextOut = r.stride(strides, 0, cols), nextZ = r.stride(strides, 1, cols);
  const tail = cols & (l.width - 1), body = <usize>(cols - tail) * l.size, twos = body & ~(2 * step - 1);
  for (let left = rows; left > 0; left--, out += nextOut, z += nextZ, mean += l.lane, rstd += l.lane) {
    store<f64>(scratch, 1 / l.lane0(l.loadSplat(rstd)), stdDev);
    const s = v128.load64_splat(scratch, stdDev), m = f64x2.splat(l.lane0(l.loadSplat(mean)));
    const to = out - z;
    let i = z, c = columns;
    for (const end = z + twos; i < end; i += 2 * step, c += 2 * nextColumns) {
      l.storeTwo(i + to, inverse.of(l.load(i), c, s, m), inverse.of(l.load(i + step), c + nextColumns, s, m));
    }
    if (i < z + body) {
      l.store(i + to, inverse.of(l.load(i), c, s, m));
      i += step; c += nextColumns;
    }
    if (tail) l.storePart(i + to, inverse.of(l.loadPart(i, tail), c, s, m), tail);
  }
  return -1;
}

@unmanaged
class Inverse<L extends Lanes> {
  /** One vector of x, from one of z, its columns, and the row's standard deviation and mean. */
  @inline of(z: v128, c: usize, s: v128, m: v128): v128 {
    const l = trait<L>(), low = this.pair(l.promoteLow(z), v128.load(c), v128.load(c + 8 * l.width), s, m);
    if (l.width == 2) return low;
    return l.demote(low, this.pair(l.promoteHigh(z), v128.load(c, 16), v128.load(c, 48), s, m));
  }
  @inline pair(z: v128, scale: v128, bias: v128, s: v128, m: v128): v128 {
    return f64x2.add(f64x2.mul(f64x2.mul(f64x2.sub(z, bias), scale), s), m);
  }
}

/**
 * What the rows read of each vector of columns: its 1/weight, then its bias, in f64. Absent ones are 1 and 0. Returns the
 * first column whose weight is 0, or −1.
 */
function prepare<P extends Lanes>(to: usize, weight: usize, bias: usize, cols: i32): i32 {
  const p = trait<P>(), column = trait<Column<P>>(), tail = cols & (p.width - 1), body = cols - tail, next = 16 * p.width;
  const nextWeight = weight ? p.step : 0, nextBias = bias ? p.step : 0;
  v128.store(scratch, p.splat(1), ones);
  v128.store(scratch, p.splat(0), zeros);
  let none = p.splat(0), w = weight ? weight : scratch + ones, b = bias ? bias : scratch + zeros;
  for (const end = to + <usize>body * 16; to < end; to += next, w += nextWeight, b += nextBias) {
    none = v128.or(none, column.write(to, p.load(w), p.load(b)));
  }
  if (tail) none = v128.or(none, column.write(to, p.loadPart(w, tail), p.loadPart(b, tail)));
  if (!weight || !v128.any_true(none)) return -1;
  // which it was; the lanes after a tail are 0 too
  for (let k = 0; k < cols; k++) if (p.lane0(p.loadSplat(weight + <usize>k * p.lane)) == 0) return k;
  return -1;
}

@unmanaged
class Column<P extends Lanes> {
  /** Of one vector; returns a mask that is not 0 where a weight is. */
  @inline write(to: usize, weight: v128, bias: v128): v128 {
    const p = trait<P>(), low = p.promoteLow(weight), half = 8 * p.width;
    v128.store(to, f64x2.div(f64x2.splat(1), low));
    v128.store(to + half, p.promoteLow(bias));
    const none = f64x2.eq(low, f64x2.splat(0));
    if (p.width == 2) return none;
    const high = p.promoteHigh(weight);
    v128.store(to, f64x2.div(f64x2.splat(1), high), 16);
    v128.store(to, p.promoteHigh(bias), 48);
    return v128.or(none, f64x2.eq(high, f64x2.splat(0)));
  }
}
