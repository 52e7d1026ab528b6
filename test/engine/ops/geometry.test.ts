import { geometry } from "orthonorm";
import { describe, it } from "vitest";
import { testOp } from "../../support/op-suite.js";
import { description } from "../../support/ops/geometry.js";
import { contracts, forAll, near } from "../../support/properties.js";

testOp(description);

describe.each(["f32", "f64"] as const)("geometry %s", (dtype) => {
  const contract = contracts[dtype];

  it("norm² = uniform² + orthogonal², cosine = uniform/norm = cos(angle)", () => {
    forAll(dtype, (x, { rows, cols }) => {
      const parts = geometry(x, { cols });
      for (let i = 0; i < rows; i++) {
        // Three lengths, each as good as RMSNorm's 1/rstd = norm/√d, and as a share of norm.
        const pythagoras = Math.hypot(parts.uniform[i], parts.orthogonal[i]) / parts.norm[i];
        near(pythagoras, 1, 3 * contract.rms);
        near(parts.cosine[i], parts.uniform[i] / parts.norm[i], 3 * contract.rms);
        near(parts.cosine[i], Math.cos(parts.angle[i]), 3 * contract.rms);
      }
    });
  });
});
