import fc from "fast-check";
import { geometry, layerNorm, rmsNorm, tensor } from "orthonorm";
import * as reference from "orthonorm/reference";
import { describe, expect, it } from "vitest";
import { relativeError } from "../../support/error.js";
import { refuses } from "../../support/errors.js";
import { testOp } from "../../support/op-suite.js";
import { description } from "../../support/ops/rmsNorm.js";
import { contracts, epsilons, finiteRows, forAll, near, withinRatio } from "../../support/properties.js";

testOp(description);

describe.each(["f32", "f64"] as const)("rmsNorm %s", (dtype) => {
  const contract = contracts[dtype];

  it("any finite row has the reference's norm", () => {
    fc.assert(
      fc.property(finiteRows(dtype), epsilons, (x, eps) => {
        const rms = rmsNorm(x, { eps });
        const expected = reference.rmsNorm(x, { eps }).y;
        // Beside the contract, the spacing of the subnormals: a small element of a large row becomes one when the row is
        // scaled, in kernel and reference, and then grows by up to √d.
        const spacing = (dtype === "f32" ? 2 ** -149 : 2 ** -1074) * (1 + Math.sqrt(x.length));
        for (let i = 0; i < x.length; i++) near(rms[i], expected[i], contract.rms * Math.abs(expected[i]) + spacing);
      }),
    );
  });

  it("RMSNorm(x) = sin θ · LN(x) + cos θ · 1", () => {
    forAll(dtype, (x, { rows, cols }) => {
      fc.pre(withinRatio(dtype, x, cols));
      const rms = rmsNorm(x, { cols, eps: 0 });
      const ln = layerNorm(x, { cols, eps: 0 });
      const theta = geometry(x, { cols }).angle;
      for (let i = 0; i < rows; i++) {
        for (let j = i * cols; j < (i + 1) * cols; j++) {
          const combined = Math.sin(theta[i]) * ln[j] + Math.cos(theta[i]);
          // RMSNorm's error, LN's, and that of θ, which like theirs is a few roundings of numbers up to π.
          const bound = contract.rms * Math.abs(rms[j]) + 3 * contract.norm * Math.max(1, Math.abs(ln[j]));
          near(rms[j], combined, bound);
        }
      }
    });
  });
});

describe("eps far above 1, f32", () => {
  it("of a row far below it: 1.24e-36 among zeros", () => {
    for (const eps of [7978.5, 1e4, 12345, 1e6]) {
      const x = new Float32Array(1028);
      x[500] = 1.24e-36;
      const { y } = reference.rmsNorm(x, { eps });
      expect(relativeError(rmsNorm(x, { eps }), y, 2 ** -126), `${eps}`).toBeLessThanOrEqual(3e-7);
    }
  });

  it("beyond f32", () => {
    for (const eps of [1e39, 1e60, 1e200]) {
      const x = new Float32Array([1e18, -3e37]);
      const { y } = reference.rmsNorm(x, { eps });
      expect(relativeError(rmsNorm(x, { eps }), y, 2 ** -126), `${eps}`).toBeLessThanOrEqual(3e-7);
    }
  });

  it("a weightOffset beyond f32, which made NaN of rows of zeros, is refused; f64 has it", () => {
    const weight = new Float32Array(4);
    const out = new Float32Array(4).fill(7);
    for (const weightOffset of [1e39, -1e300]) {
      const said = (dtype: string) =>
        `RangeError: rmsNorm: weightOffset expected a number that f32 can hold, for x is ${dtype}, got ${weightOffset}`;
      refuses(() => rmsNorm(new Float32Array(4), { weight, weightOffset, out }), said("f32"));
      refuses(() => rmsNorm(new Uint16Array(4), { weight, weightOffset, dtype: "bf16" }), said("bf16"));
      const x = tensor("f32", [1, 4]);
      refuses(() => rmsNorm(x, { weightOffset, out: x }), said("f32"));
      x.dispose();
      expect([...rmsNorm(new Float64Array(4), { weight, weightOffset })].map(Math.abs)).toEqual([0, 0, 0, 0]);
    }
    expect(out).toEqual(new Float32Array(4).fill(7));
    expect([...rmsNorm(new Float32Array(4), { weight, weightOffset: 3.4e38 })]).toEqual([0, 0, 0, 0]);
  });
});
