/**
 * What becomes of each tensor of a LayerNorm model, so that the model is the same with RMSNorm.
 *
 *   LayerNorm(x) = RMSNorm(x − mean(x)) with the same eps, weight and bias
 *
 * So the two are one function of a stream whose every vector has mean zero. It has where all that is added to it has: each row of the
 * embeddings, and of each projection that writes to it the outputs, which are W·x + b, over the width. To center these outputs is to
 * center the columns of W [out, in], and b. What reads the stream reads it through a norm, and so sees no difference.
 *
 * A norm's weight and bias may further be folded into what reads it: W·(weight ⊙ y + bias) + b = (W·diag(weight))·y + (b + W·bias).
 *
 * Sources: Jiang et al. 2023 (arXiv 2305.14858); Ashkboos et al. 2024 (arXiv 2401.15024), SliceGPT.
 */
import type { Checkpoint } from "../checkpoint.js";
import type { Parts, Reader } from "./parts.js";

/** How a tensor's numbers are computed. Rows and columns are those of the tensor as the file has it; a vector is a row. */
export type Change =
  | { readonly kind: "copy" }
  /** Less the mean of each row, or of each column. */
  | { readonly kind: "center"; readonly each: "row" | "column" }
  /** Element i of each row, or of each column, times element i of the vector. */
  | { readonly kind: "scale"; readonly each: "row" | "column"; readonly by: string }
  /** A projection's bias, if it has one, and of each row or column of its weight the dot product with the vector. */
  | {
      readonly kind: "shift";
      readonly bias: string | null;
      readonly weight: string;
      readonly each: "row" | "column";
      readonly by: string;
    };

export interface Planned {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly role: string;
  /** The tensor of the model that it is made of; null of a bias that the model does not have. */
  readonly from: string | null;
  readonly change: Change;
}

export interface Plan {
  readonly tensors: readonly Planned[];
  /** Tensors of the model that the result does not have, with the reason. */
  readonly dropped: readonly { readonly name: string; readonly why: string }[];
  /** Whether the head had the embedding's weights and has its own now. */
  readonly untied: boolean;
}

export interface PlanOptions {
  readonly fold: boolean;
  /** Whether halves become F32. Centered and rounded to halves again, they have a mean of the order of that rounding. */
  readonly widen: boolean;
  readonly tied: boolean;
  /** Whether the last norm has one number in its whole weight, and zeros in its bias. Then the head reads vectors of mean zero. */
  readonly plainLast: boolean;
}

export function planOf(
  { architecture: { layout, norm }, tensors }: Checkpoint,
  { parts, unused }: Parts,
  { fold, widen, tied, plainLast }: PlanOptions,
): Plan {
  const planned: Planned[] = [];
  const dropped: { name: string; why: string }[] = [];
  const untied = tied && (fold || !plainLast);
  const put = (role: string, from: string, change: Change, name = from) => {
    const { dtype, shape } = stored(from);
    planned.push({ name, dtype: role === "unused" ? dtype : typeOf(dtype), shape, role, from, change });
  };
  const copy: Change = { kind: "copy" };
  for (const part of parts) {
    if (part.kind === "table") put(part.role, part.name, { kind: "center", each: "row" });
    else if (part.kind === "norm") {
      for (const end of norm.bias ? ["weight", "bias"] : ["weight"]) {
        const name = `${part.name}.${end}`;
        if (fold) dropped.push({ name, why: "folded into the projections that read the norm" });
        else put("norm", name, copy);
      }
    } else if (part.kind === "writer") {
      put(part.role, `${part.name}.weight`, { kind: "center", each: layout === "Conv1D" ? "row" : "column" });
      if (part.bias) put(part.role, `${part.name}.bias`, { kind: "center", each: "row" });
    } else if (part.role === "head" && tied && !untied) {
      // It stays the embedding: centered, it gives the same logits of vectors of mean zero.
    } else if (fold) putFolded(part);
    else {
      put(part.role, part.weight, copy, `${part.name}.weight`);
      if (part.bias) put(part.role, `${part.name}.bias`, copy);
    }
  }
  for (const name of unused) {
    if (tied && planned.some((one) => one.name === name)) {
      dropped.push({ name, why: "not what the head was: that was the embedding" });
    } else put("unused", name, copy);
  }
  return { tensors: planned, dropped, untied };

  function stored(name: string) {
    return tensors.get(name) as { dtype: string; shape: readonly number[] };
  }

  function typeOf(dtype: string): string {
    return widen && (dtype === "F16" || dtype === "BF16") ? "F32" : dtype;
  }

  function putFolded({ role, name, weight, bias, norm: read, layout }: Reader): void {
    // As long as the norm's vectors are the rows of [out, in], or the columns of [in, out].
    const each = layout === "Linear" ? "row" : "column";
    put(role, weight, { kind: "scale", each, by: `${read}.weight` }, `${name}.weight`);
    if (!norm.bias && !bias) return;
    const old = bias ? `${name}.bias` : null;
    const { dtype, shape } = stored(weight);
    planned.push({
      name: `${name}.bias`,
      dtype: typeOf(old === null ? dtype : stored(old).dtype),
      shape: [layout === "Linear" ? shape[0] : shape[1]],
      role,
      from: old,
      change: { kind: "shift", bias: old, weight, each, by: `${read}.bias` },
    });
  }
}
