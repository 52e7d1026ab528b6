/** A model of one op, or of a chain of the same op, as the bytes of an ONNX file: protobuf, encoded here. */
import type { OpName } from "../ops.js";

type Bytes = number[] | Uint8Array;

export interface ModelOf {
  op: OpName;
  rows: number;
  cols: number;
  eps: number;
  /** The op's operands beside x, by name. */
  inputs: Record<string, Float32Array>;
  /** How many nodes, each on the result of the one before. */
  nodes: number;
}

/** What an op is in ONNX, and the order in which a node takes its inputs. */
export const nodeTypes: Partial<Record<OpName, { type: string; inputs: readonly string[] }>> = {
  layerNorm: { type: "LayerNormalization", inputs: ["weight", "bias"] },
  // onnxruntime has it from before ONNX had RMSNormalization, in the same domain
  rmsNorm: { type: "SimplifiedLayerNormalization", inputs: ["weight"] },
};

/** x in, y out; the inputs are constants of the model, as in a network. */
export function model({ op, rows, cols, eps, inputs, nodes }: ModelOf): Uint8Array {
  const node = nodeTypes[op];
  if (node === undefined) throw new Error(`onnx: op expected one of ${Object.keys(nodeTypes).join(", ")}, got ${op}`);
  const axis = join([text(1, "axis"), number(3, -1), number(20, 2)]);
  const epsilon = join([text(1, "epsilon"), [...key(2, 5), ...bytesOf(Float32Array.of(eps))], number(20, 1)]);
  const name = (i: number) => (i === 0 ? "x" : i === nodes ? "y" : `t${i}`);
  const chain = Array.from({ length: nodes }, (_, i) =>
    field(
      1,
      join([
        ...[name(i), ...node.inputs].map((input) => text(1, input)),
        text(2, name(i + 1)),
        text(4, node.type),
        field(5, axis),
        field(5, epsilon),
      ]),
    ),
  );
  const graph = join([
    ...chain,
    text(2, "norm"),
    ...node.inputs.map((name) => constant(name, [cols], inputs[name])),
    field(11, value("x", [rows, cols])),
    field(12, value("y", [rows, cols])),
  ]);
  return modelOf(graph);
}

/** x·Wᵀ + b as one node, with W [k, cols] and b as constants, which the runtime may arrange as it likes. */
export function gemm(rows: number, cols: number, weight: Float32Array, bias: Float32Array): Uint8Array {
  const k = bias.length;
  const transposed = join([text(1, "transB"), number(3, 1), number(20, 2)]);
  const node = join([
    ...["x", "weight", "bias"].map((input) => text(1, input)),
    text(2, "y"),
    text(4, "Gemm"),
    field(5, transposed),
  ]);
  const graph = join([
    field(1, node),
    text(2, "linear"),
    constant("weight", [k, cols], weight),
    constant("bias", [k], bias),
    field(11, value("x", [rows, cols])),
    field(12, value("y", [rows, k])),
  ]);
  return modelOf(graph);
}

/** A tensor that is part of the graph. */
function constant(called: string, dims: readonly number[], values: Float32Array): Uint8Array {
  const sizes = dims.map((size) => number(1, size));
  return field(5, join([...sizes, number(2, 1), text(8, called), field(9, bytesOf(values))]));
}

/** What goes into the graph, or comes out of it. */
function value(called: string, dims: readonly number[]): Uint8Array {
  const shape = join(dims.map((size) => field(1, number(1, size))));
  return join([text(1, called), field(2, field(1, join([number(1, 1), field(2, shape)])))]);
}

function modelOf(graph: Uint8Array): Uint8Array {
  return join([number(1, 8), field(7, graph), field(8, join([text(1, ""), number(2, 17)]))]);
}

// protobuf: a key, field · 8 + wire type, and a varint (0), something with its length before it (2), or four bytes (5)

function varint(value: number): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

const key = (field: number, wire: number) => varint(field * 8 + wire);
const number = (at: number, value: number) => [...key(at, 0), ...varint(value)];
const field = (at: number, content: Bytes) => join([key(at, 2), varint(content.length), content]);
const text = (at: number, value: string) => field(at, new TextEncoder().encode(value));
const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

function join(parts: readonly Bytes[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
