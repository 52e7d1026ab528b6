import { Lanes, the } from "../lanes";
import { Norm } from "./norm";
import { Output } from "./output";
import { resolve } from "./resolve";
import { means, mendeds, mostRows, ones, rest, rests, rstds, scale, shift, squares, sums, unscale, variance, verdicts, zeros } from "./scratch";
import { Settle } from "./settle";
import { Plain, RowSums, Shifted } from "./sums";

/** Beyond this many bytes of x, and out of place, the output's lines are touched before they are needed. */
const cache: usize = 4 << 20;

/**
 * How many rows a block has: two at least, which share weight and bias; up to 16 while its bytes are few, for the latency
 * of a block's square root is the same however many rows share it (LayerNorm 128×64: 14 % faster than with four).
 * Beyond cache fewer, so that the lines touched in the first pass are still in L1 in the second (16384×512: 25 %).
 */
export function blockRows(row: usize, far: bool): i32 {
  const bytes: usize = far ? 4096 : 16384;
  return max(2, min(mostRows, <i32>(bytes / row) & ~1));
}

/**
 * The driver: N of every row of x, block by block.
 *
 * 1. Σx and Σx² of each row of the block: `RowSums`.
 * 2. Their means and reciprocal deviations, and whether one pass can be trusted with them: `Settle`.
 * 3. The output, two rows at a time where there is a weight: `Output`.
 * 4. The first row that one pass cannot settle has all such rows of its block summed once more, less their means; one
 *    that even this does not settle is `resolved`, whatever it holds.
 *
 * In: x, rows × cols; weight and bias, cols each, absent if 0. Out: y, rows × cols, which may be x; mean and rstd, one
 * lane a row, absent if 0. Bytes an element: x twice (the second time from cache), y once.
 * L are the lanes of x and y, P those of weight and bias: f32 for the halves.
 */
export function rows<L extends Lanes, P extends Lanes, N extends Norm<L>>(
  y: usize, mean: usize, rstd: usize, x: usize, weight: usize, bias: usize, rows: i32, cols: i32, eps: f64,
): void {
  const l = the<L>(), p = the<P>(), n = the<N>(), sum = the<RowSums<L, N, Plain<L>>>(), output = the<Output<L, P, N>>();
  const zero = l.splat(0), out = y - x;
  const row = <usize>cols * l.size, tail = cols & (l.width - 1), body = row - <usize>tail * l.size;
  const fours = body & ~(4 * l.step - 1);
  const far = x != y && row * rows > cache, most = blockRows(row, far);
  const nextWeight = weight ? p.step : 0, nextBias = bias ? p.step : 0;
  if (n.weighted && !weight) weight = fill<P>(ones, 1);
  if (n.biased && !bias) bias = fill<P>(zeros, 0);
  v128.store(unscale, l.splat(1));
  for (let left = rows; left > 0;) {
    const count = min(left, most);
    for (let k = 0, at = sums, i = x; k < count; k++, at += 48, i += row) {
      if (far) sum.keep(at, i, fours, body, tail, zero, zero, true, out);
      else sum.keep(at, i, fours, body, tail, zero, zero, false, 0);
    }
    the<Settle<L, N>>().rows(false, count, cols, eps);
    let again = n.centred;
    for (let k = 0; k < count;) {
      const lane = <usize>k * l.lane;
      if (load<i32>(verdicts + lane)) {
        if (n.weighted && k + 1 < count && load<i32>(verdicts + lane + l.lane)) {
          output.run(true, false, x + out, x, weight, bias, nextWeight, nextBias, row, fours, body, tail, lane);
          k += 2; x += 2 * row;
          continue;
        }
        output.run(false, false, x + out, x, weight, bias, nextWeight, nextBias, row, fours, body, tail, lane);
      } else {
        if (again) { mend<L, N>(x, k, count, cols, eps); again = false; }
        refused<L, P, N>(x + out, x, weight, bias, nextWeight, nextBias, cols, eps, lane);
      }
      k++; x += row;
    }
    const lanes = <usize>count * l.lane;
    if (mean) { for (let k: usize = 0; k < lanes; k += l.lane) l.storeLane(mean + k, l.loadSplat(means + k)); mean += lanes; }
    if (rstd) { for (let k: usize = 0; k < lanes; k += l.lane) l.storeLane(rstd + k, l.loadSplat(rstds + k)); rstd += lanes; }
    left -= count;
  }
}

/** Four vectors of a constant, for an argument that is absent. */
function fill<P extends Lanes>(at: usize, value: f64): usize {
  for (let k: usize = 0; k < 4; k++) v128.store(at + 16 * k, the<P>().splat(value));
  return at;
}

/**
 * The second pass over the rows of a block that the first could not settle, the k-th and those after it: the sums of
 * x − mean and of its square. x − mean loses nothing to the size of the mean, for the subtraction is exact wherever x
 * lies within a factor of two of it.
 */
function mend<L extends Lanes, N extends Norm<L>>(x: usize, k: i32, count: i32, cols: i32, eps: f64): void {
  const l = the<L>(), row = <usize>cols * l.size, tail = cols & (l.width - 1), body = row - <usize>tail * l.size;
  for (; k < count; k++, x += row) {
    const lane = <usize>k * l.lane;
    if (load<i32>(verdicts + lane)) continue;
    const sum = the<RowSums<L, N, Shifted<L>>>(), mean = l.loadSplat(means + lane);
    sum.keep(sums + <usize>k * 48, x, body & ~(4 * l.step - 1), body, tail, l.splat(1), mean, false, 0);
  }
  the<Settle<L, N>>().rows(true, count, cols, eps);
}

/**
 * A row that one pass could not settle, from (x·scale − shift) − rest: as `mend` left it in its lane of scratch, or as
 * `resolve` finds it. Its mean and rstd will be in its lane.
 */
function refused<L extends Lanes, P extends Lanes, N extends Norm<L>>(
  y: usize, x: usize, weight: usize, bias: usize, nextWeight: usize, nextBias: usize, cols: i32, eps: f64, lane: usize,
): void {
  const l = the<L>(), row = <usize>cols * l.size, tail = cols & (l.width - 1), body = row - <usize>tail * l.size;
  let k = 1.0, rs = 0.0;
  const mended = the<N>().centred && load<i32>(mendeds + lane) != 0, first = l.first(l.loadSplat(means + lane));
  if (mended) {
    store<f64>(scale, 1);
    store<f64>(shift, first);
    store<f64>(rest, l.first(l.loadSplat(rests + lane)));
  } else {
    resolve<L, N>(x, cols, first, l.first(l.loadSplat(squares + lane)));
    k = load<f64>(scale);
    // √eps in t's units; beyond 1e100 nothing else counts, and its square might overflow
    const root = sqrt(eps) * k;
    rs = root > 1e100 ? 1 / root : 1 / sqrt(load<f64>(variance) + root * root);
    // a constant row: every t − rest is 0, and so shall be the output, where 0·∞ (σ² + eps = 0, or too small for a lane)
    // would be NaN
    l.storeLane(rstds + lane, l.splat(l.first(l.splat(rs)) == Infinity ? 0 : rs));
    v128.store(unscale, l.splat(1 / k));
  }
  l.storeLane(means + lane, l.splat((load<f64>(shift) + load<f64>(rest)) / k));
  const fours = body & ~(4 * l.step - 1);
  the<Output<L, P, N>>().run(false, true, y, x, weight, bias, nextWeight, nextBias, row, fours, body, tail, lane);
  if (mended) return;
  v128.store(unscale, l.splat(1));
  l.storeLane(rstds + lane, l.splat(rs * k));
}
