import * as reference from "../../../bindings/reference/index.js";
import type { OpDescription } from "../op-case.js";
import { normals } from "../random.js";
import { isHalf } from "../within.js";

export const description: OpDescription = {
  op: "invertLayerNorm",
  required: ["mean", "rstd"],
  draw: {
    mean({ rows }, seed) {
      const means = normals(rows, 0, 100, seed);
      if (rows > 5) means.set([Number.NaN, Number.POSITIVE_INFINITY], 4);
      return means;
    },
    rstd({ rows }, seed) {
      const rstds = normals(rows, 0, 2, seed).map((value) => 2 ** value);
      if (rows > 4) rstds.set([Number.POSITIVE_INFINITY, Number.NaN, 0], 1);
      return rstds;
    },
  },
  oracle({ dtype, cols, inputs: { z, mean, rstd, weight, bias } }) {
    const values = reference.invertLayerNorm(z, { cols, mean, rstd, weight, bias });
    return {
      out: {
        values,
        allowed(i) {
          const right = Math.abs(values[i]);
          const size = Math.max(right, Math.abs(values[i] - mean[Math.floor(i / cols)]));
          return 1e-15 * size + (isHalf(dtype) ? 1e-6 * right : 0);
        },
      },
    };
  },
  nanThroughRow: false,
};
