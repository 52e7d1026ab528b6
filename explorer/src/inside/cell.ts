/** One vector taken apart by the engine. */
import type { NormKind, Transformer } from "@orthonorm/models";
import { chanceTilt } from "@orthonorm/study";
import { angle, geometry, layerNorm, moments, rmsNorm } from "orthonorm";
import type { Cell } from "./messages.js";
import { isShown, tilt } from "./reading.js";

const degrees = 180 / Math.PI;

/**
 * @param x what enters the norm
 * @param by the norm that the model runs with, which need not be its own
 */
export function takeApart(
  model: Transformer,
  site: number,
  x: Float32Array,
  by: NormKind,
): Omit<Cell, "kind" | "turn" | "place"> {
  const { eps } = model.settings;
  const { weight, bias, site: own } = model.norms.filter((norm) => isShown(norm.site))[site];
  const { weightOffset } = own;
  const itself = by === "LayerNorm" ? layerNorm(x, { eps }) : rmsNorm(x, { eps });
  const whole =
    by === "LayerNorm" ? layerNorm(x, { eps, weight, bias }) : rmsNorm(x, { eps, weight, bias, weightOffset });
  const { norm, uniform, orthogonal, angle: theta } = geometry(x);
  return {
    x,
    mean: moments(x).mean[0],
    norm: norm[0],
    uniform: uniform[0],
    orthogonal: orthogonal[0],
    angle: theta[0] * degrees,
    ratio: tilt(theta[0]) / chanceTilt(x.length),
    turned: { by, itself: angle(x, itself)[0] * degrees, whole: angle(x, whole)[0] * degrees },
  };
}
