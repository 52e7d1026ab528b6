// Projections of Tensors alone have a short way (bindings/call/resident-linear.ts): nothing differs but the time.

import {
  createEngine,
  layerNormLinear,
  linear,
  type RMSNormLinearOptions,
  rmsNormLinear,
  type Tensor,
} from "orthonorm";
import { describe, expect, it } from "vitest";
import { residentNormRows, residentRows } from "../../bindings/call/resident-linear.js";
import { said } from "../support/errors.js";
import { normals, uniforms } from "../support/random.js";

type Op = (x: Tensor, weight: Tensor, options: object) => unknown;

const engine = createEngine();
const other = createEngine();
const make = (shape: number[], seed: number, dtype: "f32" | "f16" | "bf16" | "f64" = "f32", on = engine) =>
  on.tensor(
    dtype,
    shape,
    normals(
      shape.reduce((a, b) => a * b, 1),
      0.3,
      1,
      seed,
    ),
  );

describe("the same bits as the ordinary way", () => {
  it.each(["f32", "f16", "bf16"] as const)("linear, weights of %s", (dtype) => {
    for (let seed = 0; seed < 100; seed++) {
      const uniform = uniforms(seed);
      const [rows, cols, k] = [9, 70, 20].map((most) => 1 + Math.floor(uniform() * most));
      const [x, weight] = [make([rows, cols], seed), make([k, cols], seed + 1, dtype)];
      const options = uniform() < 0.5 ? {} : { bias: make([k], seed + 2) };
      const [out, right] = [make([rows, k], 1), make([rows, k], 2)];
      expect(residentRows(x, weight, options.bias, out)).toBe(x.place);
      expect(linear(x, weight, { ...options, out })).toBe(out);
      // an option that the short way does not know, as cols is, takes a call the ordinary way
      linear(x, weight, { ...options, out: right, cols });
      expect(out.toArray(), `${rows}×${cols}→${k}`).toEqual(right.toArray());
    }
  });

  it.each<[string, Op]>([
    ["layerNormLinear", layerNormLinear],
    ["rmsNormLinear", rmsNormLinear],
  ])("%s", (name, op) => {
    for (let seed = 0; seed < 200; seed++) {
      const uniform = uniforms(seed);
      const [rows, cols, k] = [9, 70, 20].map((most) => 1 + Math.floor(uniform() * most));
      const maybe = <T>(made: () => T) => (uniform() < 0.5 ? undefined : made());
      const weight = make([k, cols], seed, seed % 2 === 0 ? "f32" : "bf16");
      const all = {
        weight: maybe(() => make([cols], seed + 1)),
        bias: maybe(() => make([1, cols], seed + 2)),
        linearBias: maybe(() => make([k], seed + 3)),
        eps: maybe(() => uniform()),
        weightOffset: name === "layerNormLinear" ? undefined : maybe(() => uniform()),
      };
      const residual = maybe(() => make([rows, cols], seed + 4));
      const place = uniform();
      const options = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
      const call = (extra: RMSNormLinearOptions) => {
        const x = make([rows, cols], seed + 5);
        const r = residual?.toArray();
        const own = r && engine.tensor("f32", [rows, cols], r);
        const sum = own && (place < 0.25 ? undefined : place < 0.5 ? x : place < 0.75 ? own : make([rows, cols], 1));
        const out = make([rows, k], 2);
        const given = { ...options, ...(own && { residual: own }), ...(sum && { sum }), out };
        if (extra.cols === undefined) expect(residentNormRows(x, given, weight, all.linearBias, out)).toBe(x.place);
        op(x, weight, { ...given, ...extra });
        return [x, own, sum, out].map((one) => one && Array.from(one.toArray()));
      };
      expect(call({}), `${rows}×${cols}→${k} ${Object.keys(options)}`).toEqual(call({ cols }));
    }
  });
});

