import fc from "fast-check";
import { center, meanVector } from "orthonorm";
import { describe, it } from "vitest";
import { encode } from "../../support/dtypes.js";
import { testOp } from "../../support/op-suite.js";
import { description } from "../../support/ops/meanVector.js";
import { near, problems } from "../../support/properties.js";
import { normals } from "../../support/random.js";

testOp(description);

describe.each(["f32", "f64"] as const)("meanVector %s", (dtype) => {
  it("whole numbers that add up to a multiple of cols have their mean exactly, and deviations too", () => {
    fc.assert(
      fc.property(problems, fc.integer({ min: -9, max: 9 }), ({ cols, seed }, m) => {
        const numbers = normals(cols, 0, 12, seed).map(Math.round);
        let left = m * cols - numbers.reduce((sum, value) => sum + value, 0);
        for (let j = 0; left !== 0; j = (j + 1) % cols) {
          numbers[j] += Math.sign(left);
          left -= Math.sign(left);
        }
        const x = encode(dtype, numbers);
        for (const value of meanVector(x)) near(value, m, 0);
        for (const [j, value] of center(x).entries()) near(value, numbers[j] - m, 0);
      }),
    );
  });
});
