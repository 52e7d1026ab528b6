/** All norms of a model, in the order of its nodes: fused and decomposed, and those in subgraphs and functions. */
import { decomposedNorm } from "./decomposed.js";
import { fusedNorm, type Unnamed } from "./fused.js";
import { GraphView } from "./graph.js";
import type { FoundNorm, HiddenNorm } from "./norm.js";
import type { Graph, Model, Node } from "./proto.js";

export interface Norms {
  /** The norms whose input can be captured. */
  found: FoundNorm[];
  hidden: HiddenNorm[];
}

export function findNorms(model: Model): Norms {
  const norms: Norms = { found: [], hidden: [] };
  if (model.graph === null) return norms;
  const names = new Set<string>();
  const unique = (name: string) => {
    let one = name;
    for (let count = 2; names.has(one); count++) one = `${name}#${count}`;
    names.add(one);
    return one;
  };
  for (const { node, norm } of normsOf(new GraphView(model.graph))) {
    const name = unique(siteName(norm, node, norms.found.length));
    if ("reason" in norm) norms.hidden.push({ name, ...norm });
    else norms.found.push({ name, ...norm });
  }
  const outer = new GraphView(model.graph);
  for (const node of model.graph.nodes) {
    for (const { norm, inside } of nestedIn(outer, node)) {
      const { kind, written } = norm;
      const reason = `it is in a branch or body of ${inside}, whose tensors a model cannot give out`;
      norms.hidden.push({ name: unique(siteName(norm, node, norms.hidden.length)), kind, written, reason });
    }
  }
  for (const { name, graph } of model.functions) {
    for (const { node, norm } of normsOf(new GraphView(graph))) {
      const { kind, written } = norm;
      const reason = `it is in the function ${name}, whose tensors a model cannot give out`;
      norms.hidden.push({ name: unique(siteName(norm, node, norms.hidden.length)), kind, written, reason });
    }
  }
  return norms;
}

interface Found {
  node: Node;
  norm: Unnamed<FoundNorm> | Unnamed<HiddenNorm>;
}

function normsOf(view: GraphView): Found[] {
  return view.graph.nodes.flatMap((node) => {
    const norm = fusedNorm(view, node) ?? decomposedNorm(view, node);
    return norm === null ? [] : [{ node, norm }];
  });
}

/** The norms in a node's subgraphs, however deep: what If and Loop run. */
function nestedIn(outer: GraphView, node: Node): (Found & { inside: string })[] {
  const graphs: Graph[] = [...node.attributes.values()].flatMap(({ graphs: own }) => own);
  const inside = `${node.op} ${node.name || node.outputs[0]}`;
  return graphs.flatMap((graph) => {
    const view = new GraphView(graph, outer);
    return [
      ...normsOf(view).map((one) => ({ ...one, inside })),
      ...graph.nodes.flatMap((inner) => nestedIn(view, inner)),
    ];
  });
}

/** Endings that name a norm's parameter, and not the norm. */
const parameter = /[._/](weight|gamma|scale|g|w(_0)?)(:0|_quantized)?$/i;
/** Names that exporters make up for what has none: onnx::Mul_123, /layer.0/Constant_output_0, val_12, 42. */
const madeUp =
  /^(onnx::|_?(val|v|t|tmp|const|constant)?_?\d+$)|(^|[/_])(constant|initializer|const_fold|const)(_\w*)?(:0|\/ReadVariableOp.*)?$/i;

/** h.0.ln_1 from the weight h.0.ln_1.weight; else from the node /h.0/ln_1/Sub; else a number. */
function siteName(norm: Unnamed<FoundNorm> | Unnamed<HiddenNorm>, node: Node, at: number): string {
  const weight = "weight" in norm ? (norm.weight ?? "") : "";
  if (weight !== "" && !madeUp.test(weight)) return clean(weight.replace(parameter, ""));
  const scope = node.name.includes("/") ? node.name.replace(/\/[^/]*$/, "") : node.name;
  const named = clean(scope);
  return named === "" ? `norm.${at}` : named;
}

function clean(name: string): string {
  return name.replace(/^\/+/, "").replaceAll("/", ".");
}
