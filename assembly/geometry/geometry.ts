import { Lanes, trait } from "../lanes";
import { rest, scale, scratch, shift, variance } from "../scratch";
import { Rows } from "../strides";
import { RowStatistics } from "./statistics";

/**
 * geometry: where a row lies with respect to the uniform direction 1̂ = 1/√d, from LayerNorm's own statistics.
 *
 *   norm = ‖x‖ = √(d(σ² + μ²))    uniform = x·1̂ = μ√d    orthogonal = ‖x − (x·1̂)1̂‖ = σ√d
 *   cosine = μ/√(σ² + μ²)         angle = atan2(orthogonal, uniform)
 *
 * One pass over x; bytes per element: x once. The angle is good at 0, 90° and 180° alike, for atan2 has no bad places.
 * A row of zeros has no direction: cosine and angle are NaN. Source: arXiv 2409.12951 v2 eq. 2–7.
 */
export function geometry<L extends Lanes, P extends Lanes>(
  norm: usize, uniform: usize, orthogonal: usize, cosine: usize, angle: usize, x: usize, strides: usize, rows: i32, cols: i32,
): void {
  const l = trait<L>(), n = <f64>cols, next = trait<Rows<L>>().stride(strides, 0, cols);
  for (let r = 0; r < rows; r++, x += next) {
    trait<RowStatistics<L>>().run(x, cols);
    const k = load<f64>(scratch, scale), m = load<f64>(scratch, shift) + load<f64>(scratch, rest), v = load<f64>(scratch, variance), rms = sqrt(v + m * m);
    l.storeLane(norm, l.splat(sqrt(n) * rms / k));
    l.storeLane(uniform, l.splat(sqrt(n) * m / k));
    l.storeLane(orthogonal, l.splat(sqrt(n) * sqrt(v) / k));
    l.storeLane(cosine, l.splat(m / rms));
    l.storeLane(angle, l.splat(rms == 0 ? NaN : NativeMath.atan2(sqrt(v), m)));
    norm += l.lane; uniform += l.lane; orthogonal += l.lane; cosine += l.lane; angle += l.lane;
  }
}
