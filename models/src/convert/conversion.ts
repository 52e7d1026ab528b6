/** A LayerNorm model as an RMSNorm model that computes the same: what it has, before any of it is written. */
import type { Container, GivenTensor, Metadata } from "@orthonorm/files";
import { checkpointOf } from "../checkpoint.js";
import type { Config } from "../rotary.js";
import { settingsOf } from "../settings.js";
import { applied } from "./apply.js";
import { type Manifest, manifestOf } from "./manifest.js";
import { vectorOf } from "./numbers.js";
import { partsOf } from "./parts.js";
import { type Plan, planOf } from "./plan.js";
import { refuseCheckpoint, refuseConfig, refuseUnknown } from "./refusals.js";

export interface ConversionOptions {
  /** Whether each norm's weight and bias go into the projections that read it. Default: false. */
  fold?: boolean;
  /** What halves become: themselves again, each rounded once more, or f32, which has what centering makes of them. Default: "stored". */
  weights?: "stored" | "f32";
  /** What the manifest names as its maker. Default: "orthonorm". */
  madeBy?: string;
}

export interface Conversion {
  readonly plan: Plan;
  readonly manifest: Manifest;
  /** Null of a model whose settings are in its metadata. */
  readonly config: Config | null;
  readonly metadata: Metadata;
  /** How many norms the model has. */
  readonly norms: number;
  /** Its bytes are computed as they are asked for, once. @param see is told of the progress: a tensor, and the share that is done */
  tensors(see?: (name: string, share: number) => void): GivenTensor[];
}

/**
 * @param container the model's tensors, which stay open until those of the result are read
 * @param config what config.json says; null where there is none
 * @throws ModelError where the model is none that can be run, or none that can be converted exactly
 */
export async function conversionOf(
  container: Container,
  config: Config | null,
  configName: string,
  { fold = false, weights = "stored", madeBy = "orthonorm" }: ConversionOptions = {},
): Promise<Conversion> {
  if (config !== null) refuseConfig(config, configName);
  const checkpoint = checkpointOf(container, config, configName);
  refuseCheckpoint(checkpoint);
  const settings = settingsOf(checkpoint.architecture, checkpoint.config, checkpoint.configName);
  const parts = partsOf(checkpoint, settings);
  refuseUnknown(checkpoint, parts.unknown);
  const norms = parts.parts.filter(({ kind }) => kind === "norm");
  const { tied, eps } = settings;
  const plainLast = tied && (await isPlain(norms[norms.length - 1].name));
  const widen = weights === "f32";
  const plan = planOf(checkpoint, parts, { fold, widen, tied, plainLast });
  const { name: architecture } = checkpoint.architecture;
  const untied = plan.untied ? { tie_word_embeddings: false } : {};
  // What transformers loads weights as, by its old and its new name.
  const types = ["torch_dtype", "dtype"].filter((key) => widen && config?.[key] !== undefined);
  const widened = Object.fromEntries(types.map((key) => [key, "float32"]));
  return {
    plan,
    manifest: manifestOf(plan, { madeBy, architecture, eps, fold }),
    config: config === null ? null : { ...config, ...untied, ...widened, norm: "RMSNorm", norm_folded: fold },
    metadata: config === null ? { ...container.metadata, norm: "RMSNorm", norm_folded: `${fold}` } : container.metadata,
    norms: norms.length,
    tensors: (see) => applied(container, plan, see),
  };

  /** Has a norm one number in its whole weight, and zeros in its bias? */
  async function isPlain(name: string): Promise<boolean> {
    const values = async (end: string) => {
      const tensor = container.tensors.find((one) => one.name === `${name}.${end}`);
      return tensor === undefined ? new Float64Array(1) : vectorOf(tensor);
    };
    const [weight, bias] = [await values("weight"), await values("bias")];
    return weight.every((value) => value === weight[0]) && bias.every((value) => value === 0);
  }
}
