import { Lanes, trait } from "../lanes";
import { Norm } from "../norm/norm";
import { normRows } from "../norm/rows";
import { Moments } from "../reduce/terms";
import { inverseScale, outputOffsets, rootInverse, scratch } from "../scratch";
import { Rows } from "../strides";

/**
 * The uniform direction removed: y = x − μ·1, the orthogonal projection I − 1·1ᵀ/d.
 *
 * The statistics of LayerNorm without its scale, so that a mean of any size is removed to the last bits of what
 * remains. Source: arXiv 2409.12951 v2 eq. 2–8, step (i).
 */
@final @unmanaged
export class Center<L extends Lanes> extends Norm<L> {
  @inline get weighted(): bool { return false; }
  @inline get biased(): bool { return false; }
  @inline get multiple(): bool { return false; }
  @inline most(weight: f64, bias: f64, cols: i32): f64 { return 0; }
  @inline value(t: v128, mean: v128, rstd: v128, weight: v128, bias: v128): v128 { return trait<L>().mul(t, v128.load(scratch, inverseScale)); }
  @inline more(y: usize, t: v128, mean: v128, rstd: v128): void {}
  @inline morePart(y: usize, t: v128, mean: v128, rstd: v128, n: i32): void {}
}

/**
 * The component along the uniform direction: y = μ·1, with LayerNorm's own μ. Bytes per element: x twice, y once. The second
 * reading of x, from cache, is for nothing but the one driver that gives all means the same bits.
 * Source: arXiv 2409.12951 v2 eq. 2–7.
 */
@final @unmanaged
export class MeanVector<L extends Lanes> extends Norm<L> {
  @inline get weighted(): bool { return false; }
  @inline get biased(): bool { return false; }
  @inline get multiple(): bool { return false; }
  @inline most(weight: f64, bias: f64, cols: i32): f64 { return 0; }
  @inline value(t: v128, mean: v128, rstd: v128, weight: v128, bias: v128): v128 { return mean; }
  @inline more(y: usize, t: v128, mean: v128, rstd: v128): void {}
  @inline morePart(y: usize, t: v128, mean: v128, rstd: v128, n: i32): void {}
}

/**
 * LayerNorm's three steps, each kept: x⊥ = x − μ·1 to y, x⊥/‖x⊥‖, √d·x⊥/‖x⊥‖, and beside them μ·1. How far
 * the other three are from y is in scratch; none of the four has gaps between its rows. A row that is uniform already has x⊥ = 0 and gives 0 in all but μ·1.
 * Source: arXiv 2409.12951 v2 eq. 8–9, Algorithm 1. Bytes per element: x twice (the second time from cache), 4 outputs.
 */
@final @unmanaged
export class Decompose<L extends Lanes> extends Norm<L> {
  @inline get weighted(): bool { return false; }
  @inline get biased(): bool { return false; }
  @inline get multiple(): bool { return false; }
  @inline most(weight: f64, bias: f64, cols: i32): f64 { return 0; }
  @inline value(t: v128, mean: v128, rstd: v128, weight: v128, bias: v128): v128 { return trait<L>().mul(t, v128.load(scratch, inverseScale)); }
  @inline more(y: usize, t: v128, mean: v128, rstd: v128): void {
    const l = trait<L>(), standardized = l.mul(t, rstd);
    l.store(y + load<usize>(scratch, outputOffsets), mean);
    l.store(y + load<usize>(scratch, outputOffsets + 4), l.mul(standardized, v128.load(scratch, rootInverse)));
    l.store(y + load<usize>(scratch, outputOffsets + 8), standardized);
  }
  @inline morePart(y: usize, t: v128, mean: v128, rstd: v128, n: i32): void {
    const l = trait<L>(), standardized = l.mul(t, rstd);
    l.storePart(y + load<usize>(scratch, outputOffsets), mean, n);
    l.storePart(y + load<usize>(scratch, outputOffsets + 4), l.mul(standardized, v128.load(scratch, rootInverse)), n);
    l.storePart(y + load<usize>(scratch, outputOffsets + 8), standardized, n);
  }
}

export function center<L extends Lanes, P extends Lanes>(out: usize, x: usize, strides: usize, rows: i32, cols: i32): void {
  const r = trait<Rows<L>>(), nextOut = r.stride(strides, 0, cols), nextX = r.stride(strides, 1, cols);
  normRows<L, P, Moments<L>, Center<L>>(out, nextOut, 0, 0, x, nextX, 0, 0, rows, cols, 0);
}

export function meanVector<L extends Lanes, P extends Lanes>(out: usize, x: usize, strides: usize, rows: i32, cols: i32): void {
  const r = trait<Rows<L>>(), nextOut = r.stride(strides, 0, cols), nextX = r.stride(strides, 1, cols);
  normRows<L, P, Moments<L>, MeanVector<L>>(out, nextOut, 0, 0, x, nextX, 0, 0, rows, cols, 0);
}

export function decompose<L extends Lanes, P extends Lanes>(
  meanVector: usize, orthogonal: usize, unit: usize, standardized: usize, x: usize, strides: usize, rows: i32, cols: i32,
): void {
  store<usize>(scratch, meanVector - orthogonal, outputOffsets);
  store<usize>(scratch, unit - orthogonal, outputOffsets + 4);
  store<usize>(scratch, standardized - orthogonal, outputOffsets + 8);
  v128.store(scratch, trait<L>().splat(1 / sqrt(<f64>cols)), rootInverse);
  const r = trait<Rows<L>>(), nextOut = r.stride(0, 0, cols), nextX = r.stride(strides, 4, cols);
  normRows<L, P, Moments<L>, Decompose<L>>(orthogonal, nextOut, 0, 0, x, nextX, 0, 0, rows, cols, 0);
}
