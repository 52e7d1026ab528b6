import { Lanes, trait } from "../lanes";
import { Term } from "../reduce/terms";
import { inverseScale, means, meansLow, recovered, rest, rstds, scale, scratch, shift, squares, variance } from "../scratch";
import { Norm } from "./norm";
import { Output } from "./output";
import { robustStatistics } from "./robust";

/**
 * A row that one pass could not settle, from (x·scale − shift) − rest. Afterwards its mean and rstd are in its lane.
 */
export function slowRow<L extends Lanes, P extends Lanes, T extends Term<L>, N extends Norm<L>>(
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
