// What docs/numerics.md promises of the numbers that a call gives: the oracle and the bounds of test/support/ops, which the
// ops' own tests go by too.

import type { DType } from "orthonorm";
import * as reference from "orthonorm/reference";
import { type OpName, ops } from "../../abi/ops.js";
import type { OpDescription } from "../support/op-case.js";
import type { Entry, Plan } from "./judge.js";
import { numbersOf } from "./numeric.js";
import { wideOf } from "./things.js";

/** The numbers of each output, by name. */
export type Outputs = Readonly<Record<string, Float64Array>>;

/** By the table's names, so that an added op brings its own. */
const descriptions = new Map<string, OpDescription>();
for (const op of Object.keys(ops)) {
  const { description } = (await import(`../support/ops/${op}.ts`)) as { description: OpDescription };
  descriptions.set(op, description);
}

/** What is wrong with the outputs; undefined if nothing is. */
export function broken(op: OpName, plan: Plan, outputs: Outputs): string | undefined {
  const { dtype, to, rows, cols, k, scalars } = plan;
  if (rows === 0) return undefined;
  const entry: Entry = ops[op];
  const inputs: Record<string, Float64Array> = {};
  for (const { name, spec } of plan.given) {
    if (spec.role !== "out") inputs[name] = numbersOf(plan, name) as Float64Array;
  }
  const description = descriptions.get(op) as OpDescription;
  const expected = description.oracle({ dtype, rows, cols, k, inputs, scalars: { ...scalars, to } });
  for (const [name, { values, allowed = () => 0, anyNonFinite = () => false }] of Object.entries(expected)) {
    const found = outputs[name];
    if (found === undefined) continue;
    const spec = entry.operands[name].dtype;
    const stored = spec === "to" ? to : spec === "wide" ? wideOf(dtype) : dtype;
    for (let i = 0; i < found.length; i++) {
      if (!Number.isFinite(found[i]) && anyNonFinite(i)) continue;
      if (holds(found[i], values[i], allowed(i), stored)) continue;
      return `${name}[${i}] is ${found[i]}, not ${values[i]} ± ${allowed(i)} (${stored})`;
    }
  }
  return undefined;
}

/** Is a number what it must be? Rounding is monotonic, so it lies between the ends of what is allowed, rounded. */
function holds(found: number, right: number, off: number, dtype: DType): boolean {
  if (Number.isNaN(right)) return Number.isNaN(found);
  if (found === right) return true;
  if (!Number.isFinite(right) || !Number.isFinite(off)) return false;
  return found >= reference.roundTo(dtype, right - off) && found <= reference.roundTo(dtype, right + off);
}
