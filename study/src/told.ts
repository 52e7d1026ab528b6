/** What a file's own metadata tells of the norms that its tensors enter: `orthonorm capture` writes it there. */
import type { Container } from "@orthonorm/files";
import type { Norm } from "./types.js";

export interface Told {
  norm: Norm | null;
  eps: number | null;
}

/** Of each site by its name. Metadata is anybody's text: what is not in this form tells nothing. */
export function toldOf({ metadata }: Container): ReadonlyMap<string, Told> {
  const told = new Map<string, Told>();
  for (const [site, value] of Object.entries(parsed(metadata.norms))) {
    const { kind, eps } = (value ?? {}) as Record<string, unknown>;
    told.set(site, {
      norm: kind === "LayerNorm" || kind === "RMSNorm" ? kind : null,
      eps: typeof eps === "number" && eps >= 0 && eps < Number.POSITIVE_INFINITY ? eps : null,
    });
  }
  return told;
}

function parsed(text = ""): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
