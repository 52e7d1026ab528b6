/** No time is taken of a wrong answer: every contestant is compared with the oracle first. */
import type { DType } from "../dist/index.js";
import type { Answer, Prepared } from "./contestants/contestant.js";
import type { Elements, Numbers, Operands } from "./ops.js";
import { isHalf, numbersOf, type Problem } from "./problem.js";

/** The largest |Δ|/max(1, |y|) that passes; for halves a unit of the last place, as what JavaScript rounds twice may have. */
export const bounds: Record<DType, number> = { f32: 1e-5, f64: 1e-12, f16: 2 ** -10, bf16: 2 ** -7 };

/** At most so many elements are compared: whole rows, evenly spread, the first and the last among them. */
const most = 2 ** 20;

/** What the oracle says of some rows of a problem. */
export interface Reference {
  rows: number[];
  op: Record<string, Numbers>;
  /** What a copy of x has to give. */
  copy: Record<string, Numbers>;
}

export function reference(problem: Problem): Reference {
  const { dtype, cols, eps, arrays, description } = problem;
  const count = Math.max(1, Math.min(problem.rows, Math.floor(most / cols)));
  const rows = Array.from({ length: count }, (_, i) => Math.round((i * (problem.rows - 1)) / Math.max(1, count - 1)));
  const x = numbersOf(dtype, pick(arrays.x, rows, cols));
  const operands: Operands<Numbers> = { x, y: [] };
  for (const [name, { per }] of Object.entries(description.inputs)) {
    operands[name] = per === "row" ? pick(arrays[name], rows, 1) : arrays[name];
  }
  const op = description.reference(operands, { cols, eps });
  return { rows, op: Object.fromEntries(description.outputs.map((name) => [name, op[name]])), copy: { y: x } };
}

/** Runs a contestant once on fresh operands; its error, or an Error that says what is wrong. */
export async function check(
  { run, answer, restore, computes = "op" }: Prepared,
  problem: Problem,
  expected: Reference,
): Promise<number> {
  const { arrays, tensors, dtype } = problem;
  arrays.y.fill(0);
  (tensors.y.data as Elements).fill(0);
  restore?.();
  await run();
  const got = answer();
  const bound = computes === "copy" ? 0 : bounds[dtype];
  let error = 0;
  for (const [name, numbers] of Object.entries(expected[computes])) {
    const e = difference(name, numbers, got, problem, expected.rows);
    if (e > bound) {
      const what = name === "y" ? "" : `${name} `;
      throw new Error(`${what}disagrees with the reference: error ${e.toExponential(1)}, bound ${bound}`);
    }
    error = Math.max(error, e);
  }
  return error;
}

/** The largest |Δ|/max(1, |y|) of one result in the chosen rows. */
function difference(
  name: string,
  expected: Numbers,
  answer: Answer,
  problem: Problem,
  rows: readonly number[],
): number {
  const all = answer[name];
  const length = name === "y" ? problem.arrays.x.length : problem.rows;
  if (all?.length !== length) throw new Error(`${name} expected ${length} elements, got ${all?.length ?? "none"}`);
  const got = name === "y" ? numbersOf(problem.dtype, pick(all, rows, problem.cols)) : pick(all, rows, 1);
  let error = 0;
  for (let i = 0; i < got.length; i++) {
    // a row of zeros has no angle: there the oracle says NaN, and so must the answer
    if (Object.is(got[i], expected[i])) continue;
    const e = Math.abs(got[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
    // written so that a NaN, which is on neither side of any bound, is an error
    if (!(e <= error)) error = Number.isNaN(e) ? Number.POSITIVE_INFINITY : e;
  }
  return error;
}

function pick(from: Elements, rows: readonly number[], cols: number): Elements {
  const to = from.slice(0, rows.length * cols);
  for (const [i, row] of rows.entries()) to.set(from.subarray(row * cols, (row + 1) * cols), i * cols);
  return to;
}

/** What is rounded to f16 and bf16 cannot agree to 1e-5. */
export const boundText = (dtype: DType) => (isHalf(dtype) ? `2^${Math.log2(bounds[dtype])}` : String(bounds[dtype]));
