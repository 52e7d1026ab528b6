// Whole numbers of 8 bits: weights and rows as such, and `linear` by them. They are no arrays, so the suites that go by the table of
// ops do not meet them.

import {
  convert,
  createEngine,
  layerNorm,
  layerNormLinear,
  layerNormQuantize,
  linear,
  quantized,
  quantizeWeights,
  rmsNorm,
  rmsNormLinear,
  rmsNormQuantize,
} from "orthonorm";
import * as reference from "orthonorm/reference";
import { describe, expect, it } from "vitest";
import { decode, encode } from "../support/dtypes.js";
import { projected, quantizedExactly, roundingsOf } from "../support/int8.js";
import { normals } from "../support/random.js";
import { sameBits } from "../support/within.js";

const dtypes = ["f32", "f16", "bf16"] as const;
const numbers = (dtype: (typeof dtypes)[number], n: number, seed: number) =>
  encode(dtype as "f32", normals(n, 0.3, 1, seed));

describe.each(dtypes)("%s", (dtype) => {
  it.each([
    [1, 1, undefined],
    [3, 5, undefined],
    [4, 8, 8],
    [2, 100, 8],
    [5, 100, 64],
    [3, 130, 32],
    [2, 4097, 128],
    [1, 70, 512],
  ])("quantizeWeights %i × %i, groups of %s, gives the nearest numbers", (rows, cols, groupSize) => {
    const w = numbers(dtype, rows * cols, cols);
    const weights = quantizeWeights(w, groupSize === undefined ? { cols, dtype } : { cols, dtype, groupSize });
    const { values, scales } = weights.toArrays();
    const exact = decode(dtype, w);
    expect({ values, scales }).toEqual(quantizedExactly(exact, cols, groupSize ?? cols));
    expect([weights.rows, weights.cols, weights.groups]).toEqual([rows, cols, Math.ceil(cols / (groupSize ?? cols))]);
    // and against the oracle: its numbers but for ties in f32, and half a unit from the element
    const right = reference.quantizeWeights(exact, { cols, groupSize: groupSize ?? cols });
    const back = weights.toArray();
    for (let i = 0; i < exact.length; i++) {
      const group = Math.floor(i / cols) * weights.groups + Math.floor((i % cols) / (groupSize ?? cols));
      expect(Math.abs(values[i] - right.values[i])).toBeLessThanOrEqual(1);
      expect(Math.abs(back[i] - exact[i])).toBeLessThanOrEqual(0.501 * right.scales[group]);
    }
    weights.dispose();
  });

  it("linear by them is the oracle's: tails, groups, and numbers of rows", () => {
    const engine = createEngine();
    const shapes: [number, number, number, number?][] = [];
    for (const n of [1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 70]) shapes.push([n, 13, 6], [3, n, 7], [6, 24, n], [5, n, 3, 8]);
    shapes.push(
      [9, 300, 5, 64],
      [4, 511, 3],
      [5, 512, 3],
      [6, 513, 9],
      [13, 1030, 70, 512],
      [70, 70, 70, 16],
      [2, 9001, 3, 1024],
    );
    for (const [rows, cols, k, groupSize] of shapes) {
      const x = numbers(dtype, rows * cols, 1);
      const w = quantizeWeights(numbers(dtype, k * cols, 2), { cols, dtype, engine, ...(groupSize && { groupSize }) });
      const bias = Float32Array.from(normals(k, 0, 1, 3));
      const what = `${rows} × ${cols} → ${k}`;
      projected(what, dtype, linear(x, w, { dtype }), decode(dtype, x), w, undefined);
      const y = linear(x, w, { dtype, bias });
      projected(what, dtype, y, decode(dtype, x), w, Float64Array.from(bias));
      // a row by itself has the bits that it has among others
      const last = linear(x.slice((rows - 1) * cols), w, { dtype, bias });
      expect(last, what).toEqual(y.slice((rows - 1) * k));
      w.dispose();
    }
    engine.dispose();
  });

  it.each(["layerNorm", "rmsNorm"] as const)("%s into whole numbers, and these through linear", (name) => {
    const norm = { layerNorm, rmsNorm }[name] as typeof layerNorm;
    const fused = { layerNorm: layerNormQuantize, rmsNorm: rmsNormQuantize }[name] as typeof layerNormQuantize;
    const through = { layerNorm: layerNormLinear, rmsNorm: rmsNormLinear }[name] as typeof layerNormLinear;
    for (const [rows, cols, k] of [
      [1, 5, 3],
      [7, 100, 9],
      [25, 768, 4],
      [3, 17000, 2],
    ]) {
      const [x, residual] = [numbers(dtype, rows * cols, 1), numbers(dtype, rows * cols, 2)];
      const [weight, bias] = [Float32Array.from(normals(cols, 1, 0.3, 3)), Float32Array.from(normals(cols, 0, 0.3, 4))];
      const sums = [x.slice(), x.slice()];
      const options = { cols, dtype, weight, bias, eps: 1e-6, residual };
      const n = norm(x, { ...options, sum: sums[0] });
      const q = fused(x, { ...options, sum: sums[1] });
      sameBits("sum", dtype, sums[0], sums[1]);
      const apart = quantizeWeights(n, { cols, dtype });
      expect(q.toArrays()).toEqual(apart.toArrays());
      const w = quantizeWeights(numbers(dtype, k * cols, 5), { cols, dtype });
      const linearBias = Float32Array.from(normals(k, 0, 1, 6));
      expect(through(x, w, { ...options, linearBias })).toEqual(linear(n, w, { cols, dtype, bias: linearBias }));
      const y = linear(q, w, { bias: linearBias });
      expect([y.dtype, y.shape]).toEqual(["f32", [rows, k]]);
      projected(
        `${rows} × ${cols}`,
        "f32",
        y.toArray(),
        Float64Array.from(q.toArray()),
        w,
        Float64Array.from(linearBias),
        true,
      );
      // the same rows again, in the place of others
      const again = fused(n, { cols, dtype, out: q });
      expect(again).toBe(q);
      expect(q.toArrays()).toEqual(quantizeWeights(norm(n, { cols, dtype }), { cols, dtype }).toArrays());
      for (const one of [q, apart, w, y]) one.dispose();
    }
  });
});

