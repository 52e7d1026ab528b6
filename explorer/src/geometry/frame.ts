import type { Also, Ghost } from "./also.js";
import type { Model } from "./model.js";

/** What the picture shows. */
export interface Frame {
  model: Model;
  step: number;
  showRms: boolean;
  also: Also;
  /** Where x′ is, and what the engine says of it; x itself where there is none. */
  ghost: Ghost;
  ghostModel: Model;
}