describe("is left to the ordinary way:", () => {
  const good = () => ({
    x: make([2, 8], 1),
    weight: make([3, 8], 2),
    bias: make([3], 3) as Tensor | undefined,
    out: make([2, 3], 4),
  });
  const changes: [string, (all: ReturnType<typeof good>) => object][] = [
    ["an array", () => ({ x: new Float32Array(16) })],
    ["rows of another type", () => ({ x: make([2, 8], 1, "f64") })],
    ["weights of f64", () => ({ weight: make([3, 8], 2, "f64") })],
    ["weights of other rows", () => ({ weight: make([3, 7], 2) })],
    ["weights that are more than the result has room for", () => ({ weight: make([4, 8], 2) })],
    ["a bias of f64", () => ({ bias: make([3], 3, "f64") })],
    ["a bias that is too long", () => ({ bias: make([4], 3) })],
    ["no result given", () => ({ out: undefined })],
    ["a result of another type", () => ({ out: make([2, 3], 4, "f64") })],
    ["a result of other rows", () => ({ out: make([3, 3], 4) })],
    ["gaps between rows of x", () => ({ x: make([2, 9], 1).view({ shape: [2, 8], rowStride: 9 }) })],
    ["gaps between rows of the weight", () => ({ weight: make([3, 9], 2).view({ shape: [3, 8], rowStride: 9 }) })],
    ["gaps between rows of the result", () => ({ out: make([2, 4], 4).view({ shape: [2, 3], rowStride: 4 }) })],
    [
      "rows beside the result in one Tensor",
      () => {
        const both = make([22], 1);
        return { x: both.view({ shape: [2, 8] }), out: both.view({ shape: [2, 3], offset: 16 }) };
      },
    ],
    [
      "weights beside the result in one Tensor",
      () => {
        const both = make([30], 1);
        return { weight: both.view({ shape: [3, 8] }), out: both.view({ shape: [2, 3], offset: 24 }) };
      },
    ],
    [
      "a bias beside the result in one Tensor",
      () => {
        const both = make([9], 1);
        return { bias: both.view({ shape: [3] }), out: both.view({ shape: [2, 3], offset: 3 }) };
      },
    ],
    ["rows of another engine", () => ({ x: make([2, 8], 1, "f32", other) })],
    ["weights of another engine", () => ({ weight: make([3, 8], 1, "f32", other) })],
    ["a bias of another engine", () => ({ bias: make([3], 1, "f32", other) })],
    ...(["x", "weight", "bias", "out"] as const).map((name): (typeof changes)[number] => [
      `${name} that was disposed of`,
      (all) => {
        all[name]?.dispose();
        return {};
      },
    ]),
  ];

  it.each(changes)("%s", (_what, change) => {
    const all = good();
    expect(residentRows(all.x, all.weight, all.bias, all.out)).toBe(all.x.place);
    const { x, weight, bias, out } = { ...all, ...change(all) };
    expect(residentRows(x, weight, bias, out)).toBeUndefined();
  });

  const normed = () => {
    const { bias: linearBias, weight: linearWeight, ...rest } = good();
    const [weight, bias] = [make([8], 5), make([8], 6)];
    const [residual, sum] = [make([2, 8], 7), make([2, 8], 8)];
    return { ...rest, linearWeight, linearBias, norm: { weight, bias, residual, sum } };
  };
  type Normed = ReturnType<typeof normed>;
  const beside = (rows: number[], name: keyof Normed["norm"]) => () => {
    const both = make([40], 1);
    return { norm: { [name]: both.view({ shape: rows }), sum: both.view({ shape: [2, 8], offset: 24 }) } };
  };
  const ofNorm: [string, (all: Normed) => { norm?: object } & object][] = [
    ["a weight of f64", () => ({ norm: { weight: make([8], 5, "f64") } })],
    ["a bias that is too short", () => ({ norm: { bias: make([7], 5) } })],
    ["a residual of other rows", () => ({ norm: { residual: make([8, 2], 5) } })],
    ["a sum of other rows", () => ({ norm: { sum: make([8, 2], 5) } })],
    ["a sum without a residual", () => ({ norm: { residual: undefined } })],
    ["a residual that is an array", () => ({ norm: { residual: new Float32Array(16) } })],
    ["a weight beside the sum in one Tensor", beside([8], "weight")],
    ["a bias beside the sum in one Tensor", beside([8], "bias")],
    ["a residual beside the sum in one Tensor", beside([2, 8], "residual")],
    [
      "x beside the sum in one Tensor",
      () => {
        const both = make([32], 1);
        return { x: both.view({ shape: [2, 8] }), norm: { sum: both.view({ shape: [2, 8], offset: 16 }) } };
      },
    ],
    [
      "a linearWeight beside the sum in one Tensor",
      () => {
        const both = make([40], 1);
        return { linearWeight: both.view({ shape: [3, 8] }), norm: { sum: both.view({ shape: [2, 8], offset: 24 }) } };
      },
    ],
    [
      "a linearBias beside the sum in one Tensor",
      () => {
        const both = make([19], 1);
        return { linearBias: both.view({ shape: [3] }), norm: { sum: both.view({ shape: [2, 8], offset: 3 }) } };
      },
    ],
    [
      "a residual beside the result in one Tensor",
      () => {
        const both = make([22], 1);
        return { out: both.view({ shape: [2, 3] }), norm: { residual: both.view({ shape: [2, 8], offset: 6 }) } };
      },
    ],
    [
      "a sum beside the result in one Tensor",
      () => {
        const both = make([22], 1);
        return { out: both.view({ shape: [2, 3] }), norm: { sum: both.view({ shape: [2, 8], offset: 6 }) } };
      },
    ],
  ];

  it.each(ofNorm)("before a norm: %s", (_what, change) => {
    const all = normed();
    expect(residentNormRows(all.x, all.norm, all.linearWeight, all.linearBias, all.out)).toBe(all.x.place);
    const changed = change(all);
    const { x, linearWeight, linearBias, out } = { ...all, ...changed };
    const norm = { ...all.norm, ...changed.norm };
    expect(residentNormRows(x, norm, linearWeight, linearBias, out)).toBeUndefined();
  });

  it("before a norm: more rows than one block has", () => {
    const [x, weight] = [make([30, 4096], 1), make([2, 4096], 2)];
    expect(residentNormRows(x, {}, weight, undefined, make([30, 2], 3))).toBeUndefined();
    expect(residentRows(x, weight, undefined, make([30, 2], 3))).toBe(x.place);
  });
});

