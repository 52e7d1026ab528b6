// Which norms are found in a graph, and that nothing else is. No model is run here.

import { describe, expect, it } from "vitest";
import { parseModel } from "../../onnx/src/index.js";
import { floats, type ModelSpec, modelBytes, type NodeSpec, scalar } from "../support/onnx-model.js";
import { cols, fused, layerNorm, rmsNorm, tensorflowNorm, twos, type Writing, weight } from "../support/onnx-norms.js";

const norms = (spec: ModelSpec) => parseModel("test.onnx", modelBytes(spec)).norms;
const found = (spec: ModelSpec) => norms(spec).found;

const writings: [string, Writing][] = [
  ["PyTorch", {}],
  ["opset 18, axes as an input", { opset: 18 }],
  ["axes in a Constant node", { opset: 18, constants: true }],
  ["Mul(c, c)", { square: "Mul" }],
  ["Sqrt and Reciprocal", { root: "Sqrt, Reciprocal" }],
  ["Sqrt and 1/x", { root: "Sqrt, 1/x" }],
  ["Pow(·, −0.5)", { root: "Pow −0.5" }],
  ["Pow(·, 0.5)", { root: "Pow 0.5" }],
  ["operands the other way round", { flipped: true, root: "Sqrt, Reciprocal" }],
  ["Cast to f32 and back", { cast: true }],
  ["numbers in Constant nodes", { constants: true }],
  ["the last axis counted from the front", { axis: 1 }],
  ["eps of shape [1]", { epsAs: scalar(1e-5, "FLOAT", [1]) }],
  ["eps in the field of its type", { epsAs: { ...scalar(1e-5), as: "typed" } }],
];

describe("decomposed norms", () => {
  it.each([...writings, ["two Sub nodes", { twice: true }] as [string, Writing]])("LayerNorm: %s", (_, writing) => {
    expect(found(layerNorm(writing))).toMatchObject([
      {
        name: "h.0.ln_1",
        kind: "LayerNorm",
        state: { tensor: writing.cast ? "x.f32" : "x" },
        weight: "h.0.ln_1.weight",
        bias: "h.0.ln_1.bias",
        eps: 1e-5,
        axis: -1,
        throughLast: true,
        cols,
        output: "shifted",
        swap: { by: "zero mean", mean: { op: "ReduceMean", outputs: ["mean"] } },
      },
    ]);
  });

  it.each(writings)("RMSNorm: %s", (_, writing) => {
    expect(found(rmsNorm(writing))).toMatchObject([
      {
        name: "h.0.ln_1",
        kind: "RMSNorm",
        state: { tensor: writing.cast ? "x.f32" : "x" },
        weight: "h.0.ln_1.weight",
        bias: null,
        eps: 1e-5,
        cols,
        output: "scaled",
        swap: { by: "none" },
      },
    ]);
  });

  it.each(Object.entries(twos))("Pow's exponent as %s", (_, exponent) => {
    expect(found(layerNorm({ exponent }))).toHaveLength(1);
  });

  it.each([4, 3, 1, -2, 2.5])("Pow(c, %f) is no norm", (power) => {
    expect(found(layerNorm({ exponent: scalar(power) }))).toEqual([]);
  });

  it("without weight and bias it is named after its nodes", () => {
    expect(found(layerNorm({ affine: "none" }))).toMatchObject([
      { name: "h.0.ln_1", weight: null, bias: null, output: "quotient", cols },
    ]);
  });

  it("TensorFlow's x·r + (bias − mean·r)", () => {
    expect(found(tensorflowNorm())).toMatchObject([
      {
        name: "bert.layer_0.LayerNorm",
        kind: "LayerNorm",
        state: { tensor: "x" },
        weight: "bert/layer_0/LayerNorm/gamma:0",
        bias: "bert/layer_0/LayerNorm/beta:0",
        eps: 1e-12,
        output: "y",
        swap: { by: "zero mean" },
      },
    ]);
  });

  it("RMSNorm whose weight is multiplied to the reciprocal first", () => {
    const spec = rmsNorm({ root: "Pow −0.5", affine: "none" });
    spec.nodes = spec.nodes.flatMap((node) => {
      if (node.outputs[0] !== "quotient") return [node];
      return [
        { op: "Mul", inputs: ["r", "w"], outputs: ["rw"] },
        { op: "Mul", inputs: ["x", "rw"], outputs: ["quotient"] },
      ];
    });
    spec.initializers = { ...spec.initializers, w: floats([cols], weight) };
    expect(found(spec)).toMatchObject([{ kind: "RMSNorm", weight: "w", cols }]);
  });

  it("a LayerNorm of channels, along an axis that is not the last", () => {
    const spec = layerNorm({ axis: 1, affine: "none" });
    spec.inputs = { x: { shape: ["n", cols, "w"] } };
    expect(found(spec)).toMatchObject([{ axis: -2, throughLast: false, cols }]);
  });

  it("a modulation that depends on the input is no weight", () => {
    const spec = layerNorm({ affine: "none" });
    spec.nodes.push({ op: "Mul", inputs: ["quotient", "gate"], outputs: ["z"] });
    spec.inputs = { ...spec.inputs, gate: { shape: ["n", cols] } };
    spec.outputs.z = {};
    expect(found(spec)).toMatchObject([{ weight: null, output: "quotient" }]);
  });

  it("a mean or centered input that others read makes the swap impossible, and says who", () => {
    const reads = (tensor: string) => {
      const spec = layerNorm();
      spec.nodes.push({ op: "Abs", inputs: [tensor], outputs: ["z"], name: "elsewhere" });
      spec.outputs.z = {};
      return found(spec)[0].swap;
    };
    expect(reads("mean")).toEqual({ by: "none", reason: "its mean is read by Abs elsewhere too" });
    expect(reads("c")).toEqual({ by: "none", reason: "its centered input is read by Abs elsewhere too" });
    const spec = layerNorm();
    spec.outputs.c = {};
    expect(found(spec)[0].swap).toEqual({
      by: "none",
      reason: "its centered input is read by an output of the model too",
    });
  });
});

