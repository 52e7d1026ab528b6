/** The norms of a model: where its states are seen. */
import type { Tensor } from "orthonorm";

export type NormKind = "LayerNorm" | "RMSNorm";

export interface Site {
  /** The name of the norm's tensors, without `.weight`: "h.0.ln_1". */
  readonly name: string;
  readonly kind: NormKind;
  /** What is added to its weight. */
  readonly weightOffset: 0 | 1;
  /** What enters it: the residual stream, or the query or the key of each head, which some models normalise. */
  readonly reads: "stream" | "queries" | "keys";
  /** The length of a row. */
  readonly cols: number;
  /** How many rows a token has: as many as there are heads, where it reads these. */
  readonly rowsPerToken: number;
}

/**
 * Is shown the rows that enter a norm, those of one token after those of another, without gaps. They are the run's own, and change after
 * the call.
 */
export type OnNorm = (site: Site, rows: Tensor<"f32">) => void;
