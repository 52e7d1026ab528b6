import fc from "fast-check";
import { center, meanVector } from "orthonorm";
import * as reference from "orthonorm/reference";
import { describe, it } from "vitest";
import { testOp } from "../../support/op-suite.js";
import { description } from "../../support/ops/center.js";
import { contracts, forAll, near, withinRatio } from "../../support/properties.js";

testOp(description);

describe.each(["f32", "f64"] as const)("center %s", (dtype) => {
  const contract = contracts[dtype];

  it("center(center(x)) = center(x), and meanVector(x) + center(x) = x", () => {
    forAll(dtype, (x, { cols }) => {
      fc.pre(withinRatio(dtype, x, cols));
      const { variance } = reference.moments(x, { cols });
      const once = center(x, { cols });
      const twice = center(once, { cols });
      const mean = meanVector(x, { cols });
      for (let j = 0; j < x.length; j++) {
        // center is LayerNorm before the division by σ, so its error is that of LayerNorm times σ.
        const bound = contract.norm * Math.max(Math.sqrt(variance[Math.floor(j / cols)]), Math.abs(once[j]));
        // The first result is off by `bound` on average at most, which the second takes away, and errs itself.
        near(twice[j], once[j], 2 * bound);
        // The mean is rounded once more when it is stored.
        near(mean[j] + once[j], x[j], bound + 4 * contract.unit * Math.abs(mean[j]));
      }
    });
  });
});
