// Arrays of many rows go through the engine's memory block by block: the same bits as all rows at once, in memory that is bounded.

import {
  angle,
  center,
  convert,
  createEngine,
  type DType,
  decompose,
  type Engine,
  geometry,
  invertLayerNorm,
  layerNorm,
  layerNormLinear,
  linear,
  moments,
  project,
  quantizeWeights,
  reject,
  rmsNorm,
} from "orthonorm";
import { describe, expect, it } from "vitest";
import { dtypes } from "../../abi/ops.js";
import { refuses } from "../support/errors.js";
import type { Form } from "../support/guarded.js";
import { OpCase, type OpDescription, seedOf, type Way } from "../support/op-case.js";
import { normals, uniforms } from "../support/random.js";
import { opNames } from "../support/table.js";
import { sameBits } from "../support/within.js";

const descriptions = await Promise.all(
  opNames.map(async (op) => ((await import(`../support/ops/${op}.ts`)) as { description: OpDescription }).description),
);

const everywhere = (form: Form) => () => form;

/** Each operand in a form of its own, arrays more often than others. */
function mixed(seed: number): Way["form"] {
  const uniform = uniforms(seed);
  const forms: Form[] = ["array", "array", "array", "Tensor", "gaps", "data"];
  return () => forms[Math.floor(uniform() * forms.length)];
}

/** Rows enough for several blocks of every op and element type: `linear` takes 98304 elements at a time, the others 128 KiB. */
const SIZES: readonly [rows: number, cols: number][] = [
  [613, 259],
  [11, 20011],
];

describe.each(descriptions)("$op of more rows than a block has", (description: OpDescription) => {
  it.each(dtypes)("%s: the bits of all rows at once, made, given, in place and beside Tensors", (dtype: DType) => {
    const engine = createEngine();
    for (const [index, [rows, cols]] of SIZES.entries()) {
      // vectors that are made orthogonal to each other are no more than their elements
      if (description.rowByRow === false && rows > cols) continue;
      const sizes = (length: number, seed: number) => ({ ...description.sizes?.(length, seed), rows });
      const one = OpCase.draw({ ...description, sizes }, dtype, cols, seedOf(cols, index), rows);
      const atOnce = one.ask(engine, { form: everywhere("Tensor"), given: true });
      const ways: [string, Way][] = [
        ["arrays", { form: everywhere("array"), given: true }],
        ["arrays, the result made", { form: everywhere("array"), given: false }],
        ["some of them arrays", { form: mixed(cols), given: true }],
        ["others of them arrays", { form: mixed(cols + 1), given: true }],
        ...one.placements.map((inPlace): [string, Way] => [
          `arrays, ${[...inPlace].map((pair) => pair.join(" = ")).join(", ")}`,
          { form: everywhere("array"), given: true, inPlace },
        ]),
      ];
      for (const [name, way] of ways) {
        const results = one.ask(engine, way, `${one}, ${name}`);
        for (const output of one.outputs.keys()) {
          sameBits(`${one}, ${name}: ${output}`, one.dtypeOf(output), results[output], atOnce[output]);
        }
      }
    }
    engine.dispose();
  });
});

const normal = (length: number, seed = 1) => Float32Array.from(normals(length, 0.5, 1, seed));

describe("memory", () => {
  const [rows, cols] = [1024, 4096];
  const x = normal(cols, 1);
  const all = new Float32Array(rows * cols);
  for (let r = 0; r < rows; r++) all.set(x, r * cols);
  const options = (engine: Engine) => ({ engine, cols });
  const perRow = () => new Float32Array(rows).fill(1);
  const calls: Record<string, (engine: Engine) => unknown> = {
    layerNorm: (engine) => layerNorm(all, options(engine)),
    "layerNorm in place, with all that it takes": (engine) => {
      const own = all.slice();
      const saved = { mean: perRow(), rstd: perRow() };
      return layerNorm(own, { ...options(engine), weight: x, bias: x, residual: all, sum: own, ...saved });
    },
    rmsNorm: (engine) => rmsNorm(all, { ...options(engine), residual: all }),
    center: (engine) => center(all, options(engine)),
    decompose: (engine) => decompose(all, options(engine)),
    moments: (engine) => moments(all, options(engine)),
    geometry: (engine) => geometry(all, options(engine)),
    angle: (engine) => angle(all, all, options(engine)),
    "angle to one row": (engine) => angle(all, x, options(engine)),
    project: (engine) => project(all, x, options(engine)),
    reject: (engine) => reject(all, x, options(engine)),
    invertLayerNorm: (engine) =>
      invertLayerNorm(all, { ...options(engine), mean: perRow(), rstd: perRow(), weight: x }),
    convert: (engine) => convert(all, "bf16", options(engine)),
    linear: (engine) => linear(all, all.subarray(0, 4 * cols), options(engine)),
    layerNormLinear: (engine) => layerNormLinear(all, all.subarray(0, 4 * cols), options(engine)),
  };

  it.each(Object.entries(calls))("%s of 16 MiB takes less than 2 MiB of the engine's", (_, call) => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const engine = createEngine({ memory });
    call(engine);
    expect(memory.buffer.byteLength).toBeLessThan(2 << 20);
    engine.dispose();
  });

  it("quantizeWeights takes what its result takes, and less than 1 MiB beside", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const engine = createEngine({ memory });
    const weights = quantizeWeights(all, options(engine));
    expect(memory.buffer.byteLength).toBeLessThan(rows * cols + (1 << 20));
    expect(weights.toArray().subarray(-cols)).toEqual(weights.toArray().subarray(0, cols));
    engine.dispose();
  });

  it("holds no more than it did after a hundred calls of different lengths", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const engine = createEngine({ memory });
    layerNorm(all, options(engine));
    const { byteLength } = memory.buffer;
    for (let rows = 1; rows <= 100; rows++) layerNorm(all.subarray(0, 7 * rows * cols), options(engine));
    expect(memory.buffer.byteLength).toBe(byteLength);
    expect(engine.bytesInUse).toBe(0);
  });
});

