/** A model's files before its weights are read: what they say of it, and the tensors by name. */
import { type Container, type ReadTensor, readStored } from "@orthonorm/files";
import type { Architecture } from "./architecture.js";
import { expected } from "./error.js";
import type { Config } from "./rotary.js";
import { architectures } from "./table.js";

export interface CheckpointTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  read(): Promise<ReadTensor>;
}

export interface Checkpoint {
  /** What the file of weights is called in messages. */
  readonly name: string;
  /** What the file of the configuration is called in messages. */
  readonly configName: string;
  readonly architecture: Architecture;
  readonly config: Config;
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
}

/** @throws ModelError where the table has no such architecture */
export function architectureNamed(name: unknown, where: string): Architecture {
  const found = architectures.find((one) => one.name === name);
  if (found !== undefined) return found;
  const known = architectures.map((one) => one.name).join(", ");
  throw expected(where, `a model_type among ${known}`, typeof name === "string" ? `"${name}"` : "none");
}

/**
 * The checkpoint of a hub: a container with a config.json beside it. Without one, the metadata of the container has to say what is
 * needed, as it does in the files of the twins and of makemore.
 *
 * @param config what config.json says; null where there is none
 * @param configName what config.json is called in messages
 */
export function checkpointOf(container: Container, config: Config | null, configName: string): Checkpoint {
  const { name } = container.source;
  const tensors = new Map(
    container.tensors.map((stored): [string, CheckpointTensor] => {
      const { dtype, shape } = stored;
      return [stored.name, { dtype, shape, read: () => readStored(stored, name) }];
    }),
  );
  if (config !== null) {
    return { name, configName, architecture: architectureNamed(config.model_type, configName), config, tensors };
  }
  if (container.metadata.vocab === undefined || container.metadata.n_layer === undefined) {
    throw expected(configName, "a configuration beside the model", "no such file");
  }
  const said = Object.entries(container.metadata).map(([key, value]) => [key, numberOr(value)]);
  const architecture = architectureNamed(characterModel(tensors, container.metadata), name);
  return { name, configName: name, architecture, config: Object.fromEntries(said), tensors };
}

/** Metadata has texts only. */
function numberOr(text: string): string | number {
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

function characterModel(tensors: ReadonlyMap<string, unknown>, { norm }: Readonly<Record<string, string>>): string {
  if (!tensors.has("h.0.c_attn.weight")) return "makemore";
  return norm === "RMSNorm" ? "rmsnorm-twin" : "layernorm-twin";
}
