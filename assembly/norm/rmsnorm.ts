import { Lanes, trait } from "../lanes";
import { Squares } from "../reduce/terms";
import { scratch, weightOffsets } from "../scratch";
import { Rows } from "../strides";
import { Norm } from "./norm";
import { Normalize } from "./residual";

/**
 * RMSNorm: y = x / √(mean(x²) + eps) · weight, row by row.
 *
 * Source: Zhang & Sennrich 2019 (arXiv 1910.07467); as geometry, arXiv 2409.12951 v2: LayerNorm without its first step.
 */
@final @unmanaged
export class RMSNorm<L extends Lanes> extends Norm<L> {
  @inline get weighted(): bool { return true; }
  @inline get biased(): bool { return false; }
  @inline get multiple(): bool { return true; }
  @inline most(weight: f64, bias: f64, cols: i32): f64 { return sqrt(<f64>cols) * weight; }
  @inline value(t: v128, mean: v128, rstd: v128, weight: v128, bias: v128): v128 {
    return trait<L>().mul(trait<L>().mul(t, rstd), weight);
  }
  @inline more(y: usize, t: v128, mean: v128, rstd: v128): void {}
  @inline morePart(y: usize, t: v128, mean: v128, rstd: v128, n: i32): void {}
}

/** RMSNorm with all it may have: y = x · rstd · (weightOffset + weight) + bias. Gemma's weightOffset is 1. */
@final @unmanaged
export class RMSNormAffine<L extends Lanes> extends Norm<L> {
  @inline get weighted(): bool { return true; }
  @inline get biased(): bool { return true; }
  @inline get multiple(): bool { return false; }
  @inline most(weight: f64, bias: f64, cols: i32): f64 { return sqrt(<f64>cols) * (weight + abs(trait<L>().lane0(v128.load(scratch, weightOffsets)))) + bias; }
  @inline value(t: v128, mean: v128, rstd: v128, weight: v128, bias: v128): v128 {
    const w = trait<L>().add(v128.load(scratch, weightOffsets), weight);
    return trait<L>().fma(trait<L>().mul(t, rstd), w, bias);
  }
  @inline more(y: usize, t: v128, mean: v128, rstd: v128): void {}
  @inline morePart(y: usize, t: v128, mean: v128, rstd: v128, n: i32): void {}
}

export function rmsNorm<L extends Lanes, P extends Lanes>(
  out: usize, sum: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, strides: usize,
  rows: i32, cols: i32, weightOffset: f64, eps: f64,
): void {
  const r = trait<Rows<L>>(), nextOut = r.stride(strides, 0, cols), nextX = r.stride(strides, 2, cols);
  if (bias || weightOffset != 0) {
    const norm = trait<Normalize<L, P, Squares<L>, RMSNormAffine<L>>>();
    v128.store(scratch, trait<L>().splat(weight ? weightOffset : 0), weightOffsets);
    norm.rows(out, nextOut, sum, 0, rstd, x, nextX, residual, weight, bias, strides, rows, cols, eps);
  } else {
    const norm = trait<Normalize<L, P, Squares<L>, RMSNorm<L>>>();
    norm.rows(out, nextOut, sum, 0, rstd, x, nextX, residual, weight, bias, strides, rows, cols, eps);
  }
}
