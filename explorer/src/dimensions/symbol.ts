/** A model's sign in the figures: the norm by colour and shape, what is given hollow. */
import type { Model } from "./models.js";
import { type Point, shape } from "./svg.js";

export const lookOf = ({ trainedWith }: Model) => (trainedWith ?? "unknown").toLowerCase();

/** A disc for LayerNorm, a square for RMSNorm, a triangle where it is not known. */
export function symbol(model: Model, [x, y]: Point, size: number): SVGElement {
  const look = `${lookOf(model)} ${model.from === "given" ? "hollow" : "full"}`;
  if (model.trainedWith === "LayerNorm") {
    return shape("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: size, class: look });
  }
  const path =
    model.trainedWith === "RMSNorm"
      ? `M${x - size} ${y - size}h${2 * size}v${2 * size}h${-2 * size}z`
      : `M${x} ${y - 1.2 * size}l${1.2 * size} ${2 * size}h${-2.4 * size}z`;
  return shape("path", { d: path, class: look });
}
