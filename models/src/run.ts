/** One text on its way through a model: what was said so far is in the cache. */
import { linear, type Tensor } from "orthonorm";
import { Cache } from "./cache.js";
import { ModelError } from "./error.js";
import type { Loaded } from "./loaded.js";
import { Turns } from "./rotary.js";
import type { NormKind, OnNorm, Site } from "./sites.js";
import { Steps } from "./steps.js";

/** How many tokens go through the model at a time, at most. */
const mostTokens = 128;

export interface RunOptions {
  /**
   * What normalises in the place of the model's own norms, with their weights, biases and eps: for all of them, or per site.
   * Default: what the model has.
   */
  norm?: NormKind | ((site: Site) => NormKind);
}

export interface ForwardOptions {
  /** Logits of the last token, or of all of them, row after row. Default: the last. */
  logits?: "last" | "all";
  onNorm?: OnNorm;
}

export class Run {
  private readonly cache: Cache;
  private readonly turns: Turns | null;
  private steps: Steps | null = null;
  private logits: Tensor<"f32"> | null = null;
  private readonly kindOf: (site: Site) => NormKind;
  private count = 0;

  /** @throws ModelError for LayerNorm where a model's norms multiply by 1 + weight */
  constructor(
    private readonly model: Loaded,
    { norm }: RunOptions = {},
  ) {
    const { rotary } = model.settings;
    this.kindOf = typeof norm === "function" ? norm : (site) => norm ?? site.kind;
    const shifted = model.sites.find((site) => site.weightOffset !== 0 && this.kindOf(site) === "LayerNorm");
    if (shifted !== undefined) {
      throw new ModelError(`${shifted.name} expected RMSNorm, got LayerNorm, which does not multiply by 1 + weight`);
    }
    this.cache = new Cache(model.engine, model.settings);
    this.turns = rotary === null ? null : new Turns(rotary);
  }

  /** How many tokens it has seen. */
  get length(): number {
    return this.count;
  }

  /** How many more it can see. */
  get room(): number {
    return this.model.settings.positions - this.count;
  }

  /**
   * Takes more tokens.
   *
   * @throws RangeError where a token is none of the model's, or there is no room for them
   */
  forward(ids: ArrayLike<number>, { logits = "last", onNorm }: ForwardOptions = {}): Float32Array {
    const { vocabulary } = this.model;
    this.check(ids);
    this.cache.reach(this.count + ids.length);
    const all = new Float32Array((logits === "all" ? ids.length : 1) * vocabulary);
    for (let from = 0; from < ids.length; from += mostTokens) {
      const some = ids.length <= mostTokens ? ids : Array.prototype.slice.call(ids, from, from + mostTokens);
      const rows = this.stepsFor(some.length).run(some, this.count, this.cache, this.turns, onNorm);
      this.count += some.length;
      if (logits === "all") all.set(this.project(rows), from * vocabulary);
      else if (from + some.length === ids.length) {
        const { cols } = rows;
        all.set(
          this.project(some.length === 1 ? rows : rows.view({ shape: [1, cols], offset: (some.length - 1) * cols })),
        );
      }
    }
    return all;
  }

  /** Gives its memory back; the model stays. */
  dispose(): void {
    this.cache.dispose();
    this.steps?.dispose();
    this.steps = null;
    this.logits?.dispose();
    this.logits = null;
  }

  private project(rows: Tensor<"f32">): Float32Array {
    const { engine, vocabulary, weights } = this.model;
    if (this.logits?.rows !== rows.rows) {
      this.logits?.dispose();
      this.logits = engine.tensor("f32", [rows.rows, vocabulary]);
    }
    const { weight, bias } = weights.head;
    return linear(rows, weight, { bias, out: this.logits }).data;
  }

  private stepsFor(tokens: number): Steps {
    if (this.steps?.tokens !== tokens) {
      this.steps?.dispose();
      this.steps = new Steps(this.model, this.model.engine, tokens, this.kindOf);
    }
    return this.steps;
  }

  private check(ids: ArrayLike<number>): void {
    const { vocabulary, settings } = this.model;
    if (ids.length === 0) throw new RangeError("forward: ids expected at least one token, got none");
    if (ids.length > this.room) {
      throw new RangeError(
        `forward: ids expected at most ${this.room} of ${settings.positions} tokens, got ${ids.length}`,
      );
    }
    for (let i = 0; i < ids.length; i++) {
      if (Number.isInteger(ids[i]) && ids[i] >= 0 && ids[i] < vocabulary) continue;
      throw new RangeError(`forward: ids[${i}] expected a token below ${vocabulary}, got ${ids[i]}`);
    }
  }
}
