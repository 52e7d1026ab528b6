/** A graph as norms are looked for in it: who makes a tensor, who reads it, and which tensors are constant. */
import type { Attribute, Graph, Node, TensorProto, ValueInfo } from "./proto.js";
import { numbersOf, sizeOf } from "./tensor.js";

/** Nodes that hand on their first input's values in another shape or type, or under another name. */
const sameValues = new Set(["Identity", "Cast", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Expand"]);

export class GraphView {
  readonly producers = new Map<string, Node>();
  private readonly readers = new Map<string, Node[]>();
  private readonly infos: Map<string, ValueInfo>;
  private readonly outputs: Set<string>;

  /** @param outer the graph around a subgraph, of which it may read tensors */
  constructor(
    readonly graph: Graph,
    readonly outer: GraphView | null = null,
  ) {
    for (const node of graph.nodes) {
      for (const output of node.outputs) if (output !== "") this.producers.set(output, node);
      for (const input of new Set(node.inputs)) {
        const there = this.readers.get(input);
        if (there === undefined) this.readers.set(input, [node]);
        else there.push(node);
      }
    }
    this.infos = new Map(graph.values);
    for (const value of [...graph.inputs, ...graph.outputs]) this.infos.set(value.name, value);
    this.outputs = new Set(graph.outputs.map(({ name }) => name));
  }

  producer(name: string): Node | null {
    return this.producers.get(name) ?? null;
  }

  /** The nodes that read a tensor. Those in subgraphs are not among them. */
  readersOf(name: string): readonly Node[] {
    return this.readers.get(name) ?? [];
  }

  /** The one node that reads a tensor which nobody else gets to see; null where there are others or it is an output. */
  onlyReader(name: string): Node | null {
    const readers = this.readersOf(name);
    return readers.length === 1 && !this.outputs.has(name) ? readers[0] : null;
  }

  isOutput(name: string): boolean {
    return this.outputs.has(name);
  }

  info(name: string): ValueInfo | null {
    return this.infos.get(name) ?? this.outer?.info(name) ?? null;
  }

  /** How many dimensions a tensor has, as far as the file says. */
  rankOf(name: string): number | null {
    const constant = this.constant(name);
    return constant !== null ? constant.dims.length : (this.info(name)?.shape?.length ?? null);
  }

  /** The tensor of an initialiser or of a Constant node; null for what is computed. */
  constant(name: string): TensorProto | null {
    const initializer = this.graph.initializers.get(name);
    if (initializer !== undefined) return initializer;
    const node = this.producer(name);
    if (node === null) return this.outer?.constant(name) ?? null;
    return node.op === "Constant" && node.domain === "" ? constantOf(node) : null;
  }

  /** A tensor of one constant element, in whatever shape and type; through Cast and reshaping. Null for everything else. */
  scalar(name: string): number | null {
    const constant = this.constant(this.throughShapes(name));
    if (constant === null || sizeOf(constant.dims) !== 1) return null;
    return numbersOf(constant)?.[0] ?? null;
  }

  /** A constant vector of integers, such as axes. */
  integers(name: string): number[] | null {
    const constant = this.constant(name);
    return constant === null || sizeOf(constant.dims) > 64 ? null : numbersOf(constant);
  }

  /** Whether nothing that is fed to the model changes a tensor. */
  isConstant(name: string, depth = 0): boolean {
    if (this.constant(name) !== null) return true;
    const node = this.producer(name);
    if (node === null) return this.outer?.isConstant(name) ?? false;
    const real = node.inputs.filter((input) => input !== "");
    return depth < 8 && real.length > 0 && real.every((input) => this.isConstant(input, depth + 1));
  }

  /** The tensor whose values a tensor has in another shape or type. */
  throughShapes(name: string): string {
    for (let node = this.producer(name); node !== null && sameValues.has(node.op); node = this.producer(name)) {
      name = node.inputs[0];
    }
    return name;
  }

  /** The tensor that was cast, where one was. */
  throughCasts(name: string): string {
    for (let node = this.producer(name); node !== null && isCast(node); node = this.producer(name)) {
      name = node.inputs[0];
    }
    return name;
  }
}

export function isCast({ op }: Node): boolean {
  return op === "Cast" || op === "Identity";
}

function constantOf({ attributes }: Node): TensorProto | null {
  const tensor = attributes.get("value")?.tensor;
  if (tensor) return tensor;
  const number = (type: number, values: number[], dims: number[]): TensorProto => {
    return { name: "", dims, type, raw: null, packed: null, values, external: null };
  };
  for (const [name, attribute] of attributes) {
    if (name === "value_float" && attribute.float !== null) return number(1, [attribute.float], []);
    if (name === "value_int" && attribute.int !== null) return number(7, [attribute.int], []);
    if (name === "value_floats") return number(1, attribute.floats, [attribute.floats.length]);
    if (name === "value_ints") return number(7, attribute.ints, [attribute.ints.length]);
  }
  return null;
}

/** An attribute's number; what the operator takes for it where the node does not say. */
export function numberOf(node: Node, name: string, otherwise: number): number {
  const attribute: Attribute | undefined = node.attributes.get(name);
  return attribute?.float ?? attribute?.int ?? otherwise;
}
