/**
 * The parts of an ONNX file that matter here: graph, nodes, attributes, and where tensors lie. Weights are not copied: a tensor
 * is a view of the file's bytes. Every node knows its range of bytes, so that rewrite.ts can put another in its place.
 *
 * Field numbers: onnx.proto of ONNX 1.20. Fields that are not named here are skipped.
 */
import type { PbfReader } from "pbf";

export interface Model {
  irVersion: number;
  producer: string;
  /** Versions of operator sets, by their domain; "" is ONNX's own. */
  opsets: Map<string, number>;
  graph: Graph | null;
  /** Bytes of the graph's fields: from the first up to the last. Null where the file has no graph, or has it in pieces. */
  body: Range | null;
  functions: FunctionBody[];
}

export interface Range {
  start: number;
  end: number;
}

export interface Graph {
  nodes: Node[];
  initializers: Map<string, TensorProto>;
  inputs: ValueInfo[];
  outputs: ValueInfo[];
  /** What the file says of tensors between nodes. */
  values: Map<string, ValueInfo>;
}

export interface FunctionBody {
  name: string;
  domain: string;
  graph: Graph;
}

export interface Node {
  op: string;
  domain: string;
  name: string;
  inputs: string[];
  outputs: string[];
  attributes: Map<string, Attribute>;
  /** Bytes of each attribute's message, so that a node can be written anew with all of them. */
  attributeRanges: Range[];
  /** Bytes of the field, its tag and length among them. */
  range: Range;
}

export interface Attribute {
  name: string;
  float: number | null;
  int: number | null;
  text: Uint8Array | null;
  tensor: TensorProto | null;
  floats: number[];
  ints: number[];
  graphs: Graph[];
}

export interface ValueInfo {
  name: string;
  /** A number of tensor.ts; null where the file gives none, or the value is no tensor. */
  type: number | null;
  /** Sizes: a number, the name of a symbolic one, or null. Null as a whole where not even the rank is known. */
  shape: (number | string | null)[] | null;
}

export interface TensorProto {
  name: string;
  dims: number[];
  type: number;
  /** The values as little-endian bytes, or as the packed field of their type, or one by one. */
  raw: Uint8Array | null;
  packed: Uint8Array | null;
  values: number[];
  /** Of a tensor in a file beside the model: location, offset, length. */
  external: Map<string, string> | null;
}

/** What the bytes of a file break of the format. */
export class Malformed extends Error {}

/** @throws Malformed where the bytes are no protobuf of this kind */
export function readModel(pbf: PbfReader): Model {
  const model: Model = {
    irVersion: 0,
    producer: "",
    opsets: new Map(),
    graph: null,
    body: null,
    functions: [],
  };
  try {
    pbf.readFields(modelField, model);
  } catch (error) {
    if (error instanceof Malformed) throw error;
    // pbf's own errors, and what comes of numbers that lead out of the file
    throw new Malformed((error as Error).message);
  }
  if (pbf.pos !== pbf.length) throw new Malformed("bytes that end early");
  return model;
}

function modelField(field: number, model: Model, pbf: PbfReader): void {
  if (field === 1) model.irVersion = pbf.readVarint();
  else if (field === 2) model.producer = pbf.readString();
  else if (field === 7) {
    const inOnePiece = model.graph === null;
    const start = startOfMessage(pbf);
    model.graph = message(pbf, graphField, model.graph ?? emptyGraph());
    // Pieces of a message are merged. Such a file can be read, and not be rewritten in place.
    model.body = inOnePiece ? { start, end: pbf.pos } : null;
  } else if (field === 8) {
    const { domain, version } = message(pbf, opsetField, { domain: "", version: 0 });
    model.opsets.set(domain === "ai.onnx" ? "" : domain, version);
  } else if (field === 25) model.functions.push(message(pbf, functionField, emptyFunction()));
}

/** Reads a message inside another, and holds its length against the bytes that are there. */
function message<T>(pbf: PbfReader, field: (field: number, into: T, pbf: PbfReader) => void, into: T): T {
  const length = pbf.readVarint();
  const end = pbf.pos + length;
  if (!(end <= pbf.length)) throw new Malformed("bytes that end early");
  pbf.readFields(field, into, end);
  if (pbf.pos !== end) throw new Malformed("a message that is longer than it says");
  return into;
}

/** Where the bytes of the message begin that is to be read, after its length. */
function startOfMessage(pbf: PbfReader): number {
  const at = pbf.pos;
  pbf.readVarint();
  const start = pbf.pos;
  pbf.pos = at;
  return start;
}

function emptyGraph(): Graph {
  return { nodes: [], initializers: new Map(), inputs: [], outputs: [], values: new Map() };
}

function graphField(field: number, graph: Graph, pbf: PbfReader): void {
  if (field === 1) graph.nodes.push(readNode(pbf));
  else if (field === 5) {
    const tensor = message(pbf, tensorField, emptyTensor());
    graph.initializers.set(tensor.name, tensor);
  } else if (field === 11) graph.inputs.push(message(pbf, valueField, emptyValue()));
  else if (field === 12) graph.outputs.push(message(pbf, valueField, emptyValue()));
  else if (field === 13) {
    const value = message(pbf, valueField, emptyValue());
    graph.values.set(value.name, value);
  }
}

function emptyFunction(): FunctionBody {
  return { name: "", domain: "", graph: emptyGraph() };
}

