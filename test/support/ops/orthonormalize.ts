import * as reference from "../../../bindings/reference/index.js";
import type { OpDescription } from "../op-case.js";
import { normals } from "../random.js";

export const description: OpDescription = {
  op: "orthonormalize",
  // with room to spare no vector comes near the span of the others
  sizes: (cols, seed) => ({ rows: Math.max(1, Math.min(1 + (seed % 3), Math.floor(cols / 3))) }),
  draw: {
    vectors({ rows, cols }, seed, dtype) {
      const scale = dtype === "f16" ? 1 : [1, 1e-20, 1e20][seed % 3];
      return normals(rows * cols, 0.3, 1, seed).map((value) => value * scale);
    },
  },
  oracle: ({ cols, inputs: { vectors } }) => ({
    out: { values: reference.orthonormalize(vectors, { cols }), allowed: () => 1e-13 },
  }),
  rowByRow: false,
};
