/**
 * The model with RMSNorm in the place of LayerNorms. A LayerNorm of elementary operators becomes one when its mean is zero: the
 * mean of x − x is taken instead, and x − 0 = x to the bit. One that is an operator becomes the operator without the mean; the
 * bias, which that does not have, is added after it.
 */
import type { OpenModel } from "./model.js";
import type { FoundNorm } from "./norm.js";
import type { Node } from "./proto.js";
import { type Changes, type NewNode, rewritten } from "./rewrite.js";

/** Whether a norm can be swapped: LayerNorms whose mean nobody else reads can. */
export function isSwappable({ swap }: FoundNorm): boolean {
  return swap.by !== "none";
}

/** @param norms of this model, which can all be swapped */
export function swapped(open: OpenModel, norms: readonly FoundNorm[]): Uint8Array {
  return rewritten(open, swapChanges(norms));
}

export function swapChanges(norms: readonly FoundNorm[]): Changes {
  const replaced = new Map<Node, readonly NewNode[]>();
  for (const { swap, eps } of norms) {
    if (swap.by === "zero mean") replaced.set(swap.mean, withZeroMean(swap.mean));
    else if (swap.by === "operator") replaced.set(swap.node, withoutMean(swap.node, eps));
  }
  return { replaced, opsets: { "com.microsoft": 1 } };
}

function withZeroMean(mean: Node): NewNode[] {
  const [x, ...rest] = mean.inputs;
  const zero = `${mean.outputs[0]}/orthonorm/zero`;
  return [
    { op: "Sub", inputs: [x, x], outputs: [zero] },
    { op: "ReduceMean", inputs: [zero, ...rest], outputs: mean.outputs, like: mean },
  ];
}

function withoutMean(node: Node, eps: number): NewNode[] {
  const [y] = node.outputs;
  const input = (at: number) => node.inputs[at] ?? "";
  if (node.op === "LayerNormalization") {
    const [x, weight, bias = ""] = node.inputs;
    // The attributes that both have: axis, epsilon, stash_type.
    const simplified = { op: "SimplifiedLayerNormalization", inputs: [x, weight], like: node };
    return withBias(simplified, [], y, bias);
  }
  if (node.op === "SkipLayerNormalization") {
    const inputs = [input(0), input(1), input(2), ...(input(4) === "" ? [] : [input(4)])];
    const sum = node.outputs[3] ?? "";
    const simplified = { op: "SkipSimplifiedLayerNormalization", domain: "com.microsoft", inputs, epsilon: eps };
    return withBias(simplified, sum === "" ? [] : ["", "", sum], y, input(3));
  }
  // EmbedLayerNormalization: the node stays, for the sum that it gives out.
  const sum = node.outputs[2] || `${y}/orthonorm/sum`;
  const unused = `${y}/orthonorm/layernorm`;
  const kept = { op: node.op, domain: node.domain, inputs: node.inputs, like: node };
  const simplified = { op: "SimplifiedLayerNormalization", inputs: [sum, input(5)], epsilon: eps };
  return [{ ...kept, outputs: [unused, node.outputs[1] ?? "", sum] }, ...withBias(simplified, [], y, input(6))];
}

function withBias(norm: Omit<NewNode, "outputs">, others: readonly string[], y: string, bias: string): NewNode[] {
  if (bias === "") return [{ ...norm, outputs: [y, ...others] }];
  const scaled = `${y}/orthonorm/scaled`;
  return [
    { ...norm, outputs: [scaled, ...others] },
    { op: "Add", inputs: [scaled, bias], outputs: [y] },
  ];
}
