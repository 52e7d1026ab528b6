// What halves are promised (docs/numerics.md), where a kernel that takes eight at a time and rounds by addition and cut might break it: elements
// next to the mean, all magnitudes of results, and parameters for which that rounding has no room.

import { createEngine, rmsNorm } from "orthonorm";
import * as reference from "orthonorm/reference";
import { describe, expect, it } from "vitest";
import { norms } from "../support/both-norms.js";
import { decode, encode, type HalfType } from "../support/dtypes.js";
import { allowance } from "../support/promise.js";
import { normals, uniforms } from "../support/random.js";
import { allWithin } from "../support/within.js";

const engine = createEngine();
const halves = ["f16", "bf16"] as const;

/** Both norms of x against the oracle, with weight and bias. */
function check(
  dtype: HalfType,
  x: Uint16Array<ArrayBuffer>,
  cols: number,
  weight?: Float32Array,
  bias?: Float32Array,
  eps = 1e-5,
) {
  const numbers = decode(dtype, x);
  const w = (i: number) => weight?.[i % cols] ?? 1;
  for (const { name, norm, oracle } of norms) {
    const b = (i: number) => bias?.[i % cols] ?? 0;
    const y = norm(x, { cols, dtype, weight, bias, eps, engine }) as Uint16Array;
    const { y: t } = oracle(numbers, { cols, eps });
    allWithin(
      `${name} ${dtype}`,
      dtype,
      y,
      t.map((value, i) => value * w(i) + b(i)),
      (i) => allowance(name, dtype, t[i], w(i), b(i)),
    );
  }
}

describe.each(halves)("%s", (dtype) => {
  // The first element is chosen so that the mean comes as near to another as its own rounding allows. The mean rounded to f32 then differs from the
  // right one by a hundredth of what is left of that element: enough for the wrong neighbour, in half of the rows.
  it.each([64, 100, 768, 1000])("elements next to the mean, rows of %i", (cols) => {
    const rows = 150;
    const x = new Float64Array(rows * cols);
    for (let r = 0; r < rows; r++) {
      const row = decode(dtype, encode(dtype, normals(cols, 1, 1, 100 * cols + r)));
      const target = row[1 + (r % (cols - 1))];
      const rest = row.subarray(1).reduce((sum, value) => sum + value, 0);
      row[0] = cols * target - rest;
      x.set(row, r * cols);
    }
    check(dtype, encode(dtype, x), cols);
  });

  it.each([16, 37, 768])("results of every magnitude, rows of %i", (cols) => {
    const uniform = uniforms(cols);
    const magnitude = dtype === "f16" ? [-30, 12] : [-140, 100];
    const power = () => (uniform() < 0.5 ? -1 : 1) * 2 ** (magnitude[0] + uniform() * (magnitude[1] - magnitude[0]));
    for (let n = 0; n < 8; n++) {
      const x = encode(dtype, normals(5 * cols, n & 1, 1, cols + n));
      check(dtype, x, cols, Float32Array.from({ length: cols }, power));
      check(dtype, x, cols, Float32Array.from({ length: cols }, power), Float32Array.from({ length: cols }, power));
    }
  });

  it("rmsNorm of 1 times a weight is the weight, rounded: all numbers of the format, and numbers beside the ties between them", () => {
    const last = dtype === "f16" ? 0x7bff : 0x7f7f;
    const weights: number[] = [];
    for (let bits = 0; bits < last; bits += dtype === "f16" ? 3 : 5) {
      const [low, high] = decode(dtype, [bits, bits + 1]);
      const tie = (low + high) / 2;
      const beside = 3e-6 * Math.max(tie, dtype === "f16" ? 2 ** -14 : 2 ** -126);
      weights.push(low, tie - beside, tie + beside);
    }
    const weight = Float32Array.from(weights, (value, i) => (i & 1 ? -value : value));
    // in rows of which the bound √cols·max|weight| allows the rounding of pairs, and as one, which it does not
    for (const cols of [64, weight.length]) {
      for (let at = 0; at + cols <= weight.length; at += cols) {
        const w = weight.subarray(at, at + cols);
        const x = encode(dtype, new Float64Array(cols).fill(1));
        const y = rmsNorm(x, { dtype, weight: w, eps: 0, engine }) as Uint16Array;
        const right = encode(dtype, w);
        for (let i = 0; i < cols; i++) if (y[i] !== right[i]) expect([w[i], y[i]]).toEqual([w[i], right[i]]);
      }
    }
  });

  it.each([1, 2, 5])(
    "weights and biases that are NaN, infinite or huge change their own columns alone, %i rows",
    (rows) => {
      const cols = 40;
      const x = encode(dtype, normals(rows * cols, 0.3, 1, 5));
      // 0x7fffffff is the NaN of GPUs: half a unit added to it would make −0 of it
      const nans = new Float32Array(new Uint32Array([0x7fffffff, 0xffffffff, 0x7f800001, 0x7fc00000]).buffer);
      for (const special of [...nans.keys(), Infinity, -Infinity, 3e38, -7e4, 6.5e4].entries()) {
        for (const name of ["weight", "bias"] as const) {
          const parameter = Float32Array.from(normals(cols, 1, 0.1, 6));
          const [n, value] = special;
          if (n < nans.length) new Uint32Array(parameter.buffer)[7] = new Uint32Array(nans.buffer)[n];
          else parameter[7] = value;
          const plain = { cols, dtype, engine, [name]: Float32Array.from(normals(cols, 1, 0.1, 6)) };
          const options = { ...plain, [name]: parameter };
          for (const { norm } of norms) {
            const y = decode(dtype, norm(x, options) as Uint16Array);
            const right = decode(dtype, norm(x, plain) as Uint16Array);
            const bare = decode(
              "f32",
              norm(Float32Array.from(decode(dtype, x)), { ...options, dtype: "f32" }) as Float32Array,
            );
            for (let i = 0; i < y.length; i++) {
              if (i % cols === 7) expect(y[i]).toBe(decode(dtype, encode(dtype, [bare[i]]))[0]);
              else expect(Math.abs(y[i] - right[i])).toBeLessThanOrEqual(Math.abs(right[i]) * 2 ** -7);
            }
          }
        }
      }
    },
  );

  it.each([1e-5, 1e-72])("rmsNorm: rstd and weight at the ends of their ranges, eps %d", (eps) => {
    const cols = 40;
    const large = dtype === "f16" ? [1e4, 6e4] : [1e38, 2e36];
    for (const [value, weight] of [
      [0, large[0]],
      [0.25, large[1]],
      [1e4, 1e-4],
      ...(dtype === "bf16"
        ? [
            [1e17, 1e-28],
            [1e8, 3e-38],
          ]
        : []),
    ]) {
      const x = encode(dtype, new Float64Array(2 * cols).fill(value));
      const y = decode(
        dtype,
        rmsNorm(x, { cols, dtype, engine, eps, weight: new Float32Array(cols).fill(weight) }) as Uint16Array,
      );
      const [t] = reference.rmsNorm(decode(dtype, x), { cols, eps }).y;
      for (const got of y)
        expect(Math.abs(got - t * Math.fround(weight))).toBeLessThanOrEqual(Math.abs(t * weight) * 2 ** -8);
    }
  });
});
