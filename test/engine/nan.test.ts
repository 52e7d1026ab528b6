// What NaN and the infinities give.

import {
  angle,
  center,
  type DType,
  decompose,
  geometry,
  invertLayerNorm,
  layerNorm,
  meanVector,
  moments,
  rmsNorm,
} from "orthonorm";
import { describe, expect, it } from "vitest";
import { decode, encode } from "../support/dtypes.js";
import { dtypes, type Numbers, wideOf } from "../support/ground.js";
import { normals } from "../support/random.js";

describe("NaN and infinity", () => {
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
  const same = (dtype: DType, actual: Numbers, expected: number[]) =>
    expect([...decode(dtype, actual)]).toEqual(expected);

  it.each(dtypes)("layerNorm %s: NaN through the row, and no other", (dtype) => {
    for (const bad of [nan, infinity, -infinity]) {
      for (const rows of [1, 2, 3, 4, 5, 8]) {
        for (let r = 0; r < rows; r++) {
          const values = new Float64Array(3 * rows).map((_, i) => [-1, 0, 1][i % 3]);
          values[3 * r + 1] = bad;
          const mean = encode(wideOf(dtype), new Float64Array(rows));
          const rstd = mean.slice() as Numbers;
          const y = layerNorm(encode(dtype, values), { cols: 3, dtype, eps: 1 / 3, mean, rstd });
          const expected = [...values].map((_, i) => (Math.floor(i / 3) === r ? nan : [-1, 0, 1][i % 3]));
          same(dtype, y, expected);
          const perRow = (right: number) => Array.from({ length: rows }, (_, i) => (i === r ? nan : right));
          expect([...mean]).toEqual(perRow(0));
          expect([...rstd]).toEqual(perRow(1));
        }
      }
    }
  });

  it.each(dtypes)("rmsNorm %s: NaN through the row; infinity gives NaN where it stands and bias elsewhere", (dtype) => {
    const x = encode(dtype, [1, nan, 1, 1, infinity, 1, 1, 1, -infinity, 1, 1, 1]);
    const rstd = encode(wideOf(dtype), [7, 7, 7, 7]);
    same(dtype, rmsNorm(x, { cols: 3, dtype, eps: 0, rstd }), [nan, nan, nan, 0, nan, 0, 0, 0, nan, 1, 1, 1]);
    expect([...rstd]).toEqual([nan, 0, 0, 1]);
    const weight = encode(dtype, [2, 4, 8]);
    const bias = encode(dtype, [5, 6, 7]);
    same(dtype, rmsNorm(x, { cols: 3, dtype, eps: 0, weight, bias }), [nan, nan, nan, 5, nan, 7, 5, 6, nan, 7, 10, 15]);
  });

  it.each(dtypes)("rmsNorm %s: an infinity anywhere in a long row", (dtype) => {
    const cols = 1100;
    for (const at of [0, 3, 255, 256, 511, 600, 1023, 1024, 1087, 1088, 1099]) {
      const values = normals(cols, 0, 1, at);
      values[at] = infinity;
      const rstd = encode(wideOf(dtype), [7]);
      const y = decode(dtype, rmsNorm(encode(dtype, values), { dtype, rstd }) as Numbers);
      expect(rstd[0], `at ${at}`).toBe(0);
      expect(y.every((value, i) => (i === at ? Number.isNaN(value) : value === 0))).toBe(true);
    }
  });

  it.each(dtypes)(
    "invertLayerNorm %s: NaN where it stands; in mean or rstd through the row; an infinite rstd gives the mean",
    (dtype) => {
      const z = encode(dtype, [1, nan, infinity, 1, -1, 0, 2, 2, 2, 2, 2, 2, 2, 2, 0]);
      const mean = encode(wideOf(dtype), [2, 3, 4, nan, infinity]);
      const rstd = encode(wideOf(dtype), [1, infinity, nan, 1, 0.5]);
      const x = invertLayerNorm(z, { cols: 3, dtype, mean, rstd });
      same(dtype, x, [3, nan, infinity, 3, 3, 3, nan, nan, nan, nan, nan, nan, infinity, infinity, infinity]);
      // no deviation to be had of 1/0
      const zero = encode(wideOf(dtype), [0]);
      same(dtype, invertLayerNorm(encode(dtype, [1, 0, -1]), { dtype, mean: zero, rstd: zero }), [
        infinity,
        nan,
        -infinity,
      ]);
      // what an infinite rstd makes of what is no deviation at all
      const one = { mean: encode(wideOf(dtype), [1]), rstd: encode(wideOf(dtype), [infinity]) };
      same(dtype, invertLayerNorm(encode(dtype, [infinity, nan, 0]), { dtype, ...one }), [nan, nan, 1]);
    },
  );

  it.each(dtypes)("invertLayerNorm %s gives constant rows back exactly, at eps 0 too", (dtype) => {
    const values = encode(dtype, [0.1, 0, -3.3, 1e4, dtype === "f16" ? 6e-8 : 1e-40]);
    for (const cols of [1, 2, 7, 768]) {
      const all = Array.from({ length: 5 * cols }, (_, i) => decode(dtype, values)[Math.floor(i / cols)]);
      const rows = encode(dtype, all);
      const bias = encode(dtype, normals(cols, 0, 1, cols));
      const weight = encode(dtype, normals(cols, 1, 0.1, cols));
      for (const eps of [0, 1e-5]) {
        const [mean, rstd] = [encode(wideOf(dtype), normals(5)), encode(wideOf(dtype), normals(5))];
        const options = { cols, dtype, weight, bias, mean, rstd };
        const z = layerNorm(rows, { ...options, eps });
        if (eps === 0) expect([...rstd]).toEqual(Array(5).fill(infinity));
        same(dtype, invertLayerNorm(z, options), [...decode(dtype, rows)]);
      }
    }
  });

  it.each(dtypes)("the others, %s", (dtype) => {
    for (const bad of [nan, infinity, -infinity]) {
      const x = encode(dtype, [2, 2, 2, 2, 3, bad, 3, 3, -2, -2, -2, -2]);
      const options = { cols: 4, dtype };
      same(dtype, center(x, options), [0, 0, 0, 0, nan, nan, nan, nan, 0, 0, 0, 0]);
      same(dtype, meanVector(x, options), [2, 2, 2, 2, nan, nan, nan, nan, -2, -2, -2, -2]);
      const parts = decompose(x, options);
      for (const name of ["orthogonal", "unit", "standardized"] as const) {
        same(dtype, parts[name], [0, 0, 0, 0, nan, nan, nan, nan, 0, 0, 0, 0]);
      }
      const m = moments(x, options);
      expect([[...m.mean], [...m.variance], [...m.rms]]).toEqual([
        [2, nan, -2],
        [0, nan, 0],
        [2, nan, 2],
      ]);
      const g = geometry(x, options);
      expect([[...g.norm], [...g.uniform], [...g.orthogonal], [...g.cosine]]).toEqual([
        [4, nan, 4],
        [4, nan, -4],
        [0, nan, 0],
        [1, nan, -1],
      ]);
      expect(g.angle[0]).toBe(0);
      expect(g.angle[1]).toBeNaN();
      expect(g.angle[2]).toBeCloseTo(Math.PI, 6);
      const ones = encode(dtype, [1, 1, 1, 1]);
      expect(angle(x, ones, options)[1]).toBeNaN();
    }
  });
});
