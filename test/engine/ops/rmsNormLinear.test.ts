import { rmsNormLinear } from "orthonorm";
import { expect, it } from "vitest";
import { testOp } from "../../support/op-suite.js";
import { description } from "../../support/ops/rmsNormLinear.js";

// that it has the bits of the two calls is tested with layerNormLinear
testOp(description);

it("takes a weightOffset as rmsNorm does", () => {
  const [x, weight, w] = [new Float32Array([3, 4]), new Float32Array([0, 1]), new Float32Array([1, 0, 0, 1])];
  const y = rmsNormLinear(x, w, { weight, weightOffset: 1, eps: 0 });
  expect([...y]).toEqual([Math.fround(3 / Math.sqrt(12.5)), Math.fround(8 / Math.sqrt(12.5))]);
  expect(() => rmsNormLinear(x, w, { weight, weightOffset: Number.NaN })).toThrow(
    "rmsNormLinear: weightOffset expected a finite number, got NaN",
  );
  expect(() => rmsNormLinear(x, w, { weight, weightOffset: 1e39 })).toThrow(
    "rmsNormLinear: weightOffset expected a number that f32 can hold, for x is f32, got 1e+39",
  );
});
