import { checkNames } from "../names.js";
import { layerNorm } from "./layernorm.js";
import { linear } from "./linear.js";
import type { NormOptions } from "./norm.js";
import { type RmsNormOptions, rmsNorm } from "./rmsnorm.js";
import { defaultCols } from "./rows.js";

export interface LayerNormLinearReferenceOptions extends NormOptions {
  /** Added to each row of the result: k numbers. */
  linearBias?: ArrayLike<number>;
}

export interface RmsNormLinearReferenceOptions extends RmsNormOptions {
  /** Added to each row of the result: k numbers. */
  linearBias?: ArrayLike<number>;
}

/** `y` is rows × k; `sum` is as long as `x`. */
export interface NormLinearResult {
  y: Float64Array;
  sum: Float64Array;
}

const names = ["cols", "weight", "bias", "eps", "residual", "linearBias"];

/**
 * A LayerNorm and the linear layer that reads it: y = layerNorm(x)·Wᵀ + linearBias, with W [k, cols].
 *
 * To check an element type in which the normalised rows are rounded, round what `layerNorm` gives and pass it to `linear`.
 * @throws RangeError as `layerNorm` and `linear` do.
 */
export function layerNormLinear(
  x: ArrayLike<number>,
  linearWeight: ArrayLike<number>,
  options: LayerNormLinearReferenceOptions = {},
): NormLinearResult {
  checkNames("layerNormLinear", names, options);
  const { linearBias: bias, ...own } = options;
  const { y, sum } = layerNorm(x, own);
  return { y: linear(y, linearWeight, { cols: defaultCols(x, own), bias }), sum };
}

/**
 * An RMSNorm and the linear layer that reads it: y = rmsNorm(x)·Wᵀ + linearBias, with W [k, cols].
 *
 * To check an element type in which the normalised rows are rounded, round what `rmsNorm` gives and pass it to `linear`.
 * @throws RangeError as `rmsNorm` and `linear` do.
 */
export function rmsNormLinear(
  x: ArrayLike<number>,
  linearWeight: ArrayLike<number>,
  options: RmsNormLinearReferenceOptions = {},
): NormLinearResult {
  checkNames("rmsNormLinear", [...names, "weightOffset"], options);
  const { linearBias: bias, ...own } = options;
  const { y, sum } = rmsNorm(x, own);
  return { y: linear(y, linearWeight, { cols: defaultCols(x, own), bias }), sum };
}
