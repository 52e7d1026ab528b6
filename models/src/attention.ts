/** Attention over the cache: scores and mixtures by `linear`, what is between them in plain loops. */
import { type Engine, layerNorm, linear, rmsNorm, type Tensor } from "orthonorm";
import type { Cache } from "./cache.js";
import type { Turns } from "./rotary.js";
import type { Settings } from "./settings.js";
import type { NormKind, OnNorm, Site } from "./sites.js";
import type { Block, Norm } from "./weights.js";

/** Queries that share a key head and lie in rows with one stride. */
interface Span {
  keyHead: number;
  queries: Tensor<"f32">;
  mixed: Tensor<"f32">;
}

/** Attention of `tokens` tokens at a time. */
export class Attention {
  /** [tokens, queries | keys | values]: what the projection writes. */
  readonly qkv: Tensor<"f32">;
  /** [tokens, heads · headDim]: what the heads make of the values. */
  readonly mixed: Tensor<"f32">;
  private readonly spans: readonly Span[];
  /** The queries and the keys, in rows with one stride. */
  private readonly headViews: Readonly<Record<"queries" | "keys", readonly Tensor<"f32">[]>>;
  /** The same, token after token without gaps, where they are shown. */
  private readonly shown: { queries?: Tensor<"f32">; keys?: Tensor<"f32"> } = {};
  private scores: Tensor<"f32">;
  private readonly scale: number;

  constructor(
    private readonly engine: Engine,
    private readonly settings: Settings,
    private readonly tokens: number,
    scale: number | undefined,
    private readonly kindOf: (site: Site) => NormKind,
  ) {
    const { heads, keyHeads, headDim } = settings;
    const [queryWidth, keyWidth] = [heads * headDim, keyHeads * headDim];
    const width = queryWidth + 2 * keyWidth;
    const group = heads / keyHeads;
    this.scale = scale ?? 1 / Math.sqrt(headDim);
    this.qkv = engine.tensor("f32", [tokens, width]);
    this.mixed = engine.tensor("f32", [tokens, queryWidth]);
    // The heads of one token lie behind each other, so a group of them is one span; of several tokens, each head is one.
    const view = (of: Tensor<"f32">, rowStride: number, at: number, rows: number) =>
      of.view({ shape: [rows, headDim], rowStride, offset: at * headDim });
    this.spans =
      tokens === 1
        ? Array.from({ length: keyHeads }, (_, keyHead) => ({
            keyHead,
            queries: view(this.qkv, headDim, keyHead * group, group),
            mixed: view(this.mixed, headDim, keyHead * group, group),
          }))
        : Array.from({ length: heads }, (_, head) => ({
            keyHead: Math.floor(head / group),
            queries: view(this.qkv, width, head, tokens),
            mixed: view(this.mixed, queryWidth, head, tokens),
          }));
    const perHead = (from: number, count: number) =>
      tokens === 1
        ? [view(this.qkv, headDim, from, count)]
        : Array.from({ length: count }, (_, head) => view(this.qkv, width, from + head, tokens));
    this.headViews = { queries: perHead(0, heads), keys: perHead(heads, keyHeads) };
    this.scores = engine.tensor("f32", [1, 1]);
  }

  /**
   * From `qkv` to `mixed`, for tokens at the positions from `position` on. Their keys and values go into the cache.
   *
   * @param turns where positions are rotary
   */
  run(layer: number, { headNorms }: Block, cache: Cache, position: number, turns: Turns | null, onNorm?: OnNorm): void {
    const { windows } = this.settings;
    if (headNorms !== null) for (const norm of headNorms) this.normalizeHeads(norm, onNorm);
    if (turns !== null) this.turn(turns, position);
    this.remember(layer, cache, position);
    const { capacity } = cache;
    const rows = this.spans[0].queries.rows;
    if (this.scores.rows !== rows || this.scores.cols !== capacity) {
      this.scores.dispose();
      this.scores = this.engine.tensor("f32", [rows, capacity]);
    }
    const window = windows[layer] ?? Number.POSITIVE_INFINITY;
    for (const { keyHead, queries, mixed } of this.spans) {
      const { keys, values } = cache.heads[layer][keyHead];
      linear(queries, keys, { out: this.scores });
      const scores = this.scores.data;
      for (let row = 0; row < rows; row++) {
        const at = this.tokens === 1 ? position : position + row;
        shares(scores, row * capacity, capacity, Math.max(0, at + 1 - window), at + 1, this.scale);
      }
      linear(this.scores, values, { out: mixed });
    }
  }

