import { Lanes, the } from "../lanes";
import { Norm } from "./norm";
import { distances, rootInverse, unscale } from "./scratch";

/**
 * The uniform direction removed: y = x − μ·1, the orthogonal projection I − 1·1ᵀ/d.
 *
 * The statistics of LayerNorm without its scale, so that a mean of any size is removed to the last bits of what
 * remains. Source: arXiv 2409.12951 v2 eq. 2–8, step (i).
 */
@final @unmanaged
export class Center<L extends Lanes> extends Norm<L> {
  @inline get centred(): bool { return true; }
  @inline get weighted(): bool { return false; }
  @inline get biased(): bool { return false; }
  @inline value(t: v128, mean: v128, rstd: v128, weight: v128, bias: v128): v128 { return the<L>().mul(t, v128.load(unscale)); }
  @inline more(y: usize, t: v128, mean: v128, rstd: v128): void {}
  @inline morePart(y: usize, t: v128, mean: v128, rstd: v128, n: i32): void {}
}

/**
 * The component along the uniform direction: y = μ·1, with LayerNorm's own μ. Bytes an element: x twice, y once; the second
 * time, from cache, is for nothing but the one driver that gives all means the same bits.
 * Source: arXiv 2409.12951 v2 eq. 2–7.
 */
@final @unmanaged
export class MeanVector<L extends Lanes> extends Norm<L> {
  @inline get centred(): bool { return true; }
  @inline get weighted(): bool { return false; }
  @inline get biased(): bool { return false; }
  @inline value(t: v128, mean: v128, rstd: v128, weight: v128, bias: v128): v128 { return mean; }
  @inline more(y: usize, t: v128, mean: v128, rstd: v128): void {}
  @inline morePart(y: usize, t: v128, mean: v128, rstd: v128, n: i32): void {}
}

/**
 * LayerNorm's three steps, each kept: x⊥ = x − μ·1 to y, x⊥/‖x⊥‖, √d·x⊥/‖x⊥‖, and beside them μ·1; y's distances to
 * the other three are in scratch. A row that is uniform already has x⊥ = 0 and gives 0 in all but μ·1.
 * Source: arXiv 2409.12951 v2 eq. 8–9, Algorithm 1. Bytes an element: x twice (the second time from cache), 4 outputs.
 */
@final @unmanaged
export class Decompose<L extends Lanes> extends Norm<L> {
  @inline get centred(): bool { return true; }
  @inline get weighted(): bool { return false; }
  @inline get biased(): bool { return false; }
  @inline value(t: v128, mean: v128, rstd: v128, weight: v128, bias: v128): v128 { return the<L>().mul(t, v128.load(unscale)); }
  @inline more(y: usize, t: v128, mean: v128, rstd: v128): void {
    const l = the<L>(), standardized = l.mul(t, rstd);
    l.store(y + load<usize>(distances), mean);
    l.store(y + load<usize>(distances + 4), l.mul(standardized, v128.load(rootInverse)));
    l.store(y + load<usize>(distances + 8), standardized);
  }
  @inline morePart(y: usize, t: v128, mean: v128, rstd: v128, n: i32): void {
    const l = the<L>(), standardized = l.mul(t, rstd);
    l.storePart(y + load<usize>(distances), mean, n);
    l.storePart(y + load<usize>(distances + 4), l.mul(standardized, v128.load(rootInverse)), n);
    l.storePart(y + load<usize>(distances + 8), standardized, n);
  }
}
