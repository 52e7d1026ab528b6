/** The norms of a model: where its states are seen. */
import type { Tensor } from "orthonorm";

export type NormKind = "LayerNorm" | "RMSNorm";

export interface Site {
  /** The name of the norm's tensors, without `.weight`: "h.0.ln_1". */
  readonly name: string;
  readonly kind: NormKind;
  /** What is added to its weight. */
  readonly weightOffset: number;
}

/** Is shown the rows that enter a norm, one per token. They are the run's own, and change after the call. */
export type OnNorm = (site: Site, rows: Tensor<"f32">) => void;
