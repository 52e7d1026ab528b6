// How alike rows are: the pairs of a sample.

import { tensor } from "orthonorm";
import { describe, expect, test } from "vitest";
import { PairSums } from "../../study/src/measure/likeness.js";
import { unitRows } from "../../study/src/measure/unit-rows.js";
import { normals } from "../support/random.js";

describe("pairs of rows", () => {
  const rows = Float64Array.from([3, 0, 0, 4, 3, 4, -6, -8]);
  const units = (rows: Float64Array, cols = 2) =>
    tensor("f64", [rows.length / cols, cols], unitRows(rows, rows.length / cols, cols));

  test("mean cosine and correlation, by hand", () => {
    // Of two dimensions: cos 0, 0.6, 0.8, −0.6, −0.8, −1.
    const figures = PairSums.measure(units(rows), [1, 1, 1, 1]).figures(2);
    expect(figures?.cosine).toBeCloseTo(-1 / 6, 12);
    expect(figures?.correlation).toBeCloseTo((2 * (0.36 + 0.64 + 0.36 + 0.64 + 1)) / 6 - 1, 12);
    expect(PairSums.measure(units(rows.subarray(0, 2)), [1]).figures(2)).toBeNull();
  });

  test("a row that occurs three times is three rows", () => {
    const thrice = Float64Array.from([1, 0, 1, 0, 1, 0, 0, 1]);
    expect(PairSums.measure(units(Float64Array.from([1, 0, 0, 1])), [3, 1])).toEqual(
      PairSums.measure(units(thrice), [1, 1, 1, 1]),
    );
  });

  test("rows at the ends of f64's range have the pairs of others", () => {
    for (const scale of [1e-300, 1e150]) {
      const figures = PairSums.measure(units(rows.map((value) => value * scale)), [1, 1, 1, 1]).figures(2);
      expect(figures?.cosine).toBeCloseTo(-1 / 6, 12);
    }
  });

  test("independent rows are not correlated, in any number of dimensions", () => {
    for (const cols of [2, 4, 64, 1024]) {
      const data = normals(256 * cols, 0, 1, cols);
      const figures = PairSums.measure(units(data, cols), Array(256).fill(1)).figures(cols);
      expect(Math.abs(figures?.correlation ?? 1)).toBeLessThan((4 * Math.SQRT2) / cols / 128);
    }
  });

  test("sums of two parts are those of their pairs together", () => {
    const sums = PairSums.measure(units(rows.subarray(0, 4)), [1, 1]);
    sums.addAll(PairSums.from(JSON.parse(JSON.stringify(PairSums.measure(units(rows.subarray(4)), [1, 1])))));
    expect(sums.figures(2)?.cosine).toBeCloseTo((0 - 1) / 2, 12);
  });
});
