/** What RMSNorm in the place of LayerNorm changes in a model's logits: it reads the same text with both. */
import { surprise } from "./loss.js";
import { portionsOf } from "./read.js";
import type { Run } from "./run.js";
import type { NormKind, Site } from "./sites.js";
import type { Transformer } from "./transformer.js";

export interface LogitChange {
  /** ‖Δ‖/‖y‖ of all logits. */
  relative: number;
  /** The share of tokens after which the likeliest token is the same. */
  agreement: number;
  /** Mean KL divergence of the model's distribution from that of the swapped one, in nats. */
  divergence: number;
  /** In nats per token, of the tokens that the text has after each; null where no token has one after it. */
  loss: { before: number; after: number } | null;
}

export interface SwapOptions {
  signal?: AbortSignal;
  progress?: (what: string, share: number) => void;
}

export interface Swaps {
  /** Of each LayerNorm by itself. */
  sites: Map<string, LogitChange>;
  /** Of all of them at once. */
  together: LogitChange | null;
}

/** How many swaps are run beside the model as it is: each has keys and values of its own in memory. */
const atOnce = 4;

/** Nothing is swapped in a model of RMSNorms. @throws the signal's reason where it stops it */
export async function swapNorms(
  model: Transformer,
  pieces: readonly (readonly number[])[],
  { signal, progress }: SwapOptions = {},
): Promise<Swaps> {
  const swappable = model.sites.filter(({ kind }) => kind === "LayerNorm");
  // Null is all of them at once, which of one norm is the same as that norm.
  const variants: (Site | null)[] = swappable.length > 1 ? [...swappable, null] : swappable;
  const all = pieces.reduce((sum, { length }) => sum + length, 0) * variants.length;
  const changes = new Map(variants.map((variant) => [variant, new Changes(model.vocabulary)]));
  let done = 0;
  for (let from = 0; from < variants.length; from += atOnce) {
    const some = variants.slice(from, from + atOnce);
    const begin = () => [model.begin(), ...some.map((variant) => model.begin({ norm: swapped(variant) }))];
    let runs: Run[] = [];
    try {
      for await (const { ids, begins, next } of portionsOf(model, pieces, signal)) {
        if (begins) {
          for (const run of runs) run.dispose();
          runs = begin();
        }
        const [plain, ...others] = runs.map((run) => run.forward(ids, { logits: "all" }));
        for (const [at, logits] of others.entries()) changes.get(some[at])?.add(plain, logits, next);
        done += ids.length * some.length;
        progress?.("with RMSNorm in LayerNorm's place", done / all);
      }
    } finally {
      for (const run of runs) run.dispose();
    }
    signal?.throwIfAborted();
  }
  const figures = [...changes].map(([variant, sums]) => [variant, sums.figures()] as const);
  return {
    sites: new Map(figures.flatMap(([variant, change]) => (variant === null ? [] : [[variant.name, change]]))),
    together: figures.at(-1)?.[1] ?? null,
  };
}

function swapped(variant: Site | null): (site: Site) => NormKind {
  return (site) => (variant === null || site === variant ? "RMSNorm" : site.kind);
}

/** Sums over tokens of two rows of logits. */
class Changes {
  private squares = 0;
  private changes = 0;
  private rows = 0;
  private agreeing = 0;
  private divergence = 0;
  private followed = 0;
  private before = 0;
  private after = 0;

  constructor(private readonly vocabulary: number) {}

  add(y: Float32Array, z: Float32Array, next: readonly (number | null)[]): void {
    const { vocabulary } = this;
    for (const [row, token] of next.entries()) {
      const from = row * vocabulary;
      let [first, other] = [from, from];
      for (let i = from; i < from + vocabulary; i++) {
        this.squares += y[i] * y[i];
        this.changes += (z[i] - y[i]) ** 2;
        if (y[i] > y[first]) first = i;
        if (z[i] > z[other]) other = i;
      }
      this.rows++;
      if (first === other) this.agreeing++;
      this.divergence += divergence(y, z, from, vocabulary, y[first], z[other]);
      if (token === null) continue;
      this.followed++;
      this.before += surprise(y, row, vocabulary, token);
      this.after += surprise(z, row, vocabulary, token);
    }
  }

  figures(): LogitChange {
    const { rows, followed } = this;
    return {
      relative: Math.sqrt(this.changes / this.squares),
      agreement: this.agreeing / rows,
      divergence: this.divergence / rows,
      loss: followed === 0 ? null : { before: this.before / followed, after: this.after / followed },
    };
  }
}

/** Σ p·(log p − log q) of the softmax p of y and q of z. @param most the largest of each */
function divergence(y: Float32Array, z: Float32Array, from: number, count: number, ...most: [number, number]): number {
  let [sumY, sumZ, mixed] = [0, 0, 0];
  for (let i = from; i < from + count; i++) {
    const weight = Math.exp(y[i] - most[0]);
    sumY += weight;
    sumZ += Math.exp(z[i] - most[1]);
    mixed += weight * (y[i] - most[0] - z[i] + most[1]);
  }
  return mixed / sumY + Math.log(sumZ / sumY);
}
