/** The memory and the computation of some tokens through a model, as many at a time as it was made for. */
import {
  convert,
  type Engine,
  type LinearOptions,
  layerNorm,
  layerNormLinear,
  linear,
  type RMSNormLinearOptions,
  type RMSNormOptions,
  rmsNorm,
  rmsNormLinear,
  type Tensor,
} from "orthonorm";
import { type Activation, tabulatedActivation } from "./activation.js";
import { Attention } from "./attention.js";
import type { Cache } from "./cache.js";
import type { Loaded } from "./loaded.js";
import type { Turns } from "./rotary.js";
import type { NormKind, OnNorm, Site } from "./sites.js";
import type { Projected, Weight } from "./tensors.js";
import type { Block, Norm } from "./weights.js";

/**
 * What a norm is called with, made once: per token, objects would cost as much as the arithmetic of a small model. Options that are
 * absent are left out, for then the engine sees at a glance that all is in its memory.
 */
interface Read {
  site: Site;
  kind: NormKind;
  /** Of the projection that reads it; the last norm's is the head, which need not read all rows. */
  weight: Weight | undefined;
  options: RMSNormLinearOptions | RMSNormOptions;
}

/** What a projection is called with. */
interface Write {
  weight: Weight;
  options: LinearOptions & { out: Tensor<"f32"> };
}

export class Steps {
  /** The residual stream, but for what was computed last and not added yet. */
  private readonly stream: Tensor<"f32">;
  private readonly normed: Tensor<"f32">;
  private readonly attended: Tensor<"f32">;
  private readonly moved: Tensor<"f32">;
  private readonly up: Tensor<"f32">;
  private readonly inner: Tensor<"f32">;
  private readonly attention: Attention;
  private readonly activation: Activation;
  /** Per block. */
  private readonly attentionReads: readonly Read[];
  private readonly mlpReads: readonly Read[];
  private readonly lastRead: Read;
  private readonly outs: readonly Write[];
  private readonly downs: readonly Write[];

  constructor(
    private readonly model: Loaded,
    engine: Engine,
    readonly tokens: number,
    private readonly kindOf: (site: Site) => NormKind,
  ) {
    const { settings, architecture, weights } = model;
    const rows = (cols: number) => engine.tensor("f32", [tokens, cols]);
    const { gated } = weights.blocks[0];
    this.stream = rows(settings.width);
    this.normed = rows(settings.width);
    this.attended = rows(settings.width);
    this.moved = rows(settings.width);
    this.up = rows(gated ? 2 * settings.inner : settings.inner);
    this.inner = gated ? rows(settings.inner) : this.up;
    this.attention = new Attention(engine, settings, tokens, architecture.attention.scale, kindOf);
    this.activation = tabulatedActivation(settings.activation);
    this.attentionReads = weights.blocks.map(({ attentionNorm, qkv }, layer) =>
      this.read(attentionNorm, layer === 0 ? undefined : this.moved, qkv, this.attention.qkv),
    );
    this.mlpReads = weights.blocks.map(({ mlpNorm, up }) =>
      this.read(mlpNorm, settings.parallel ? undefined : this.attended, up, this.up),
    );
    this.lastRead = this.read(weights.last, this.moved);
    this.outs = weights.blocks.map(({ out }) => write(out, this.attended));
    this.downs = weights.blocks.map(({ down }) => write(down, this.moved));
  }

  /**
   * The tokens, whose first is at `position`, through all blocks and the last norm.
   *
   * @returns rows as the head takes them, which the next call overwrites
   */
  run(ids: ArrayLike<number>, position: number, cache: Cache, turns: Turns | null, onNorm?: OnNorm): Tensor<"f32"> {
    const { blocks } = this.model.weights;
    const { parallel } = this.model.settings;
    this.embed(ids, position);
    for (let layer = 0; layer < blocks.length; layer++) {
      this.norm(this.attentionReads[layer], onNorm);
      this.attention.run(layer, blocks[layer], cache, position, turns, onNorm);
      linear(this.attention.mixed, this.outs[layer].weight, this.outs[layer].options);
      this.norm(this.mlpReads[layer], onNorm);
      this.activate(blocks[layer]);
      linear(this.inner, this.downs[layer].weight, this.downs[layer].options);
      if (parallel) add(this.moved.data, this.attended.data);
    }
    this.norm(this.lastRead, onNorm);
    return this.normed;
  }

