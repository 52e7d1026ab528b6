import { Lanes, Pairs, Sums, trait } from "../lanes";
import { prefetchSink, scratch, sums } from "../scratch";
import { Reading } from "./reading";
import { Term } from "./terms";

// Two sums over a row, for all that is ever summed. In plain words, of a term f:
//
//   total = 0
//   for each run of sixteen fours of vectors                                                               (1)
//     sum = 0
//     for each four (a, b, c, d) of the run: sum += (f(a) + f(b)) + (f(c) + f(d))                          (2)
//     total += sum, by Kahan's compensated addition                                                        (3)
//   sum = 0
//   for each vector left over, and for the elements after the last vector: sum += f(vector)                (4)
//   total += sum, compensated too
//   the lanes of total are added to each other                                                             (5)
//
// 1. A row near a constant, or of two values in turn, rounds the same way at each addition, so that its error grows with the
//    longest chain of additions and not with the root of it. Chains of sixteen with compensation above them keep every
//    such row that test/kernels tries within the contract, whatever its length. Runs joined without compensation had
//    1.3 times the error that it allows (two values in turn, 2014 columns: 6.6e-7).
// 2. A chain takes one addition for four vectors, so its latency hides behind the additions within the fours. One row at a time
//    then runs as fast as several side by side: 1.0 cycles per vector, where the adders need 1.0.
// 3. What the compensation holds is set to 0 where it is NaN: after an overflow infinity − infinity would make NaN of a sum
//    that is infinite. A wide sum (Sums) is exact or nearly exact without compensation.
// 4. What is left over is summed by itself: each addition to a long sum would round at the size of that sum. The elements after the
//    last vector are read as a vector with 0 in the other lanes, of which no byte beyond the row is read; a term of 0
//    (and of y = 0) adds 0.
// 5. `total` adds the lanes of one row; finalize.ts adds those of as many rows as a vector has lanes.
//
// This is the one order in which rows are summed, so that the bits of a row depend on nothing but the row: not on its
// neighbours, the number of rows, their strides, or where the result goes.

/** The bytes of scratch that a row's sums take: the two accumulators of the first, and the second. */
export const sumsSize: usize = 48;

