/**
 * ONNX models as bytes, for tests: what an exporter would write, field by field, without an exporter.
 *
 * Field numbers are those of onnx.proto. What reads models (onnx/src) has its own list of them, so that an error in one is seen.
 */
import { PbfWriter } from "pbf";

export const types = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  INT32: 6,
  INT64: 7,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  BFLOAT16: 16,
};
export type TypeName = keyof typeof types;

export interface TensorSpec {
  type?: TypeName;
  dims: number[];
  data: readonly number[];
  /** How the values are stored: as bytes, in the field of their type, or in a file beside the model. */
  as?: "raw" | "typed" | { location: string; offset?: number };
}

export type AttributeSpec =
  | number
  | string
  | number[]
  | { float: number }
  | { tensor: TensorSpec }
  | { graph: GraphSpec };

export interface NodeSpec {
  op: string;
  inputs?: string[];
  outputs: string[];
  name?: string;
  domain?: string;
  attributes?: Record<string, AttributeSpec>;
}

export interface ValueSpec {
  type?: TypeName;
  /** A name is a symbolic size, null one that is left open. */
  shape?: (number | string | null)[];
}

export interface GraphSpec {
  nodes: NodeSpec[];
  initializers?: Record<string, TensorSpec>;
  inputs?: Record<string, ValueSpec>;
  outputs: Record<string, ValueSpec>;
  values?: Record<string, ValueSpec>;
}

export interface ModelSpec extends GraphSpec {
  opset?: number;
  functions?: { name: string; domain: string; inputs: string[]; outputs: string[]; nodes: NodeSpec[] }[];
}

/** An f32 tensor. */
export function floats(dims: number[], data: readonly number[]): TensorSpec {
  return { dims, data };
}

/** A rank 0 tensor, as exporters write eps and exponents. */
export function scalar(value: number, type: TypeName = "FLOAT", dims: number[] = []): TensorSpec {
  return { type, dims, data: [value] };
}

export function modelBytes({ opset = 17, functions = [], ...graph }: ModelSpec): Uint8Array<ArrayBuffer> {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, 9);
  pbf.writeStringField(2, "orthonorm tests");
  pbf.writeMessage(7, writeGraph, graph);
  for (const [domain, version] of [
    ["", opset],
    ["com.microsoft", 1],
    ...functions.map((one) => [one.domain, 1] as const),
  ] as const) {
    pbf.writeMessage(
      8,
      (_, p) => {
        if (domain !== "") p.writeStringField(1, domain);
        p.writeVarintField(2, version);
      },
      null,
    );
  }
  for (const one of functions) {
    pbf.writeMessage(
      25,
      (_, p) => {
        p.writeStringField(1, one.name);
        for (const input of one.inputs) p.writeStringField(4, input);
        for (const output of one.outputs) p.writeStringField(5, output);
        for (const node of one.nodes) p.writeMessage(7, writeNode, node);
        p.writeMessage(9, (_none, q) => q.writeVarintField(2, opset), null);
        p.writeStringField(10, one.domain);
      },
      null,
    );
  }
  return new Uint8Array(pbf.finish());
}

function writeGraph({ nodes, initializers = {}, inputs = {}, outputs, values = {} }: GraphSpec, pbf: PbfWriter): void {
  for (const node of nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, "test");
  for (const [name, tensor] of Object.entries(initializers)) pbf.writeMessage(5, writeTensor, { name, ...tensor });
  for (const [name, value] of Object.entries(inputs)) pbf.writeMessage(11, writeValue, { name, ...value });
  for (const [name, value] of Object.entries(outputs)) pbf.writeMessage(12, writeValue, { name, ...value });
  for (const [name, value] of Object.entries(values)) pbf.writeMessage(13, writeValue, { name, ...value });
}

function writeNode({ op, inputs = [], outputs, name, domain, attributes = {} }: NodeSpec, pbf: PbfWriter): void {
  for (const input of inputs) pbf.writeStringField(1, input);
  for (const output of outputs) pbf.writeStringField(2, output);
  if (name !== undefined) pbf.writeStringField(3, name);
  pbf.writeStringField(4, op);
  for (const [key, value] of Object.entries(attributes)) pbf.writeMessage(5, writeAttribute, [key, value] as const);
  if (domain !== undefined) pbf.writeStringField(7, domain);
}

function writeAttribute([name, value]: readonly [string, AttributeSpec], pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  const kind = (type: number) => pbf.writeVarintField(20, type);
  if (typeof value === "number") {
    pbf.writeVarintField(3, value);
    kind(2);
  } else if (typeof value === "string") {
    pbf.writeStringField(4, value);
    kind(3);
  } else if (Array.isArray(value)) {
    // unpacked, as protobuf 2 writes them and exporters do
    for (const one of value) pbf.writeVarintField(8, one);
    kind(7);
  } else if ("float" in value) {
    pbf.writeFloatField(2, value.float);
    kind(1);
  } else if ("tensor" in value) {
    pbf.writeMessage(5, writeTensor, { name: "", ...value.tensor });
    kind(4);
  } else {
    pbf.writeMessage(6, writeGraph, value.graph);
    kind(5);
  }
}

function writeTensor({ name, type = "FLOAT", dims, data, as = "raw" }: TensorSpec & { name: string }, pbf: PbfWriter) {
  for (const size of dims) pbf.writeVarintField(1, size);
  pbf.writeVarintField(2, types[type]);
  if (name !== "") pbf.writeStringField(8, name);
  if (as === "raw") {
    pbf.writeBytesField(9, rawBytes(type, data));
  } else if (as === "typed") {
    if (type === "FLOAT") pbf.writePackedFloat(4, [...data]);
    else if (type === "DOUBLE") pbf.writePackedDouble(10, [...data]);
    else if (type === "INT64") pbf.writePackedVarint(7, [...data]);
    else pbf.writePackedVarint(5, [...data]);
  } else {
    const { location, offset = 0 } = as;
    const length = rawBytes(type, data).length;
    for (const [key, value] of Object.entries({ location, offset, length })) {
      pbf.writeMessage(
        13,
        (_, p) => {
          p.writeStringField(1, key);
          p.writeStringField(2, String(value));
        },
        null,
      );
    }
    pbf.writeVarintField(14, 1);
  }
}

/** Values as little-endian bytes. Those of FLOAT16 and BFLOAT16 are given as bits. */
export function rawBytes(type: TypeName, data: readonly number[]): Uint8Array {
  const arrays = {
    FLOAT: Float32Array,
    UINT8: Uint8Array,
    INT8: Int8Array,
    INT32: Int32Array,
    BOOL: Uint8Array,
    FLOAT16: Uint16Array,
    DOUBLE: Float64Array,
    BFLOAT16: Uint16Array,
  };
  if (type === "INT64") return new Uint8Array(BigInt64Array.from(data, BigInt).buffer);
  return new Uint8Array(new arrays[type](data).buffer);
}

function writeValue({ name, type = "FLOAT", shape }: ValueSpec & { name: string }, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  const writeSize = (size: number | string | null, p: PbfWriter) => {
    if (typeof size === "number") p.writeVarintField(1, size);
    else if (size !== null) p.writeStringField(2, size);
  };
  const writeShape = (_: null, p: PbfWriter) => {
    for (const size of shape ?? []) p.writeMessage(1, writeSize, size);
  };
  const writeTensorType = (_: null, p: PbfWriter) => {
    p.writeVarintField(1, types[type]);
    if (shape !== undefined) p.writeMessage(2, writeShape, null);
  };
  pbf.writeMessage(2, (_, p) => p.writeMessage(1, writeTensorType, null), null);
}
