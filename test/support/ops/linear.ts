import type { DType } from "../../../bindings/index.js";
import { linear } from "../../../bindings/reference/index.js";
import type { OpDescription } from "../op-case.js";
import { type Numbers, promise, within } from "../within.js";

/** Beyond this a product of f32 may be infinite, or a sum of such. */
const largest = { f32: 1e37, f64: 1e300, f16: 1e37, bf16: 1e37 };

export const description: OpDescription = {
  op: "linear",
  sizes: (_, seed) => ({ k: 1 + (seed % 7) }),
  oracle({ dtype, cols, k, inputs: { x, weight, bias } }) {
    const { unit, smallest } = promise[dtype];
    const values = linear(x, weight, { cols, bias });
    const lengthsOf = (rows: Float64Array) =>
      Array.from({ length: rows.length / cols }, (_, row) =>
        Math.hypot(...rows.subarray(row * cols, (row + 1) * cols)),
      );
    const [xs, ws] = [lengthsOf(x), lengthsOf(weight)];
    const size = (i: number) => xs[Math.floor(i / k)] * ws[i % k];
    // a NaN in the row of x or of W is NaN; infinities may meet their opposites
    const holdsNaN = (i: number) => {
      const [row, j] = [Math.floor(i / k), i % k];
      return [x.subarray(row * cols, (row + 1) * cols), weight.subarray(j * cols, (j + 1) * cols)].some((part) =>
        part.some(Number.isNaN),
      );
    };
    return {
      out: {
        values,
        // the sum of products, the addition of the bias, and what products below the range lose
        allowed: (i) => 2 * Math.sqrt(cols) * unit * size(i) + unit * Math.abs(values[i]) + (cols + 1) * smallest,
        anyNonFinite: (i) => !(size(i) + Math.abs(bias?.[i % k] ?? 0) < largest[dtype]) && !holdsNaN(i),
      },
    };
  },
};

/** Throws unless y is x·Wᵀ + b to within what is promised: of the numbers that they are, whatever their element types. */
export function linearWithin(
  what: string,
  dtype: DType,
  y: Numbers,
  inputs: { x: Float64Array; weight: Float64Array; bias?: Float64Array },
  cols: number,
): void {
  const [rows, k] = [inputs.x.length / cols, inputs.weight.length / cols];
  const given = inputs.bias === undefined ? { x: inputs.x, weight: inputs.weight } : { ...inputs, bias: inputs.bias };
  within(what, dtype, y, description.oracle({ dtype, rows, cols, k, inputs: given, scalars: {} }).out);
}
