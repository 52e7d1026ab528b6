import fc from "fast-check";
import { orthonormalize, project, reject } from "orthonorm";
import { describe, expect, it } from "vitest";
import { encode } from "../../support/dtypes.js";
import { testOp } from "../../support/op-suite.js";
import { description } from "../../support/ops/project.js";
import { contracts, forAll, lengthOf, near, problems, row } from "../../support/properties.js";
import { normals } from "../../support/random.js";

testOp(description);

describe.each(["f32", "f64"] as const)("project %s", (dtype) => {
  const contract = contracts[dtype];

  it("project(x, u) + reject(x, u) = x", () => {
    forAll(dtype, (x, { rows, cols, seed }) => {
      const u = encode(dtype, normals(cols, 0, 3, seed + 1));
      const along = project(x, u, { cols });
      const across = reject(x, u, { cols });
      for (let i = 0; i < rows; i++) {
        const size = lengthOf(row(x, i, cols));
        for (let j = i * cols; j < (i + 1) * cols; j++) {
          // The coefficient's error cancels; c·u and x − c·u round once each, and |c·uⱼ| ≤ ‖x‖.
          near(along[j] + across[j], x[j], 4 * contract.unit * size);
        }
      }
    });
  });

  it("the same for the span of several orthonormal rows", () => {
    fc.assert(
      fc.property(problems, fc.integer({ min: 2, max: 5 }), ({ rows, cols, mean, seed }, k) => {
        fc.pre(cols >= 2 * k);
        const x = encode(dtype, normals(rows * cols, mean, 1, seed));
        const basis = orthonormalize(encode(dtype, normals(k * cols, 0, 1, seed + 1)), { cols });
        const along = project(x, basis, { cols });
        const across = reject(x, basis, { cols });
        for (let i = 0; i < rows; i++) {
          const size = lengthOf(row(x, i, cols));
          for (let j = i * cols; j < (i + 1) * cols; j++) {
            // k products and their sum, twice; each is at most ‖x‖.
            near(along[j] + across[j], x[j], 4 * k * contract.unit * size);
          }
        }
      }),
    );
  });
});

describe("coefficients at the ends of f32's range", () => {
  it("whose products alone are beyond it", () => {
    const coefficients = new Float32Array(1);
    project(new Float32Array(768).fill(3e37), new Float32Array(768).fill(1), { coefficients });
    near(coefficients[0] / 3e37, 1, 5e-7);
    reject(new Float32Array(768).fill(-3e37), new Float32Array(768).fill(2), { coefficients });
    near(coefficients[0] / -1.5e37, 1, 5e-7);
  });

  it("of subnormal numbers", () => {
    const coefficients = new Float32Array(1);
    const [x, direction] = [new Float32Array([1e-42]), new Float32Array([1e-30])];
    project(x, direction, { coefficients });
    expect(coefficients[0]).toBe(Math.fround(x[0] / direction[0]));
    project(new Float32Array([3 * 2 ** -149, 0]), new Float32Array([2 ** -140, 0]), { coefficients });
    expect(coefficients[0]).toBe(3 * 2 ** -9);
  });
});
