import { Lanes, trait } from "../lanes";
import { Nothing, Plain, Shifted } from "../reduce/reading";
import { Reduce, sumsSize } from "../reduce/reduce";
import { Term } from "../reduce/terms";
import {
  accepted, inverseScale, maxRows, means, meansLow, ones, part, recovered, rest, rstds, scale, scratch, shift, squares, sums, variance, zeros,
} from "../scratch";
import { Finalize } from "./finalize";
import { Norm } from "./norm";
import { Output } from "./output";
import { robustStatistics } from "./robust";

// The driver of every norm. In plain words:
//
//   for each block of rows                                                                                 (1)
//     for each row: S1 = Σx, S2 = Σx²                                                                      (2)
//     for each row: mean, rstd, and whether S1 and S2 can be trusted (accepted)                            (3)
//     for each row
//       if it is accepted: y = N(x − mean, rstd)                                                           (4)
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
// 4. `Output`, two rows at a time where there is a weight. It reads each element before it writes it, so y may be x.
// 5. The first row that is not accepted has all such rows of its block summed once more: `secondPass`.
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
  v128.store(scratch, l.splat(1), inverseScale);
  for (let left = rows; left > 0;) {
    const count = min(left, most);
    for (let k = 0, at = scratch + sums, i = x, ahead = y - x; k < count; k++, at += sumsSize, i += nextX, ahead += nextY - nextX) {
      if (beyondCache) reduce.inlined(at, i, 0, fours, body, tail, zero, zero, zero, zero, true, ahead);
      else reduce.inlined(at, i, 0, fours, body, tail, zero, zero, zero, zero, false, 0);
    }
    trait<Finalize<L, T>>().rows(false, count, cols, eps);
    let needsSecondPass = trait<T>().first;
    for (let k = 0; k < count;) {
      const lane = <usize>k * l.lane, at = scratch + lane;
      if (load<i32>(at, accepted)) {
        if (n.weighted && k + 1 < count && load<i32>(at + l.lane, accepted)) {
          output.run(true, false, y, nextY, x, nextX, weight, bias, nextWeight, nextBias, fours, body, tail, lane);
          k += 2; x += 2 * nextX; y += 2 * nextY;
          continue;
        }
        output.run(false, false, y, nextY, x, nextX, weight, bias, nextWeight, nextBias, fours, body, tail, lane);
      } else {
        if (needsSecondPass) { secondPass<L, T>(x, nextX, k, count, cols, eps); needsSecondPass = false; }
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

/**
 * The second pass over those rows of a block that the first could not settle, of the k-th and the rows after it: the sums of
 * x − mean and of its square. x − mean loses nothing to the size of the mean, for the subtraction is exact wherever x
 * lies within a factor of two of it.
 */
function secondPass<L extends Lanes, T extends Term<L>>(x: usize, nextX: usize, k: i32, count: i32, cols: i32, eps: f64): void {
  const l = trait<L>(), zero = l.splat(0);
  for (; k < count; k++, x += nextX) {
    const at = scratch + <usize>k * l.lane;
    if (load<i32>(at, accepted)) continue;
    const to = scratch + sums + <usize>k * sumsSize;
    trait<Reduce<L, T, Shifted<L>, Nothing>>().to(to, x, 0, cols, l.splat(1), l.loadSplat(at + means), zero, zero);
  }
  trait<Finalize<L, T>>().rows(true, count, cols, eps);
}

/**
 * A row that one pass could not settle, from (x·scale − shift) − rest. Afterwards its mean and rstd are in its lane.
 */
function slowRow<L extends Lanes, P extends Lanes, T extends Term<L>, N extends Norm<L>>(
  y: usize, x: usize, weight: usize, bias: usize, nextWeight: usize, nextBias: usize, cols: i32, eps: f64, lane: usize,
): void {
  const l = trait<L>(), rstd = slowStatistics<L, T>(x, cols, eps, scratch + lane);
  const tail = cols & (l.width - 1), body = <usize>(cols - tail) * l.size, fours = body & ~(4 * l.step - 1);
  trait<Output<L, P, T, N>>().run(false, true, y, 0, x, 0, weight, bias, nextWeight, nextBias, fours, body, tail, lane);
  v128.store(scratch, l.splat(1), inverseScale);
  l.storeLane(scratch + lane + rstds, l.splat(rstd));
}

/**
 * scale, shift and rest of such a row: as `secondPass` left them in its lane, which is at `at`, or as `robustStatistics` finds
 * them. The lane gets the mean, and for the output the reciprocal of √(σ² + eps) in the units of x·scale. Returns the rstd.
 */
function slowStatistics<L extends Lanes, T extends Term<L>>(x: usize, cols: i32, eps: f64, at: usize): f64 {
  const l = trait<L>(), mean = l.lane0(l.loadSplat(at + means));
  let rstd = l.lane0(l.loadSplat(at + rstds));
  if (trait<T>().first && load<i32>(at, recovered)) {
    store<f64>(scratch, 1, scale);
    store<f64>(scratch, mean, shift);
    store<f64>(scratch, l.lane0(l.loadSplat(at + meansLow)), rest);
  } else {
    robustStatistics<L, T>(x, cols, eps, mean, l.lane0(l.loadSplat(at + squares)));
    // √eps in the units of x·scale. Beyond 1e100 nothing else counts and its square might overflow; in a constant row there
    // is nothing else, and its square might underflow.
    const k = load<f64>(scratch, scale), v = load<f64>(scratch, variance), root = sqrt(eps) * k;
    const r = v == 0 || root > 1e100 ? 1 / root : 1 / sqrt(v + root * root);
    // in a constant row every (x·scale − shift) − rest is 0, and so shall be the output, where 0·∞ (σ² + eps = 0, or too small
    // for a lane) would be NaN
    l.storeLane(at + rstds, l.splat(l.lane0(l.splat(r)) == Infinity ? 0 : r));
    v128.store(scratch, l.splat(1 / k), inverseScale);
    rstd = v == 0 ? 1 / sqrt(eps) : r * k;
  }
  l.storeLane(at + means, l.splat((load<f64>(scratch, shift) + load<f64>(scratch, rest)) / load<f64>(scratch, scale)));
  return rstd;
}