describe("what is refused after the first look at many rows has written nothing", () => {
  const [rows, cols] = [300, 512];
  const kept = normal(2 * rows * cols, 3);
  const cases: [string, (all: Float32Array) => [call: () => unknown, message: string]][] = [
    [
      "an output that overlaps x in the last row alone",
      (all) => [
        () =>
          layerNorm(all.subarray(0, rows * cols), {
            cols,
            out: all.subarray((rows - 1) * cols, (2 * rows - 1) * cols),
          }),
        "RangeError: layerNorm: out expected x itself, or no element of it, got an array that overlaps x",
      ],
    ],
    [
      "a direction of zeros",
      (all) => [
        () => project(all.subarray(0, rows * cols), new Float32Array(cols), { cols, out: all.subarray(rows * cols) }),
        "RangeError: project: direction expected a finite vector other than 0, got one without a direction",
      ],
    ],
    [
      "a weight of 0",
      (all) => {
        const saved = { mean: new Float32Array(rows), rstd: new Float32Array(rows).fill(1) };
        const weight = new Float32Array(cols).fill(1, 1);
        return [
          () =>
            invertLayerNorm(all.subarray(0, rows * cols), { cols, ...saved, weight, out: all.subarray(rows * cols) }),
          "RangeError: invertLayerNorm: weight expected no zero element, got 0 at 0: what it scaled cannot be recovered",
        ];
      },
    ],
  ];

  it.each(cases)("%s", (_, make) => {
    const all = kept.slice();
    const [call, message] = make(all);
    refuses(call, message);
    sameBits("all", "f32", all, kept);
  });
});

it.each([
  ["f32, long", Float32Array.from(normals(512, 0, 2 ** 40, 7))],
  ["f64, beyond f32's range", normals(512, 0, 2 ** 300, 8)],
])("a direction %s, which the kernel scales in place, is the same for each block", (_, direction) => {
  const [rows, cols] = [200, 512];
  const x = normal(rows * cols, 6);
  const coefficients = [new Float32Array(rows), new Float32Array(rows)];
  const engine = createEngine();
  const right = project(engine.tensor("f32", [rows, cols], x), direction, { coefficients: coefficients[0] }).toArray();
  const before = direction.slice();
  sameBits("out", "f32", project(x, direction, { cols, coefficients: coefficients[1], engine }), right);
  sameBits("coefficients", "f32", coefficients[1], coefficients[0]);
  expect(direction).toEqual(before);
});

it("views that begin anywhere in their buffers are taken block by block too", () => {
  const [rows, cols] = [200, 515];
  const x = normal(rows * cols, 5);
  const right = layerNorm(createEngine().tensor("f32", [rows, cols], x)).toArray();
  for (const before of [1, 3, 1019, 1024]) {
    const own = new Float32Array(rows * cols + 2 * before);
    const part = own.subarray(before, before + rows * cols);
    part.set(x);
    const out = new Float32Array(rows * cols + 5).subarray(5);
    expect(layerNorm(part, { cols, out })).toBe(out);
    sameBits(`from ${before} on, out`, "f32", out, right);
    layerNorm(part, { cols, out: part });
    sameBits(`from ${before} on, in place`, "f32", part, right);
    expect([...own.subarray(0, before), ...own.subarray(-before)].every((value) => value === 0)).toBe(true);
  }
});

it("blocks are no larger than what an engine has room for", () => {
  const x = normal(16384, 6);
  const engine = createEngine({ maximumBytes: 65536 });
  sameBits("in 64 KiB", "f32", layerNorm(x, { cols: 64, engine }), layerNorm(x, { cols: 64 }));
});
