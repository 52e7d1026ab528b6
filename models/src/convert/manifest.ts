/** What was done to a model, as JSON: tensor by tensor. */
import type { Change, Plan } from "./plan.js";

export interface ManifestOptions {
  /** What made it: the program and its version. */
  readonly madeBy: string;
  readonly architecture: string;
  readonly eps: number;
  readonly fold: boolean;
}

export interface Manifest {
  readonly made_by: string;
  readonly architecture: string;
  readonly norm: { readonly from: "LayerNorm"; readonly to: "RMSNorm"; readonly eps: number; readonly folded: boolean };
  readonly head: string;
  /** By the tensor's name. */
  readonly tensors: Readonly<Record<string, { role: string; dtype: string; from?: string; done: string }>>;
  readonly dropped: Readonly<Record<string, string>>;
}

export function manifestOf(plan: Plan, { madeBy, architecture, eps, fold }: ManifestOptions): Manifest {
  const tensors = plan.tensors.map(({ name, role, dtype, from, change }) => {
    const source = from === null || from === name ? {} : { from };
    return [name, { role, dtype, ...source, done: told(change) }] as const;
  });
  return {
    made_by: madeBy,
    architecture,
    norm: { from: "LayerNorm", to: "RMSNorm", eps, folded: fold },
    head: headOf(plan.untied, fold),
    tensors: Object.fromEntries(tensors),
    dropped: Object.fromEntries(plan.dropped.map(({ name, why }) => [name, why])),
  };
}

function headOf(untied: boolean, fold: boolean): string {
  if (!untied) return fold ? "with the last norm folded in" : "as it was";
  return `untied: the embedding's weights as they were${fold ? ", with the last norm folded in" : ""}`;
}

function told(change: Change): string {
  switch (change.kind) {
    case "copy":
      return "copied";
    case "center":
      return `centered: less the mean of each ${change.each}`;
    case "scale":
      return `each ${change.each} times ${change.by}`;
    case "shift":
      return `${change.bias ?? "zeros"} + each ${change.each} of ${change.weight} · ${change.by}`;
  }
}
