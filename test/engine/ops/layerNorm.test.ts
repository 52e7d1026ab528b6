import fc from "fast-check";
import { layerNorm } from "orthonorm";
import * as reference from "orthonorm/reference";
import { describe, expect, it } from "vitest";
import { encode } from "../../support/dtypes.js";
import { scaledError } from "../../support/error.js";
import { testOp } from "../../support/op-suite.js";
import { description } from "../../support/ops/layerNorm.js";
import {
  contracts,
  epsilons,
  finiteRows,
  forAll,
  lengthOf,
  near,
  problems,
  row,
  type Vector,
  values,
  withinRatio,
} from "../../support/properties.js";
import { normals } from "../../support/random.js";

testOp(description);

describe.each(["f32", "f64"] as const)("layerNorm %s", (dtype) => {
  const contract = contracts[dtype];

  it("any finite row has the reference's norm", () => {
    fc.assert(
      fc.property(finiteRows(dtype), epsilons, (x, eps) => {
        fc.pre(withinRatio(dtype, x, x.length));
        expect(scaledError(layerNorm(x, { eps }), reference.layerNorm(x, { eps }).y)).toBeLessThanOrEqual(
          contract.norm,
        );
      }),
    );
  });

  it("LN(a·x + c·1) = LN(x)", () => {
    const a = fc.integer({ min: 1, max: 16 });
    const c = fc.integer({ min: -contract.shift, max: contract.shift });
    fc.assert(
      fc.property(problems, a, c, ({ rows, cols, seed }, a, c) => {
        // Whole numbers below 2^24, so that a·x + c is exact in f32 as well: rounding the input is not the engine's error.
        const x = encode(dtype, normals(rows * cols, 0, 300, seed).map(Math.round));
        const moved = x.map((value) => a * value + c) as Vector;
        fc.pre(withinRatio(dtype, x, cols) && withinRatio(dtype, moved, cols));
        // Two results, each within the contract of the same exact one.
        const error = scaledError(layerNorm(moved, { cols, eps: 0 }), layerNorm(x, { cols, eps: 0 }));
        expect(error).toBeLessThanOrEqual(2.1 * contract.norm);
      }),
    );
  });

  it("gives exactly bias on constant rows", () => {
    fc.assert(
      fc.property(problems, values(dtype), epsilons, ({ rows, cols, seed }, value, eps) => {
        const bias = encode(dtype, normals(cols, 0, 1, seed));
        const x = encode(dtype, new Float64Array(rows * cols).fill(value));
        const y = layerNorm(x, { cols, eps, bias });
        for (let i = 0; i < rows; i++) expect(row(y, i, cols)).toEqual(bias);
      }),
    );
  });

  it("‖LN(x)‖ = √d", () => {
    forAll(dtype, (x, { rows, cols }) => {
      fc.pre(withinRatio(dtype, x, cols));
      const y = layerNorm(x, { cols, eps: 0 });
      for (let i = 0; i < rows; i++) {
        // ‖Δ‖ ≤ norm · √(Σ max(1, y²)) ≤ norm · √(2d).
        near(lengthOf(row(y, i, cols)) / Math.sqrt(cols), 1, 1.5 * contract.norm);
      }
    });
  });
});

describe("at the ends of the range", () => {
  it("the saved rstd of constant rows is 1/√eps, however large they are", () => {
    for (const value of [1, 1e152, 1e160, -1e200, 1e300, Number.MAX_VALUE]) {
      for (const cols of [1, 4, 7]) {
        const rstd = new Float64Array(1);
        const y = layerNorm(new Float64Array(cols).fill(value), { rstd });
        expect([rstd[0], ...y], `${cols} of ${value}`).toEqual([316.2277660168379, ...new Float64Array(cols)]);
      }
    }
    const rstd = new Float32Array(1);
    layerNorm(new Float32Array(4).fill(1e38), { rstd });
    expect(rstd[0]).toBe(Math.fround(316.2277660168379));
  });

  it("eps beyond f32 divides f32 rows all the same", () => {
    const y = layerNorm(new Float32Array([1e18, -1e18]), { eps: 1e39 });
    near(y[0], 0.0316, 0.0316 * 0.001);
    expect(y[1]).toBe(-y[0]);
  });
});
