/** Numbers as the page's sentences have them: a minus that is as wide as a digit, and no −0. */
import { chanceSd } from "@orthonorm/study";
import { type Model, modelEps, radius, type Vector } from "./model.js";

/** What is no number, as the angle of x = 0, is a dash. */
export function fixed(value: number, decimals: number): string {
  if (Number.isNaN(value)) return "–";
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? (0).toFixed(decimals) : text.replace("-", "−");
}

const measured = (value: number, decimals: number, unit: string) =>
  Number.isNaN(value) ? "none" : fixed(value, decimals) + unit;

/** Numbers of one column: as many decimals as give the least of them three digits, so that their points stand below each other. */
export function aligned(values: readonly number[]): string[] {
  const least = Math.min(...values.filter((value) => value > 0 && Number.isFinite(value)));
  const decimals = Number.isFinite(least) ? Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(least)))) : 0;
  return values.map((value) => fixed(value, decimals));
}

export const tuple = (v: Vector) => `(${v.map((value) => fixed(value, 2)).join(", ")})`;

/** What stands in the elements with data-n, by its name. */
export function numbers(model: Model) {
  const { norm, uniform, orthogonal, cosine, angle, mean } = model;
  return {
    x: tuple(model.x),
    norm: fixed(norm, 2),
    angle: measured(angle, 1, "°"),
    mean: fixed(mean, 2),
    uniform: fixed(Math.abs(uniform), 2),
    share: measured(100 * cosine * cosine, 0, " %"),
    orthogonal: fixed(orthogonal, 2),
    layerNorm: tuple(model.layerNorm.standardized),
    affine: tuple(model.layerNorm.affine),
    rmsNorm: tuple(model.rmsNorm.standardized),
    sine: fixed(norm === 0 ? Number.NaN : orthogonal / norm, 2),
    cosine: fixed(cosine, 2),
    chance: `${fixed(chanceSd(768), 2)}°`,
    apart: measured(Math.abs(90 - angle), 1, "°"),
  };
}

/** What a screen reader hears when x has come to rest. */
export function spoken(model: Model): string {
  const n = numbers(model);
  const left = remainder(model);
  const norms = `LayerNorm gives ${n.layerNorm}, RMSNorm ${n.rmsNorm}`;
  if (model.norm === 0) return left;
  return `x = ${n.x}, ${n.norm} long, at ${n.angle} to the uniform direction. ${norms}, ${n.apart} apart. ${left}`.trim();
}

/** Where next to nothing is left of x after the first step: what a model's LayerNorm makes of it, with eps. Else nothing. */
export function remainder({ norm, orthogonal, uniform, withEps }: Model): string {
  if (norm === 0) {
    return "x is 0 and has no direction: nothing is left to stretch, and eps decides. With any eps above 0 both norms give 0; with none, 0/0.";
  }
  if (orthogonal === 0) {
    const ones = uniform > 0 ? "(1, 1, 1)" : "−(1, 1, 1)";
    return `x lies along the uniform direction: nothing is left after step 1, and eps decides. LayerNorm gives 0/√eps = 0, RMSNorm ${ones}.`;
  }
  if (withEps > 0.99 * radius) return "";
  const long = `with ${modelEps.toFixed(5)}, as models have it, LayerNorm(x) is ${fixed(withEps, 2)} long`;
  return `Little is left after step 1, and eps decides: ${long}. Here it is drawn without.`;
}

const stops = ["x itself", "the shadow", "length 1", "times root 3: LayerNorm", "with weight and bias"];

/** The value of the slider in words. */
export function spokenStep(step: number): string {
  const at = Math.floor(step);
  return step === at ? `${at}: ${stops[at]}` : `${Math.round((step - at) * 100)} % of the way to ${stops[at + 1]}`;
}
