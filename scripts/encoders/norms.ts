/** The LayerNorms of an ONNX graph as exporters write them: ReduceMean, Sub, Pow, ReduceMean, Add, Sqrt, Div, Mul, Add. */
interface Node {
  opType: string;
  input: string[];
  output: string[];
  attribute: { t?: { rawData: Uint8Array; floatData: number[] } }[];
}
interface Model {
  graph: { node: Node[]; output: unknown[] };
}
export interface Proto {
  onnx: {
    ModelProto: { decode(bytes: Uint8Array): Model; encode(model: object): { finish(): Uint8Array } };
  };
}

export interface Norm {
  /** The name of the tensor that it normalises. */
  input: string;
  eps: number;
}

export function findNorms({ onnx }: Proto, bytes: Uint8Array): Norm[] {
  const { node } = onnx.ModelProto.decode(bytes).graph;
  const readers = (name: string, opType: string) =>
    node.find((one) => one.opType === opType && one.input.includes(name));
  const norms: Norm[] = [];
  for (const sub of node.filter(({ opType }) => opType === "Sub")) {
    const mean = node.find(({ output }) => output[0] === sub.input[1]);
    if (mean?.opType !== "ReduceMean" || mean.input[0] !== sub.input[0]) continue;
    const variance = readers(readers(sub.output[0], "Pow")?.output[0] ?? "", "ReduceMean");
    const add = readers(variance?.output[0] ?? "", "Add");
    const eps = node.find(({ opType, output }) => opType === "Constant" && output[0] === add?.input[1])?.attribute[0].t;
    if (eps === undefined) continue;
    const value =
      eps.rawData.length === 4
        ? new DataView(eps.rawData.buffer, eps.rawData.byteOffset).getFloat32(0, true)
        : eps.floatData[0];
    norms.push({ input: sub.input[0], eps: Number(value.toPrecision(6)) });
  }
  return norms;
}

/** The model with these tensors as further outputs: protobufs that are laid end to end merge. */
export function exposing({ onnx }: Proto, bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const output = names.map((name) => ({ name, type: { tensorType: { elemType: 1 } } }));
  return Buffer.concat([bytes, onnx.ModelProto.encode({ graph: { output } }).finish()]);
}
