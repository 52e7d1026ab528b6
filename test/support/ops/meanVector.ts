import * as reference from "../../../bindings/reference/index.js";
import type { OpDescription } from "../op-case.js";
import { promise } from "../within.js";

export const description: OpDescription = {
  op: "meanVector",
  oracle({ dtype, cols, inputs: { x } }) {
    const { norm, smallest } = promise[dtype];
    const { rms } = reference.moments(x, { cols });
    const values = reference.meanVector(x, { cols });
    return { out: { values, allowed: (i) => norm * rms[Math.floor(i / cols)] + smallest } };
  },
};
