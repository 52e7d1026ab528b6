/** Numbers as the page's sentences have them: a minus that is as wide as a digit, and no −0. */
import { chanceSd } from "@orthonorm/study";
import type { Model, Vector } from "./model.js";

export function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? (0).toFixed(decimals) : text.replace("-", "−");
}

export const tuple = (v: Vector) => `(${v.map((value) => fixed(value, 2)).join(", ")})`;

/** What stands in the elements with data-n, by its name. */
export function numbers(model: Model) {
  const { norm, uniform, orthogonal, cosine, angle, mean } = model;
  return {
    x: tuple(model.x),
    norm: fixed(norm, 2),
    angle: `${fixed(angle, 1)}°`,
    mean: fixed(mean, 2),
    uniform: fixed(Math.abs(uniform), 2),
    share: `${fixed(100 * cosine * cosine, 0)} %`,
    orthogonal: fixed(orthogonal, 2),
    layerNorm: tuple(model.layerNorm.standardized),
    affine: tuple(model.layerNorm.affine),
    rmsNorm: tuple(model.rmsNorm.standardized),
    sine: fixed(orthogonal / norm, 2),
    cosine: fixed(cosine, 2),
    chance: `${fixed(chanceSd(768), 2)}°`,
    apart: `${fixed(Math.abs(90 - angle), 1)}°`,
  };
}

/** What a screen reader hears when x has come to rest. */
export function spoken(model: Model): string {
  const n = numbers(model);
  return `x = ${n.x}, ${n.norm} long, at ${n.angle} to the uniform direction. LayerNorm gives ${n.layerNorm}, RMSNorm ${n.rmsNorm}, ${n.apart} apart.`;
}

const stops = ["x itself", "the shadow", "length 1", "times root 3: LayerNorm", "with weight and bias"];

/** The value of the slider in words. */
export function spokenStep(step: number): string {
  const at = Math.floor(step);
  return step === at ? `${at}: ${stops[at]}` : `${Math.round((step - at) * 100)} % of the way to ${stops[at + 1]}`;
}
