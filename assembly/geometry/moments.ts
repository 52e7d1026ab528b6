import { Lanes, trait } from "../lanes";
import { rest, scale, scratch, shift, variance as spread } from "../scratch";
import { Rows } from "../strides";
import { RowStatistics } from "./statistics";

/**
 * moments: mean μ = Σx/d, variance σ² = Σ(x − μ)²/d, rms = √(σ² + μ²), one number per row.
 *
 * One pass over x; bytes per element: x once. Sums in the element's lanes, the rest in f64.
 */
export function moments<L extends Lanes, P extends Lanes>(
  mean: usize, variance: usize, rms: usize, x: usize, strides: usize, rows: i32, cols: i32,
): void {
  const l = trait<L>(), next = trait<Rows<L>>().stride(strides, 0, cols);
  for (let r = 0; r < rows; r++, x += next) {
    trait<RowStatistics<L>>().run(x, cols);
    const k = load<f64>(scratch, scale), m = load<f64>(scratch, shift) + load<f64>(scratch, rest), v = load<f64>(scratch, spread);
    l.storeLane(mean, l.splat(m / k));
    l.storeLane(variance, l.splat(v / k / k));
    l.storeLane(rms, l.splat(sqrt(v + m * m) / k));
    mean += l.lane; variance += l.lane; rms += l.lane;
  }
}
