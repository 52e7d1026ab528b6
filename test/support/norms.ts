import type { DType } from "../../bindings/index.js";
import { roundTo } from "../../bindings/reference/round.js";
import { type Expected, isHalf, promise } from "./within.js";

// What the two norms have in common beside their oracles.

type Inputs = Readonly<Record<string, Float64Array>>;

/** eps as people give it, and none. */
export function epsilonOf(seed: number): number | undefined {
  return [1e-5, 0, 1e-12, undefined][seed & 3];
}

/** x + residual as it is stored; x where nothing is added. */
export function stored(dtype: DType, { x, residual }: Inputs): Float64Array {
  return residual === undefined ? x : x.map((value, i) => roundTo(dtype, value + residual[i]));
}

/** y = t·(weightOffset + weight) + bias, where t is off by `before` at most. */
export function affine(
  dtype: DType,
  t: Float64Array,
  {
    weight,
    bias,
    cols,
    weightOffset = 0,
  }: { weight?: Float64Array; bias?: Float64Array; cols: number; weightOffset?: number },
  before: (t: number) => number,
): Expected {
  const scale = (i: number) => (weight === undefined ? 1 : weight[i % cols] + weightOffset);
  const shift = (i: number) => (bias === undefined ? 0 : bias[i % cols]);
  const { unit, smallest } = promise[dtype];
  return {
    values: t.map((value, i) => value * scale(i) + shift(i)),
    allowed(i) {
      const [w, b] = [Math.abs(scale(i)), Math.abs(shift(i))];
      const product = Math.abs(t[i]) * w;
      // a half is the f64 result rounded, or its neighbour if that lies within 1e-6 of the tie
      if (isHalf(dtype)) return 1e-6 * (product + b) + 2 ** -148;
      // weightOffset + weight, the product and the sum round once each
      return before(t[i]) * w + 2 * unit * (product + b) + 2 * smallest;
    },
  };
}
