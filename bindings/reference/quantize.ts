import { rangeError } from "../check.js";
import { checkNames } from "../names.js";
import { checkArrays } from "./check.js";
import { countRows, type RowOptions, rowOptions } from "./rows.js";

export interface QuantizeReferenceOptions extends RowOptions {
  /** How many columns share a scale. Default: all of a row. */
  groupSize?: number;
}

/** `values` is as long as x; `scales` has one number per group, row after row. */
export interface QuantizeResult {
  values: Float64Array;
  scales: Float64Array;
}

/**
 * Rows as whole numbers of 8 bits: q = x/scale, rounded to the nearest with ties to even, with scale = max|x|/127 of each group of columns.
 *
 * Of zeros q and scale are 0, where the engine's scale is the least that it has. A group that holds NaN or infinity has that for a scale,
 * and q = 0.
 *
 * Source: PyTorch, torch.ao.quantization, symmetric.
 * @throws RangeError when `cols` does not divide the length of `x`, or `groupSize` is not positive.
 */
export function quantizeWeights(x: ArrayLike<number>, options: QuantizeReferenceOptions = {}): QuantizeResult {
  checkNames("quantizeWeights", [...rowOptions, "groupSize"], options);
  const { cols = x?.length, groupSize = cols } = options;
  checkArrays("quantizeWeights", { x }, {});
  const rows = countRows("quantizeWeights", x.length, cols);
  if (!(groupSize > 0)) throw rangeError("quantizeWeights", "groupSize", "a positive number", groupSize);
  const values = new Float64Array(x.length);
  const scales: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let first = 0; first < cols; first += groupSize) {
      const [start, end] = [row * cols + first, row * cols + Math.min(first + groupSize, cols)];
      let most = 0;
      for (let i = start; i < end; i++) most = Math.max(most, Math.abs(x[i]));
      const scale = most / 127;
      scales.push(scale);
      if (most === 0 || !Number.isFinite(most)) continue;
      for (let i = start; i < end; i++) values[i] = nearest(x[i] / scale);
    }
  }
  return { values, scales: Float64Array.from(scales) };
}

/** The nearest whole number, ties to even. */
function nearest(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
