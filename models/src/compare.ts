/** Two models on the same tokens: how far their logits, their losses and their likeliest tokens lie apart, and how centered their streams are. */
import type { Tensor } from "orthonorm";
import { ModelError } from "./error.js";
import { expectNumbers } from "./logits.js";
import { surprise } from "./loss.js";
import type { Run } from "./run.js";
import { likeliest } from "./sample.js";
import type { NormKind, OnNorm } from "./sites.js";
import type { Transformer } from "./transformer.js";

/** What one of the runs gave, beside the first model's. */
export interface Side {
  readonly norm: NormKind;
  /** The mean negative log likelihood of a token, in nats. */
  readonly loss: number;
  /** The largest |Δlogit|. */
  readonly difference: number;
  /** At how many of the tokens' positions both have the same likeliest token, as a share. */
  readonly agreement: number;
}

/** The largest |mean|/RMS of what entered a norm: 0 where the stream is centered, |cos| of its angle to the uniform vector. */
export interface NormCompared {
  readonly name: string;
  readonly a: number;
  readonly b: number;
}

export interface Compared {
  /** How many tokens were predicted. */
  readonly tokens: number;
  readonly a: Side;
  readonly b: Side;
  /** The first model with RMSNorm in the place of its LayerNorms and nothing centered; null where it has none. */
  readonly swapped: Side | null;
  /** The largest |logit| of the first model. */
  readonly largest: number;
  readonly norms: readonly NormCompared[];
}

/** How many tokens go through the models at a time: between two pieces the caller may look at the clock, or stop. */
const piece = 64;

export class Comparison {
  private readonly a: Sums;
  private readonly b: Sums;
  private readonly swapped: Sums | null;
  private readonly norms: { name: string; a: number; b: number }[];
  private tokens = 0;
  private largest = 0;

  /** @throws ModelError where their tokens or their norms are not as many */
  constructor(
    private readonly first: Transformer,
    private readonly second: Transformer,
  ) {
    const [norms, others] = [first.sites.length, second.sites.length];
    if (first.vocabulary !== second.vocabulary) {
      throw new ModelError(
        `the second model expected ${first.vocabulary} tokens, as the first, got ${second.vocabulary}`,
      );
    }
    if (norms !== others) throw new ModelError(`the second model expected ${norms} norms, as the first, got ${others}`);
    const isLayerNorm = first.sites.some(({ kind }) => kind === "LayerNorm");
    this.a = sums(first.sites[0].kind);
    this.b = sums(second.sites[0].kind);
    this.swapped = isLayerNorm ? sums("RMSNorm") : null;
    this.norms = first.sites.map(({ name }) => ({ name, a: 0, b: 0 }));
  }

  /** How many tokens a window may have at most: one more than both models have positions, for the last is predicted only. */
  get longest(): number {
    return 1 + Math.min(this.first.settings.positions, this.second.settings.positions);
  }

  /**
   * Runs both models on a text of its own, of two tokens at least, each predicted from those before it.
   *
   * @returns after each piece of it how many tokens that were. Whoever stops in between has what was until then
   */
  *add(window: readonly number[]): Generator<number> {
    const runs = [this.first.begin(), this.second.begin()];
    if (this.swapped !== null) runs.push(this.first.begin({ norm: "RMSNorm" }));
    try {
      for (let from = 0; from + 1 < window.length; from += piece) {
        const ids = window.slice(from, Math.min(from + piece, window.length - 1));
        this.compare(runs, ids, window.slice(from + 1, from + 1 + ids.length));
        yield ids.length;
      }
    } finally {
      for (const run of runs) run.dispose();
    }
  }

  /** What was found until now. */
  figures(): Compared {
    const { tokens, largest } = this;
    const side = ({ norm, nats, difference, agreed }: Sums): Side => {
      return { norm, loss: nats / tokens, difference, agreement: agreed / tokens };
    };
    const swapped = this.swapped === null ? null : side(this.swapped);
    return {
      tokens,
      a: side(this.a),
      b: side(this.b),
      swapped,
      largest,
      norms: this.norms.map((norm) => ({ ...norm })),
    };
  }

  private compare([first, second, third]: readonly Run[], ids: readonly number[], next: readonly number[]): void {
    const a = first.forward(ids, { logits: "all", onNorm: this.watching("a", this.first) });
    const b = second.forward(ids, { logits: "all", onNorm: this.watching("b", this.second) });
    // Nothing is held against logits that are none; those of the second model may be, and disagree.
    expectNumbers(this.first, a);
    for (const value of a) this.largest = Math.max(this.largest, Math.abs(value));
    this.take(this.a, a, a, next);
    this.take(this.b, a, b, next);
    if (this.swapped !== null) this.take(this.swapped, a, third.forward(ids, { logits: "all" }), next);
    this.tokens += next.length;
  }

  private take(into: Sums, a: Float32Array, logits: Float32Array, next: readonly number[]): void {
    const { vocabulary } = this.first;
    for (let i = 0; i < a.length; i++) {
      const difference = Math.abs(logits[i] - a[i]);
      // NaN stays: it is no agreement.
      if (difference > into.difference || Number.isNaN(difference)) into.difference = difference;
    }
    for (const [row, token] of next.entries()) {
      into.nats += surprise(logits, row, vocabulary, token);
      const own = logits.subarray(row * vocabulary, (row + 1) * vocabulary);
      const wanted = a.subarray(row * vocabulary, (row + 1) * vocabulary);
      if (likeliest(own) === likeliest(wanted)) into.agreed++;
    }
  }

  private watching(side: "a" | "b", { sites }: Transformer): OnNorm {
    const places = new Map(sites.map(({ name }, at) => [name, at]));
    return ({ name }, rows) => {
      const norm = this.norms[places.get(name) as number];
      norm[side] = Math.max(norm[side], largestMean(rows));
    };
  }
}

interface Sums {
  readonly norm: NormKind;
  nats: number;
  difference: number;
  agreed: number;
}

function sums(norm: NormKind): Sums {
  return { norm, nats: 0, difference: 0, agreed: 0 };
}

/** The largest |mean|/RMS of the rows, in f64: of centered rows it is smaller than what f32 can sum. */
function largestMean({ data, cols }: Tensor<"f32">): number {
  let most = 0;
  for (let from = 0; from < data.length; from += cols) {
    let [sum, squares] = [0, 0];
    for (let i = from; i < from + cols; i++) {
      sum += data[i];
      squares += data[i] * data[i];
    }
    // Of zeros it is 0, and of rows with NaN it is NaN.
    if (squares !== 0) most = Math.max(most, Math.abs(sum) / Math.sqrt(cols * squares));
  }
  return most;
}
