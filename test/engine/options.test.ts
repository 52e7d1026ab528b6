// Options whose properties are computed: each is read once, before the call begins, whatever else that sets off.

import {
  type ArrayOrTensor,
  angle,
  center,
  convert,
  createEngine,
  type Engine,
  invertLayerNorm,
  layerNorm,
  layerNormLinear,
  layerNormQuantize,
  moments,
  project,
  type Quantized,
  quantizeWeights,
  rmsNorm,
  rmsNormLinear,
  rmsNormQuantize,
} from "orthonorm";
import { expect, it } from "vitest";

const x = new Float32Array([1, 2, 3, 4, 5, 6, 7, 9]);
const direction = new Float32Array([1, 2, 0, 1]);
const square = Float32Array.from({ length: 16 }, (_, i) => i % 5);
const perRow = new Float32Array([1, 2]);
const calls: Record<string, (options: Record<string, unknown>) => unknown> = {
  center: (options) => center(x, options),
  convert: (options) => convert(x, "f64", options),
  invertLayerNorm: (options) => invertLayerNorm(x, options as never),
  layerNorm: (options) => layerNorm(x, options),
  layerNormLinear: (options) => layerNormLinear(x, square, options),
  project: (options) => project(x, direction, options),
  rmsNorm: (options) => rmsNorm(x, options),
  rmsNormLinear: (options) => rmsNormLinear(x, square, options),
};
const normed = { weight: direction, bias: direction, residual: x };
const operands: Record<string, Record<string, ArrayOrTensor>> = {
  invertLayerNorm: { mean: perRow, rstd: perRow, weight: direction.map((value) => value + 1), bias: direction },
  layerNorm: normed,
  layerNormLinear: { ...normed, linearBias: direction },
  rmsNorm: normed,
  rmsNormLinear: { ...normed, linearBias: direction },
};

it.each(Object.keys(calls))("%s: a getter may call an op, and memory may grow in it", (name) => {
  const engine = createEngine();
  const given: Record<string, unknown> = { ...operands[name], cols: 4, engine };
  const plain = calls[name](given);
  const out = engine.tensor(name === "convert" ? "f64" : "f32", [2, 4]);
  expect(calls[name](computed({ ...given, out }, engine))).toBe(out);
  expect(out.toArray()).toEqual(plain);
});

it.each(["layerNormQuantize", "rmsNormQuantize"])("%s: the same, and out is Quantized", (name) => {
  const engine = createEngine();
  const op = { layerNormQuantize, rmsNormQuantize }[name] as typeof layerNormQuantize;
  const given = { ...normed, cols: 4, engine };
  const plain = op(x, given).toArrays();
  const out = quantizeWeights(x, { cols: 4, engine });
  const made = op(x, computed({ ...given, out }, engine)) as Quantized;
  expect(made).toBe(out);
  expect(out.toArrays()).toEqual(plain);
});

/** Options whose getters run an op on the engine and make its memory grow. */
function computed(given: Record<string, unknown>, engine: Engine): Record<string, unknown> {
  const options = {};
  for (const [key, value] of Object.entries(given)) {
    const get = () => {
      moments(new Float64Array(8).fill(7), { cols: 2, engine });
      engine.tensor("f32", 300_000).dispose();
      return value;
    };
    Object.defineProperty(options, key, { enumerable: true, get });
  }
  return options;
}

it.each(["layerNorm", "rmsNorm"])("%s: a getter that gives something else the second time is asked once", (name) => {
  const engine = createEngine();
  const tensor = engine.tensor("f32", [2, 4], x);
  const [out, small] = [engine.tensor("f32", [2, 4]), engine.tensor("f32", 1, [7])];
  const beside = engine.tensor("f32", 64);
  const answers = [out, small];
  const options = {
    get out() {
      return answers.length > 1 ? (answers.shift() as typeof out) : answers[0];
    },
  };
  const op = (name === "layerNorm" ? layerNorm : rmsNorm) as typeof layerNorm;
  op(tensor, options);
  expect(out.toArray()).toEqual(calls[name]({ cols: 4 }));
  expect([...small.data, ...beside.data]).toEqual([7, ...new Array(64).fill(0)]);
});

it("an array of another kind is named as such, not taken for the length of a row", () => {
  const y = new BigInt64Array(3) as never;
  const kinds = "expected a Float32Array, Float64Array, Uint16Array, Float16Array or Tensor";
  expect(() => angle(x, y)).toThrow(`angle: y ${kinds}, got BigInt64Array of 3 elements`);
  expect(() => layerNorm(x, { weight: y })).toThrow(`layerNorm: weight ${kinds}, got BigInt64Array of 3 elements`);
});
