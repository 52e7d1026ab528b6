import * as reference from "../../../bindings/reference/index.js";
import type { OpDescription } from "../op-case.js";
import { isHalf, promise } from "../within.js";

export const description: OpDescription = {
  op: "decompose",
  oracle({ dtype, cols, inputs: { x } }) {
    const { norm, smallest } = promise[dtype];
    const { rms } = reference.moments(x, { cols });
    const lengths = reference.geometry(x, { cols }).orthogonal;
    const { meanVector, orthogonal, unit, standardized } = reference.decompose(x, { cols });
    const rowOf = (i: number) => Math.floor(i / cols);
    // √variance, where the variance itself may be beyond f64
    const sigma = (i: number) => lengths[rowOf(i)] / Math.sqrt(cols);
    // a half is right relative to itself, another number relative to one of its row too
    const share = (value: number, one: number) =>
      isHalf(dtype) ? 1e-6 * Math.abs(value) + 2 * smallest : norm * Math.max(one, Math.abs(value));
    return {
      meanVector: { values: meanVector, allowed: (i) => norm * rms[rowOf(i)] + smallest },
      orthogonal: {
        values: orthogonal,
        allowed: (i) => share(orthogonal[i], sigma(i)) + 2 * smallest,
      },
      unit: { values: unit, allowed: (i) => share(unit[i], 1 / Math.sqrt(cols)) + smallest },
      standardized: { values: standardized, allowed: (i) => share(standardized[i], 1) },
    };
  },
};
