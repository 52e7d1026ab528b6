// What the rows of a site have in common, against plain sums.

import { createEngine } from "orthonorm";
import { expect, test } from "vitest";
import { CommonSums } from "../../study/src/measure/common.js";
import { unitRows } from "../../study/src/measure/unit-rows.js";
import { normals } from "../support/random.js";

const [rows, cols] = [30, 24];
const data = normals(rows * cols, 0.4, 1, 3);
const counts = Array.from({ length: rows }, (_, row) => 1 + (row % 3));

function measured(from: number, to: number): CommonSums {
  const engine = createEngine();
  try {
    const part = data.slice(from * cols, to * cols);
    return CommonSums.measure(
      engine.tensor("f64", [to - from, cols], unitRows(part, to - from, cols)),
      counts.slice(from, to),
    );
  } finally {
    engine.dispose();
  }
}

function expected(from: number, to: number) {
  const mean = new Float64Array(cols);
  let total = 0;
  for (let row = from; row < to; row++) {
    const x = data.subarray(row * cols, (row + 1) * cols);
    const length = Math.hypot(...x);
    for (let i = 0; i < cols; i++) mean[i] += (counts[row] * x[i]) / length;
    total += counts[row];
  }
  const length = Math.hypot(...mean) / total;
  const along = mean.reduce((sum, value) => sum + value, 0) / total / Math.sqrt(cols);
  return { total, squared: length ** 2, along };
}

test("share and angle of the mean of the rows at length 1, copies counted as often as they occur", () => {
  const { squared, along } = expected(0, rows);
  const { share, angle } = measured(0, rows).figures();
  expect(share).toBeCloseTo(squared, 12);
  expect(angle).toBeCloseTo((180 / Math.PI) * Math.acos(along / Math.sqrt(squared)), 9);
});

test("of merged parts, saved and read, they are means over the parts' own", () => {
  const [a, b] = [expected(0, 10), expected(10, rows)];
  const sums = CommonSums.from(JSON.parse(JSON.stringify(measured(0, 10))));
  sums.addAll(measured(10, rows));
  const mean = (name: "squared" | "along") => (a.total * a[name] + b.total * b[name]) / (a.total + b.total);
  const { share, angle } = sums.figures();
  expect(share).toBeCloseTo(mean("squared"), 12);
  expect(angle).toBeCloseTo((180 / Math.PI) * Math.acos(mean("along") / Math.sqrt(mean("squared"))), 9);
});

test("rows that are one direction have all in common; two that are opposite nothing, and no angle", () => {
  const engine = createEngine();
  const of = (...units: number[]) => CommonSums.measure(engine.tensor("f64", [2, 2], Float64Array.from(units)), [1, 1]);
  expect(of(1, 0, 1, 0).figures()).toEqual({ share: 1, angle: expect.closeTo(45, 12) });
  expect(of(1, 0, -1, 0).figures()).toEqual({ share: 0, angle: null });
  engine.dispose();
  expect(() => CommonSums.from({ rows: 1, squared: "1", along: 0 })).toThrow("squared");
});
