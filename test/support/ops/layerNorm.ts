import * as reference from "../../../bindings/reference/index.js";
import { affine, epsilonOf, stored } from "../norms.js";
import type { OpDescription } from "../op-case.js";
import { promise } from "../within.js";

export const description: OpDescription = {
  op: "layerNorm",
  scalars: (seed) => ({ eps: epsilonOf(seed) }),
  oracle({ dtype, cols, inputs, scalars: { eps } }) {
    const { norm, smallest } = promise[dtype];
    const sum = stored(dtype, inputs);
    const { y, mean, rstd } = reference.layerNorm(sum, { cols, eps });
    const { rms } = reference.moments(sum, { cols });
    return {
      out: affine(dtype, y, { ...inputs, cols }, (t) => norm * Math.max(1, Math.abs(t))),
      sum: { values: sum },
      mean: { values: mean, allowed: (r) => norm * rms[r] + smallest },
      rstd: { values: rstd, allowed: (r) => 2 * norm * rstd[r] },
    };
  },
};