describe("what is no norm", () => {
  const x = { shape: ["n", cols] };
  const graph = (...nodes: NodeSpec[]): ModelSpec => ({
    nodes,
    initializers: { two: scalar(2), eps: scalar(1e-5), w: floats([3, 1, 1], [1, 2, 3]) },
    inputs: { x },
    outputs: { y: {} },
  });
  const node = (op: string, inputs: string[], output: string, attributes = {}): NodeSpec => {
    return { op, inputs, outputs: [output], attributes };
  };

  it.each<[string, ModelSpec]>([
    ["a ReduceMean alone", graph(node("ReduceMean", ["x"], "y", { axes: [-1] }))],
    [
      "pooled mean and deviation",
      graph(
        node("ReduceMean", ["x"], "mean", { axes: [-1] }),
        node("Sub", ["x", "mean"], "c"),
        node("Pow", ["c", "two"], "c2"),
        node("ReduceMean", ["c2"], "var", { axes: [-1] }),
        node("Add", ["var", "eps"], "sum"),
        node("Sqrt", ["sum"], "sd"),
        node("Concat", ["mean", "sd"], "y", { axis: -1 }),
      ),
    ],
    ["x over the length of x", graph(node("ReduceL2", ["x"], "norm", { axes: [-1] }), node("Div", ["x", "norm"], "y"))],
    [
      "the deviation of x dividing something else",
      graph(
        node("Pow", ["x", "two"], "x2"),
        node("ReduceMean", ["x2"], "var", { axes: [-1] }),
        node("Add", ["var", "eps"], "sum"),
        node("Sqrt", ["sum"], "sd"),
        node("Abs", ["x"], "other"),
        node("Div", ["other", "sd"], "y"),
      ),
    ],
    [
      "an operator of that name in a domain of its own",
      graph({ op: "LayerNormalization", domain: "my.ops", inputs: ["x", "eps"], outputs: ["y"] }),
    ],
    ["GroupNormalization", graph(node("GroupNormalization", ["x", "w", "w"], "y", { num_groups: 3 }))],
    [
      "MeanVarianceNormalization per channel",
      graph(node("MeanVarianceNormalization", ["x"], "y", { axes: [0, 2, 3] })),
    ],
  ])("%s", (_, spec) => {
    expect(norms(spec)).toEqual({ found: [], hidden: [] });
  });

  it("an InstanceNorm is not a LayerNorm over its picture", () => {
    const spec = layerNorm({ affine: "none" });
    for (const one of spec.nodes) if (one.op === "ReduceMean") one.attributes = { axes: [2, 3] };
    const picture = { x: { shape: ["n", 3, 4, 4] } };
    spec.initializers = { ...spec.initializers, w: floats([3, 1, 1], [1, 2, 3]) };
    spec.nodes.push({ op: "Mul", inputs: ["quotient", "w"], outputs: ["z"] });
    spec.nodes = spec.nodes.filter(({ outputs }) => outputs[0] !== "y");
    spec.outputs = { z: {} };
    expect(found({ ...spec, inputs: picture })).toEqual([]);
    // The same with a weight over the picture is a LayerNorm of 4 × 4 elements.
    spec.initializers.w = floats([4, 4], Array(16).fill(1));
    expect(found({ ...spec, inputs: picture })).toMatchObject([{ axis: -2, throughLast: true, cols: 16 }]);
  });
});

