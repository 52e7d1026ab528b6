// Rows that make rounding errors add up. The bounds of test/kernels hold for errors that go either way; here all go the same way.

import { createEngine, type DType, geometry, layerNorm, moments, rmsNorm } from "orthonorm";
import * as reference from "orthonorm/reference";
import { describe, expect, it } from "vitest";
import { boundOf } from "../support/accuracy.js";
import { decode, encode } from "../support/dtypes.js";
import { misroundings, relativeError } from "../support/error.js";
import type { Numbers } from "../support/ground.js";
import { normals, uniforms } from "../support/random.js";
import { promise } from "../support/within.js";

describe("rows whose rounding errors add up", () => {
  const engine = createEngine();
  const lengths = [2, 3, 17, 100, 128, 251, 573, 586, 767, 768, 1023, 1093, 1536, 1600, 2015, 2047, 3108, 4095, 4096];

  /** Rows of two numbers in turn, a = share·b: with an even number of columns the norm is exactly −1 and 1. */
  function twoValued(dtype: DType, cols: number, count: number): { x: Numbers; cols: number } {
    const uniform = uniforms(cols);
    const values = new Float64Array(count * cols);
    for (let r = 0; r < count; r++) {
      const b = 1 + 3 * uniform();
      const a = b * (1.3 * uniform() - 1);
      for (let i = 0; i < cols; i++) values[r * cols + i] = i & 1 ? b : a;
    }
    return { x: encode(dtype, values), cols };
  }

  it.each(["f32", "f64"] as const)("layerNorm %s: two values in turn", (dtype) => {
    let worst = { cols: 0, error: 0 };
    for (const length of lengths) {
      const { x, cols } = twoValued(dtype, length & ~1, 40);
      const y = layerNorm(x, { cols, eps: 0, engine });
      for (let i = 0; i < y.length; i++) {
        const error = Math.abs(y[i] - (i & 1 ? 1 : -1));
        if (!(error <= worst.error)) worst = { cols, error };
      }
    }
    expect(worst.error, `${worst.cols} columns`).toBeLessThanOrEqual(promise[dtype].norm);
  });

  it.each([
    [68, -1.0436320304870605, 3.670419692993164],
    [77, -1.478108525276184, 3.304307699203491],
    [78, -1.2295805215835571, 3.4333479404449463],
    [79, -0.9821274280548096, 3.3424623012542725],
  ])("layerNorm f32: %i columns of %f and %f, whose vectors are too few for runs", (cols, a, b) => {
    const x = Float32Array.from({ length: cols }, (_, i) => (i & 1 ? b : a));
    const expected = reference.layerNorm(x, { eps: 0 }).y;
    const y = layerNorm(x, { eps: 0, engine });
    for (let i = 0; i < cols; i++) {
      expect(Math.abs(y[i] - expected[i]) / Math.max(1, Math.abs(expected[i]))).toBeLessThanOrEqual(5e-7);
    }
  });

  it("layerNorm f32: rows of two groups", () => {
    const uniform = uniforms(9);
    let worst = { cols: 0, error: 0 };
    for (let n = 0; n < 300; n++) {
      const cols = 50 + Math.floor(uniform() * 1500);
      const [share, low] = [uniform(), 0.3 * uniform()];
      const values = Float64Array.from({ length: cols }, () => (uniform() < share ? 1 : low) * (1 + 0.01 * uniform()));
      const x = encode("f32", values);
      const y = layerNorm(x, { eps: 0, engine });
      const expected = reference.layerNorm(x, { eps: 0 }).y;
      for (let i = 0; i < cols; i++) {
        const error = Math.abs(y[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
        if (!(error <= worst.error)) worst = { cols, error };
      }
    }
    expect(worst.error, `${worst.cols} columns`).toBeLessThanOrEqual(5e-7);
  });

  it.each(["f32", "f64"] as const)("rmsNorm %s: constant rows, whose norm is 1", (dtype) => {
    let worst = { cols: 0, value: 0, error: 0 };
    for (const cols of lengths) {
      const uniform = uniforms(cols + 1);
      const rows = 150;
      const values = Array.from({ length: rows }, () => reference.roundTo(dtype, 1 + 3 * uniform()));
      const x = encode(
        dtype,
        Float64Array.from({ length: rows * cols }, (_, i) => values[Math.floor(i / cols)]),
      );
      const y = rmsNorm(x, { cols, eps: 0, engine });
      for (let r = 0; r < rows; r++) {
        const error = Math.abs(y[r * cols] - 1);
        if (!(error <= worst.error)) worst = { cols, value: values[r], error };
      }
    }
    expect(worst.error, `${worst.cols} columns of ${worst.value}`).toBeLessThanOrEqual(promise[dtype].rms);
  });

  it("moments and geometry f32: two values in turn", () => {
    let [mean, variance, direction, lengthsError] = [0, 0, 0, 0];
    for (const length of lengths) {
      const { x, cols } = twoValued("f32", length & ~1, 20);
      const m = moments(x as Float32Array, { cols, engine });
      const right = reference.moments(x, { cols });
      const g = geometry(x as Float32Array, { cols, engine });
      const where = reference.geometry(x, { cols });
      for (let r = 0; r < m.mean.length; r++) {
        mean = Math.max(mean, Math.abs(m.mean[r] - right.mean[r]) / right.rms[r]);
        variance = Math.max(variance, Math.abs(m.variance[r] / right.variance[r] - 1));
        direction = Math.max(direction, Math.abs(g.cosine[r] - where.cosine[r]), Math.abs(g.angle[r] - where.angle[r]));
        for (const name of ["norm", "uniform", "orthogonal"] as const) {
          lengthsError = Math.max(lengthsError, Math.abs(g[name][r] - where[name][r]) / where.norm[r]);
        }
      }
    }
    // as their docstrings promise
    expect.soft(mean).toBeLessThanOrEqual(5e-7);
    expect.soft(variance).toBeLessThanOrEqual(1e-6);
    expect.soft(direction).toBeLessThanOrEqual(5e-7);
    expect.soft(lengthsError).toBeLessThanOrEqual(5e-7);
  });
});

it.each([64, 768, 4096, 65536])(
  "rmsNorm f32 of one element 2^100 and others that become 2^-126 or little more, %i columns",
  (cols) => {
    const least = 2 ** -126;
    const x = encode(
      "f32",
      normals(cols, 0, 1, 5).map(
        (value) => (Math.sign(value) * (1.01 + Math.abs(value)) * least * 2 ** 100) / Math.sqrt(cols),
      ),
    );
    x[3] = 2 ** 100;
    const { y } = reference.rmsNorm(decode("f32", x), { cols, eps: 0 });
    expect(relativeError(rmsNorm(x, { eps: 0 }), y, least)).toBeLessThanOrEqual(boundOf("rmsNorm", "f32", cols));
  },
);

it.each([
  { mean: 300, sd: 1000, what: "settled by a second pass" },
  { mean: 500, sd: 2000, what: "scaled" },
  { mean: 2000, sd: 2000, what: "scaled and shifted" },
])("layerNorm f16 of rows whose squares sum to more than 2^32: $what", ({ mean, sd }) => {
  const x = encode("f16", normals(20 * 4096, mean, sd, 7));
  const { y } = reference.layerNorm(decode("f16", x), { cols: 4096 });
  expect(misroundings("f16", layerNorm(x, { cols: 4096, dtype: "f16" }) as Numbers, y)).toBe(0);
});
