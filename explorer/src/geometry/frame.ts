import type { Model } from "./model.js";

/** What the picture shows. */
export interface Frame {
  model: Model;
  step: number;
  showRms: boolean;
}
