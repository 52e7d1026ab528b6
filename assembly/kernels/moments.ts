import { Lanes, the } from "../lanes";
import { LayerNorm } from "./layernorm";
import { resolve } from "./resolve";
import { rest, scale, shift, variance } from "./scratch";
import { Settle } from "./settle";
import { Plain, RowSums } from "./sums";

/** A row's mean and variance, in scratch: scale·mean(x) = shift + rest, scale²·var(x) = variance. One pass, or `resolve`. */
@unmanaged
export class Statistics<L extends Lanes> {
  @inline run(x: usize, cols: i32): void {
    const l = the<L>(), zero = l.splat(0), n = <f64>cols;
    const pair = the<RowSums<L, LayerNorm<L>, Plain<L>>>().run(x, cols, zero, zero), q = l.squaresOf(pair);
    const mean = l.sumOf(pair) / n, v = q / n - mean * mean;
    if (q > l.least && q < l.most && n * v > the<Settle<L, LayerNorm<L>>>().share * q) {
      store<f64>(scale, 1);
      store<f64>(shift, mean);
      store<f64>(rest, 0);
      store<f64>(variance, v);
    } else resolve<L, LayerNorm<L>>(x, cols, mean, q);
  }
}

/**
 * moments: mean μ = Σx/d, variance σ² = Σ(x − μ)²/d, rms = √(σ² + μ²), one number a row.
 *
 * One pass over x, bytes an element: x once. Sums in the element's lanes, the rest in f64.
 */
export function moments<L extends Lanes>(means: usize, variances: usize, rms: usize, x: usize, rows: i32, cols: i32): void {
  const l = the<L>();
  for (let r = 0; r < rows; r++, x += <usize>cols * l.size) {
    the<Statistics<L>>().run(x, cols);
    const k = load<f64>(scale), m = load<f64>(shift) + load<f64>(rest), v = load<f64>(variance);
    l.storeLane(means, l.splat(m / k));
    l.storeLane(variances, l.splat(v / k / k));
    l.storeLane(rms, l.splat(sqrt(v + m * m) / k));
    means += l.lane; variances += l.lane; rms += l.lane;
  }
}