it.each<[string, Op, string]>([
  ["linear", linear, "bias"],
  ["layerNormLinear", layerNormLinear, "linearBias"],
  ["rmsNormLinear", rmsNormLinear, "linearBias"],
])("%s says what is wrong as ever, and writes nothing", (name, op, bias) => {
  const [x, weight, out] = [make([2, 8], 1), make([3, 8], 2), make([2, 3], 3)];
  const before = out.toArray();
  const call = (options: object | null) => said(() => op(x, weight, options as object));
  expect(call({ out, scale: 1 })).toMatch(new RegExp(`^TypeError: ${name}: options expected .*, got "scale"`));
  expect(call(null)).toMatch(new RegExp(`^TypeError: ${name}: options expected an object of .*, got null$`));
  expect(call({ out, [bias]: make([4], 1) })).toBe(`RangeError: ${name}: ${bias} expected 3 elements, got 4`);
  if (name !== "linear") {
    expect(call({ out, eps: -1 })).toBe(`RangeError: ${name}: eps expected a finite number of at least 0, got -1`);
  }
  if (name === "rmsNormLinear") {
    const expected = "a number that f32 can hold, for x is f32";
    expect(call({ out, weightOffset: 1e39 })).toBe(`RangeError: ${name}: weightOffset expected ${expected}, got 1e+39`);
  }
  expect(out.toArray()).toEqual(before);
});
