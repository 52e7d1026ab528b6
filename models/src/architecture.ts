/**
 * What there is to say of an architecture, so that no code is written per model: where its tensors are, what kind of norm it has, how it
 * knows positions, and what its configuration calls things. `table.ts` has the rows.
 */

import type { NormKind } from "./sites.js";

/** A number in the configuration: its names, the first that is there counts, and what it is where none is. */
export interface Field {
  readonly names: readonly string[];
  readonly absent?: number;
}

/** A bias is in the file, or it is not, or a field of the configuration says which. */
export type Bias = boolean | { readonly field: string; readonly absent: boolean };

/** A projection: the name of its tensors, without `.weight` and `.bias`. */
export interface Projection {
  readonly name: string;
  readonly bias: Bias;
}

/** How the one matrix that holds queries, keys and values is divided: in thirds, or per head in thirds of it. */
export type Fused = "thirds" | "thirds of each head";

export type ActivationName = "gelu" | "gelu_new" | "relu" | "silu";

export interface Architecture {
  /** `model_type` in config.json, or the name of what has none. */
  readonly name: string;
  /** What may stand before all names but the head's. The first of them with which the embedding is in the file counts. */
  readonly prefixes: readonly string[];
  readonly embedding: { readonly name: string; readonly scale?: "√width" };
  readonly positions:
    | {
        readonly kind: "learned";
        readonly name: string /** Rows before that of position 0. */;
        readonly offset: number;
      }
    | { readonly kind: "rotary" /** Which elements of a head turn together. */; readonly pairs: "halves" | "adjacent" }
    | { readonly kind: "none" };
  /** What stands before the names in a block, with # for its number. */
  readonly block: string;
  readonly norm: {
    readonly kind: NormKind;
    readonly bias: boolean;
    /** False where it has no weight either: both are part of the projections that read it. */
    readonly affine?: false;
    readonly weightOffset: 0 | 1;
    readonly attention: string;
    readonly mlp: string;
    /** The last one, outside of the blocks. */
    readonly last: string;
  };
  readonly attention: {
    readonly qkv: (Projection & { readonly fused: Fused }) | readonly [Projection, Projection, Projection];
    readonly out: Projection;
    /** RMSNorm of each head's query and key, before they are turned. */
    readonly headNorms?: readonly [string, string];
    /** What scores are multiplied by; 1/√headDim by default. */
    readonly scale?: number;
    /** Which layers see only the latest tokens: what the configuration has to say of it. */
    readonly window?: "every layer" | "upper layers" | "attention_types";
  };
  readonly mlp: { readonly gate?: Projection; readonly up: Projection; readonly down: Projection };
  /** Where attention and the MLP of a block read the same stream: false, or the field that says so, true where it is absent. */
  readonly parallel: false | { readonly field: string };
  /** Weights as [out, in], as PyTorch's Linear has them, or as [in, out]. */
  readonly layout: "Linear" | "Conv1D";
  /** The projection to logits. */
  readonly head: {
    readonly name: string;
    /** Is the embedding used in its place? */
    readonly tied: boolean;
    /** Default: false. */
    readonly bias?: true;
  };
  readonly fields: {
    readonly width: Field;
    readonly layers: Field;
    readonly heads: Field;
    readonly keyHeads?: Field;
    readonly headDim?: Field;
    readonly inner?: Field;
    readonly positions: Field;
    readonly vocabulary?: Field;
    readonly eps: Field;
    readonly rotaryShare?: Field;
    readonly rotaryBase?: Field;
    readonly window?: Field;
  };
  readonly activation: { readonly names: readonly string[]; readonly absent: ActivationName };
  /** Fields that, where they are present, must have this value: with another the model would be computed another way. */
  readonly fixed?: Readonly<Record<string, boolean | number | string | null>>;
  /** Tensors that files have and that no computation takes. */
  readonly ignored?: readonly RegExp[];
}
