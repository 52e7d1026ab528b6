/** The element types of ONNX, and the values of a tensor that the file holds. */
import { PbfReader } from "pbf";
import type { TensorProto } from "./proto.js";

/** What ONNX numbers, onnxruntime and safetensors call a type. Types that neither of them has stay out. */
interface ElementType {
  onnx: number;
  name: string;
  runtime: string;
  dtype: string;
  bytes: number;
}

export const elementTypes: readonly ElementType[] = [
  { onnx: 1, name: "FLOAT", runtime: "float32", dtype: "F32", bytes: 4 },
  { onnx: 2, name: "UINT8", runtime: "uint8", dtype: "U8", bytes: 1 },
  { onnx: 3, name: "INT8", runtime: "int8", dtype: "I8", bytes: 1 },
  { onnx: 4, name: "UINT16", runtime: "uint16", dtype: "U16", bytes: 2 },
  { onnx: 5, name: "INT16", runtime: "int16", dtype: "I16", bytes: 2 },
  { onnx: 6, name: "INT32", runtime: "int32", dtype: "I32", bytes: 4 },
  { onnx: 7, name: "INT64", runtime: "int64", dtype: "I64", bytes: 8 },
  { onnx: 9, name: "BOOL", runtime: "bool", dtype: "BOOL", bytes: 1 },
  { onnx: 10, name: "FLOAT16", runtime: "float16", dtype: "F16", bytes: 2 },
  { onnx: 11, name: "DOUBLE", runtime: "float64", dtype: "F64", bytes: 8 },
  { onnx: 12, name: "UINT32", runtime: "uint32", dtype: "U32", bytes: 4 },
  { onnx: 13, name: "UINT64", runtime: "uint64", dtype: "U64", bytes: 8 },
  { onnx: 16, name: "BFLOAT16", runtime: "bfloat16", dtype: "BF16", bytes: 2 },
];

export function typeOf(onnx: number): ElementType | null {
  return elementTypes.find((type) => type.onnx === onnx) ?? null;
}

export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}

/** A tensor's values as little-endian bytes of its type; null where they lie in another file, or are not as many as its shape says. */
export function bytesOf(tensor: TensorProto): Uint8Array | null {
  const type = typeOf(tensor.type);
  if (type === null || tensor.external !== null) return null;
  const bytes = tensor.raw ?? typedBytes(tensor, type);
  return bytes.length === sizeOf(tensor.dims) * type.bytes ? bytes : null;
}

/** A packed field of floats is those floats, little-endian. Integers are varints, halves the integers that their bits are. */
function typedBytes({ packed, values }: TensorProto, { name, bytes }: ElementType): Uint8Array {
  if (packed !== null && (name === "FLOAT" || name === "DOUBLE")) return packed;
  const all = [...values];
  if (packed !== null) {
    const pbf = new PbfReader(packed);
    while (pbf.pos < packed.length) all.push(pbf.readVarint(true));
  }
  const view = new DataView(new ArrayBuffer(all.length * bytes));
  for (const [at, value] of all.entries()) {
    const position = at * bytes;
    if (name === "FLOAT") view.setFloat32(position, value, true);
    else if (name === "DOUBLE") view.setFloat64(position, value, true);
    else if (bytes === 1) view.setUint8(position, value);
    else if (bytes === 2) view.setUint16(position, value, true);
    else if (bytes === 4) view.setUint32(position, value, true);
    else view.setBigUint64(position, BigInt.asUintN(64, BigInt(value)), true);
  }
  return new Uint8Array(view.buffer);
}

/** A tensor's values as numbers; null as `bytesOf`. For the small ones: eps, exponents, axes. */
export function numbersOf(tensor: TensorProto): number[] | null {
  const bytes = bytesOf(tensor);
  if (bytes === null) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = readers[tensor.type];
  if (read === undefined) return null;
  return Array.from({ length: sizeOf(tensor.dims) }, (_, at) => read(view, at));
}

const readers: Record<number, (view: DataView, at: number) => number> = {
  1: (view, at) => view.getFloat32(4 * at, true),
  2: (view, at) => view.getUint8(at),
  3: (view, at) => view.getInt8(at),
  4: (view, at) => view.getUint16(2 * at, true),
  5: (view, at) => view.getInt16(2 * at, true),
  6: (view, at) => view.getInt32(4 * at, true),
  7: (view, at) => Number(view.getBigInt64(8 * at, true)),
  9: (view, at) => view.getUint8(at),
  10: (view, at) => halfOf(view.getUint16(2 * at, true)),
  11: (view, at) => view.getFloat64(8 * at, true),
  12: (view, at) => view.getUint32(4 * at, true),
  13: (view, at) => Number(view.getBigUint64(8 * at, true)),
  16: (view, at) => {
    const float = new DataView(new ArrayBuffer(4));
    float.setUint16(0, view.getUint16(2 * at, true));
    return float.getFloat32(0);
  },
};

function halfOf(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  const sign = bits >> 15 === 0 ? 1 : -1;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}