function functionField(field: number, body: FunctionBody, pbf: PbfReader): void {
  if (field === 1) body.name = pbf.readString();
  else if (field === 10) body.domain = pbf.readString();
  else if (field === 7) body.graph.nodes.push(readNode(pbf));
}

/** Nodes are told by a tag of one byte: their field is number 1 in a graph and number 7 in a function. */
function readNode(pbf: PbfReader): Node {
  const start = pbf.pos - 1;
  const node = message(pbf, nodeField, {
    op: "",
    domain: "",
    name: "",
    inputs: [],
    outputs: [],
    attributes: new Map(),
    attributeRanges: [],
    range: { start, end: 0 },
  } as Node);
  node.range.end = pbf.pos;
  return node;
}

function nodeField(field: number, node: Node, pbf: PbfReader): void {
  if (field === 1) node.inputs.push(pbf.readString());
  else if (field === 2) node.outputs.push(pbf.readString());
  else if (field === 3) node.name = pbf.readString();
  else if (field === 4) node.op = pbf.readString();
  else if (field === 5) {
    const start = startOfMessage(pbf);
    const attribute = message(pbf, attributeField, emptyAttribute());
    node.attributeRanges.push({ start, end: pbf.pos });
    node.attributes.set(attribute.name, attribute);
  } else if (field === 7) {
    const domain = pbf.readString();
    node.domain = domain === "ai.onnx" ? "" : domain;
  }
}

function emptyAttribute(): Attribute {
  return { name: "", float: null, int: null, text: null, tensor: null, floats: [], ints: [], graphs: [] };
}

function attributeField(field: number, attribute: Attribute, pbf: PbfReader): void {
  if (field === 1) attribute.name = pbf.readString();
  else if (field === 2) attribute.float = pbf.readFloat();
  else if (field === 3) attribute.int = pbf.readVarint(true);
  else if (field === 4) attribute.text = pbf.readBytes();
  else if (field === 5) attribute.tensor = message(pbf, tensorField, emptyTensor());
  else if (field === 6 || field === 11) attribute.graphs.push(message(pbf, graphField, emptyGraph()));
  else if (field === 7) repeated(pbf, attribute.floats, () => pbf.readFloat());
  else if (field === 8) repeated(pbf, attribute.ints, () => pbf.readVarint(true));
}

/** Numbers that are packed in one field, as protobuf 3 writes them, or have a field each. */
function repeated(pbf: PbfReader, into: number[], read: () => number): void {
  if (pbf.type !== lengthDelimited) {
    into.push(read());
    return;
  }
  const length = pbf.readVarint();
  const end = pbf.pos + length;
  if (!(end <= pbf.length)) throw new Malformed("bytes that end early");
  while (pbf.pos < end) into.push(read());
}

const lengthDelimited = 2;

function emptyValue(): ValueInfo {
  return { name: "", type: null, shape: null };
}

function valueField(field: number, value: ValueInfo, pbf: PbfReader): void {
  if (field === 1) value.name = pbf.readString();
  else if (field === 2) message(pbf, typeField, value);
}

function typeField(field: number, value: ValueInfo, pbf: PbfReader): void {
  if (field === 1) message(pbf, tensorTypeField, value);
}

function tensorTypeField(field: number, value: ValueInfo, pbf: PbfReader): void {
  if (field === 1) value.type = pbf.readVarint();
  else if (field === 2) value.shape = message(pbf, shapeField, [] as (number | string | null)[]);
}

function shapeField(field: number, shape: (number | string | null)[], pbf: PbfReader): void {
  if (field === 1) shape.push(message(pbf, sizeField, { size: null as number | string | null }).size);
}

function sizeField(field: number, into: { size: number | string | null }, pbf: PbfReader): void {
  if (field === 1) {
    const size = pbf.readVarint(true);
    // Some exporters write −1 or 0 for a size that is not known.
    into.size = size > 0 ? size : null;
  } else if (field === 2) into.size = pbf.readString();
}

function emptyTensor(): TensorProto {
  return { name: "", dims: [], type: 0, raw: null, packed: null, values: [], external: null };
}

function tensorField(field: number, tensor: TensorProto, pbf: PbfReader): void {
  if (field === 1) repeated(pbf, tensor.dims, () => pbf.readVarint(true));
  else if (field === 2) tensor.type = pbf.readVarint();
  else if (field === 8) tensor.name = pbf.readString();
  else if (field === 9) tensor.raw = pbf.readBytes();
  else if (field === 4 || field === 5 || field === 7 || field === 10 || field === 11) {
    if (pbf.type === lengthDelimited) tensor.packed = pbf.readBytes();
    else if (field === 4) tensor.values.push(pbf.readFloat());
    else if (field === 10) tensor.values.push(pbf.readDouble());
    else tensor.values.push(pbf.readVarint(true));
  } else if (field === 13) {
    tensor.external ??= new Map();
    const { key, value } = message(pbf, entryField, { key: "", value: "" });
    tensor.external.set(key, value);
  }
}

function entryField(field: number, entry: { key: string; value: string }, pbf: PbfReader): void {
  if (field === 1) entry.key = pbf.readString();
  else if (field === 2) entry.value = pbf.readString();
}

function opsetField(field: number, opset: { domain: string; version: number }, pbf: PbfReader): void {
  if (field === 1) opset.domain = pbf.readString();
  else if (field === 2) opset.version = pbf.readVarint(true);
}
