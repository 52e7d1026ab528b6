// What is promised of a norm's results with weight and bias (docs/numerics.md).

import type { ElementType } from "./dtypes.js";
import { isHalf } from "./ground.js";
import { promise } from "./within.js";

/** How far from y = t·w + b a norm may be before it is rounded to the element type. */
export function allowance(op: "layerNorm" | "rmsNorm", dtype: ElementType, t: number, w: number, b: number): number {
  // a half is the f64 result rounded, or its neighbour if that lies within 1e-6 of the tie; of a subnormal, 1e-6 of the least normal number
  if (isHalf(dtype)) return 1e-6 * Math.max(Math.abs(t * w) + Math.abs(b), dtype === "f16" ? 2 ** -14 : 2 ** -126);
  const { norm, rms, unit, smallest } = promise[dtype];
  const before = op === "layerNorm" ? norm * Math.max(1, Math.abs(t)) : rms * Math.abs(t) + 2 * smallest;
  // weightOffset + weight, the product and the sum round once each
  return before * Math.abs(w) + 2 * unit * (Math.abs(t * w) + Math.abs(b)) + 2 * smallest;
}