  dispose(): void {
    this.qkv.dispose();
    this.mixed.dispose();
    this.scores.dispose();
    this.shown.queries?.dispose();
    this.shown.keys?.dispose();
  }

  /** Normalises queries or keys where they lie, head by head. */
  private normalizeHeads({ site, weight }: Norm, onNorm?: OnNorm): void {
    const { eps } = this.settings;
    const reads = site.reads as "queries" | "keys";
    onNorm?.(site, this.headRows(site, reads));
    const isLayerNorm = this.kindOf(site) === "LayerNorm";
    for (const rows of this.headViews[reads]) {
      if (isLayerNorm) layerNorm(rows, { weight, eps, out: rows });
      else rmsNorm(rows, { weight, eps, out: rows });
    }
  }

  private headRows({ cols, rowsPerToken }: Site, reads: "queries" | "keys"): Tensor<"f32"> {
    const { tokens, qkv, shown, engine } = this;
    if (tokens === 1) return this.headViews[reads][0];
    const length = rowsPerToken * cols;
    const from = reads === "queries" ? 0 : this.settings.heads * cols;
    shown[reads] ??= engine.tensor("f32", [tokens * rowsPerToken, cols]);
    const rows = shown[reads];
    for (let token = 0; token < tokens; token++) {
      const at = token * qkv.cols + from;
      rows.data.set(qkv.data.subarray(at, at + length), token * length);
    }
    return rows;
  }

  /** Turns queries and keys by their positions. */
  private turn(turns: Turns, position: number): void {
    const { heads, keyHeads, headDim } = this.settings;
    const { data, cols } = this.qkv;
    turns.reach(position + this.tokens);
    for (let token = 0; token < this.tokens; token++) {
      for (let head = 0; head < heads + keyHeads; head++) {
        turns.turn(data, token * cols + head * headDim, position + token);
      }
    }
  }

  /** Copies keys and values into the cache. */
  private remember(layer: number, { heads: cached, capacity }: Cache, position: number): void {
    const { heads, keyHeads, headDim } = this.settings;
    const { data, cols } = this.qkv;
    for (let head = 0; head < keyHeads; head++) {
      const keys = cached[layer][head].keys.data;
      const values = cached[layer][head].values.data;
      for (let token = 0; token < this.tokens; token++) {
        const at = position + token;
        const key = token * cols + (heads + head) * headDim;
        const value = key + keyHeads * headDim;
        for (let i = 0; i < headDim; i++) {
          keys[at * headDim + i] = data[key + i];
          values[i * capacity + at] = data[value + i];
        }
      }
    }
  }
}

/** Softmax of the scores from `first` to before `end` in a row; all others become 0. */
function shares(scores: Float32Array, row: number, length: number, first: number, end: number, scale: number): void {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = row + first; i < row + end; i++) most = Math.max(most, scores[i]);
  let sum = 0;
  for (let i = row + first; i < row + end; i++) {
    const share = Math.exp(scale * (scores[i] - most));
    scores[i] = share;
    sum += share;
  }
  const rate = 1 / sum;
  for (let i = row + first; i < row + end; i++) scores[i] *= rate;
  scores.fill(0, row, row + first);
  scores.fill(0, row + end, row + length);
}
