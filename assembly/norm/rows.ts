import { Lanes, trait } from "../lanes";
import { Nothing, Plain } from "../reduce/reading";
import { Reduce, sumsSize } from "../reduce/reduce";
import { Term } from "../reduce/terms";
import { accepted, inverseScale, maxRows, means, ones, part, rstds, scratch, sums, zeros } from "../scratch";
import { Finalize } from "./finalize";
import { Norm } from "./norm";
import { Output } from "./output";
import { isStorable, lookAgain, reject } from "./settle";
import { slowRow } from "./slow";

// The driver of every norm. In plain words:
//
//   for each block of rows                                                                                 (1)
//     for each row: S1 = Σx, S2 = Σx²                                                                      (2)
//     for each row: mean, rstd, and whether S1 and S2 can be trusted (accepted)                            (3)
//     for each row
//       if it is accepted, or is 0: y = N(x − mean, rstd)                                                  (4)
//       else, if a second pass over x − mean recovers it: y = N((x − mean) − low part of the mean, rstd)   (5)
//       else: y = N((x·scale − shift) − rest, rstd), from statistics that are right for any row            (6)
//     write mean and rstd where they are asked for
//
// 1. Two rows at least, which share weight and bias in step 4; up to 16 while their bytes are few, for the latency of a
//    block's square root is the same however many rows share it (LayerNorm 128×64: 14 % faster than with four). Beyond
//    cache there are fewer, so that the lines that step 2 prefetched are still in L1 in step 4 (16384×512: 25 %).
// 2. `Reduce`, inlined here: V8 unrolls a hot loop where it is nested in the loop over rows, and not where it is called from
//    there (RMSNorm 128×768 on Node 20: 13 to 32 %).
// 3. `Finalize`, a vector of rows at a time. Statistics cross to step 4 through scratch: see scratch.ts.
// 4. `Output`, two rows at a time where there is a weight. It reads each element before it writes it, so y may be x. Halves go in
//    pairs of vectors (lanes/pairs.ts), whose rounding wants finite outputs: where the parameters cannot promise them, no row is accepted.
// 5. The first row that is not accepted has all such rows of its block looked at: rows of zeros, which are what batches are
//    padded with, are accepted, and the others summed once more: `lookAgain`.
// 6. `robustStatistics`.
//
// The tail, the elements after a row's last whole vector, is read and written by loadPart and storePart, which touch no byte
// beyond it. So no path reads or writes between rows, whatever their strides. Bytes per element: x is read twice, the second time
// from cache, and y written once.

/** Beyond this many bytes of x, and out of place, the output's lines are prefetched. */
const cache: usize = 4 << 20;

/** How many rows a block has. */
export function blockRows(row: usize, beyondCache: bool): i32 {
  const bytes: usize = beyondCache ? 4096 : 16384;
  return max(2, min(maxRows, <i32>(bytes / row) & ~1));
}

/**
 * N of every row of x, whose statistics are the sums of T.
 *
 * x: rows × cols, nextX bytes from one row to the next; weight and bias: cols each, 0 where absent. y: rows × cols, nextY bytes
 * from one row to the next; mean and rstd: one lane per row, 0 where absent. y may be x, with the same stride. L are the lanes
 * of x and y, P those of weight and bias: f32 for the halves.
 */
export function normRows<L extends Lanes, P extends Lanes, T extends Term<L>, N extends Norm<L>>(
  y: usize, nextY: usize, mean: usize, rstd: usize, x: usize, nextX: usize, weight: usize, bias: usize, rows: i32, cols: i32, eps: f64,
): void {
  const l = trait<L>(), p = trait<P>(), n = trait<N>(), output = trait<Output<L, P, T, N>>();
  const reduce = trait<Reduce<L, T, Plain<L>, Nothing>>(), zero = l.splat(0);
  const tail = cols & (l.width - 1), body = <usize>(cols - tail) * l.size, fours = body & ~(4 * l.step - 1);
  const row = <usize>cols * l.size, beyondCache = x != y && (row * rows > cache || load<i32>(scratch, part)), most = blockRows(row, beyondCache);
  const nextWeight = weight ? p.step : 0, nextBias = bias ? p.step : 0;
  if (n.weighted && !weight) weight = fill<P>(ones, 1);
  if (n.biased && !bias) bias = fill<P>(zeros, 0);
  const shares = n.weighted && l.digits != 11; // f16 is bound by its arithmetic, and gains no more than it grows
  v128.store(scratch, l.splat(1), inverseScale);
  const storable = !output.paired || isStorable<L, P, N>(weight, bias, nextWeight, nextBias, cols);
  for (let left = rows; left > 0;) {
    const count = min(left, most);
    for (let k = 0, at = scratch + sums, i = x, ahead = y - x; k < count; k++, at += sumsSize, i += nextX, ahead += nextY - nextX) {
      if (beyondCache) reduce.inlined(at, i, 0, fours, body, tail, zero, zero, zero, zero, true, ahead);
      else reduce.inlined(at, i, 0, fours, body, tail, zero, zero, zero, zero, false, 0);
    }
    trait<Finalize<L, T>>().rows(false, count, cols, eps);
    if (!storable) reject<L>();
    let looked = false;
    for (let k = 0; k < count;) {
      const lane = <usize>k * l.lane, at = scratch + lane;
      if (load<i32>(at, accepted)) {
        if (shares && k + 1 < count && load<i32>(at + l.lane, accepted)) {
          output.run(true, false, y, nextY, x, nextX, weight, bias, nextWeight, nextBias, fours, body, tail, lane);
          k += 2; x += 2 * nextX; y += 2 * nextY;
          continue;
        }
        if (n.weighted) outputRow<L, P, T, N>(y, x, weight, bias, nextWeight, nextBias, cols, lane);
        else output.run(false, false, y, nextY, x, nextX, weight, bias, nextWeight, nextBias, fours, body, tail, lane);
      } else {
        if (!looked) {
          looked = true;
          lookAgain<L, T>(storable, x, nextX, k, count, cols, eps);
          continue; // for the row may be accepted now
        }
        slowRow<L, P, T, N>(y, x, weight, bias, nextWeight, nextBias, cols, eps, lane);
      }
      k++; x += nextX; y += nextY;
    }
    const lanes = <usize>count * l.lane;
    if (mean) { copyLanes<L>(mean, means, lanes); mean += lanes; }
    if (rstd) { copyLanes<L>(rstd, rstds, lanes); rstd += lanes; }
    left -= count;
  }
}

