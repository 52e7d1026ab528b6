import { Lanes, trait } from "../lanes";
import { Moments } from "../reduce/terms";
import { Rows } from "../strides";
import { Norm } from "./norm";
import { Normalize } from "./residual";

/**
 * LayerNorm: y = (x − μ) / √(σ² + eps) · weight + bias, row by row.
 *
 * Source: Ba, Kiros, Hinton 2016; as geometry, arXiv 2409.12951 v2 eq. 8–9: project out the uniform direction,
 * normalise, scale by √d.
 */
@final @unmanaged
export class LayerNorm<L extends Lanes> extends Norm<L> {
  @inline get weighted(): bool { return true; }
  @inline get biased(): bool { return true; }
  @inline get multiple(): bool { return false; }
  @inline most(weight: f64, bias: f64, cols: i32): f64 { return sqrt(<f64>cols) * weight + bias; }
  @inline value(t: v128, mean: v128, rstd: v128, weight: v128, bias: v128): v128 {
    return trait<L>().fma(trait<L>().mul(t, rstd), weight, bias);
  }
  @inline more(y: usize, t: v128, mean: v128, rstd: v128): void {}
  @inline morePart(y: usize, t: v128, mean: v128, rstd: v128, n: i32): void {}
}

export function layerNorm<L extends Lanes, P extends Lanes>(
  out: usize, sum: usize, mean: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, strides: usize,
  rows: i32, cols: i32, eps: f64,
): void {
  const r = trait<Rows<L>>(), norm = trait<Normalize<L, P, Moments<L>, LayerNorm<L>>>();
  const nextOut = r.stride(strides, 0, cols), nextX = r.stride(strides, 2, cols);
  norm.rows(out, nextOut, sum, mean, rstd, x, nextX, residual, weight, bias, strides, rows, cols, eps);
}