describe("fused norms", () => {
  it.each<[string, ModelSpec, object]>([
    [
      "LayerNormalization",
      fused("LayerNormalization"),
      { kind: "LayerNorm", state: { tensor: "x" }, weight: "norm.weight", bias: "norm.bias", eps: 1e-5, axis: -1 },
    ],
    [
      "LayerNormalization with an axis and an epsilon",
      fused("LayerNormalization", { attributes: { axis: 1, epsilon: { float: 1e-6 } } }),
      { eps: 1e-6, axis: 1, throughLast: true },
    ],
    [
      "LayerNormalization in onnxruntime's domain, without bias",
      fused("LayerNormalization", { domain: "com.microsoft", inputs: ["x", "norm.weight"] }),
      { kind: "LayerNorm", bias: null },
    ],
    [
      "RMSNormalization",
      fused("RMSNormalization", { opset: 23, inputs: ["x", "norm.weight"] }),
      { kind: "RMSNorm", weight: "norm.weight", bias: null, eps: 1e-5 },
    ],
    [
      "SimplifiedLayerNormalization",
      fused("SimplifiedLayerNormalization", { inputs: ["x", "norm.weight"] }),
      { kind: "RMSNorm", state: { tensor: "x" } },
    ],
    [
      "SkipLayerNormalization, its sum not given out",
      fused("SkipLayerNormalization", {
        domain: "com.microsoft",
        skip: true,
        inputs: ["x", "skip", "norm.weight", "norm.bias"],
      }),
      { kind: "LayerNorm", state: { output: 3 }, weight: "norm.weight", bias: "norm.bias", eps: 1e-12 },
    ],
    [
      "SkipSimplifiedLayerNormalization, its sum given out",
      fused("SkipSimplifiedLayerNormalization", {
        domain: "com.microsoft",
        skip: true,
        inputs: ["x", "skip", "norm.weight"],
        outputs: ["y", "", "", "sum"],
        attributes: { epsilon: { float: 1e-6 } },
      }),
      { kind: "RMSNorm", state: { tensor: "sum" }, bias: null, eps: 1e-6 },
    ],
    [
      "EmbedLayerNormalization",
      fused("EmbedLayerNormalization", {
        domain: "com.microsoft",
        inputs: ["ids", "", "words", "places", "", "norm.weight", "norm.bias"],
        outputs: ["y", "mask"],
      }),
      { kind: "LayerNorm", state: { output: 2 }, eps: 1e-12 },
    ],
    ["GatedRMSNorm", fused("GatedRMSNorm", { domain: "com.microsoft" }), { kind: "RMSNorm", weight: "norm.weight" }],
    [
      "MeanVarianceNormalization of rows",
      fused("MeanVarianceNormalization", { inputs: ["x"], attributes: { axes: [1] } }),
      { kind: "LayerNorm", weight: null, eps: 0 },
    ],
  ])("%s", (_, spec, wanted) => {
    expect(found(spec)).toMatchObject([wanted]);
  });

  it("SimplifiedLayerNormalization as the second half of a LayerNorm is traced back to its state", () => {
    const half = (axes: number[]): ModelSpec => {
      const spec = fused("SimplifiedLayerNormalization", { inputs: ["c", "norm.weight"] });
      spec.nodes.unshift(
        { op: "ReduceMean", inputs: ["x"], outputs: ["mean"], attributes: { axes } },
        { op: "Sub", inputs: ["x", "mean"], outputs: ["c"] },
      );
      return spec;
    };
    expect(found(half([-1]))).toMatchObject([
      { kind: "LayerNorm", state: { tensor: "x" }, swap: { by: "zero mean" }, weight: "norm.weight" },
    ]);
    expect(found(half([0]))).toMatchObject([{ kind: "RMSNorm", state: { tensor: "c" } }]);
  });

  it.each(["QEmbedLayerNormalization", "QOrderedLayerNormalization"])("%s is named and says why not", (op) => {
    const { found: shown, hidden } = norms(fused(op, { domain: "com.microsoft" }));
    expect(shown).toEqual([]);
    expect(hidden).toMatchObject([{ kind: "LayerNorm", written: op, reason: expect.stringContaining(op) }]);
  });
});

