import { Lanes, the } from "../lanes";
import { Norm } from "./norm";
import { resolve } from "./resolve";
import { rest, rstds, scale, shift, unscale, variance } from "./scratch";
import { Shifted } from "./sums";

/** One row, whatever it holds: its statistics by `resolve`, its output from t − rest. */
export function resolved<L extends Lanes, P extends Lanes, N extends Norm<L>>(
  y: usize, mean: usize, rstd: usize, x: usize, weight: usize, bias: usize, nextWeight: usize, nextBias: usize,
  cols: i32, eps: f64, firstMean: f64, firstSquare: f64,
): void {
  resolve<L, N>(x, cols, firstMean, firstSquare);
  const l = the<L>(), p = the<P>(), n = the<N>(), reading = the<Shifted<L>>(), zero = l.splat(0);
  const k = load<f64>(scale), hi = load<f64>(shift), lo = load<f64>(rest), v = load<f64>(variance);
  // √eps in t's units; beyond 1e100 nothing else counts, and its square might overflow
  const root = sqrt(eps) * k, rs = root > 1e100 ? 1 / root : 1 / sqrt(v + root * root);
  // a constant row: every t − rest is 0, and so shall be the output, where 0·∞ (σ² + eps = 0, or too small for a lane)
  // would be NaN
  l.storeLane(rstds, l.splat(l.first(l.splat(rs)) == Infinity ? 0 : rs));
  v128.store(unscale, l.splat(1 / k));

  const tail = cols & (l.width - 1), end = x + <usize>(cols - tail) * l.size, out = y - x;
  const ks = l.splat(k), his = l.splat(hi), los = l.splat(lo), ms = l.splat((hi + lo) / k), rss = l.loadSplat(rstds);
  let i = x;
  for (; i < end; i += l.step, weight += nextWeight, bias += nextBias) {
    const t = l.sub(reading.load(i, ks, his), los);
    n.write(i + out, t, ms, rss, n.weighted ? p.load(weight) : zero, n.biased ? p.load(bias) : zero);
  }
  if (tail) {
    const t = l.sub(reading.loadPart(i, tail, ks, his), los);
    const g = n.weighted ? p.loadPart(weight, tail) : zero, h = n.biased ? p.loadPart(bias, tail) : zero;
    n.writePart(i + out, t, ms, rss, g, h, tail);
  }
  if (mean) l.storeLane(mean, ms);
  if (rstd) l.storeLane(rstd, l.splat(rs * k));
  v128.store(unscale, l.splat(1));
}
