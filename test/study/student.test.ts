// Quantiles of Student's t, which intervals are made of.

import { describe, expect, test } from "vitest";
import { degrees } from "../../study/src/measure/null-model.js";
import { chanceTiltBeyond, studentBeyond } from "../../study/src/measure/student.js";
import { normals } from "../support/random.js";

/** |a − b| as a share of b. */
const off = (a: number, b: number) => Math.abs(a / b - 1);

describe("Student's t", () => {
  test("of one and of two degrees of freedom, by their formulas", () => {
    for (const p of [0.1, 0.05, 0.025, 1e-3, 1e-6, 1e-12]) {
      expect(off(studentBeyond(p, 1), 1 / Math.tan(Math.PI * p))).toBeLessThan(4e-15);
      expect(off(studentBeyond(p, 2), (1 - 2 * p) / Math.sqrt(2 * p * (1 - p)))).toBeLessThan(4e-15);
    }
  });

  // mpmath 1.3.0 at 30 digits: the root of betainc(ν/2, 1/2, 0, ν/(ν + t²), regularized=True)/2 = p.
  test.each([
    [2.5, 2.558218614135937, 13.82219311086596, 1389.227583027538],
    [5, 2.015048373333024, 5.89342953135601, 62.40450611096729],
    [16.9, 1.740199131217247, 3.649559314449893, 9.863722757532056],
    [120, 1.657650899355236, 3.159538743317111, 6.015096035439608],
    [35000, 1.644897164372204, 3.090465183073148, 5.613304072933474],
  ])("of %f degrees: known quantiles", (freedom, ...quantiles) => {
    for (const [at, p] of [0.05, 1e-3, 1e-8].entries()) {
      expect(off(studentBeyond(p, freedom), quantiles[at])).toBeLessThan(1e-14);
    }
  });

  test("of a huge number of degrees it is the normal distribution's", () => {
    for (const [p, z] of [
      [0.05, 1.6448536269514729],
      [1e-3, 3.090232306167813],
      [1e-8, 5.612001244174789],
    ]) {
      for (const freedom of [1e15, 1e17]) expect(off(studentBeyond(p, freedom), z)).toBeLessThan(1e-13);
    }
  });

  test("a smaller probability and fewer degrees give a larger t, without a step anywhere", () => {
    for (let freedom = 1; freedom < 1e6; freedom *= 1.37) {
      const t = studentBeyond(0.01, freedom);
      expect(studentBeyond(0.01 * (1 - 1e-6), freedom) / t - 1).toBeGreaterThan(0);
      expect(studentBeyond(0.01 * (1 - 1e-6), freedom) / t - 1).toBeLessThan(2e-6);
      expect(studentBeyond(0.01, 1.001 * freedom)).toBeLessThan(t);
    }
  });
});

test("a random direction lies beyond chanceTiltBeyond as often as said: in a plane by the angle, else by counting", () => {
  // In two dimensions every angle is as likely.
  expect(chanceTiltBeyond(0.025, 2)).toBeCloseTo(90 * (1 - 0.025), 10);
  for (const cols of [3, 5, 40]) {
    const limit = chanceTiltBeyond(0.05, cols);
    const data = normals(20_000 * cols, 0, 1, cols);
    let beyond = 0;
    for (let row = 0; row < 20_000; row++) {
      const x = data.subarray(row * cols, (row + 1) * cols);
      const cosine = x.reduce((sum, value) => sum + value, 0) / Math.sqrt(cols) / Math.hypot(...x);
      if (Math.asin(Math.abs(cosine)) * degrees > limit) beyond++;
    }
    // Four standard errors: 4·√(0.05·0.95/20000).
    expect(Math.abs(beyond / 20_000 - 0.05)).toBeLessThan(0.0062);
  }
});
