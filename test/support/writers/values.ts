/** The arrays that every writer of the corpus is given: multiples of a half around zero, which all float types have exactly. */
import { encode } from "../dtypes.js";
import { inFortranOrder, reversed } from "../tensor-files.js";

export type FloatType = "f16" | "bf16" | "f32" | "f64";

const bytesOf: Readonly<Record<FloatType, number>> = { f16: 2, bf16: 2, f32: 4, f64: 8 };

export interface Layout {
  fortran?: boolean;
  bigEndian?: boolean;
}

/** 0 for one element, -0.5 and 0.5 for two, -1, 0 and 1 for three, and so on. */
export function valuesOf(shape: readonly number[]): number[] {
  const length = shape.reduce((all, size) => all * size, 1);
  return Array.from({ length }, (_, i) => i - (length - 1) / 2);
}

/** The same as bytes, in the order that a writer has them in memory. */
export function floats(type: FloatType, shape: readonly number[], { fortran, bigEndian }: Layout = {}): Buffer {
  const rowMajor = Buffer.from(typed(type, valuesOf(shape)));
  const ordered = fortran ? inFortranOrder(rowMajor, shape) : rowMajor;
  return bigEndian ? reversed(ordered, bytesOf[type]) : ordered;
}

function typed(type: FloatType, values: number[]): ArrayBuffer {
  if (type === "f32" || type === "f64") return encode(type, values).buffer;
  return encode(type, values).buffer;
}
