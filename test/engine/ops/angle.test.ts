import { angle, geometry } from "orthonorm";
import * as reference from "orthonorm/reference";
import { describe, expect, it } from "vitest";
import { encode } from "../../support/dtypes.js";
import { scaledError } from "../../support/error.js";
import { testOp } from "../../support/op-suite.js";
import { description } from "../../support/ops/angle.js";
import { contracts, forAll, near, type Vector } from "../../support/properties.js";
import { normals, uniforms } from "../../support/random.js";
import { promise } from "../../support/within.js";

testOp(description);

describe.each(["f32", "f64"] as const)("angle %s", (dtype) => {
  const contract = contracts[dtype];

  it("angle(x, 1) = geometry(x).angle", () => {
    forAll(dtype, (x, { cols }) => {
      const ones = encode(dtype, new Float64Array(cols).fill(1));
      const error = scaledError(angle(x, ones, { cols }), geometry(x, { cols }).angle);
      // Two angles from two formulas, each good to the contract.
      expect(error).toBeLessThanOrEqual(2.1 * contract.norm);
    });
  });

  it("angle(x, y) = angle(y, x), and 0 and π to itself and its opposite", () => {
    forAll(dtype, (x, { cols, seed }) => {
      const y = encode(dtype, normals(x.length, 0, 1, seed + 1));
      expect(scaledError(angle(x, y, { cols }), angle(y, x, { cols }))).toBeLessThanOrEqual(2.1 * contract.norm);
      const opposite = x.map((value) => -value) as Vector;
      for (const value of angle(x, x, { cols })) near(value, 0, contract.norm);
      for (const value of angle(x, opposite, { cols })) near(value, Math.PI, contract.norm);
    });
  });
});

describe.each(["f32", "f64"] as const)("angle %s of pairs that are hard to tell", (dtype) => {
  const { norm, smallest } = promise[dtype];
  /** The angle of each pair beside the oracle's. */
  const check = (pair: (uniform: () => number, cols: number) => [x: number[], y: number[]]) => {
    for (let seed = 1; seed <= 300; seed++) {
      const uniform = uniforms(seed);
      const [x, y] = pair(uniform, 2 + (seed % 130)).map((row) => encode(dtype, row));
      near(angle(x, y)[0], reference.angle(x, y)[0], norm);
    }
  };

  it("subnormal rows, of few bits and many", () => {
    check((uniform, cols) => {
      const largest = 2 ** Math.floor(uniform() * (dtype === "f32" ? 22 : 50));
      // the first is not 0, so that each has a direction
      const row = () =>
        Array.from({ length: cols }, (_, i) => (i === 0 ? 1 : Math.round((2 * uniform() - 1) * largest)) * smallest);
      return [row(), row()];
    });
  });

  for (const [name, sign] of [
    ["parallel", 1],
    ["opposite", -1],
  ] as const) {
    it(`nearly ${name} rows`, () => {
      check((uniform, cols) => {
        const apart = 10 ** (-8 * uniform());
        const x = Array.from({ length: cols }, () => uniform() - 0.5);
        return [x, x.map((value) => sign * (value + apart * (uniform() - 0.5)))];
      });
    });
  }
});

it("of f32 beside f64 far beyond f32's range, a pair has the angle that it has alone", () => {
  const [x, tiny] = [new Float32Array([1, 0]), new Float64Array([1e-300, 1e-300])];
  const alone = angle(x, tiny)[0];
  expect(alone).toBeCloseTo(Math.PI / 4, 6);
  const twice = angle(new Float32Array([1, 0, 1, 0]), new Float64Array([1e-300, 1e-300, 1e-300, 1e-300]), { cols: 2 });
  expect([...twice]).toEqual([alone, alone]);
  const others = angle(new Float32Array([1, 0, 1, 0, 0, 2]), new Float64Array([1e300, 1e300, 3, 3, 1e-300, 0]), {
    cols: 2,
  });
  for (const [i, right] of [Math.PI / 4, Math.PI / 4, Math.PI / 2].entries()) expect(others[i]).toBeCloseTo(right, 6);
  expect(angle(new Float32Array([1, 0, 0, 1]), tiny, { cols: 2 })).toEqual(new Float32Array([alone, alone]));
});