describe("special rows", () => {
  it("NaN and infinity make NaN of what they enter, zeros give bias, and 1e30 and 1e-30 are like 1", () => {
    const x = Float32Array.from({ length: 6 * 8 }, (_, i) => [1, Number.NaN, Infinity, 0, 1e30, 1e-30][i >> 3]);
    for (let i = 0; i < 7; i++) x[8 + i] = x[16 + i] = 1;
    const w = quantizeWeights(new Float32Array(16).fill(1), { cols: 8 });
    const y = linear(x, w, { bias: new Float32Array([0, 0.5]) });
    const eight = Math.fround(8);
    expect([...y.subarray(2, 8)]).toEqual([NaN, NaN, NaN, NaN, 0, 0.5]);
    for (const [at, right] of [
      [0, eight],
      [1, 8.5],
      [8, 8e30],
      [9, 8e30],
      [10, 8e-30],
    ]) {
      expect(Math.abs(y[at] / right - 1)).toBeLessThan(1e-6);
    }
    const bad = quantizeWeights(new Float32Array([1, 1, NaN, 1, Infinity, 1]), { cols: 2 });
    expect([...linear(new Float32Array([1, 1]), bad)].map(Number.isNaN)).toEqual([false, true, true]);
    w.dispose();
    bad.dispose();
  });

  it("max|x| counts as 2^-100 at least, and W up to 1e34 leaves no infinity", () => {
    const w = quantizeWeights(new Float32Array(4).fill(2e33), { cols: 4 });
    const y = linear(new Float32Array([1e-36, 0, 0, 0, 1e-29, 0, 0, 0, 1, 1, 1, 1, 4e4, 4e4, 0, 0]), w);
    expect(y[0]).toBe(0);
    for (const [at, right] of [
      [1, 2e4],
      [2, 8e33],
      [3, 1.6e38],
    ]) {
      expect(Math.abs(y[at] / right - 1)).toBeLessThan(1e-4);
    }
    w.dispose();
  });

  it("the largest numbers of 512 columns fit the sums, whatever their signs", () => {
    for (const [a, b] of [
      [1, 1],
      [-1, 1],
      [1, -1],
      [-1, -1],
    ]) {
      const cols = 4096;
      const w = quantizeWeights(new Float32Array(3 * cols).fill(b), { cols });
      const y = linear(new Float32Array(6 * cols).fill(a), w);
      for (const value of y) expect(Math.abs(value - a * b * cols)).toBeLessThan(cols * 1e-6);
      w.dispose();
    }
  });
});

it("the bound holds where every group has two sums, and each after the first is lost in rounding", () => {
  const [groups, groupSize] = [32, 520];
  const cols = groups * groupSize;
  const x = quantized(new Int8Array(cols).fill(127), new Float32Array([1 / 127]));
  const [values, scales] = [new Int8Array(cols), new Float32Array(groups).fill(1)];
  values.set([33, 33, 33, 33, 33, 33, 33, 28]); // times 127 just above 2^15, of which half a unit in f32 is 2^-9
  for (let g = 1; g < groups; g++) {
    scales[g] = (2 ** -9 * 0.998) / 127 ** 2;
    values[g * groupSize] = values[g * groupSize + 512] = 127;
  }
  const w = quantized(values, scales, { groupSize });
  const right = reference.linear(Float64Array.from(x.toArray()), Float64Array.from(w.toArray()))[0];
  const sum = w.toArray().reduce((a, b) => a + Math.abs(b), 0);
  const roundings = Math.abs(linear(x, w).data[0] - right) / (2 ** -24 * sum);
  expect(roundings).toBeLessThanOrEqual(roundingsOf(w));
  // and n is not much larger than it must be: one rounding per sum would have been 39
  expect(roundings).toBeGreaterThan(58);
  x.dispose();
  w.dispose();
});

it("the bits of W as halves and as f32 of the same numbers are the same", () => {
  const w = encode("bf16" as "f32", normals(80, 0, 1, 7)) as unknown as Uint16Array;
  const wide = convert(w, "f32", { dtype: "bf16" });
  const [a, b] = [quantizeWeights(w, { cols: 20, dtype: "bf16" }), quantizeWeights(wide, { cols: 20 })];
  expect(a.toArrays()).toEqual(b.toArrays());
  a.dispose();
  b.dispose();
});
