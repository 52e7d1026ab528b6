/** What has a name in the picture of what also.ts shows: places beside which labels.ts puts the names. */
import { hasGhost, placeOf } from "./also.js";
import type { Frame } from "./frame.js";
import type { Beside } from "./labels.js";
import { mixed, scaled } from "./model.js";
import { seen, toPicture, type View } from "./view.js";

/** As they are in the picture, in the order in which they take their places. */
export const alsoTexts = { ghost: "x′", other: "RMSNorm(x′)", sine: "sin θ · LayerNorm(x)", cosine: "cos θ · 1" };

/** The names that it adds, or has instead of the others; undefined takes one away. */
export function besidesAlso(
  { model, also, ghost, ghostModel, showRms }: Frame,
  view: View,
): { [name: string]: Beside | undefined } {
  const rms = toPicture(model.rmsNorm.standardized);
  const ln = toPicture(model.layerNorm.standardized);
  const gone = { removed: undefined, shadow: undefined, angle: undefined };
  if (also === "identity") {
    const corner = scaled(ln, model.orthogonal / model.norm);
    const outward = seen(view, corner).left >= seen(view, [0, 0, 0]).left ? "right" : "left";
    return {
      ...gone,
      layernorm: undefined,
      circle: undefined,
      rmsnorm: { at: rms, by: 8, first: outward },
      sine: { at: scaled(corner, 0.6), by: 7, first: "below" },
      cosine: { at: mixed(corner, rms, 0.5), by: 10, first: outward },
    };
  }
  if (!hasGhost(also)) return {};
  return {
    ...gone,
    ghost: { at: placeOf(model, also, ghost), by: 24, first: "above" },
    ...(also === "layernorm" && showRms
      ? { other: { at: toPicture(ghostModel.rmsNorm.standardized), by: 8, first: "left" } }
      : {}),
    ...(also === "rmsnorm" ? { rmsnorm: { at: rms, by: 8, first: "above" } } : {}),
  };
}
