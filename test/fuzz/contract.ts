// What docs/numerics.md promises of the numbers that a call gives, against the oracle.

import type { DType } from "orthonorm";
import * as reference from "orthonorm/reference";
import { type OpName, ops } from "../../abi/ops.js";
import type { Entry, Plan } from "./judge.js";
import { numbersOf } from "./numeric.js";
import { isHalf, wideOf } from "./things.js";

/** The numbers of each output, by name. */
export type Outputs = Readonly<Record<string, Float64Array>>;

/** An output beside what it must be, and how far it may be off before it is rounded to its element type. */
interface Expected {
  readonly name: string;
  readonly right: ArrayLike<number>;
  readonly off: (i: number) => number;
}

/** What is wrong with the outputs; undefined if nothing is. */
export function broken(op: OpName, plan: Plan, outputs: Outputs): string | undefined {
  const entry: Entry = ops[op];
  for (const { name, right, off } of expectations(op, plan)) {
    const found = outputs[name];
    if (found === undefined) continue;
    const dtype = op === "convert" ? plan.to : entry.operands[name].dtype === "wide" ? wideOf(plan.dtype) : plan.dtype;
    for (let i = 0; i < found.length; i++) {
      if (holds(found[i], right[i], off(i), dtype, unbounded.has(op))) continue;
      return `${name}[${i}] is ${found[i]}, not ${right[i]} ± ${off(i)} (${dtype})`;
    }
  }
  return undefined;
}

/** Is a number what it must be? Rounding is monotonic, so it lies between the ends of what is allowed, rounded. */
function holds(found: number, right: number, off: number, dtype: DType, notFinite: boolean): boolean {
  if (Number.isNaN(right)) return notFinite ? !Number.isFinite(found) : Number.isNaN(found);
  if (found === right) return true;
  if (!Number.isFinite(right) || !Number.isFinite(off)) return false;
  return found >= reference.roundTo(dtype, right - off) && found <= reference.roundTo(dtype, right + off);
}

