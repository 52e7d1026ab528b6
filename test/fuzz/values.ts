// What the steps of a sequence call beside the package: they are printed with a failure, and can be pasted with it.

import { encode } from "../support/dtypes.js";
import { normals, uniforms } from "../support/random.js";

export const kinds = ["normal", "shifted", "constant", "zeros", "huge", "tiny", "mixed", "ties", "special"] as const;
export type Kind = (typeof kinds)[number];

/** Numbers to fill an array with: each row of 8 is of the kind. */
export function values(kind: Kind, length: number, seed: number): number[] {
  const plain = normals(length, 0, 1, seed);
  const uniform = uniforms(seed + 1);
  const level = 10 ** Math.floor(uniform() * 5);
  switch (kind) {
    case "shifted":
      return Array.from(plain, (x) => x + level);
    case "constant":
      return new Array(length).fill(1.1 * level);
    case "zeros":
      return new Array(length).fill(0);
    case "huge":
      return Array.from(plain, (x) => x * 1e30);
    case "tiny":
      return Array.from(plain, (x) => x * 1e-30);
    case "mixed":
      return Array.from(plain, (x) => (uniform() < 0.2 ? x * 1e4 : uniform() < 0.3 ? 0 : x));
    case "ties": {
      // between two halves, but for the last bits of an f64: who rounds twice takes the wrong one
      const unit = uniform() < 0.5 ? 2 ** -11 : 2 ** -8;
      return Array.from(plain, (x) => 1 + (2 * Math.floor(60 * uniform()) + 1) * unit + Math.sign(x) * 2 ** -40);
    }
    case "special": {
      const one = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0][Math.floor(uniform() * 4)];
      const at = Math.floor(uniform() * length);
      return Array.from(plain, (x, i) => (i === at ? one : x));
    }
    default:
      return Array.from(plain);
  }
}

/** Rows that are orthonormal to within the roundings of whatever holds them: Gram–Schmidt on normal deviates. */
export function orthonormalRows(rows: number, cols: number, seed: number): number[] {
  const all = Array.from({ length: rows }, (_, r) => normals(cols, 0, 1, seed + r));
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  for (const [r, row] of all.entries()) {
    for (let pass = 0; pass < 2; pass++) {
      for (const before of all.slice(0, r)) {
        const along = dot(row, before);
        for (let i = 0; i < cols; i++) row[i] -= along * before[i];
      }
    }
    const size = Math.sqrt(dot(row, row));
    for (let i = 0; i < cols; i++) row[i] /= size;
  }
  return all.flatMap((row) => [...row]);
}

/** A buffer that is full of a pattern: whoever writes beside an array is seen to. */
export function canary(bytes: number, shared = false): ArrayBufferLike {
  const buffer = shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
  new Uint8Array(buffer).forEach((_, i, all) => {
    all[i] = 0xa5 ^ (i * 7);
  });
  return buffer;
}

/** Numbers as an array of an element type, at an offset in a buffer. */
export function array(
  dtype: "f32" | "f64" | "f16" | "bf16",
  buffer: ArrayBufferLike,
  offset: number,
  numbers: readonly number[],
): Float32Array | Float64Array | Uint16Array {
  const elements = encode(dtype, numbers);
  const View = elements.constructor as new (
    buffer: ArrayBufferLike,
    offset: number,
    length: number,
  ) => Float32Array | Float64Array | Uint16Array;
  const made = new View(buffer, offset, elements.length);
  made.set(elements);
  return made;
}
