// A model of which all runtimes give the same bits: what enters its norms is products and sums of single elements.
import { floats, type ModelSpec } from "./onnx-model.js";
import { bias, cols, weight } from "./onnx-norms.js";

/** A LayerNorm and an RMSNorm, of another eps than the study's own. */
export const twoNorms: ModelSpec = {
  nodes: [
    { op: "Mul", inputs: ["input", "before"], outputs: ["x"] },
    {
      op: "LayerNormalization",
      inputs: ["x", "h.0.ln_1.weight", "h.0.ln_1.bias"],
      outputs: ["normed"],
      attributes: { axis: -1, epsilon: { float: 1e-3 } },
    },
    { op: "Add", inputs: ["x", "input"], outputs: ["sum"] },
    {
      op: "SimplifiedLayerNormalization",
      inputs: ["sum", "h.0.ln_2.weight"],
      outputs: ["y"],
      attributes: { axis: -1, epsilon: { float: 1e-6 } },
    },
  ],
  initializers: {
    before: floats([cols], weight),
    "h.0.ln_1.weight": floats([cols], weight),
    "h.0.ln_1.bias": floats([cols], bias),
    "h.0.ln_2.weight": floats([cols], weight),
  },
  inputs: { input: { shape: ["batch", "tokens", cols] } },
  outputs: { normed: { shape: ["batch", "tokens", cols] }, y: { shape: ["batch", "tokens", cols] } },
};
