import { Lanes, the } from "../lanes";
import { Norm } from "./norm";
import { weightOffset } from "./scratch";

/**
 * RMSNorm: y = x / √(mean(x²) + eps) · weight, row by row.
 *
 * Source: Zhang & Sennrich 2019 (arXiv 1910.07467); as geometry, arXiv 2409.12951 v2: LayerNorm without its first step.
 */
@final @unmanaged
export class RMSNorm<L extends Lanes> extends Norm<L> {
  @inline get centred(): bool { return false; }
  @inline get weighted(): bool { return true; }
  @inline get biased(): bool { return false; }
  @inline value(t: v128, mean: v128, rstd: v128, weight: v128, bias: v128): v128 {
    return the<L>().mul(the<L>().mul(t, rstd), weight);
  }
  @inline more(y: usize, t: v128, mean: v128, rstd: v128): void {}
  @inline morePart(y: usize, t: v128, mean: v128, rstd: v128, n: i32): void {}
}

/** RMSNorm with all it may have: y = x · rstd · (weightOffset + weight) + bias. Gemma's weightOffset is 1. */
@final @unmanaged
export class RMSNormAffine<L extends Lanes> extends Norm<L> {
  @inline get centred(): bool { return false; }
  @inline get weighted(): bool { return true; }
  @inline get biased(): bool { return true; }
  @inline value(t: v128, mean: v128, rstd: v128, weight: v128, bias: v128): v128 {
    const w = the<L>().add(v128.load(weightOffset), weight);
    return the<L>().fma(the<L>().mul(t, rstd), w, bias);
  }
  @inline more(y: usize, t: v128, mean: v128, rstd: v128): void {}
  @inline morePart(y: usize, t: v128, mean: v128, rstd: v128, n: i32): void {}
}
