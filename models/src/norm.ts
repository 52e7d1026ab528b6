/**
 * Models that `orthonorm convert` has made: an architecture of the table with RMSNorm in LayerNorm's place. Two keys of the
 * configuration, or of the metadata, say so:
 *
 *   "norm": "RMSNorm"       its norms are RMSNorms, with weight and bias
 *   "norm_folded": true     weight and bias are part of the projections that read the norm, the head among them: the norms have none,
 *                           and each of these projections has a bias
 */
import type { Architecture, Projection } from "./architecture.js";
import { expected } from "./error.js";
import type { Config } from "./rotary.js";
import { flag } from "./settings.js";

/** @throws ModelError where the configuration asks for a norm that cannot take the place of the architecture's */
export function withNorm(architecture: Architecture, config: Config, where: string): Architecture {
  const { name, norm, attention, mlp, head } = architecture;
  const kind = config.norm ?? norm.kind;
  if (kind === norm.kind) return architecture;
  if (kind !== "RMSNorm") {
    const wanted = norm.kind === "RMSNorm" ? `norm "RMSNorm" of a ${name}` : 'norm "LayerNorm" or "RMSNorm"';
    throw expected(where, wanted, JSON.stringify(kind));
  }
  const swapped = { ...architecture, norm: { ...norm, kind } as const };
  if (!flag(config.norm_folded, false, "norm_folded", where)) return swapped;
  const { qkv } = attention;
  return {
    ...swapped,
    norm: { ...swapped.norm, bias: false, affine: false },
    attention: { ...attention, qkv: "fused" in qkv ? biased(qkv) : [biased(qkv[0]), biased(qkv[1]), biased(qkv[2])] },
    mlp: { ...mlp, ...(mlp.gate === undefined ? {} : { gate: biased(mlp.gate) }), up: biased(mlp.up) },
    head: { name: head.name, tied: false, bias: true },
  };
}

function biased<P extends Projection>(projection: P): P {
  return { ...projection, bias: true };
}
