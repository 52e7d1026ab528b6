/**
 * A twin as an ONNX model that says a token at a time, in the nodes into which onnxruntime's own optimiser for GPT-2 fuses one: what is fastest
 * there. Attention has the projection to queries, keys and values and the cache in it, and the sum of the residual stream and the biases
 * before it are part of a norm.
 */
import type { GraphSpec, ModelSpec, NodeSpec, TensorSpec } from "../../test/support/onnx-model.js";
import type { Twin } from "./twin.js";

/** Inputs: token and position, [1, 1], and past.N, [2, 1, heads, length, headDim]; outputs: logits, and present.N, a token longer. */
export function twinModel({ t, width, layers, heads, vocabulary, norm }: Twin): ModelSpec {
  const nodes: NodeSpec[] = [];
  const initializers: Record<string, TensorSpec> = {};
  const cache = [2, 1, heads, null, width / heads];
  const inputs: NonNullable<GraphSpec["inputs"]> = {
    token: { type: "INT64", shape: [1, 1] },
    position: { type: "INT64", shape: [1, 1] },
  };
  const outputs: GraphSpec["outputs"] = { logits: { shape: [1, 1, vocabulary] } };
  const layerNorm = norm === "LayerNorm";

  const constant = (name: string, dims: number[]) => {
    initializers[name] = { dims, data: Array.from(t(name)) };
    return name;
  };
  /** A weight of [out, in] as [in, out]. */
  const upright = (name: string, outs: number, ins: number) => {
    const weight = t(name);
    const data = Array.from({ length: outs * ins }, (_, i) => weight[(i % outs) * ins + Math.floor(i / outs)]);
    initializers[name] = { dims: [ins, outs], data };
    return name;
  };
  const parameters = (name: string) => [
    constant(`${name}.weight`, [width]),
    ...(layerNorm ? [constant(`${name}.bias`, [width])] : []),
  ];
  const epsilon = { epsilon: { float: 1e-5 } };
  /** The norm of stream + moved + bias, and that sum. */
  const next = (name: string, stream: string, moved: string, bias: string, at: string): [string, string] => {
    const op = layerNorm ? "SkipLayerNormalization" : "SkipSimplifiedLayerNormalization";
    const [normed, sum] = [`${at}.normed`, `${at}.sum`];
    const outs = [normed, "", "", sum];
    const skip = [stream, moved, ...parameters(name), bias];
    nodes.push({ op, domain: "com.microsoft", inputs: skip, outputs: outs, attributes: epsilon });
    return [normed, sum];
  };
  const matMul = (x: string, weight: string, y: string) => {
    nodes.push({ op: "MatMul", inputs: [x, weight], outputs: [y] });
    return y;
  };

  constant("wte.weight", [vocabulary, width]);
  constant("wpe.weight", [t("wpe.weight").length / width, width]);
  nodes.push({ op: "Gather", inputs: ["wte.weight", "token"], outputs: ["embedded"] });
  nodes.push({ op: "Gather", inputs: ["wpe.weight", "position"], outputs: ["placed"] });
  nodes.push({ op: "Add", inputs: ["embedded", "placed"], outputs: ["stream"] });
  nodes.push({
    op: layerNorm ? "LayerNormalization" : "SimplifiedLayerNormalization",
    inputs: ["stream", ...parameters("h.0.ln_1")],
    outputs: ["first"],
    attributes: { axis: -1, ...epsilon },
  });
  let [normed, stream] = ["first", "stream"];
  for (let layer = 0; layer < layers; layer++) {
    const h = `h.${layer}.`;
    const [past, present] = [`past.${layer}`, `present.${layer}`];
    inputs[past] = { shape: cache };
    outputs[present] = { shape: cache };
    const qkv = [upright(`${h}c_attn.weight`, 3 * width, width), constant(`${h}c_attn.bias`, [3 * width])];
    nodes.push({
      op: "Attention",
      domain: "com.microsoft",
      inputs: [normed, ...qkv, "", past],
      outputs: [`${h}mixed`, present],
      attributes: { num_heads: heads, unidirectional: 1 },
    });
    const attended = matMul(`${h}mixed`, upright(`${h}attn_proj.weight`, width, width), `${h}attended`);
    [normed, stream] = next(`${h}ln_2`, stream, attended, constant(`${h}attn_proj.bias`, [width]), `${h}2`);
    const up = matMul(normed, upright(`${h}c_fc.weight`, 4 * width, width), `${h}up`);
    const inner = [up, constant(`${h}c_fc.bias`, [4 * width])];
    nodes.push({ op: "BiasGelu", domain: "com.microsoft", inputs: inner, outputs: [`${h}inner`] });
    const moved = matMul(`${h}inner`, upright(`${h}mlp_proj.weight`, width, 4 * width), `${h}moved`);
    const bias = constant(`${h}mlp_proj.bias`, [width]);
    const reader = layer + 1 < layers ? `h.${layer + 1}.ln_1` : "ln_f";
    [normed, stream] = next(reader, stream, moved, bias, `${h}3`);
  }
  matMul(normed, upright("lm_head.weight", vocabulary, width), "logits");
  return { nodes, initializers, inputs, outputs };
}
