/** A tensor's numbers in f64, some rows at a time, and back in the element type that the file has: memory does not grow with the tensor. */
import type { StoredTensor } from "@orthonorm/files";
import { convert } from "orthonorm";

/** About so many numbers are in memory at a time. */
const atOnce = 1 << 18;

/** Some rows of a tensor. */
export interface Rows {
  /** The first of them. */
  readonly from: number;
  readonly count: number;
  readonly cols: number;
  /** Row after row; whoever gets it may change it. */
  readonly values: Float64Array<ArrayBuffer>;
}

/** A tensor's rows, in their order. A vector is one row. */
export async function* rowsOf(tensor: StoredTensor): AsyncGenerator<Rows> {
  const { dtype, shape } = tensor;
  const cols = shape[shape.length - 1];
  const rows = shape.length === 1 ? 1 : shape[0];
  const most = Math.max(1, Math.floor(atOnce / cols));
  const reader = await tensor.open();
  try {
    for (let from = 0; from < rows; from += most) {
      const count = Math.min(most, rows - from);
      const bytes = new Uint8Array((tensor.bytes / rows) * count);
      await reader.read(bytes);
      yield { from, count, cols, values: inF64(dtype, bytes.buffer, cols) };
    }
  } finally {
    await reader.close();
  }
}

/** A vector of parameters. */
export async function vectorOf(tensor: StoredTensor): Promise<Float64Array> {
  for await (const { values } of rowsOf(tensor)) return values;
  throw new RangeError(`vectorOf: ${tensor.name} expected a row, got none`);
}

/** The bytes of a tensor as they are. */
export async function* bytesOf(tensor: StoredTensor): AsyncGenerator<Uint8Array> {
  const reader = await tensor.open();
  try {
    for (let done = 0; done < tensor.bytes; ) {
      const bytes = new Uint8Array(Math.min(8 * atOnce, tensor.bytes - done));
      await reader.read(bytes);
      done += bytes.length;
      yield bytes;
    }
  } finally {
    await reader.close();
  }
}

/** Rounded once, to the nearest number of the element type, ties to even. */
export function encoded(dtype: string, { values, cols }: Rows): Uint8Array {
  if (dtype === "F64") return new Uint8Array(values.buffer);
  if (dtype === "F32") return new Uint8Array(new Float32Array(values).buffer);
  const { buffer, byteOffset, byteLength } = convert(values, dtype === "BF16" ? "bf16" : "f16", { cols });
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** From where on a number is rounded to infinity: halfway from the largest to what would be the next one. */
const beyond: Readonly<Record<string, number>> = {
  F64: Number.POSITIVE_INFINITY,
  F32: (2 - 2 ** -24) * 2 ** 127,
  F16: (2 - 2 ** -11) * 2 ** 15,
  BF16: (2 - 2 ** -8) * 2 ** 127,
};

/** The first number that the element type cannot hold; undefined where it can hold all. NaN is NaN in each. */
export function overflowIn(dtype: string, { values }: Rows): number | undefined {
  const most = beyond[dtype];
  return values.find((value) => Math.abs(value) >= most);
}

function inF64(dtype: string, buffer: ArrayBuffer, cols: number): Float64Array<ArrayBuffer> {
  if (dtype === "F64") return new Float64Array(buffer);
  if (dtype === "F32") return new Float64Array(new Float32Array(buffer));
  const values = new Float64Array(buffer.byteLength / 2);
  convert(new Uint16Array(buffer), "f64", { dtype: dtype === "BF16" ? "bf16" : "f16", cols, out: values });
  return values;
}
