// Models that are really run: what is captured is what the graph computes, and showing it changes nothing. With onnxruntime-node
// where that is installed, else with onnxruntime-web.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openContainer, type ReadTensor, readTensor } from "@orthonorm/files";
import { openDisk, writeSafetensors } from "@orthonorm/files/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Arrays,
  batches,
  capture,
  checkInputs,
  normsToCapture,
  type OpenModel,
  openSession,
  parseModel,
  type Runtime,
  runSession,
  type Tensors,
  tensorsOf,
} from "../../onnx/src/index.js";
import { captureToFile, loadRuntime, readArrays } from "../../onnx/src/node.js";
import { floats, type ModelSpec, modelBytes, rawBytes } from "../support/onnx-model.js";
import { cols, fused, layerNorm, rmsNorm, tensorflowNorm, weight } from "../support/onnx-norms.js";
import { normals } from "../support/random.js";

let runtime: Runtime;
let folder: string;
beforeAll(async () => {
  runtime = await loadRuntime();
  folder = mkdtempSync(join(tmpdir(), "orthonorm-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open = (spec: ModelSpec, name = join(folder, "model.onnx")) => parseModel(name, modelBytes(spec));

/** Numbers around 1, so that their mean matters. */
function random(...shape: number[]): ReadTensor {
  const size = shape.reduce((product, one) => product * one, 1);
  return { dtype: "F32", shape, data: Float32Array.from(normals(size, 1)) };
}

async function outputsOf(bytes: Uint8Array, inputs: Arrays): Promise<Tensors> {
  const session = await openSession(runtime, { name: "plain", bytes });
  const outputs = await runSession(session, tensorsOf(runtime, inputs), "plain");
  await session.release();
  return outputs;
}

async function captured(model: OpenModel, inputs: Arrays, batch = 1000) {
  const all = [];
  for await (const one of capture(runtime, model, [inputs], { batch })) all.push(one);
  return all;
}

/** A block of a model around a norm: what stands before it, so that its input is computed, and a projection after it. */
function block(spec: ModelSpec): ModelSpec {
  const [, ...rest] = spec.inputs?.x.shape ?? [];
  const shape = ["n", ...rest];
  const nodes = spec.nodes.map((node) => ({
    ...node,
    outputs: node.outputs.map((name) => (name === "y" ? "normed" : name)),
  }));
  return {
    ...spec,
    nodes: [
      { op: "Mul", inputs: ["input", "before"], outputs: ["x"] },
      ...nodes,
      { op: "MatMul", inputs: ["normed", "after"], outputs: ["projected"] },
      { op: "Add", inputs: ["projected", "x"], outputs: ["y"] },
    ],
    initializers: {
      ...spec.initializers,
      before: floats([cols], weight),
      after: floats([cols, cols], [...(random(cols, cols).data as Float32Array)]),
    },
    inputs: { ...spec.inputs, input: { shape } },
    outputs: { y: { shape } },
  };
}

const withoutX = (spec: ModelSpec): ModelSpec => {
  const { x: _, ...inputs } = spec.inputs ?? {};
  return { ...spec, inputs };
};

const models: [string, ModelSpec][] = [
  ["LayerNorm as operators", layerNorm()],
  ["LayerNorm with Mul(c, c) and Pow −0.5", layerNorm({ square: "Mul", root: "Pow −0.5" })],
  ["LayerNorm of opset 18", layerNorm({ opset: 18 })],
  ["TensorFlow's LayerNorm", tensorflowNorm()],
  ["RMSNorm as operators", rmsNorm()],
  ["LayerNormalization", fused("LayerNormalization")],
  ["RMSNormalization", fused("RMSNormalization", { opset: 23, inputs: ["x", "norm.weight"] })],
  ["SimplifiedLayerNormalization", fused("SimplifiedLayerNormalization", { inputs: ["x", "norm.weight"] })],
];

describe("a tap", () => {
  it.each(models)("%s: its input to the last bit, and no bit of the output changes", async (_, spec) => {
    const model = open(withoutX(block(spec)));
    const input = random(5, cols);
    const inputs = new Map([["input", input]]);
    const plain = await outputsOf(model.bytes, inputs);
    const [{ states, outputs }] = await captured(model, inputs);
    expect(bits(outputs.y)).toEqual(bits(plain.y));
    // The same graph up to the norm's input, run by hand: a product of two f32.
    const x = (input.data as Float32Array).map((value, at) => value * weight[at % cols]);
    const [[norm, rows]] = states;
    expect(norm.state).toEqual({ tensor: "x" });
    expect(rows).toMatchObject({ dtype: "F32", shape: [5, cols] });
    expect(floatsOf(rows.bytes)).toEqual(x);
  });

  it("a sum before a norm stays as it is computed: at the default level of optimisation showing it would change bits", async () => {
    // Seen with onnxruntime-node 1.30 at level "all"; onnxruntime-web 1.30 gives the same bits at both levels here.
    const d = 64;
    const shape = [2, 16, d];
    const values = (...sizes: number[]) => floats(sizes, [...(random(...sizes).data as Float32Array)]);
    const spec: ModelSpec = {
      nodes: [
        { op: "MatMul", inputs: ["input", "before"], outputs: ["product"] },
        { op: "Add", inputs: ["input", "product"], outputs: ["x"] },
        { op: "LayerNormalization", inputs: ["x", "norm.weight", "norm.bias"], outputs: ["normed"] },
        { op: "MatMul", inputs: ["normed", "before"], outputs: ["y"] },
      ],
      initializers: { before: values(d, d), "norm.weight": values(d), "norm.bias": values(d) },
      inputs: { input: { shape } },
      outputs: { y: { shape } },
    };
    const model = open(spec);
    const inputs = new Map([["input", random(...shape)]]);
    const plain = await outputsOf(model.bytes, inputs);
    const [{ outputs }] = await captured(model, inputs);
    expect(bits(outputs.y)).toEqual(bits(plain.y));
  });

  it("a Skip norm's state is the sum, which the node is made to give out", async () => {
    const inputs = ["x", "skip", "norm.weight", "norm.bias", "more"];
    const spec = fused("SkipLayerNormalization", { domain: "com.microsoft", skip: true, inputs });
    spec.initializers = { ...spec.initializers, more: floats([cols], weight) };
    const model = open(spec);
    const x = random(2, 3, cols);
    const skip = { ...x, data: (x.data as Float32Array).map((value) => 3 - value) };
    const feeds = new Map([
      ["x", x],
      ["skip", skip],
    ]);
    const plain = await outputsOf(model.bytes, feeds);
    const [{ states, outputs }] = await captured(model, feeds);
    expect(bits(outputs.y)).toEqual(bits(plain.y));
    const [[, rows]] = states;
    expect(rows.shape).toEqual([2, 3, cols]);
    const wanted = (x.data as Float32Array).map((value, at) => value + skip.data[at]);
    const sums = floatsOf(rows.bytes);
    for (const [at, value] of sums.entries()) expect(value).toBeCloseTo(wanted[at] + weight[at % cols], 5);
  });

  it("halves stay halves", async () => {
    const spec = fused("LayerNormalization");
    const bits = (values: number[]) => values.map((value) => 0x3c00 + Math.round(1024 * (value - 1)));
    const half = { type: "FLOAT16" as const, dims: [cols], data: bits(Array(cols).fill(1.5)) };
    spec.initializers = { "norm.weight": half, "norm.bias": half, one: half };
    spec.nodes.unshift({ op: "Mul", inputs: ["h", "one"], outputs: ["x"] });
    spec.inputs = { h: { type: "FLOAT16", shape: ["n", cols] } };
    spec.outputs = { y: { type: "FLOAT16" } };
    // 1 + i/1024 times 1.5, rounded to even by hand for the even i alone: 1.5 + 3i/2048
    const h: ReadTensor = {
      dtype: "F16",
      shape: [1, cols],
      data: Uint16Array.from({ length: cols }, (_, i) => 0x3c00 + 2 * i),
    };
    const [{ states }] = await captured(open(spec), new Map([["h", h]]));
    const [[, rows]] = states;
    expect(rows).toMatchObject({ dtype: "F16", shape: [1, cols] });
    expect([...new Uint16Array(rows.bytes.slice().buffer)]).toEqual(
      Array.from({ length: cols }, (_, i) => 0x3e00 + 3 * i),
    );
  });

  it("a weight that the model computes from constants is taken from the run", async () => {
    const spec = withoutX(block(layerNorm()));
    const { "h.0.ln_1.weight": _, ...rest } = spec.initializers ?? {};
    const quantized = { type: "INT8" as const, dims: [cols], data: [1, 2, 3, 4, 5, 6, 7, 8] };
    spec.initializers = { ...rest, quantized, step: floats([], [0.25]) };
    spec.nodes.unshift({ op: "DequantizeLinear", inputs: ["quantized", "step"], outputs: ["h.0.ln_1.weight"] });
    const model = open(spec);
    const inputs = new Map([["input", random(3, cols)]]);
    const plain = await outputsOf(model.bytes, inputs);
    const [{ computed, outputs }] = await captured(model, inputs);
    expect(bits(outputs.y)).toEqual(bits(plain.y));
    expect(floatsOf(computed.get("h.0.ln_1.weight")?.bytes ?? new Uint8Array())).toEqual(
      Float32Array.of(0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2),
    );
  });

  it("channels that are not the last axis become rows", async () => {
    const spec = layerNorm({ axis: 1, affine: "none" });
    spec.inputs = { x: { shape: ["n", cols, "w"] } };
    spec.outputs = { y: {} };
    const x = random(2, cols, 3);
    const [{ states }] = await captured(open(spec), new Map([["x", x]]));
    const [[, rows]] = states;
    expect(rows.shape).toEqual([2, 3, cols]);
    const values = floatsOf(rows.bytes);
    for (const [n, c, w] of [
      [0, 0, 0],
      [0, 5, 2],
      [1, 7, 1],
    ]) {
      expect(values[(n * 3 + w) * cols + c]).toBe(x.data[(n * cols + c) * 3 + w]);
    }
  });
});

function bits(tensor: Tensors[string]): Uint32Array {
  return new Uint32Array((tensor.data as Float32Array).buffer.slice(0));
}

function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer);
}

describe("captured to a file", () => {
  const model = () => open(withoutX(block(layerNorm())));
  const read = async (path: string) => {
    const source = await openDisk(path);
    try {
      const { tensors, metadata } = await openContainer(source);
      const all = new Map<string, ReadTensor>();
      for (const { name } of tensors) all.set(name, await readTensor(source, name));
      return { all, metadata };
    } finally {
      await source.close();
    }
  };

  it("a tensor per norm, its parameters beside it, the norms in the metadata", async () => {
    const path = join(folder, "states.safetensors");
    const inputs = new Map([["input", random(5, cols)]]);
    await captureToFile(runtime, model(), [inputs], path, { batch: 2 });
    const { all, metadata } = await read(path);
    expect([...all.keys()].sort()).toEqual(["h.0.ln_1", "h.0.ln_1.bias", "h.0.ln_1.weight"]);
    expect(all.get("h.0.ln_1")?.shape).toEqual([5, cols]);
    expect([...(all.get("h.0.ln_1.weight")?.data ?? [])]).toEqual(weight);
    expect(metadata).toMatchObject({ norm: "LayerNorm", source: "model.onnx" });
    expect(JSON.parse(metadata.norms)).toMatchObject({ "h.0.ln_1": { kind: "LayerNorm", eps: 1e-5 } });
    // In batches of 2, 2 and 1 as in one of 5.
    const whole = join(folder, "whole.safetensors");
    await captureToFile(runtime, model(), [inputs], whole, { batch: 5 });
    expect((await read(whole)).all.get("h.0.ln_1")).toEqual(all.get("h.0.ln_1"));
    expect(readdirSync(folder).filter((name) => name.includes("tmp"))).toEqual([]);
  });

  it("weights in a file beside the model", async () => {
    const spec = withoutX(block(layerNorm()));
    spec.initializers = {
      ...spec.initializers,
      "h.0.ln_1.weight": { ...floats([cols], weight), as: { location: "beside.onnx_data", offset: 16 } },
    };
    writeFileSync(
      join(folder, "beside.onnx_data"),
      new Uint8Array([...new Uint8Array(16), ...rawBytes("FLOAT", weight)]),
    );
    // onnxruntime-web has no folders: there the model itself cannot be run, but what is read of it can.
    if (runtime.name === "onnxruntime-node") {
      const path = join(folder, "external.safetensors");
      await captureToFile(runtime, open(spec), [new Map([["input", random(5, cols)]])], path, { batch: 5 });
      expect([...((await read(path)).all.get("h.0.ln_1.weight")?.data ?? [])]).toEqual(weight);
    }
    expect(open(spec).norms.found).toMatchObject([{ cols, weight: "h.0.ln_1.weight" }]);
  });

  it("a run that is stopped or fails leaves nothing behind", async () => {
    const before = readdirSync(folder).sort();
    const stop = new AbortController();
    const path = join(folder, "stopped.safetensors");
    const progress = () => stop.abort();
    const inputs = new Map([["input", random(5, cols)]]);
    await expect(
      captureToFile(runtime, model(), [inputs], path, { batch: 1, signal: stop.signal, progress }),
    ).rejects.toThrow("aborted");
    const wrong = new Map([["input", random(5, cols + 1)]]);
    await expect(captureToFile(runtime, model(), [wrong], path, { batch: 5 })).rejects.toThrow(
      /^\S*model\.onnx expected inputs that the model can be run with, got [^\n]+$/,
    );
    const deep = join(folder, "made/for/states.safetensors");
    await expect(captureToFile(runtime, model(), [wrong], deep, { batch: 5 })).rejects.toThrow("expected inputs");
    expect(readdirSync(folder).sort()).toEqual(before);
  });

  it("a process that ends in the middle, as a second Ctrl-C does, leaves no batches behind", async () => {
    const before = readdirSync(folder).sort();
    const others = process.listeners("exit");
    const batches = () => readdirSync(folder).filter((name) => name.startsWith("ended."));
    let seen: string[][] = [];
    const progress = () => {
      const there = batches();
      for (const listener of process.listeners("exit")) if (!others.includes(listener)) listener.call(process, 130);
      seen = [there, batches()];
      throw new Error("ended");
    };
    const inputs = new Map([["input", random(5, cols)]]);
    const path = join(folder, "ended.safetensors");
    await expect(captureToFile(runtime, model(), [inputs], path, { batch: 5, progress })).rejects.toThrow("ended");
    expect(seen).toEqual([[expect.stringMatching(/\.tmp$/)], []]);
    expect(process.listeners("exit")).toEqual(others);
    expect(readdirSync(folder).sort()).toEqual(before);
  });

  it("of a run that is stopped, the states until then where they are asked for", async () => {
    const path = join(folder, "partial.safetensors");
    const inputs = new Map([["input", random(5, cols)]]);
    const stopAt = (share: number) => {
      const stop = new AbortController();
      return { signal: stop.signal, progress: (_: string, done: number) => done >= share && stop.abort() };
    };
    const run = (share: number) =>
      captureToFile(runtime, model(), [inputs], path, { batch: 1, partial: true, ...stopAt(share) });
    expect(await run(0.4)).toMatchObject({ complete: false, sites: [{ shape: [2, cols] }] });
    const { all } = await read(path);
    expect(await run(1)).toMatchObject({ complete: true, sites: [{ shape: [5, cols] }] });
    const whole = (await read(path)).all.get("h.0.ln_1")?.data as Float32Array;
    expect(all.get("h.0.ln_1")?.data).toEqual(whole.slice(0, 2 * cols));
  });
});

describe("inputs", () => {
  const ids: ModelSpec = {
    nodes: [{ op: "Cast", inputs: ["ids"], outputs: ["y"], attributes: { to: 1 } }],
    inputs: { ids: { type: "INT64", shape: ["n", 3] }, mask: { type: "BOOL", shape: ["n", 3] } },
    outputs: { y: {} },
  };
  const check = (arrays: Record<string, ReadTensor>) =>
    checkInputs(open(ids, "m.onnx"), new Map(Object.entries(arrays)), "in.npz");
  const i32 = (...data: number[]): ReadTensor => ({ dtype: "I32", shape: [1, 3], data: Int32Array.from(data) });
  const mask: ReadTensor = { dtype: "U8", shape: [1, 3], data: Uint8Array.of(1, 0, 1) };

  it("take integers of another width, where no value changes", () => {
    const checked = check({ ids: i32(1, -2, 3), mask });
    expect(checked.get("ids")).toEqual({ dtype: "I64", shape: [1, 3], data: BigInt64Array.of(1n, -2n, 3n) });
    expect(checked.get("mask")?.dtype).toBe("BOOL");
    const float = (value: number): ReadTensor => ({ dtype: "F64", shape: [1, 3], data: Float64Array.of(1, 2, value) });
    expect(check({ ids: float(3), mask }).get("ids")?.data).toEqual(BigInt64Array.of(1n, 2n, 3n));
    expect(() => check({ ids: float(3.5), mask })).toThrow(
      'in.npz: ids expected "ids" I64 [n, 3], or what it can hold without loss, got F64 [1, 3]',
    );
    expect(() => check({ ids: i32(1, 2, 3), mask: { ...mask, data: Uint8Array.of(1, 2, 1) } })).toThrow("in.npz: mask");
  });

  it("are refused by name", () => {
    expect(() => check({ mask })).toThrow('in.npz expected an array "ids" I64 [n, 3], got mask');
    expect(() => check({ ids: i32(1, 2, 3), mask, more: mask })).toThrow(
      'in.npz expected the inputs of the model, "ids" I64 [n, 3], "mask" BOOL [n, 3], got "more" too',
    );
    expect(() => check({ ids: { ...i32(1, 2), shape: [1, 2] }, mask })).toThrow(
      'in.npz: ids expected "ids" I64 [n, 3], got I32 [1, 2]',
    );
  });

  it("of a model that is exported for a batch of one go one by one", () => {
    const one = { ...ids, inputs: { ids: { type: "INT64" as const, shape: [1, 3] } } };
    const model = open(one, "m.onnx");
    const given = new Map([["ids", { ...i32(1, 2, 3, 4, 5, 6), shape: [2, 3] }]]);
    const checked = checkInputs(model, given, "in.npz");
    const fed = [...batches(model, checked, 16)];
    expect(fed.map(({ feeds, share }) => [feeds.get("ids")?.shape, feeds.get("ids")?.data, share])).toEqual([
      [[1, 3], BigInt64Array.of(1n, 2n, 3n), 0.5],
      [[1, 3], BigInt64Array.of(4n, 5n, 6n), 1],
    ]);
    const two = open({ ...ids, inputs: { ...one.inputs, h: { shape: [2, 3] } } }, "m.onnx");
    const state: ReadTensor = { dtype: "F32", shape: [2, 3], data: new Float32Array(6) };
    expect(() => checkInputs(two, new Map([...given, ["h", state]]), "in.npz")).toThrow(
      'in.npz: ids expected "ids" I64 [1, 3], got I32 [2, 3]',
    );
  });

  it("come from files of tensors", async () => {
    const path = join(folder, "inputs.safetensors");
    await writeSafetensors(path, [
      { name: "ids", ...i32(4, 5, 6) },
      { name: "mask", ...mask },
    ]);
    expect((await readArrays(open(ids), path)).get("ids")?.data).toEqual(BigInt64Array.of(4n, 5n, 6n));
  });
});

it("a graph without norms, and one whose norms are hidden, are refused in one line", () => {
  const none = open({ nodes: [{ op: "Abs", inputs: ["x"], outputs: ["y"] }], outputs: { y: {} } }, "m.onnx");
  expect(() => normsToCapture(none)).toThrow(
    "m.onnx expected a model with LayerNorm or RMSNorm, got none in its graph",
  );
  const hidden = open(fused("QOrderedLayerNormalization", { domain: "com.microsoft" }), "m.onnx");
  expect(() => normsToCapture(hidden)).toThrow(
    "m.onnx expected norms whose inputs can be shown, got norm.0 (the input of",
  );
});
