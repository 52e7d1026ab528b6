import { linear } from "../../bindings/reference/index.js";
import { roundTo } from "../../bindings/reference/round.js";
import type { OpDescription, Question } from "./op-case.js";
import { description as linearDescription } from "./ops/linear.js";
import type { Expected } from "./within.js";

/** A norm and the linear layer after it, from the norm's own description: its numbers, rounded as they are in memory, through W. */
export function thenLinear(op: "layerNormLinear" | "rmsNormLinear", norm: OpDescription): OpDescription {
  return {
    op,
    sizes: linearDescription.sizes,
    scalars: norm.scalars,
    oracle(question) {
      const { out, sum } = norm.oracle(question);
      return { out: through(question, out), sum };
    },
  };
}

function through(question: Question, norm: Expected): Expected {
  const { dtype, cols, inputs } = question;
  const { linearWeight: weight, linearBias: bias } = inputs;
  const x = Float64Array.from(norm.values, (value) => roundTo(dtype, value));
  const given: Question["inputs"] = bias === undefined ? { x, weight } : { x, weight, bias };
  const { out } = linearDescription.oracle({ ...question, inputs: given, scalars: {} });
  // what each normalised number may be off by: what its norm promises, and where it was rounded the other way
  const off = Float64Array.from(x, (value, i) => {
    const allowed = norm.allowed?.(i) ?? 0;
    const ends = [roundTo(dtype, norm.values[i] - allowed), roundTo(dtype, norm.values[i] + allowed)];
    return Math.max(...ends.map((end) => Math.abs(end - value)), 0) || 0;
  });
  const carried = linear(off, weight.map(Math.abs), { cols });
  return { ...out, allowed: (i) => (out.allowed?.(i) ?? 0) * (1 + 2 ** -10) + carried[i] * (1 + 2 ** -10) };
}
