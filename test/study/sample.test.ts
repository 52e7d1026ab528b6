// What is measured of a sample of the rows, at the ends of their range.

import { createEngine } from "orthonorm";
import { expect, test } from "vitest";
import { type Floats, SampleSums } from "../../study/src/measure/sample.js";
import { normals } from "../support/random.js";

const [rows, cols] = [150, 4];
const states = normals(rows * cols, 0.5, 1, 1);
const sampled = (values: Floats, eps = 0) => SampleSums.measure(createEngine(), values, Array(rows).fill(1), cols, eps);
const saved = (sums: SampleSums) => SampleSums.from(cols, JSON.parse(JSON.stringify(sums))).figures();

test("large rows of f32 have the fits of others, and are saved", () => {
  // A power of two, so that nothing else differs.
  const large = sampled(Float32Array.from(states, (value) => Math.fround(value) * 2 ** 124));
  const { recovered, lost } = sampled(Float32Array.from(states)).figures();
  const close = (all: object | null) =>
    Object.fromEntries(Object.entries(all ?? {}).map(([name, value]) => [name, expect.closeTo(value, 7)]));
  expect(large.figures()).toMatchObject({ recovered: close(recovered), lost: close(lost) });
  expect(saved(large)).toEqual(large.figures());
});

test("rows of f64 whose squares leave the range have no fit, and are saved", () => {
  const large = sampled(Float64Array.from(states, (value) => value * 1e200));
  expect(large.figures()).toMatchObject({ recovered: null, lost: null });
  expect(saved(large)).toEqual(large.figures());
});
