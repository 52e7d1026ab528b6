import type { Also, Ghost } from "./also.js";
import type { Model } from "./model.js";

/** What of the picture words of the text light up: each with what is drawn for it, and its name. */
export const parts = ["x", "uniform", "mean", "plane", "shadow", "circle", "sphere", "angle"] as const;
export type Part = (typeof parts)[number];

/** What the picture shows. */
export interface Frame {
  model: Model;
  step: number;
  showRms: boolean;
  also: Also;
  /** Where x′ is, and what the engine says of it; x itself where there is none. */
  ghost: Ghost;
  ghostModel: Model;
  /** The part that stands out, while the others are paler. */
  lit: Part | undefined;
}
