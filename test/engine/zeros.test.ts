// Rows of zeros, which batches are padded with, are accepted by a look at their bits: they alone, and beside rows of any kind.

import { createEngine, layerNorm, rmsNorm } from "orthonorm";
import { describe, expect, it } from "vitest";
import { norms } from "../support/both-norms.js";
import { decode, encode } from "../support/dtypes.js";
import { dtypes, type Numbers } from "../support/ground.js";
import { normals } from "../support/random.js";
import { sameBits } from "../support/within.js";

const engine = createEngine();
const tiniest = { f32: 1e-40, f64: 1e-310, bf16: 1e-40, f16: 1e-7 };

describe.each(dtypes)("%s", (dtype) => {
  it.each([1, 3, 16, 37, 768])(
    "padding: bias in each row of zeros, the others as they are alone, rows of %i",
    (cols) => {
      const weight = Float32Array.from(normals(cols, 1, 0.1, 1));
      const bias = Float32Array.from(normals(cols, 0, 1, 2));
      const parameters =
        dtype === "f64" ? { weight: Float64Array.from(weight), bias: Float64Array.from(bias) } : { weight, bias };
      for (const padded of [[1], [0], [0, 1, 2, 3, 4, 5, 6], [2, 3, 5], [1, 2, 3, 6]]) {
        const rows = 7;
        const numbers = normals(rows * cols, 1, 1, cols);
        for (const r of padded) numbers.fill(r & 1 ? -0 : 0, r * cols, (r + 1) * cols);
        const x = encode(dtype, numbers) as Numbers;
        const [mean, rstd] = [
          new (dtype === "f64" ? Float64Array : Float32Array)(rows),
          new (dtype === "f64" ? Float64Array : Float32Array)(rows),
        ];
        const eps = 1e-5;
        const y = layerNorm(x, { cols, dtype, engine, eps, ...parameters, mean, rstd }) as Numbers;
        const z = rmsNorm(x, { cols, dtype, engine, eps, weight: parameters.weight }) as Numbers;
        for (let r = 0; r < rows; r++) {
          const one = { cols, dtype, engine, eps };
          const row = x.slice(r * cols, (r + 1) * cols);
          sameBits(
            "layerNorm",
            dtype,
            y.slice(r * cols, (r + 1) * cols),
            layerNorm(row, { ...one, ...parameters }) as Numbers,
          );
          sameBits(
            "rmsNorm",
            dtype,
            z.slice(r * cols, (r + 1) * cols),
            rmsNorm(row, { ...one, weight: parameters.weight }) as Numbers,
          );
          if (!padded.includes(r)) continue;
          sameBits("bias", dtype, y.slice(r * cols, (r + 1) * cols), encode(dtype, bias) as Numbers);
          expect(decode(dtype, z.slice(r * cols, (r + 1) * cols)).every((value) => value === 0)).toBe(true);
          expect(mean[r]).toBe(0);
          expect(rstd[r]).toBe(dtype === "f64" ? 1 / Math.sqrt(eps) : Math.fround(1 / Math.sqrt(eps)));
        }
      }
    },
  );

  // a sum of squares that is 0 says nothing of them
  it.each([0, 1e-60, 1e-30, 1e-5])("rows whose squares vanish are no rows of zeros, eps %d", (eps) => {
    const cols = 37;
    for (const factor of [tiniest[dtype], dtype === "f64" ? 1e-200 : 1e-30]) {
      const x = encode(
        dtype,
        normals(3 * cols, 0, 1, 9).map((value) => value * factor),
      ) as Numbers;
      const numbers = decode(dtype, x);
      for (const { name, norm: op, oracle } of norms) {
        const y = decode(dtype, op(x, { cols, dtype, engine, eps }) as Numbers);
        const right = oracle(numbers, { cols, eps }).y;
        for (let i = 0; i < y.length; i++) {
          const least = { f32: 2 ** -126, f64: 2 ** -1022, f16: 2 ** -14, bf16: 2 ** -126 }[dtype];
          const relative = { f32: 1e-6, f64: 4e-15, f16: 2 ** -10, bf16: 2 ** -7 }[dtype];
          if (!(Math.abs(y[i] - right[i]) <= relative * Math.max(Math.abs(right[i]), least)))
            expect([name, factor, i, y[i]]).toEqual([name, factor, i, right[i]]);
        }
      }
    }
  });

  it("eps 0: a row of zeros gives bias, and its rstd is Infinity", () => {
    const rstd = new (dtype === "f64" ? Float64Array : Float32Array)(2);
    const y = decode(
      dtype,
      layerNorm(encode(dtype, new Float64Array(24)) as Numbers, { cols: 12, dtype, engine, eps: 0, rstd }) as Numbers,
    );
    expect([...y]).toEqual(new Array(24).fill(0));
    expect([...rstd]).toEqual([Infinity, Infinity]);
  });
});
