import fc from "fast-check";
import { orthonormalize, reject } from "orthonorm";
import { dot } from "orthonorm/reference";
import { describe, it } from "vitest";
import { encode } from "../../support/dtypes.js";
import { testOp } from "../../support/op-suite.js";
import { description } from "../../support/ops/reject.js";
import { contracts, forAll, lengthOf, near, problems, row } from "../../support/properties.js";
import { normals } from "../../support/random.js";

testOp(description);

describe.each(["f32", "f64"] as const)("reject %s", (dtype) => {
  const contract = contracts[dtype];

  it("reject(x, u) · u = 0", () => {
    forAll(dtype, (x, { rows, cols, seed }) => {
      const u = encode(dtype, normals(cols, 0, 3, seed + 1));
      const across = reject(x, u, { cols });
      for (let i = 0; i < rows; i++) {
        // What is left along u is the coefficient's error (as for center, where u = 1) and the rounding of the result.
        const left = dot(row(across, i, cols), u).hi / lengthOf(u);
        near(left, 0, 2 * contract.norm * lengthOf(row(x, i, cols)));
      }
    });
  });

  it("the same for the span of several orthonormal rows", () => {
    fc.assert(
      fc.property(problems, fc.integer({ min: 2, max: 5 }), ({ rows, cols, mean, seed }, k) => {
        fc.pre(cols >= 2 * k);
        const x = encode(dtype, normals(rows * cols, mean, 1, seed));
        const basis = orthonormalize(encode(dtype, normals(k * cols, 0, 1, seed + 1)), { cols });
        const across = reject(x, basis, { cols });
        for (let i = 0; i < rows; i++) {
          const size = lengthOf(row(x, i, cols));
          for (let j = 0; j < k; j++) {
            // Besides the coefficients' errors: the rows themselves are orthonormal only to their rounding, k at a time.
            const left = dot(row(across, i, cols), row(basis, j, cols)).hi;
            near(left, 0, (k + 1) * contract.norm * size);
          }
        }
      }),
    );
  });
});
