import fc from "fast-check";
import { orthonormalize } from "orthonorm";
import * as reference from "orthonorm/reference";
import { describe, expect, it } from "vitest";
import { encode } from "../../support/dtypes.js";
import { testOp } from "../../support/op-suite.js";
import { description } from "../../support/ops/orthonormalize.js";
import { contracts, lengthOf, near, problems, row } from "../../support/properties.js";
import { normals } from "../../support/random.js";

testOp(description);

describe.each(["f32", "f64"] as const)("orthonormalize %s", (dtype) => {
  const contract = contracts[dtype];

  it("gives orthonormal rows, each towards its input, that span the inputs", () => {
    fc.assert(
      fc.property(problems, fc.integer({ min: 1, max: 5 }), ({ cols, mean, seed }, k) => {
        fc.pre(cols >= 2 * k - 1);
        const vectors = encode(dtype, normals(k * cols, mean, 1, seed));
        const basis = orthonormalize(vectors, { cols });
        for (let i = 0; i < k; i++) {
          const vector = row(vectors, i, cols);
          const q = row(basis, i, cols);
          for (let j = 0; j <= i; j++) {
            // Elements rounded to the format: a dot product of unit rows is off by two units, plus the arithmetic.
            const product = reference.dot(q, row(basis, j, cols)).hi;
            near(product, i === j ? 1 : 0, 2 * contract.norm);
          }
          expect(reference.dot(q, vector).hi).toBeGreaterThan(0);
          // What the rows so far do not hold of this input, computed here in f64.
          const rest = Float64Array.from(vector);
          for (let j = 0; j <= i; j++) {
            const other = row(basis, j, cols);
            const share = reference.dot(rest, other).hi;
            for (let l = 0; l < cols; l++) rest[l] -= share * other[l];
          }
          near(lengthOf(rest), 0, 2 * (i + 1) * contract.norm * lengthOf(vector));
        }
      }),
    );
  });
});
