// Calls that skip `Call` (bindings/call/plain.ts, resident.ts, resident-linear.ts) refuse what `Call` refuses, in the same words.

import { layerNorm, layerNormLinear, linear, rmsNorm, rmsNormLinear, tensor } from "orthonorm";
import { describe, expect, it } from "vitest";
import { said } from "../support/errors.js";
import { normals } from "../support/random.js";

type Call = (options: object) => unknown;

const numbers = (length: number) => Float32Array.from(normals(length, 0.3, 1, length));
const x = tensor("f32", [2, 8], numbers(16));
const w = tensor("f32", [3, 8], numbers(24));

/** Each way of each op, with an `out` that it takes. */
const ways: [op: string, where: string, out: object, call: Call][] = [
  ["layerNorm", "an array", new Float32Array(16), (options) => layerNorm(numbers(16), options)],
  ["rmsNorm", "an array", new Float32Array(16), (options) => rmsNorm(numbers(16), options)],
  ["layerNorm", "a Tensor", tensor("f32", [2, 8]), (options) => layerNorm(x, options)],
  ["rmsNorm", "a Tensor", tensor("f32", [2, 8]), (options) => rmsNorm(x, options)],
  ["linear", "a Tensor", tensor("f32", [2, 3]), (options) => linear(x, w, options)],
  ["layerNormLinear", "a Tensor", tensor("f32", [2, 3]), (options) => layerNormLinear(x, w, options)],
  ["rmsNormLinear", "a Tensor", tensor("f32", [2, 3]), (options) => rmsNormLinear(x, w, options)],
];

describe.each(ways)("%s into %s", (op, _where, out, call) => {
  it("refuses an unknown name beside an option that cannot be enumerated", () => {
    const options = Object.defineProperty({ wieght: 1 }, "out", { value: out });
    expect(said(() => call(options))).toMatch(new RegExp(`^TypeError: ${op}: options expected .*, got "wieght"`));
  });

  it("takes options that have no value, and one that cannot be enumerated", () => {
    expect(call({ bias: undefined, cols: undefined, out })).toBe(out);
    expect(call(Object.defineProperty({ bias: undefined }, "out", { value: out }))).toBe(out);
  });

  if (op.startsWith("rmsNorm"))
    it("names of two wrong numbers the one that every other call names", () => {
      const other = { cols: 8, dtype: "f32", engine: undefined, residual: undefined };
      for (const numbers of [
        { weightOffset: 1e39, eps: -1 },
        { weightOffset: Number.NaN, eps: -1 },
        { weightOffset: 1e39, eps: "1" },
        { weightOffset: 1e39 },
      ]) {
        expect(said(() => call({ ...numbers, out }))).toBe(said(() => call({ ...numbers, ...other, out })));
      }
    });
});
