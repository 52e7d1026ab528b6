import { dot, geometry, orthonormalize, project, reject } from "../../bindings/reference/index.js";
import type { OpDescription } from "./op-case.js";
import { normals } from "./random.js";
import { isHalf, promise } from "./within.js";

const oracles = { project, reject };

/** `project` or `reject`, onto one direction of any length or several orthonormal ones. */
export function projection(op: "project" | "reject"): OpDescription {
  return {
    op,
    sizes: (cols, seed) => ({ k: Math.min(cols, 1 + (seed % 3)) }),
    draw: {
      direction({ k, cols }, seed, dtype) {
        const scale = k > 1 || isHalf(dtype) ? 1 : [1, 1e-20, 1e20][seed % 3];
        const vectors = normals(k * cols, 0.3, 1, seed).map((value) => value * scale);
        return k === 1 ? vectors : orthonormalize(vectors, { cols });
      },
    },
    oracle({ dtype, cols, k, inputs: { x, direction } }) {
      const { norm, smallest } = promise[dtype];
      const right = oracles[op](x, direction, { cols });
      const lengths = geometry(x, { cols }).norm;
      const unit = k === 1 ? Math.sqrt(dot(direction, direction).hi) : 1;
      const allowed = (r: number) => norm * lengths[r] + 2 * smallest;
      const holdsNaN = (r: number) => x.subarray(r * cols, (r + 1) * cols).some(Number.isNaN);
      return {
        out: {
          values: right.y,
          allowed: (i) => allowed(Math.floor(i / cols)),
          // an infinity leaves nothing finite; NaN is NaN throughout
          anyNonFinite: (i) => Number.isNaN(right.y[i]) && !holdsNaN(Math.floor(i / cols)),
        },
        coefficients: {
          values: right.coefficients,
          // divided first, for a length times its bound may be beneath the smallest number
          allowed: (i) => norm * (lengths[Math.floor(i / k)] / unit) + smallest,
          anyNonFinite: (i) => Number.isNaN(right.coefficients[i]) && !holdsNaN(Math.floor(i / k)),
        },
      };
    },
  };
}
