/**
 * What an ONNX graph says of its LayerNorms, as exporters write them: ReduceMean, Sub, Pow, ReduceMean, Add, Sqrt, Div, Mul, Add. The
 * graph is decoded by onnx-proto, which is installed beside the models and has no types here.
 */
interface Constant {
  dims: readonly (number | { toString(): string })[];
  rawData: Uint8Array;
  floatData: number[];
}

interface Node {
  opType: string;
  input: string[];
  output: string[];
  attribute: { t?: Constant }[];
}

interface Model {
  graph: { node: Node[]; initializer: (Constant & { name: string })[] };
}

export interface Proto {
  onnx: { ModelProto: { decode(bytes: Uint8Array): Model; encode(model: object): { finish(): Uint8Array } } };
}

/** ONNX's number of the element type f32. */
const float = 1;

export interface Norm {
  /** The name of the tensor that it normalises. */
  input: string;
  eps: number;
  /** Where a linear layer (Gemm) makes that tensor: its weight, a row of `cols` elements for each of its inputs; else null. */
  weight: { cols: number; data: Float32Array<ArrayBuffer> } | null;
}

export function findNorms({ onnx }: Proto, bytes: Uint8Array): Norm[] {
  const { node, initializer } = onnx.ModelProto.decode(bytes).graph;
  const reader = (name: string | undefined, opType: string) =>
    node.find((one) => one.opType === opType && name !== undefined && one.input.includes(name));
  const constant = (name: string | undefined) =>
    initializer.find((one) => one.name === name) ??
    node.find(({ opType, output }) => opType === "Constant" && output[0] === name)?.attribute[0].t;

  return centerings(node).flatMap((sub) => {
    const squares = reader(sub.output[0], "Pow");
    const variance = reader(squares?.output[0], "ReduceMean");
    const eps = constant(reader(variance?.output[0], "Add")?.input[1]);
    if (eps === undefined) return [];
    const writer = node.find(({ opType, output }) => opType === "Gemm" && output[0] === sub.input[0]);
    const weight = constant(writer?.input[1]);
    // an f32 has seven digits: 1e-5 is not 0.000009999999747
    const norm = { input: sub.input[0], eps: Number(floats(eps)[0].toPrecision(7)) };
    return [{ ...norm, weight: weight === undefined ? null : transposed(weight) }];
  });
}

/** The nodes that subtract from a tensor its own mean. */
function centerings(node: readonly Node[]): Node[] {
  return node.filter(({ opType, input }) => {
    const mean = node.find(({ output }) => output[0] === input[1]);
    return opType === "Sub" && mean?.opType === "ReduceMean" && mean.input[0] === input[0];
  });
}

/** The model with these tensors as further outputs: protobufs that are laid end to end merge. */
export function exposing({ onnx }: Proto, bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const output = names.map((name) => ({ name, type: { tensorType: { elemType: float } } }));
  return Buffer.concat([bytes, onnx.ModelProto.encode({ graph: { output } }).finish()]);
}

/** The model with RMSNorm in the place of each LayerNorm, weight, bias and eps as they are: what was the mean is zero. */
export function withRmsNorms({ onnx }: Proto, bytes: Uint8Array): Uint8Array {
  const model = onnx.ModelProto.decode(bytes);
  const zero = "orthonorm.zero";
  for (const sub of centerings(model.graph.node)) sub.input[1] = zero;
  const initializer = [{ name: zero, dims: [], dataType: float, floatData: [0] }];
  return Buffer.concat([
    onnx.ModelProto.encode(model).finish(),
    onnx.ModelProto.encode({ graph: { initializer } }).finish(),
  ]);
}

function floats({ rawData, floatData }: Constant): Float32Array<ArrayBuffer> {
  return rawData.length > 0 ? new Float32Array(Uint8Array.from(rawData).buffer) : Float32Array.from(floatData);
}

/** A weight [out, in], as PyTorch's exporter writes it, by its inputs. */
function transposed(weight: Constant): NonNullable<Norm["weight"]> {
  const [cols, rows] = weight.dims.map(Number);
  const data = floats(weight);
  return { cols, data: data.map((_, at) => data[(at % cols) * rows + Math.floor(at / cols)]) };
}
