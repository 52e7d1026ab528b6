import fc from "fast-check";
import { center, decompose, layerNorm, meanVector } from "orthonorm";
import { describe, expect, it } from "vitest";
import { encode } from "../../support/dtypes.js";
import { scaledError } from "../../support/error.js";
import { testOp } from "../../support/op-suite.js";
import { description } from "../../support/ops/decompose.js";
import { contracts, forAll, near, type Vector, withinRatio } from "../../support/properties.js";
import { sameBits } from "../../support/within.js";

testOp(description);

describe.each(["f32", "f64"] as const)("decompose %s", (dtype) => {
  const contract = contracts[dtype];

  it("is meanVector(x), center(x), their unit vector, LN(x); the mean is the one that layerNorm saves", () => {
    forAll(dtype, (x, { rows, cols }) => {
      const parts = decompose(x, { cols });
      sameBits("orthogonal", dtype, parts.orthogonal, center(x, { cols }));
      sameBits("meanVector", dtype, parts.meanVector, meanVector(x, { cols }));
      const mean = encode(dtype, new Float64Array(rows));
      const normalized = layerNorm(x, { cols, eps: 0, mean });
      const means = x.map((_, j) => mean[Math.floor(j / cols)]) as Vector;
      sameBits("layerNorm's mean", dtype, parts.meanVector, means);

      fc.pre(withinRatio(dtype, x, cols));
      // Each side is within the contract of the exact value, hence twice.
      expect(scaledError(parts.standardized, normalized)).toBeLessThanOrEqual(2.1 * contract.norm);
      for (let j = 0; j < x.length; j++) {
        // unit · √d = standardized: the contract once for each.
        const scaled = Math.sqrt(cols) * parts.unit[j];
        const limit = 2 * contract.norm * Math.max(1, Math.abs(scaled));
        near(scaled, parts.standardized[j], limit);
      }
    });
  });
});
