/** No time is taken of a wrong answer: every contestant is compared with the oracle first. */

import { layerNorm, rmsNorm } from "../bindings/reference/index.js";
import type { DType } from "../dist/index.js";
import type { Contestant } from "./contestants/index.js";
import { type Elements, isHalf, numbersOf, type Problem } from "./problem.js";

/** The largest |Δ|/max(1, |y|) that passes; for halves a unit of the last place, as what JavaScript rounds twice may have. */
export const bounds: Record<DType, number> = { f32: 1e-5, f64: 1e-12, f16: 2 ** -10, bf16: 2 ** -7 };

/** At most so many elements are compared: whole rows, evenly spread, the first and the last among them. */
const most = 2 ** 20;

export interface Oracle {
  rows: number[];
  norm: ArrayLike<number>;
  copy: ArrayLike<number>;
}

export function ask(problem: Problem): Oracle {
  const { op, dtype, cols, eps, arrays } = problem;
  const count = Math.max(1, Math.min(problem.rows, Math.floor(most / cols)));
  const rows = Array.from({ length: count }, (_, i) => Math.round((i * (problem.rows - 1)) / Math.max(1, count - 1)));
  const copy = numbersOf(dtype, pick(arrays.x, rows, cols));
  const { weight, bias } = arrays;
  const norm =
    op === "layerNorm" ? layerNorm(copy, { cols, weight, bias, eps }).y : rmsNorm(copy, { cols, weight, eps }).y;
  return { rows, copy, norm };
}

/** Runs a contestant once on fresh operands; its error, or an Error that says what is wrong. */
export async function check(
  { run, answer, restore, computes = "norm" }: Contestant,
  problem: Problem,
  oracle: Oracle,
): Promise<number> {
  const { dtype, cols, arrays, tensors } = problem;
  arrays.y.fill(0);
  (tensors.y.data as Elements).fill(0);
  restore?.();
  await run();
  const got = numbersOf(dtype, pick(answer(), oracle.rows, cols));
  const expected = oracle[computes];
  if (answer().length !== arrays.x.length) throw new Error(`gave ${answer().length} of ${arrays.x.length} elements`);
  let error = 0;
  for (let i = 0; i < got.length; i++) {
    const e = Math.abs(got[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
    // written so that a NaN, which is on neither side of any bound, is an error
    if (!(e <= error)) error = Number.isNaN(e) ? Number.POSITIVE_INFINITY : e;
  }
  const bound = computes === "copy" ? 0 : bounds[dtype];
  if (error > bound) throw new Error(`disagrees with the reference: error ${error.toExponential(1)}, bound ${bound}`);
  return error;
}

function pick(from: Elements, rows: readonly number[], cols: number): Elements {
  const to = from.slice(0, rows.length * cols);
  for (const [i, row] of rows.entries()) to.set(from.subarray(row * cols, (row + 1) * cols), i * cols);
  return to;
}

/** What is rounded to f16 and bf16 cannot agree to 1e-5. */
export const boundText = (dtype: DType) => (isHalf(dtype) ? `2^${Math.log2(bounds[dtype])}` : String(bounds[dtype]));