/**
 * N of one row, by itself: the same sums in the same order as in a block, and so the same bits, without what a block costs (raw
 * layerNorm_f32 1×64 on Node 24: 14 % less time). Its arguments are those of `normRows`, and L no half: nothing here asks for `isStorable`.
 *
 * @param rows 1. It is not known when compiled, and so the loops over the elements are nested in one, where V8 unrolls them: see (2)
 *   above (1×768 on Node 20: 10 %)
 */
export function oneRow<L extends Lanes, P extends Lanes, T extends Term<L>, N extends Norm<L>>(
  y: usize, mean: usize, rstd: usize, x: usize, weight: usize, bias: usize, rows: i32, cols: i32, eps: f64,
): void {
  const l = trait<L>(), p = trait<P>(), n = trait<N>(), zero = l.splat(0);
  const tail = cols & (l.width - 1), body = <usize>(cols - tail) * l.size, fours = body & ~(4 * l.step - 1);
  const nextWeight = weight ? p.step : 0, nextBias = bias ? p.step : 0;
  for (; rows > 0; rows--) {
    trait<Reduce<L, T, Plain<L>, Nothing>>().inlined(scratch + sums, x, 0, fours, body, tail, zero, zero, zero, zero, false, 0);
    trait<Finalize<L, T>>().rows(false, 1, cols, eps);
    if (n.weighted && !weight) weight = fill<P>(ones, 1);
    if (n.biased && !bias) bias = fill<P>(zeros, 0);
    v128.store(scratch, l.splat(1), inverseScale);
    if (!load<i32>(scratch, accepted)) lookAgain<L, T>(true, x, 0, 0, 1, cols, eps);
    if (!load<i32>(scratch, accepted)) slowRow<L, P, T, N>(y, x, weight, bias, nextWeight, nextBias, cols, eps, 0);
    else trait<Output<L, P, T, N>>().run(false, false, y, 0, x, 0, weight, bias, nextWeight, nextBias, fours, body, tail, 0);
  }
  if (mean) copyLanes<L>(mean, means, l.lane);
  if (rstd) copyLanes<L>(rstd, rstds, l.lane);
}

/** The output of an accepted row, in a function of its own. */
function outputRow<L extends Lanes, P extends Lanes, T extends Term<L>, N extends Norm<L>>(
  y: usize, x: usize, weight: usize, bias: usize, nextWeight: usize, nextBias: usize, cols: i32, lane: usize,
): void {
  const l = trait<L>(), tail = cols & (l.width - 1), body = <usize>(cols - tail) * l.size, fours = body & ~(4 * l.step - 1);
  trait<Output<L, P, T, N>>().run(false, false, y, 0, x, 0, weight, bias, nextWeight, nextBias, fours, body, tail, lane);
}

/** So many bytes of scratch to `to`, lane by lane. */
function copyLanes<L extends Lanes>(to: usize, from: usize, bytes: usize): void {
  const l = trait<L>();
  for (let k: usize = 0; k < bytes; k += l.lane) l.storeLane(to + k, l.loadSplat(scratch + from + k));
}

/** Four vectors of a constant in scratch, for an argument that is absent. */
function fill<P extends Lanes>(at: usize, value: f64): usize {
  for (let k: usize = 0; k < 4; k++) v128.store(scratch + at + 16 * k, trait<P>().splat(value));
  return scratch + at;
}
