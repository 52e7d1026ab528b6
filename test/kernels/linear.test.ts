// linear, by weights of every element type and of 8 bits, against the oracle: all tails in rows, columns and rows of W, gaps, and
// blocks. Ground tells if a byte beside the outputs and the room that the kernel is given changes.

import { describe, expect, it } from "vitest";
import * as reference from "../../bindings/reference/index.js";
import type { ElementType } from "../support/dtypes.js";
import { type Block, dtypes, Ground, isHalf, sizeOf, wideOf } from "../support/ground.js";
import { normals } from "../support/random.js";
import { allWithin, promise, sameBits } from "../support/within.js";

/** Rows, columns, rows of W and rows arranged at a time. */
type Size = readonly [rows: number, cols: number, k: number, block: number];
const sizes: Size[] = [
  [9, 769, 5, 4],
  [21, 40, 19, 8],
  [6, 1100, 3, 8],
  [5, 2052, 5, 4],
];
for (let n = 1; n <= 70; n++) sizes.push([n, 1 + ((n * 7) % 19), 1 + (n % 9), 4 * (1 + (n % 5))]);
for (let n = 1; n <= 70; n++) sizes.push([1 + (n % 9), n, 1 + ((n * 5) % 11), 4]);
for (let n = 1; n <= 70; n++) sizes.push([1 + ((n * 3) % 10), 1 + ((n * 11) % 23), n, 8]);

/** Half of a first-level cache, in which rows of W are widened. */
const widenedBytes = 16384;
const up = (n: number, to: number) => Math.ceil(n / to) * to;
const kernels = { f32: "linearF32", f64: "linearF64", f16: "linearF16", bf16: "linearBF16" } as const;
const rowsOf = (ground: Ground, dtype: ElementType, rows: number, cols: number, seed: number, gap = 0) =>
  ground.put(dtype, normals(rows * cols, 0.2, 1, seed), { rows, gap });

describe.each(dtypes)("%s", (dtype) => {
  const wide = wideOf(dtype);

  it.each(dtype === "f64" ? dtypes.filter((one) => one === "f64") : dtypes.filter((one) => one !== "f64"))(
    "linear, by W of %s",
    (of) => {
      const ground = new Ground();
      for (const [rows, cols, k, block] of sizes) {
        const what = `linear ${dtype} by ${of} ${rows}×${cols}→${k}`;
        const x = rowsOf(ground, dtype, rows, cols, cols, cols % 3);
        const weight = rowsOf(ground, of, k, cols, cols + 1);
        const bias = k % 3 ? rowsOf(ground, wide, 1, k, k) : undefined;
        const out = ground.put(dtype, rows * k);
        const row = up(cols, 4) * sizeOf[wide];
        const widened = isHalf(of) ? Math.max(widenedBytes, 4 * row) : 0;
        const arranged = ground.put(wide, (block * row + widened) / sizeOf[wide]);
        const numbers = { rows, cols, k, block };
        ground.call("linear", dtype, { out, x, weight, bias, arranged }, numbers, { kernel: kernels[of] });
        const [a, w] = [x.exact(), weight.exact()];
        const right = reference.linear(a, w, { cols, ...(bias && { bias: bias.exact() }) });
        const [m, n] = [lengths(a, cols), lengths(w, cols)];
        const { unit } = promise[wide];
        allWithin(what, dtype, out.read(), right, (i) => {
          const length = m[Math.floor(i / k)] * n[i % k];
          return 2 * Math.sqrt(cols) * unit * length + unit * Math.abs(right[i]);
        });
        ground.clear();
      }
    },
  );

  if (dtype === "f64") return;

  it.each([undefined, 8, 24, 520])("linear, by W of 8 bits in groups of %s", (groupSize) => {
    const ground = new Ground();
    for (const [rows, cols, k, block] of sizes) {
      const what = `linearInt8 ${dtype} ${rows}×${cols}→${k}`;
      const group = Math.min(groupSize ?? up(cols, 8), up(cols, 8));
      const groups = Math.ceil(cols / group);
      const x = rowsOf(ground, dtype, rows, cols, cols, cols % 3);
      const given = rowsOf(ground, dtype, k, cols, cols + 1, cols % 2);
      const weight = eights(ground, k * up(cols, 8));
      const scales = ground.put("f32", k * groups);
      quantize(ground, dtype, { values: weight, scales, weight: given }, { rows: k, cols, group });
      const before = [weight.read(), scales.read()] as const;
      const bias = k % 3 ? rowsOf(ground, "f32", 1, k, k) : undefined;
      const out = ground.put(dtype, rows * k);
      const room = () => ground.put("f32", (block * (up(cols, 8) * 2 + 4)) / 4);
      const numbers = { rows, cols, k, block, group };
      ground.call("linearInt8", dtype, { out, x, weight, scales, bias, arranged: room() }, numbers);
      const w = numbersOf(weight, scales, cols, group);
      const b = bias && { bias: bias.exact() };
      check(what, dtype, out, x.exact(), w, { cols, k, group, eight: false, ...b });
      // and by rows of 8 bits
      const xValues = eights(ground, rows * up(cols, 8));
      const xScales = ground.put("f32", rows);
      quantize(ground, dtype, { values: xValues, scales: xScales, weight: x }, { rows, cols, group: up(cols, 8) });
      const wider = ground.put("f32", rows * k);
      const operands = { out: wider, x: xValues, xScales, weight, scales, bias, arranged: room() };
      ground.call("linearInt8", "f32", operands, numbers);
      const exact = numbersOf(xValues, xScales, cols, up(cols, 8));
      check(`${what} of 8 bits`, "f32", wider, exact, w, { cols, k, group, eight: true, ...b });
      sameBits("W", "bf16", weight.read(), before[0]);
      sameBits("scales", "f32", scales.read(), before[1]);
      ground.clear();
    }
  });
});

