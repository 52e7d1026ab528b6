import { Lanes, the } from "../lanes";
import { Norm } from "./norm";

/**
 * LayerNorm: y = (x − μ) / √(σ² + eps) · weight + bias, row by row.
 *
 * Source: Ba, Kiros, Hinton 2016; as geometry, arXiv 2409.12951 v2 eq. 8–9: project out the uniform direction,
 * normalise, scale by √d.
 */
@final @unmanaged
export class LayerNorm<L extends Lanes> extends Norm<L> {
  @inline get centred(): bool { return true; }
  @inline get weighted(): bool { return true; }
  @inline get biased(): bool { return true; }
  @inline value(t: v128, mean: v128, rstd: v128, weight: v128, bias: v128): v128 {
    return the<L>().fma(the<L>().mul(t, rstd), weight, bias);
  }
  @inline more(y: usize, t: v128, mean: v128, rstd: v128): void {}
  @inline morePart(y: usize, t: v128, mean: v128, rstd: v128, n: i32): void {}
}