/** Of these a row that is not finite gives what is not finite; of the others the oracle's NaN. */
const unbounded = new Set<OpName>(["project", "reject", "angle"]);
function expectations(op: OpName, plan: Plan): Expected[] {
  const { dtype, rows, cols, k } = plan;
  if (rows === 0) return [];
  const half = isHalf(dtype);
  const f64 = dtype === "f64";
  const bound = f64 ? 1e-15 : 5e-7;
  const unit = f64 ? 2 ** -53 : 2 ** -24;
  const least = f64 ? 2 ** -1074 : 2 ** -149;
  const number = (name: string) => numbersOf(plan, name) as Float64Array;
  const rowOf = (i: number) => Math.floor(i / cols);
  /** A norm of rows, with and without weight and bias: relative to itself in halves, whose kernels keep more. */
  const affine = (name: string, plain: ArrayLike<number>, before: (t: number) => number): Expected => {
    const { weight, bias, offset } = parameters(plan);
    return {
      name,
      right: Float64Array.from(
        plain,
        (t, i) => t * (weight === undefined ? 1 : offset + weight[i % cols]) + (bias?.[i % cols] ?? 0),
      ),
      off(i) {
        const w = weight === undefined ? 1 : offset + weight[i % cols];
        const size = Math.abs(plain[i] * w) + Math.abs(bias?.[i % cols] ?? 0);
        if (half) return 1e-6 * size + 4 * least;
        return before(plain[i]) * Math.abs(w) + 2 * unit * (size + Math.abs(plain[i]) * Math.abs(offset)) + 4 * least;
      },
    };
  };
  const own = (factor: number, right: ArrayLike<number>) => (i: number) => factor * Math.abs(right[i]) + 4 * least;

  switch (op) {
    case "layerNorm":
    case "rmsNorm": {
      const residual = numbersOf(plan, "residual");
      const x = number("x");
      const sum = residual === undefined ? x : x.map((value, i) => reference.roundTo(dtype, value + residual[i]));
      const eps = plan.scalars.eps ?? 1e-5;
      const exact: Expected = { name: "sum", right: sum, off: () => 0 };
      if (op === "rmsNorm") {
        const { y, rstd } = reference.rmsNorm(sum, { cols, eps });
        const relative = (t: number) => (f64 ? 1e-15 : 3e-7) * Math.abs(t);
        return [exact, affine("out", y, relative), { name: "rstd", right: rstd, off: own(f64 ? 4e-15 : 1e-6, rstd) }];
      }
      const { y, mean, rstd } = reference.layerNorm(sum, { cols, eps });
      const { rms } = reference.moments(sum, { cols });
      return [
        exact,
        affine("out", y, (t) => bound * Math.max(1, Math.abs(t))),
        { name: "mean", right: mean, off: (i) => bound * rms[i] + 4 * least },
        { name: "rstd", right: rstd, off: own(f64 ? 4e-15 : 1e-6, rstd) },
      ];
    }
    case "moments": {
      const { mean, variance, rms } = reference.moments(number("x"), { cols });
      return [
        { name: "mean", right: mean, off: (i) => bound * rms[i] + 4 * least },
        { name: "variance", right: variance, off: own(f64 ? 4e-15 : 1e-6, variance) },
        { name: "rms", right: rms, off: own(f64 ? 4e-15 : 1e-6, rms) },
      ];
    }
    case "center":
    case "meanVector":
    case "decompose": {
      const x = number("x");
      const { meanVector, orthogonal, unit: direction, standardized } = reference.decompose(x, { cols });
      const { rms } = reference.moments(x, { cols });
      const deviation = reference.moments(orthogonal, { cols }).rms;
      const share = half ? 1e-6 : bound;
      const mean = {
        right: meanVector,
        off: (i: number) => bound * rms[rowOf(i)] + (half ? own(1e-6, meanVector)(i) : 4 * least),
      };
      const centered = {
        right: orthogonal,
        off: (i: number) => share * Math.max(half ? 0 : deviation[rowOf(i)], Math.abs(orthogonal[i])) + 4 * least,
      };
      if (op === "center") return [{ name: "out", ...centered }];
      if (op === "meanVector") return [{ name: "out", ...mean }];
      const scaled = (name: string, right: Float64Array, one: number): Expected => ({
        name,
        right,
        off: (i) => share * Math.max(half ? 0 : one, Math.abs(right[i])) + 4 * least,
      });
      return [
        { name: "meanVector", ...mean },
        { name: "orthogonal", ...centered },
        scaled("unit", direction, 1 / Math.sqrt(cols)),
        scaled("standardized", standardized, 1),
      ];
    }
    case "geometry": {
      const found = reference.geometry(number("x"), { cols });
      const lengths = (["norm", "uniform", "orthogonal"] as const).map((name) => ({
        name,
        right: found[name],
        off: (i: number) => bound * found.norm[i] + 4 * least,
      }));
      const angles = (["cosine", "angle"] as const).map((name) => ({ name, right: found[name], off: () => bound }));
      return [...lengths, ...angles];
    }
    case "angle":
      return [{ name: "angle", right: reference.angle(number("x"), number("y"), { cols }), off: () => bound }];
    case "project":
    case "reject": {
      const x = number("x");
      const direction = number("direction");
      const { y, coefficients } = (op === "project" ? reference.project : reference.reject)(x, direction, { cols });
      const { norm } = reference.geometry(x, { cols });
      const length = reference.geometry(direction, { cols }).norm;
      return [
        { name: "out", right: y, off: (i) => k * bound * norm[rowOf(i)] + 4 * least },
        {
          name: "coefficients",
          right: coefficients,
          off: (i) => (bound * norm[Math.floor(i / k)]) / length[i % k] + own(2 * unit, coefficients)(i),
        },
      ];
    }
    case "orthonormalize": {
      const right = reference.orthonormalize(number("vectors"), { cols });
      return [{ name: "out", right, off: () => 1e-10 }];
    }
    case "invertLayerNorm": {
      const { weight, bias } = parameters(plan);
      const mean = number("mean");
      const right = reference.invertLayerNorm(number("z"), { cols, mean, rstd: number("rstd"), weight, bias });
      return [
        {
          name: "out",
          right,
          off(i) {
            const size = Math.max(Math.abs(right[i]), Math.abs(right[i] - mean[rowOf(i)]));
            return 1e-15 * size + (half ? 1e-6 * Math.abs(right[i]) : 0) + (f64 ? 4 * least : 0);
          },
        },
      ];
    }
    case "convert":
      return [{ name: "out", right: number("x"), off: () => 0 }];
  }
  // an op that is not here is called, refused and watched like the others, and its numbers are left to its own tests
  return [];
}

function parameters(plan: Plan): { weight?: Float64Array; bias?: Float64Array; offset: number } {
  const weight = numbersOf(plan, "weight");
  return { weight, bias: numbersOf(plan, "bias"), offset: weight === undefined ? 0 : (plan.scalars.weightOffset ?? 0) };
}
