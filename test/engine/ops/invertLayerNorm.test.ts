import fc from "fast-check";
import { invertLayerNorm, layerNorm } from "orthonorm";
import * as reference from "orthonorm/reference";
import { describe, it } from "vitest";
import { encode } from "../../support/dtypes.js";
import { testOp } from "../../support/op-suite.js";
import { description } from "../../support/ops/invertLayerNorm.js";
import { contracts, epsilons, near, problems } from "../../support/properties.js";
import { normals } from "../../support/random.js";
import { sameBits } from "../../support/within.js";

testOp(description);

describe.each(["f32", "f64"] as const)("invertLayerNorm %s", (dtype) => {
  const contract = contracts[dtype];

  it("invertLayerNorm(layerNorm(x)) = x, whatever weight, bias and eps", () => {
    fc.assert(
      fc.property(problems, epsilons, fc.boolean(), ({ rows, cols, mean, seed }, eps, affine) => {
        const x = encode(dtype, normals(rows * cols, mean, 1, seed));
        const scales = normals(cols, 0, 1, seed + 1).map((value) => Math.sign(value) * (0.5 + Math.abs(value)));
        const weight = affine ? encode(dtype, scales) : undefined;
        const bias = affine ? encode(dtype, normals(cols, 0, 1, seed + 2)) : undefined;
        const saved = { mean: encode(dtype, new Float64Array(rows)), rstd: encode(dtype, new Float64Array(rows)) };
        const z = layerNorm(x, { cols, weight, bias, eps, ...saved });
        const back = invertLayerNorm(z, { cols, weight, bias, ...saved });
        const { rms } = reference.moments(x, { cols });
        for (let j = 0; j < x.length; j++) {
          const i = Math.floor(j / cols);
          // The rounding of z is that of what the bias makes of it; a weight gives it back as so much of x.
          const rounding = affine ? (contract.unit * Math.abs(z[j] / scales[j % cols])) / saved.rstd[i] : 0;
          near(back[j], x[j], contract.back * Math.max(Math.abs(x[j]), rms[i]) + 1.1 * rounding);
        }
      }),
    );
  });

  it("moves with mean and stretches with 1/rstd", () => {
    const quarters = fc.integer({ min: -4000, max: 4000 });
    fc.assert(
      fc.property(problems, quarters, fc.integer({ min: -20, max: 20 }), ({ rows, cols, seed }, shift, power) => {
        // whole numbers and powers of two: all of it is exact
        const z = encode(dtype, normals(rows * cols, 0, 300, seed).map(Math.round));
        const mean = encode(dtype, new Float64Array(rows).fill(shift / 4));
        const rstd = encode(dtype, new Float64Array(rows).fill(2 ** -power));
        const moved = Float64Array.from(z, (value) => value * 2 ** power + shift / 4);
        sameBits("x", dtype, invertLayerNorm(z, { cols, mean, rstd }), encode(dtype, moved));
      }),
    );
  });
});
