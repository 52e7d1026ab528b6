/**
 * The model with the norms' inputs among its outputs. Only tensors that the file itself has are shown, and the model runs at the
 * optimisation level "basic": then no bit of its own outputs changes. At higher levels a sum that is shown cannot be fused, and
 * showing the mean or x − mean half-fuses the norm.
 */
import { GraphView } from "./graph.js";
import type { OpenModel } from "./model.js";
import type { FoundNorm } from "./norm.js";
import type { Node } from "./proto.js";
import { type NewNode, rewritten } from "./rewrite.js";

export interface Tap {
  bytes: Uint8Array;
  /** By norm, the output that is its state. */
  states: Map<FoundNorm, string>;
  /** Weights and biases that the file has not as they are used, but computes from constants: given out by the model too. */
  computed: string[];
}

export function tapped(open: OpenModel, norms: readonly FoundNorm[]): Tap {
  const view = new GraphView(open.graph);
  const states = new Map<FoundNorm, string>();
  const sums = new Map<Node, readonly NewNode[]>();
  for (const norm of norms) {
    const { state } = norm;
    if ("tensor" in state) states.set(norm, state.tensor);
    else {
      const { node, output } = state;
      const sum = `${norm.output}/orthonorm/sum`;
      const outputs = Array.from({ length: output }, (_, at) => node.outputs[at] ?? "");
      sums.set(node, [{ ...node, outputs: [...outputs, sum], like: node }]);
      states.set(norm, sum);
    }
  }
  const parameters = norms.flatMap(({ weight, bias }) => [weight, bias]).filter((name) => name !== null);
  const computed = [...new Set(parameters)].filter((name) => view.constant(name) === null && view.isConstant(name));
  const own = new Set([...open.graph.outputs, ...open.graph.inputs].map(({ name }) => name));
  const shown = new Set([...states.values(), ...computed].filter((name) => !own.has(name)));
  return { bytes: rewritten(open, { outputs: [...shown], replaced: sums }), states, computed };
}