describe("names", () => {
  const two = (first: string, second: string, nodes: [string, string]) => {
    const spec = fused("LayerNormalization", { inputs: ["x", first], outputs: ["h"], name: nodes[0] });
    spec.nodes.push({ op: "LayerNormalization", inputs: ["h", second], outputs: ["y"], name: nodes[1] });
    spec.initializers = { [first]: floats([cols], weight), [second]: floats([cols], weight) };
    return found(spec).map(({ name }) => name);
  };

  it("come from the weight", () => {
    expect(two("model.layers.0.norm.weight", "encoder/LayerNorm/gamma:0", ["", ""])).toEqual([
      "model.layers.0.norm",
      "encoder.LayerNorm",
    ]);
  });

  it("come from Paddle's weights", () => {
    expect(two("layer_norm_43.w_0", "layer_norm_44.w_0", ["", ""])).toEqual(["layer_norm_43", "layer_norm_44"]);
  });

  it("else from the node, else they are numbers", () => {
    expect(two("onnx::Mul_12", "val_7", ["/encoder/ln/LayerNormalization", ""])).toEqual(["encoder.ln", "norm.1"]);
  });

  it("are different for norms that share a weight", () => {
    expect(two("ln.weight", "ln.weight", ["", ""])).toEqual(["ln", "ln#2"]);
  });
});

describe("subgraphs and functions", () => {
  const inner = fused("LayerNormalization", { name: "/inner/ln/LayerNormalization" });
  const branch = { nodes: inner.nodes, outputs: { y: {} } };

  it("norms in the branches of If are named, with the reason", () => {
    const spec: ModelSpec = {
      ...inner,
      nodes: [
        {
          op: "If",
          name: "choice",
          inputs: ["cond"],
          outputs: ["z"],
          attributes: { then_branch: { graph: branch }, else_branch: { graph: branch } },
        },
      ],
    };
    const { found: shown, hidden } = norms(spec);
    expect(shown).toEqual([]);
    const reason = "it is in a branch or body of If choice, whose tensors a model cannot give out";
    expect(hidden).toEqual([
      { name: "norm", kind: "LayerNorm", written: "LayerNormalization", reason },
      { name: "norm#2", kind: "LayerNorm", written: "LayerNormalization", reason },
    ]);
  });

  it("a decomposed norm in a Loop reads constants of the graph around it", () => {
    const { nodes, initializers, inputs } = layerNorm();
    const spec: ModelSpec = {
      nodes: [
        {
          op: "Loop",
          inputs: ["count", "cond"],
          outputs: ["z"],
          attributes: { body: { graph: { nodes, outputs: { y: {} } } } },
        },
      ],
      initializers,
      inputs,
      outputs: { z: {} },
    };
    expect(norms(spec).hidden).toMatchObject([
      { name: "h.0.ln_1", kind: "LayerNorm", reason: expect.stringContaining("Loop z") },
    ]);
  });

  it("norms in functions are named", () => {
    const spec: ModelSpec = {
      ...inner,
      nodes: [{ op: "MyBlock", domain: "local", inputs: ["x"], outputs: ["y"] }],
      functions: [{ name: "MyBlock", domain: "local", inputs: ["x"], outputs: ["y"], nodes: inner.nodes }],
    };
    expect(norms(spec).hidden).toMatchObject([
      { kind: "LayerNorm", reason: expect.stringContaining("function MyBlock") },
    ]);
  });
});

describe("files that are no ONNX", () => {
  const bytes = modelBytes(layerNorm());
  const parse = (data: Uint8Array) => () => parseModel("model.onnx", new Uint8Array(data));

  it("every cut is refused in one line", () => {
    // The last field is the operator set com.microsoft, of 19 bytes: without it the file is whole.
    for (let length = 0; length < bytes.length - 19; length++) {
      expect(parse(bytes.subarray(0, length)), `${length} bytes`).toThrow(/^model\.onnx expected an ONNX model[^\n]*$/);
    }
  });

  it("other bytes are refused", () => {
    expect(parse(new Uint8Array([1, 2, 3]))).toThrow(/expected an ONNX model, got a file that is none/);
    expect(parse(new Uint8Array([0x12, 0x01, 0x61]))).toThrow("expected an ONNX model, got a protobuf of another kind");
    expect(parse(new Uint8Array([0x08, 0x09, 0x3a, 0x00, 0x42, 0x02, 0x10, 0x11]))).toThrow(
      "expected an ONNX model with nodes, got an empty graph",
    );
  });
});