/** Room for so many numbers of 8 bits. */
function eights(ground: Ground, bytes: number): Block {
  return ground.put("bf16", bytes / 2);
}

type Operands = Record<"values" | "scales" | "weight", Block>;
function quantize(ground: Ground, dtype: ElementType, operands: Operands, numbers: Record<string, number>): void {
  ground.call("quantizeWeights", dtype, operands, numbers, { kernel: "quantize" });
}

/** The elements that numbers of 8 bits stand for. What is after a row's last column is 0. */
function numbersOf(values: Block, scales: Block, cols: number, group: number): Float64Array {
  const bytes = new Int8Array(values.read().buffer);
  const all = scales.exact();
  const groups = Math.ceil(cols / group);
  const width = up(cols, 8);
  const result = new Float64Array((bytes.length / width) * cols);
  for (const [i, q] of bytes.entries()) {
    const [row, col] = [Math.floor(i / width), i % width];
    if (col >= cols) expect(q).toBe(0);
    else result[row * cols + col] = q * all[row * groups + Math.floor(col / group)];
  }
  return result;
}

interface Int8Check {
  cols: number;
  k: number;
  group: number;
  eight: boolean;
  bias?: Float64Array;
}

/** Is y as near to the oracle as docs/int8.md says? */
function check(
  what: string,
  dtype: ElementType,
  y: Block,
  x: Float64Array,
  w: Float64Array,
  { cols, k, group, eight, bias }: Int8Check,
) {
  const right = reference.linear(x, w, { cols, ...(bias && { bias }) });
  const sums = reference.linear(new Float64Array(cols).fill(1), w.map(Math.abs), { cols });
  const roundings = Math.ceil(cols / group) * Math.ceil(group / 512) + 6;
  allWithin(what, dtype, y.read(), right, (i) => {
    const row = Math.floor(i / k);
    const most = x.subarray(row * cols, (row + 1) * cols).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    return ((eight ? 0 : 2 ** -16) + roundings * 2 ** -24) * most * sums[i % k] + 2 ** -24 * Math.abs(right[i]);
  });
}

function lengths(x: Float64Array, cols: number): number[] {
  return Array.from({ length: x.length / cols }, (_, r) => Math.hypot(...x.subarray(r * cols, (r + 1) * cols)));
}