  dispose(): void {
    for (const tensor of [this.stream, this.normed, this.attended, this.moved, this.up, this.inner]) tensor.dispose();
    this.attention.dispose();
  }

  /** Adds to the stream what was computed last, normalises the sum, and projects it where a projection reads the norm. */
  private norm({ site, kind, weight, options }: Read, onNorm?: OnNorm): void {
    const isLayerNorm = kind === "LayerNorm";
    if (weight === undefined) {
      if (isLayerNorm) layerNorm(this.stream, options);
      else rmsNorm(this.stream, options);
    } else if (isLayerNorm) layerNormLinear(this.stream, weight, options);
    else rmsNormLinear(this.stream, weight, options);
    onNorm?.(site, this.stream);
  }

  /** @param residual what was computed last, where something was */
  private read(
    { site, weight, bias }: Norm,
    residual: Tensor<"f32"> | undefined,
    projected?: Projected,
    out = this.normed,
  ): Read {
    const kind = this.kindOf(site);
    const options = {
      weight,
      eps: this.model.settings.eps,
      out,
      ...given({ bias, residual, linearBias: projected?.bias }),
      ...(residual === undefined ? {} : { sum: this.stream }),
      ...(kind === "RMSNorm" ? { weightOffset: site.weightOffset } : {}),
    };
    return { site, kind, weight: projected?.weight, options };
  }

  /** From what the first projection of a block's MLP made to what the second takes. */
  private activate({ gated }: Block): void {
    const { activation } = this;
    const values = this.up.data;
    const inner = this.inner.data;
    if (gated) {
      const { cols } = this.inner;
      for (let token = 0, i = 0; token < this.tokens; token++) {
        for (let at = 2 * token * cols; i < (token + 1) * cols; i++, at++) {
          inner[i] = activation(values[at]) * values[at + cols];
        }
      }
    } else for (let i = 0; i < inner.length; i++) inner[i] = activation(inner[i]);
  }

  /** The tokens' rows of the embedding, and those of their positions. */
  private embed(ids: ArrayLike<number>, position: number): void {
    const { embedding, positions } = this.model.weights;
    const { architecture, settings } = this.model;
    const { width } = settings;
    for (let token = 0; token < this.tokens; token++) {
      copyRow(embedding, ids[token], this.stream, token);
      if (architecture.embedding.scale !== undefined) {
        const stream = this.stream.data;
        for (let i = token * width; i < (token + 1) * width; i++) stream[i] *= Math.sqrt(width);
      }
      if (positions !== null && architecture.positions.kind === "learned") {
        copyRow(positions, position + token + architecture.positions.offset, this.moved, token);
      }
    }
    if (positions !== null) add(this.stream.data, this.moved.data);
  }
}

function write({ weight, bias }: Projected, out: Tensor<"f32">): Write {
  return { weight, options: { out, ...given({ bias }) } };
}

/** Those of these options that are there. */
function given<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** A row of a table, of whatever element type, into a row of f32. */
function copyRow(table: Tensor, from: number, into: Tensor<"f32">, to: number): void {
  const { cols } = table;
  const row = table.data.subarray(from * cols, (from + 1) * cols);
  const out = into.data.subarray(to * cols, (to + 1) * cols);
  if (table.dtype === "f32") out.set(row as Float32Array);
  else convert(row as Uint16Array, "f32", { dtype: table.dtype, out });
}

function add(to: Float32Array, other: Float32Array): void {
  for (let i = 0; i < to.length; i++) to[i] += other[i];
}
