/** Norms that are one operator: ONNX's own and those that onnxruntime's optimisers write. */
import { type GraphView, numberOf } from "./graph.js";
import { type FoundNorm, type HiddenNorm, type NormKind, type State, shortest } from "./norm.js";
import type { Node } from "./proto.js";
import { sizeOf } from "./tensor.js";

interface FusedOp {
  kind: NormKind;
  /** Positions among the node's inputs. The state is one of them, or the sum that the node forms and can give out. */
  state: { input: number } | { sum: number };
  weight: number;
  bias?: number;
  eps: number;
  hidden?: string;
}

/**
 * In the domains "" and com.microsoft. Sources: onnx Operators (LayerNormalization 17, RMSNormalization 23), the schemas in
 * onnxruntime 1.30. Left out are norms inside operators that take their weights as options: MatMulNBitsQkv, MatMulNBitsMlp,
 * GroupQueryAttention.
 */
const fusedOps: Readonly<Record<string, FusedOp>> = {
  LayerNormalization: { kind: "LayerNorm", state: { input: 0 }, weight: 1, bias: 2, eps: 1e-5 },
  SimplifiedLayerNormalization: { kind: "RMSNorm", state: { input: 0 }, weight: 1, eps: 1e-5 },
  RMSNormalization: { kind: "RMSNorm", state: { input: 0 }, weight: 1, eps: 1e-5 },
  GatedRMSNorm: { kind: "RMSNorm", state: { input: 0 }, weight: 1, eps: 1e-5 },
  SkipLayerNormalization: { kind: "LayerNorm", state: { sum: 3 }, weight: 2, bias: 3, eps: 1e-12 },
  SkipSimplifiedLayerNormalization: { kind: "RMSNorm", state: { sum: 3 }, weight: 2, eps: 1e-12 },
  EmbedLayerNormalization: { kind: "LayerNorm", state: { sum: 2 }, weight: 5, bias: 6, eps: 1e-12 },
  QEmbedLayerNormalization: {
    kind: "LayerNorm",
    state: { sum: 2 },
    weight: 5,
    bias: 6,
    eps: 1e-12,
    hidden: "QEmbedLayerNormalization does not give out the sum that it normalises",
  },
  QOrderedLayerNormalization: {
    kind: "LayerNorm",
    state: { input: 0 },
    weight: 2,
    bias: 3,
    eps: 1e-5,
    hidden: "the input of QOrderedLayerNormalization is int8 on a scale of its own",
  },
};

export type Unnamed<T> = Omit<T, "name">;

/** The norm that a node is; null where it is none. */
export function fusedNorm(view: GraphView, node: Node): Unnamed<FoundNorm> | Unnamed<HiddenNorm> | null {
  if (node.domain !== "" && node.domain !== "com.microsoft") return null;
  if (node.op === "MeanVarianceNormalization") return meanVariance(view, node);
  const op = Object.hasOwn(fusedOps, node.op) ? fusedOps[node.op] : undefined;
  if (op === undefined) return null;
  const { kind } = op;
  if (op.hidden !== undefined) return { kind, written: node.op, reason: op.hidden };
  const weight = inputOf(node, op.weight);
  const scale = weight === null ? null : view.constant(view.throughCasts(weight));
  const found: Unnamed<FoundNorm> = {
    kind,
    written: node.op,
    state: stateOf(node, op.state),
    output: node.outputs[0],
    weight,
    bias: op.bias === undefined ? null : inputOf(node, op.bias),
    eps: shortest(numberOf(node, "epsilon", op.eps)),
    axis: numberOf(node, "axis", -1),
    throughLast: true,
    cols: scale === null ? null : sizeOf(scale.dims),
    swap: swapOf(node, kind),
  };
  return secondHalf(view, found) ?? found;
}

function inputOf({ inputs }: Node, at: number): string | null {
  return inputs[at] === undefined || inputs[at] === "" ? null : inputs[at];
}

function stateOf(node: Node, state: FusedOp["state"]): State {
  if ("input" in state) return { tensor: node.inputs[state.input] };
  const sum = node.outputs[state.sum] ?? "";
  return sum !== "" ? { tensor: sum } : { node, output: state.sum };
}

function swapOf(node: Node, kind: NormKind): FoundNorm["swap"] {
  if (kind === "RMSNorm") return { by: "none", reason: "it is RMSNorm already" };
  const saved = node.op === "EmbedLayerNormalization" ? [] : node.outputs.slice(1, 3).filter((name) => name !== "");
  if (saved.length > 0) return { by: "none", reason: "its mean or its inverse deviation is read elsewhere" };
  return { by: "operator", node };
}

/**
 * onnxruntime fuses some LayerNorms in part: Sub(x, ReduceMean(x)) stays and SimplifiedLayerNormalization follows. Its input lies
 * at 90° to the uniform vector by construction, and says nothing; the norm is a LayerNorm and its input is x.
 */
function secondHalf(view: GraphView, found: Unnamed<FoundNorm>): Unnamed<FoundNorm> | null {
  if (found.kind !== "RMSNorm" || !("tensor" in found.state)) return null;
  const centered = centeredBy(view, found.state.tensor);
  if (centered === null || !isLast(view, centered.x, centered.axes)) return null;
  const { x, mean } = centered;
  return {
    ...found,
    kind: "LayerNorm",
    written: `ReduceMean, Sub, ${found.written}`,
    state: { tensor: x },
    swap: { by: "zero mean", mean },
  };
}

/** LayerNorm without weight, bias and eps where its axes say so. Source: onnx Operators, MeanVarianceNormalization 13. */
function meanVariance(view: GraphView, node: Node): Unnamed<FoundNorm> | null {
  const axes = node.attributes.get("axes")?.ints ?? [];
  const [x] = node.inputs;
  if (!isLast(view, x, axes)) return null;
  return {
    kind: "LayerNorm",
    written: node.op,
    state: { tensor: x },
    output: node.outputs[0],
    weight: null,
    bias: null,
    eps: 0,
    axis: -1,
    throughLast: true,
    cols: null,
    swap: { by: "none", reason: "MeanVarianceNormalization has no counterpart without the mean" },
  };
}

function isLast(view: GraphView, x: string, axes: readonly number[] | null): boolean {
  if (axes === null || axes.length !== 1) return false;
  const rank = view.rankOf(x);
  return axes[0] === -1 || (rank !== null && axes[0] === rank - 1);
}

/** The axes of a reduction: an attribute, or from opset 18 on an input. Null where they are computed or all. */
export function axesOf(view: GraphView, node: Node): number[] | null {
  const given = node.attributes.get("axes")?.ints;
  if (given !== undefined) return given;
  const input = inputOf(node, 1);
  return input === null ? null : view.integers(input);
}

/** x and its mean where a tensor is Sub(x, ReduceMean(x)); through casts. */
export function centeredBy(view: GraphView, name: string): { x: string; mean: Node; axes: number[] | null } | null {
  const sub = view.producer(view.throughCasts(name));
  if (sub?.op !== "Sub") return null;
  const [x, average] = sub.inputs;
  const mean = view.producer(view.throughCasts(average));
  if (mean?.op !== "ReduceMean") return null;
  if (view.throughCasts(mean.inputs[0]) !== view.throughCasts(x)) return null;
  return { x, mean, axes: axesOf(view, mean) };
}
