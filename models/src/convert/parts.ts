/** A checkpoint as the residual stream sees it: what writes to it, what normalises it, and what reads a norm. */
import type { Projection } from "../architecture.js";
import type { Checkpoint } from "../checkpoint.js";
import { hasBias, type Settings } from "../settings.js";
import { othersIn, tensorIn } from "../tensors.js";
import { prefixOf } from "../weights.js";

/** Rows that are added to the stream as they are. */
export interface Table {
  readonly kind: "table";
  readonly role: "token embedding" | "position embedding";
  /** Of its tensor. */
  readonly name: string;
}

export interface Norm {
  readonly kind: "norm";
  /** Of its tensors, without `.weight` and `.bias`; likewise below. */
  readonly name: string;
}

/** A projection whose outputs are added to the stream. */
export interface Writer {
  readonly kind: "writer";
  readonly role: "attention output" | "MLP output";
  readonly name: string;
  readonly bias: boolean;
}

/** A projection whose inputs a norm gives. */
export interface Reader {
  readonly kind: "reader";
  readonly role: "attention input" | "MLP input" | "head";
  readonly name: string;
  readonly bias: boolean;
  /** The norm's name. */
  readonly norm: string;
  /** Weights as [out, in] or as [in, out]. */
  readonly layout: "Linear" | "Conv1D";
  /** The tensor that is the weight: of a tied head the embedding. */
  readonly weight: string;
}

export type Part = Table | Norm | Writer | Reader;

export interface Parts {
  /** In the order in which a token meets them. */
  readonly parts: readonly Part[];
  /** Tensors that no computation takes, as files have them. */
  readonly unused: readonly string[];
  /** Tensors that the architecture does not have. */
  readonly unknown: readonly string[];
}

/** @throws ModelError where a tensor is not there, has another shape, or numbers of another type than floats */
export function partsOf(checkpoint: Checkpoint, settings: Settings): Parts {
  const { architecture, config, configName, tensors } = checkpoint;
  const { width, layers, heads, keyHeads, headDim, inner, tied } = settings;
  const { norm, attention, mlp, layout, head, embedding, positions } = architecture;
  const prefix = prefixOf(architecture, tensors);
  const parts: Part[] = [];
  const known = new Set<string>();
  const take = (name: string, shape: readonly number[]) => {
    tensorIn(checkpoint, name, shape);
    known.add(name);
  };

  const tokens = `${prefix}${embedding.name}.weight`;
  const vocabulary = settings.vocabulary ?? tensors.get(tokens)?.shape[0] ?? 1;
  takeTable("token embedding", tokens, vocabulary);
  if (positions.kind === "learned") {
    takeTable("position embedding", `${prefix}${positions.name}.weight`, settings.positions + positions.offset);
  }
  const [queryWidth, keyWidth] = [heads * headDim, keyHeads * headDim];
  for (let layer = 0; layer < layers; layer++) {
    const at = `${prefix}${architecture.block.replace("#", String(layer))}`;
    const [before, between] = [`${at}${norm.attention}`, `${at}${norm.mlp}`];
    takeNorm(before);
    const { qkv } = attention;
    if ("fused" in qkv) takeReader("attention input", at, qkv, queryWidth + 2 * keyWidth, before);
    else
      for (const [i, one] of qkv.entries())
        takeReader("attention input", at, one, i === 0 ? queryWidth : keyWidth, before);
    takeWriter("attention output", at, attention.out, queryWidth);
    takeNorm(between);
    if (mlp.gate !== undefined) takeReader("MLP input", at, mlp.gate, inner, between);
    takeReader("MLP input", at, mlp.up, inner, between);
    takeWriter("MLP output", at, mlp.down, inner);
  }
  const last = `${prefix}${norm.last}`;
  takeNorm(last);
  const ownHead = `${head.name}.weight`;
  if (!tied) take(ownHead, [vocabulary, width]);
  parts.push({
    kind: "reader",
    role: "head",
    name: head.name,
    bias: false,
    norm: last,
    layout: "Linear",
    weight: tied ? tokens : ownHead,
  });
  const unknown = othersIn(checkpoint, new Set([...known, ownHead]));
  const unused = [...tensors.keys()].filter((name) => !known.has(name) && !unknown.includes(name));
  return { parts, unused, unknown };

  function takeTable(role: Table["role"], name: string, rows: number): void {
    take(name, [rows, width]);
    parts.push({ kind: "table", role, name });
  }

  function takeNorm(name: string): void {
    take(`${name}.weight`, [width]);
    if (norm.bias) take(`${name}.bias`, [width]);
    parts.push({ kind: "norm", name });
  }

  function takeReader(role: Reader["role"], at: string, projection: Projection, outs: number, read: string): void {
    const { name, bias } = takeProjection(at, projection, outs, width);
    parts.push({ kind: "reader", role, name, bias, norm: read, layout, weight: `${name}.weight` });
  }

  function takeWriter(role: Writer["role"], at: string, projection: Projection, ins: number): void {
    parts.push({ kind: "writer", role, ...takeProjection(at, projection, width, ins) });
  }

  function takeProjection(at: string, projection: Projection, outs: number, ins: number) {
    const name = `${at}${projection.name}`;
    const bias = hasBias(projection.bias, config, configName);
    take(`${name}.weight`, layout === "Conv1D" ? [ins, outs] : [outs, ins]);
    if (bias) take(`${name}.bias`, [outs]);
    return { name, bias };
  }
}
