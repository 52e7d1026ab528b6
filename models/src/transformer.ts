/** A decoder-only transformer in an engine's memory. */
import { createEngine, type Engine } from "orthonorm";
import type { Architecture } from "./architecture.js";
import type { Checkpoint } from "./checkpoint.js";
import type { Loaded } from "./loaded.js";
import { Run, type RunOptions } from "./run.js";
import { type Settings, settingsOf } from "./settings.js";
import type { Site } from "./sites.js";
import type { WeightKind } from "./tensors.js";
import { type Norm, normsOf, readWeights, type Weights } from "./weights.js";

export interface LoadOptions {
  /** What the weights of projections are kept as. Default: as the file has them. */
  weights?: WeightKind;
  /** Where they are kept, and where the model runs. Default: a new one. */
  engine?: Engine;
}

export class Transformer implements Loaded {
  /** In the order in which a token passes them. */
  readonly norms: readonly Norm[];
  readonly sites: readonly Site[];

  private constructor(
    /** Of its file, in messages. */
    readonly name: string,
    readonly architecture: Architecture,
    readonly settings: Settings,
    readonly weights: Weights,
    readonly engine: Engine,
  ) {
    this.norms = normsOf(weights);
    this.sites = this.norms.map(({ site }) => site);
  }

  /** @throws ModelError where the files do not have what the architecture needs, or have more */
  static async load(checkpoint: Checkpoint, options: LoadOptions = {}): Promise<Transformer> {
    const { weights: kind = "stored", engine = createEngine() } = options;
    const { architecture, config, configName } = checkpoint;
    const settings = settingsOf(architecture, config, configName);
    const weights = await readWeights(checkpoint, settings, engine, kind);
    return new Transformer(checkpoint.name, architecture, settings, weights, engine);
  }

  get vocabulary(): number {
    return this.weights.embedding.rows;
  }

  /** A text of its own, from the first token on. @throws ModelError for a norm that cannot stand in the place of the model's */
  begin(options: RunOptions = {}): Run {
    return new Run(this, options);
  }
}
