// What whole numbers of 8 bits must be, and `linear` by them.

import type { Quantized } from "orthonorm";
import * as reference from "orthonorm/reference";
import { promise, within } from "./within.js";

/** The least that a scale's largest element may be. */
const floor = 2 ** -100;

/** What the kernel does, in its own f32 steps. */
export function quantizedExactly(x: Float64Array, cols: number, groupSize: number) {
  const values = new Int8Array(x.length);
  const scales: number[] = [];
  for (let start = 0; start < x.length; start += cols) {
    for (let first = 0; first < cols; first += groupSize) {
      const group = x.subarray(start + first, start + Math.min(first + groupSize, cols));
      const most = Math.max(floor, ...group.map(Math.abs));
      scales.push(Math.fround(most / 127));
      const inverse = Math.fround(127 / most);
      values.set(
        group.map((value) => Number(nearest(Math.fround(value * inverse)))),
        start + first,
      );
    }
  }
  return { values, scales: Float32Array.from(scales) };
}

function nearest(x: number): number {
  const rest = x - Math.floor(x);
  return rest === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);
}

/** How many roundings a y may have seen. */
export const roundingsOf = ({ groups, groupSize }: Quantized) => groups * Math.ceil(groupSize / 512) + 6;

/** How far y may be from x·Wᵀ + b, of the numbers that W's stand for; `eight` says that x has 8 bits too. */
export function projected(
  what: string,
  dtype: "f32" | "f16" | "bf16",
  y: Float32Array | Uint16Array,
  x: Float64Array,
  weights: Quantized,
  bias: Float64Array | undefined,
  eight = false,
) {
  const { cols, rows: k } = weights;
  const w = Float64Array.from(weights.toArray());
  const values = reference.linear(x, w, bias === undefined ? { cols } : { cols, bias });
  const sums = reference.linear(new Float64Array(cols).fill(1), w.map(Math.abs), { cols });
  const most = (row: number) =>
    x.subarray(row * cols, (row + 1) * cols).reduce((m, v) => Math.max(m, Math.abs(v)), floor);
  const roundings = roundingsOf(weights) * 2 ** -24;
  within(what, dtype, y as Float32Array, {
    values,
    allowed: (i) =>
      ((eight ? 0 : 2 ** -16) + roundings) * most(Math.floor(i / k)) * sums[i % k] +
      promise.f32.unit * Math.abs(values[i]),
  });
}
