import type { DType } from "orthonorm";
import * as reference from "orthonorm/reference";
import type { OpName } from "../../abi/ops.js";
import type { Plan } from "./judge.js";
import { decode, wideOf } from "./things.js";

/** How far from orthonormal directions may be, by what they are stored in (docs/project.md). */
const orthonormality: Record<DType, number> = { f64: 1e-6, f32: 1e-5, f16: 4e-3, bf16: 3e-2 };
/** The share of a vector that must lie outside the span of those before it: eight roundings. */
const independence: Record<DType, number> = { f64: 2 ** -50, f32: 2 ** -21, f16: 2 ** -8, bf16: 2 ** -5 };

/** The numbers of an operand before the call, as the kernel reads them; undefined for one that is absent. */
export function numbersOf({ given, dtype: own }: Plan, name: string): Float64Array | undefined {
  const one = given.find((operand) => operand.name === name);
  if (one === undefined) return undefined;
  const numbers = decode(one.dtype, one.before);
  if (one.spec.dtype !== "parameter" || name === "direction" || name === "y") return numbers;
  return numbers.map((value) => reference.roundTo(wideOf(own), value));
}

/** What a call must be refused for because of the numbers in it, and what it may be refused for, as they are near a limit. */
export function numericFaults(op: OpName, plan: Plan): { certain: string[]; possible: string[] } {
  const by = (fault: string, certain: boolean, possible: boolean) => ({
    certain: certain ? [fault] : [],
    possible: possible ? [fault] : [],
  });
  if (op === "project" || op === "reject") {
    const error = directionError(plan);
    return by("RangeError direction", !(error <= 1.1), !(error <= 0.9));
  }
  if (op === "orthonormalize") {
    const share = leastShare(numbersOf(plan, "vectors") as Float64Array, plan.cols) / independence[plan.dtype];
    return by("RangeError vectors", !(share >= 0.9), !(share >= 1.1));
  }
  if (op === "invertLayerNorm") {
    const zero = numbersOf(plan, "weight")?.includes(0) ?? false;
    return by("RangeError weight", zero, zero);
  }
  return { certain: [], possible: [] };
}

/** How far the directions are from what they must be, in units of what is allowed; NaN where one is none. */
function directionError(plan: Plan): number {
  const { k, cols } = plan;
  const { dtype } = plan.given.find(({ name }) => name === "direction") as Plan["given"][number];
  const all = numbersOf(plan, "direction") as Float64Array;
  if (k === 1) return all.every(Number.isFinite) && all.some((value) => value !== 0) ? 0 : Number.NaN;
  let largest = 0;
  for (let i = 0; i < k; i++) {
    for (let j = 0; j <= i; j++) {
      let product = i === j ? -1 : 0;
      for (let c = 0; c < cols; c++) product += all[i * cols + c] * all[j * cols + c];
      largest = Number.isNaN(product) ? Number.NaN : Math.max(largest, Math.abs(product));
    }
  }
  return largest / orthonormality[dtype];
}

/** The least share of a row's length that lies outside the span of those before it; NaN for a row that has no direction. */
function leastShare(vectors: Float64Array, cols: number): number {
  const basis: Float64Array[] = [];
  let least = 1;
  for (let start = 0; start < vectors.length; start += cols) {
    const row = vectors.slice(start, start + cols);
    const largest = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (!row.every(Number.isFinite) || largest === 0) return Number.NaN;
    const scaled = row.map((value) => value / largest);
    const size = Math.hypot(...scaled);
    for (let pass = 0; pass < 2; pass++) {
      for (const before of basis) {
        const along = before.reduce((sum, value, i) => sum + value * scaled[i], 0);
        for (let i = 0; i < cols; i++) scaled[i] -= along * before[i];
      }
    }
    const rest = Math.hypot(...scaled);
    least = Math.min(least, rest / size);
    basis.push(scaled.map((value) => value / rest));
  }
  return basis.length > cols ? 0 : least;
}
