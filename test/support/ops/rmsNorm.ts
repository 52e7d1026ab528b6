import * as reference from "../../../bindings/reference/index.js";
import { affine, epsilonOf, stored } from "../norms.js";
import type { OpDescription } from "../op-case.js";
import { promise } from "../within.js";

export const description: OpDescription = {
  op: "rmsNorm",
  scalars: (seed) => ({ eps: epsilonOf(seed), weightOffset: [undefined, 1, -0.5][seed % 3] }),
  oracle({ dtype, cols, inputs, scalars: { eps, weightOffset } }) {
    const { rms, smallest } = promise[dtype];
    const sum = stored(dtype, inputs);
    const { y, rstd } = reference.rmsNorm(sum, { cols, eps });
    return {
      out: affine(dtype, y, { ...inputs, cols, weightOffset }, (t) => rms * Math.abs(t) + 2 * smallest),
      sum: { values: sum },
      rstd: { values: rstd, allowed: (r) => 2 * rms * rstd[r] },
    };
  },
};
