import * as reference from "../../../bindings/reference/index.js";
import type { OpDescription } from "../op-case.js";
import { promise } from "../within.js";

export const description: OpDescription = {
  op: "geometry",
  oracle({ dtype, cols, inputs: { x } }) {
    const { norm, smallest } = promise[dtype];
    const right = reference.geometry(x, { cols });
    const lengths = (r: number) => norm * right.norm[r] + smallest * Math.min(4, Math.sqrt(cols));
    return {
      norm: { values: right.norm, allowed: lengths },
      uniform: { values: right.uniform, allowed: lengths },
      orthogonal: { values: right.orthogonal, allowed: lengths },
      cosine: { values: right.cosine, allowed: () => norm },
      angle: { values: right.angle, allowed: () => norm },
    };
  },
};
