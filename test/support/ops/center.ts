import * as reference from "../../../bindings/reference/index.js";
import type { OpDescription } from "../op-case.js";
import { isHalf, promise } from "../within.js";

export const description: OpDescription = {
  op: "center",
  oracle({ dtype, cols, inputs: { x } }) {
    const { norm, smallest } = promise[dtype];
    const values = reference.center(x, { cols });
    // √variance, where the variance itself may be beyond f64
    const { orthogonal } = reference.geometry(x, { cols });
    const sigma = (i: number) => orthogonal[Math.floor(i / cols)] / Math.sqrt(cols);
    return {
      out: {
        values,
        allowed(i) {
          const size = Math.abs(values[i]);
          // a half is right relative to itself
          return (isHalf(dtype) ? 1e-6 * size : norm * Math.max(sigma(i), size)) + 2 * smallest;
        },
      },
    };
  },
};
