/** Norms as exporters write them: the nodes and initialisers between tensor "x" [n, d] and tensor "y". */
import { floats, type ModelSpec, type NodeSpec, scalar, type TensorSpec, type TypeName } from "./onnx-model.js";

export const cols = 8;
export const eps = 1e-5;
export const weight = Array.from({ length: cols }, (_, i) => 0.5 + i / 8);
export const bias = Array.from({ length: cols }, (_, i) => i / 4 - 1);

/** The ways to write each step. */
export interface Writing {
  opset?: number;
  /** c². */
  square?: "Pow" | "Mul";
  exponent?: TensorSpec;
  /** What divides. */
  root?: "Sqrt, Div" | "Sqrt, Reciprocal" | "Sqrt, 1/x" | "Pow −0.5" | "Pow 0.5";
  /** Two Sub nodes for c, as PyTorch 1.x wrote LayerNorm of modules that are scripted. */
  twice?: boolean;
  /** The operands of Add and Mul the other way round. */
  flipped?: boolean;
  /** Cast to f32 before the statistics. */
  cast?: boolean;
  /** Numbers in Constant nodes instead of initialisers. */
  constants?: boolean;
  axis?: number;
  affine?: "both" | "weight" | "none";
  epsAs?: TensorSpec;
}

export function layerNorm(writing: Writing = {}): ModelSpec {
  return normModel(true, writing);
}

export function rmsNorm(writing: Writing = {}): ModelSpec {
  return normModel(false, { affine: "weight", ...writing });
}

function normModel(centered: boolean, writing: Writing): ModelSpec {
  const { opset = 17, square = "Pow", root = "Sqrt, Div", affine = "both", axis = -1 } = writing;
  const nodes: NodeSpec[] = [];
  const initializers: Record<string, TensorSpec> = {};
  const number = (name: string, tensor: TensorSpec) => {
    if (writing.constants) nodes.push({ op: "Constant", outputs: [name], attributes: { value: { tensor } } });
    else initializers[name] = tensor;
    return name;
  };
  const pair = (a: string, b: string) => (writing.flipped ? [b, a] : [a, b]);
  const node = (op: string, inputs: string[], output: string, attributes: NodeSpec["attributes"] = {}) => {
    nodes.push({ op, inputs, outputs: [output], name: `/h.0/ln_1/${op}_${nodes.length}`, attributes });
    return output;
  };
  const mean = (input: string, output: string) => {
    if (opset < 18) return node("ReduceMean", [input], output, { axes: [axis] });
    return node("ReduceMean", [input, number(`${output}.axes`, scalar(axis, "INT64", [1]))], output);
  };

  const x = writing.cast ? node("Cast", ["x"], "x.f32", { to: 1 }) : "x";
  let c = x;
  let second = x;
  if (centered) {
    mean(x, "mean");
    c = node("Sub", [x, "mean"], "c");
    second = writing.twice ? node("Sub", [x, "mean"], "c.2") : c;
  }
  if (square === "Pow") node("Pow", [second, number("two", writing.exponent ?? scalar(2))], "c2");
  else node("Mul", [second, second], "c2");
  mean("c2", "var");
  node("Add", pair("var", number("eps", writing.epsAs ?? scalar(eps))), "sum");
  let y: string;
  if (root === "Pow −0.5") {
    const r = node("Pow", ["sum", number("power", scalar(-0.5))], "r");
    y = node("Mul", pair(c, r), "quotient");
  } else {
    const sd =
      root === "Pow 0.5" ? node("Pow", ["sum", number("power", scalar(0.5))], "sd") : node("Sqrt", ["sum"], "sd");
    if (root === "Sqrt, Reciprocal") y = node("Mul", pair(c, node("Reciprocal", [sd], "r")), "quotient");
    else if (root === "Sqrt, 1/x")
      y = node("Mul", pair(c, node("Div", [number("one", scalar(1)), sd], "r")), "quotient");
    else y = node("Div", [c, sd], "quotient");
  }
  if (writing.cast) y = node("Cast", [y], "quotient.cast", { to: 1 });
  if (affine !== "none") {
    initializers["h.0.ln_1.weight"] = floats([cols], weight);
    y = node("Mul", pair(y, "h.0.ln_1.weight"), "scaled");
  }
  if (affine === "both") {
    initializers["h.0.ln_1.bias"] = floats([cols], bias);
    y = node("Add", pair(y, "h.0.ln_1.bias"), "shifted");
  }
  node("Identity", [y], "y");
  return {
    opset,
    nodes,
    initializers,
    inputs: { x: { shape: ["n", cols] } },
    outputs: { y: { shape: ["n", cols] } },
  };
}

/** One operator that is a norm, between "x" (and "skip") and "y". */
export function fused(op: string, given: Partial<NodeSpec> & { opset?: number; skip?: boolean } = {}): ModelSpec {
  const { opset = 17, skip = false, ...node } = given;
  const shape = skip ? ["n", "t", cols] : ["n", cols];
  return {
    opset,
    nodes: [{ op, inputs: ["x", "norm.weight", "norm.bias"], outputs: ["y"], ...node }],
    initializers: { "norm.weight": floats([cols], weight), "norm.bias": floats([cols], bias) },
    inputs: { x: { shape }, ...(skip ? { skip: { shape } } : {}) },
    outputs: { y: { shape } },
  };
}

/** TensorFlow's LayerNorm, as tf2onnx writes it: x·r + (bias − mean·r), r with the weight in it. */
export function tensorflowNorm(): ModelSpec {
  const node = (op: string, inputs: string[], output: string, attributes: NodeSpec["attributes"] = {}): NodeSpec => {
    return { op, inputs, outputs: [output], name: `bert/layer_0/LayerNorm/${output}`, attributes };
  };
  return {
    opset: 13,
    nodes: [
      node("ReduceMean", ["x"], "mean", { axes: [-1] }),
      node("Sub", ["x", "mean"], "c"),
      node("Mul", ["c", "c"], "c2"),
      node("ReduceMean", ["c2"], "var", { axes: [-1] }),
      node("Add", ["var", "eps"], "sum"),
      node("Sqrt", ["sum"], "sd"),
      node("Reciprocal", ["sd"], "r"),
      node("Mul", ["r", "bert/layer_0/LayerNorm/gamma:0"], "rw"),
      node("Mul", ["x", "rw"], "xr"),
      node("Mul", ["mean", "rw"], "mr"),
      node("Sub", ["bert/layer_0/LayerNorm/beta:0", "mr"], "rest"),
      node("Add", ["xr", "rest"], "y"),
    ],
    initializers: {
      eps: scalar(1e-12),
      "bert/layer_0/LayerNorm/gamma:0": floats([cols], weight),
      "bert/layer_0/LayerNorm/beta:0": floats([cols], bias),
    },
    inputs: { x: { shape: ["n", cols] } },
    outputs: { y: { shape: ["n", cols] } },
  };
}

export const twos: Record<string, TensorSpec> = Object.fromEntries(
  (["FLOAT", "INT64", "INT32", "DOUBLE"] as TypeName[]).flatMap((type) => [
    [`${type} []`, scalar(2, type)],
    [`${type} [1]`, scalar(2, type, [1])],
    [`${type} [] in the field of its type`, { ...scalar(2, type), as: "typed" }],
  ]),
);