/** The sums of the term T over a row read by X, and where T is of two rows, over another read by Y. */
@unmanaged
export class Reduce<L extends Lanes, T extends Term<L>, X extends Reading, Y extends Reading> {
  /**
   * Both sums to `at`, lane by lane as they are. The row at x has `tail` elements after `body` bytes of vectors, of which
   * `fours` bytes are whole fours; a caller that sums many rows finds that out once (RMSNorm 128×64 on Node 20: 12 %). `prefetch`
   * is known when compiled: then a word of each cache line at x + ahead is read too, so that the output's lines come from
   * memory while the row's do.
   */
  @inline inlined(
    at: usize, x: usize, y: usize, fours: usize, body: usize, tail: i32, scaleX: v128, shiftX: v128, scaleY: v128, shiftY: v128,
    prefetch: bool, ahead: usize,
  ): void {
    const l = trait<L>(), t = trait<T>(), rx = trait<X>(), ry = trait<Y>(), zero = l.splat(0), step = rx.step, next = ry.step;
    const pairs = trait<Pairs<L>>(), paired = pairs.exist && rx.plain && !ry.reads;
    const field = paired ? pairs.field : zero, up = paired ? pairs.up : zero;
    let s = zero, sHigh = zero, q = zero, lostS = zero, lostQ = zero, i = x, j = y, seen = 0;
    for (const end = x + fours; i < end;) {
      let s0 = zero, s0High = zero, q0 = zero;
      for (const stop = min(end, i + 64 * step); i < stop; i += 4 * step) {
        if (prefetch) seen ^= load<i32>(i + ahead);
        let a = zero, b = zero, c = zero, d = zero;
        if (paired) {
          const ab = v128.load(i), cd = v128.load(i, 16);
          a = pairs.even(ab, field, up, false); b = pairs.odd(ab, field, up, false);
          c = pairs.even(cd, field, up, false); d = pairs.odd(cd, field, up, false);
        } else {
          a = rx.load(i, scaleX, shiftX); b = rx.load(i + step, scaleX, shiftX);
          c = rx.load(i + 2 * step, scaleX, shiftX); d = rx.load(i + 3 * step, scaleX, shiftX);
        }
        let e = zero, f = zero, g = zero, h = zero;
        if (ry.reads) {
          e = ry.load(j, scaleY, shiftY); f = ry.load(j + next, scaleY, shiftY);
          g = ry.load(j + 2 * next, scaleY, shiftY); h = ry.load(j + 3 * next, scaleY, shiftY);
          j += 4 * next;
        }
        if (t.first) s0 = t.first4(s0, a, b, c, d, e, f, g, h);
        if (t.wide) s0High = t.first4High(s0High, a, b, c, d);
        q0 = t.second4(q0, a, b, c, d, e, f, g, h);
      }
      if (t.wide) { s = f64x2.add(s, s0); sHigh = f64x2.add(sHigh, s0High); }
      if (t.first && !t.wide) { const u = l.sub(s0, lostS), v = l.add(s, u); lostS = l.nanToZero(l.sub(l.sub(v, s), u)); s = v; }
      const u = l.sub(q0, lostQ), v = l.add(q, u); lostQ = l.nanToZero(l.sub(l.sub(v, q), u)); q = v;
    }
    if (ry.reads || fours != body || tail) { // with another row always, for what the compensation holds may count there
      let s0 = zero, s0High = zero, q0 = zero;
      for (const end = x + body; i < end; i += step) {
        const v = rx.load(i, scaleX, shiftX);
        let w = zero;
        if (ry.reads) { w = ry.load(j, scaleY, shiftY); j += next; }
        if (t.first) s0 = t.first1(s0, v, w);
        if (t.wide) s0High = t.first1High(s0High, v);
        q0 = t.second1(q0, v, w);
      }
      if (tail) {
        const v = rx.loadPart(i, tail, scaleX, shiftX);
        let w = zero;
        if (ry.reads) w = ry.loadPart(j, tail, scaleY, shiftY);
        if (t.first) s0 = t.first1(s0, v, w);
        if (t.wide) s0High = t.first1High(s0High, v);
        q0 = t.second1(q0, v, w);
      }
      if (t.wide) { s = f64x2.add(s, s0); sHigh = f64x2.add(sHigh, s0High); }
      if (t.first && !t.wide) s = l.add(s, l.sub(s0, lostS));
      q = l.add(q, l.sub(q0, lostQ));
    }
    if (t.first) v128.store(at, s);
    if (t.wide) v128.store(at, sHigh, 16);
    v128.store(at, q, 32);
    if (prefetch) store<i32>(scratch, seen, prefetchSink);
  }

  /** Of one row, inlined, to where `first` and `second` find it: for a loop over rows (moments 128×768: 5 to 9 %). */
  @inline rowInlined(x: usize, y: usize, cols: i32, scaleX: v128, shiftX: v128, scaleY: v128, shiftY: v128): void {
    const l = trait<L>(), tail = cols & (l.width - 1), body = <usize>(cols - tail) * l.size;
    this.inlined(scratch + sums, x, y, body & ~(4 * l.step - 1), body, tail, scaleX, shiftX, scaleY, shiftY, false, 0);
  }
  /** Of one row, in a function of its own, to `at`. */
  to(at: usize, x: usize, y: usize, cols: i32, scaleX: v128, shiftX: v128, scaleY: v128, shiftY: v128): void {
    const l = trait<L>(), tail = cols & (l.width - 1), body = <usize>(cols - tail) * l.size;
    this.inlined(at, x, y, body & ~(4 * l.step - 1), body, tail, scaleX, shiftX, scaleY, shiftY, false, 0);
  }

  /** The same, to where `first` and `second` find it. */
  @inline row(x: usize, y: usize, cols: i32, scaleX: v128, shiftX: v128, scaleY: v128, shiftY: v128): void {
    this.to(scratch + sums, x, y, cols, scaleX, shiftX, scaleY, shiftY);
  }
  /** The first sum of the row that was last summed, and its second. */
  @inline first(): f64 {
    const l = trait<L>(), s = v128.load(scratch, sums);
    return trait<T>().wide ? trait<Sums<L>>().total(s, v128.load(scratch, sums + 16)) : l.lane0(l.sumLanes4(s, s, s, s));
  }
  @inline second(): f64 {
    const l = trait<L>(), q = v128.load(scratch, sums + 32);
    return l.lane0(l.sumLanes4(q, q, q, q));
  }
}
