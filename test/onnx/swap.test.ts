// A model with RMSNorm in LayerNorm's place computes what RMSNorm of the same states gives, for every way to write the norm.

import type { ReadTensor } from "@orthonorm/files";
import { beforeAll, describe, expect, it } from "vitest";
import { rmsNorm as rmsReference } from "../../bindings/reference/index.js";
import {
  isSwappable,
  openSession,
  parseModel,
  type Runtime,
  runSession,
  swapEffects,
  swapped,
  tensorsOf,
} from "../../onnx/src/index.js";
import { loadRuntime } from "../../onnx/src/node.js";
import { type ModelSpec, modelBytes } from "../support/onnx-model.js";
import { bias, cols, fused, layerNorm, rmsNorm, tensorflowNorm, weight } from "../support/onnx-norms.js";
import { normals } from "../support/random.js";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await loadRuntime();
});

const rows = 6;
const x = { dtype: "F32" as const, shape: [rows, cols], data: Float32Array.from(normals(rows * cols, 1)) };
const open = (spec: ModelSpec) => parseModel("model.onnx", modelBytes(spec));

async function run(bytes: Uint8Array, feeds: Map<string, typeof x>): Promise<Float32Array> {
  const session = await openSession(runtime, { name: "model.onnx", bytes });
  const { y } = await runSession(session, tensorsOf(runtime, feeds), "model.onnx");
  await session.release();
  return y.data as Float32Array;
}

/** RMSNorm with a bias: what LayerNorm becomes. */
function wanted(states: Float32Array, eps: number, shift = bias): Float64Array {
  const { y } = rmsReference(Float64Array.from(states), { cols, weight: Float64Array.from(weight), eps });
  return Float64Array.from(y, (value, at) => value + shift[at % cols]);
}

function expectClose(got: Float32Array, right: Float64Array): void {
  for (const [at, value] of got.entries())
    expect(Math.abs(value - right[at])).toBeLessThan(2e-6 * (1 + Math.abs(right[at])));
}

const simplified = fused("SimplifiedLayerNormalization", { inputs: ["c", "norm.weight"] });
const secondHalf: ModelSpec = {
  ...simplified,
  nodes: [
    { op: "ReduceMean", inputs: ["x"], outputs: ["mean"], attributes: { axes: [-1] } },
    { op: "Sub", inputs: ["x", "mean"], outputs: ["c"] },
    ...simplified.nodes,
  ],
};

describe("swapped", () => {
  it.each<[string, ModelSpec, number, number[]?]>([
    ["LayerNorm as operators", layerNorm(), 1e-5],
    ["opset 18", layerNorm({ opset: 18 }), 1e-5],
    ["two Sub nodes, Mul(c, c)", layerNorm({ twice: true, square: "Mul" }), 1e-5],
    ["Pow −0.5", layerNorm({ root: "Pow −0.5" }), 1e-5],
    ["Cast between", layerNorm({ cast: true }), 1e-5],
    ["TensorFlow's", tensorflowNorm(), 1e-12],
    ["LayerNormalization", fused("LayerNormalization", { attributes: { epsilon: { float: 1e-3 } } }), 1e-3],
    [
      "LayerNormalization without bias",
      fused("LayerNormalization", { inputs: ["x", "norm.weight"] }),
      1e-5,
      Array(cols).fill(0),
    ],
    ["the second half of a LayerNorm", secondHalf, 1e-5, Array(cols).fill(0)],
  ])("%s", async (_, spec, eps, shift) => {
    const model = open(spec);
    const { found } = model.norms;
    expect(found.map(isSwappable)).toEqual([true]);
    const before = await run(model.bytes, new Map([["x", x]]));
    const after = await run(swapped(model, found), new Map([["x", x]]));
    expectClose(after, wanted(x.data, eps, shift));
    expect(after).not.toEqual(before);
  });

  it("SkipLayerNormalization, with the sum that others read", async () => {
    const spec = fused("SkipLayerNormalization", {
      domain: "com.microsoft",
      skip: true,
      inputs: ["x", "skip", "norm.weight", "norm.bias"],
      outputs: ["normed", "", "", "sum"],
    });
    spec.nodes.push({ op: "Add", inputs: ["normed", "sum"], outputs: ["y"] });
    const model = open(spec);
    const states = { ...x, shape: [2, 3, cols] };
    const feeds = new Map([
      ["x", states],
      ["skip", states],
    ]);
    const after = await run(swapped(model, model.norms.found), feeds);
    const sum = x.data.map((value) => 2 * value);
    expectClose(
      after,
      wanted(sum, 1e-12).map((value, at) => value + sum[at]),
    );
  });
});

describe("what the swap changes", () => {
  const effectsOf = (spec: ModelSpec) => swapEffects(runtime, open(spec), [new Map([["x", x]])], { batch: 4 });

  it("is ‖Δ‖/‖y‖ of the model's output, over all batches", async () => {
    const spec = layerNorm();
    const [effect, ...others] = await effectsOf(spec);
    expect(others).toEqual([]);
    const model = open(spec);
    const before = await run(model.bytes, new Map([["x", x]]));
    const after = await run(swapped(model, model.norms.found), new Map([["x", x]]));
    const length = (values: Float32Array) => Math.hypot(...values);
    expect(effect.relative).toBeCloseTo(length(after.map((value, at) => value - before[at])) / length(before), 5);
    expect(effect.agreement).toBeLessThanOrEqual(1);
    expect(effect.divergence).toBeNull();
  });

  it("has KL where the output is logits, and all norms at once where there are several", async () => {
    const spec = fused("LayerNormalization", { outputs: ["h"] });
    spec.nodes.push({ op: "LayerNormalization", inputs: ["h", "norm.weight", "norm.bias"], outputs: ["logits"] });
    spec.outputs = { logits: { shape: ["n", cols] } };
    const effects = await effectsOf(spec);
    expect(effects.map(({ norm }) => norm?.name ?? null)).toEqual(["norm", "norm#2", null]);
    for (const { divergence } of effects) expect(divergence).toBeGreaterThan(0);
  });

  it("ends where it is stopped from outside, though the runtime never waits", async () => {
    const rows = 100_000;
    const many: ReadTensor = { dtype: "F32", shape: [rows, cols], data: new Float32Array(rows * cols).fill(1) };
    const stop = new AbortController();
    let begun = false;
    // A timer is set as the first batch is made. Where it got no turn, all batches would be run.
    const watched: Runtime = {
      name: runtime.name,
      InferenceSession: runtime.InferenceSession,
      get Tensor() {
        if (!begun) setTimeout(() => stop.abort(new Error("stopped")));
        begun = true;
        return runtime.Tensor;
      },
    };
    const effects = swapEffects(watched, open(layerNorm()), [new Map([["x", many]])], {
      batch: 1,
      signal: stop.signal,
    });
    await expect(effects).rejects.toThrow("stopped");
  });

  it("is nothing where all norms are RMSNorm", async () => {
    expect(await effectsOf(rmsNorm())).toEqual([]);
  });
});
