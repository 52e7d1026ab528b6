import * as reference from "../../../bindings/reference/index.js";
import type { OpDescription } from "../op-case.js";
import { promise } from "../within.js";

export const description: OpDescription = {
  op: "moments",
  oracle({ dtype, cols, inputs: { x } }) {
    const { norm, rms: relative, smallest } = promise[dtype];
    const { mean, variance, rms } = reference.moments(x, { cols });
    return {
      mean: { values: mean, allowed: (r) => norm * rms[r] + smallest },
      variance: { values: variance, allowed: (r) => 2 * norm * variance[r] + smallest },
      rms: { values: rms, allowed: (r) => 2 * relative * rms[r] + smallest },
    };
  },
};
