/** A model in an engine's memory, as its computation sees it. */
import type { Engine } from "orthonorm";
import type { Architecture } from "./architecture.js";
import type { Settings } from "./settings.js";
import type { Site } from "./sites.js";
import type { Weights } from "./weights.js";

export interface Loaded {
  readonly architecture: Architecture;
  readonly settings: Settings;
  readonly weights: Weights;
  readonly engine: Engine;
  /** The norms, in the order in which a token passes them. */
  readonly sites: readonly Site[];
  /** How many tokens there are. */
  readonly vocabulary: number;
}
