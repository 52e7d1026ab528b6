/** A model's files before its weights are read: what they say of it, and the tensors by name. */
import { type Container, type ReadTensor, readStored } from "@orthonorm/files";
import type { Architecture } from "./architecture.js";
import { expected } from "./error.js";
import { withNorm } from "./norm.js";
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
    const architecture = withNorm(architectureNamed(config.model_type, configName), config, configName);
    return { name, configName, architecture, config, tensors };
  }
  if (container.metadata.vocab === undefined || container.metadata.n_layer === undefined) {
    throw expected(configName, "a configuration beside the model", "no such file");
  }
  const said = Object.fromEntries(Object.entries(container.metadata).map(([key, text]) => [key, parsed(text)]));
  const architecture = withNorm(architectureNamed(characterModel(tensors, said), name), said, name);
  return { name, configName: name, architecture, config: said, tensors };
}

/** Metadata has texts only. */
function parsed(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true";
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** A LayerNorm model that was converted has RMSNorm and tells whether weight and bias were folded; the RMSNorm twin does not. */
function characterModel(tensors: ReadonlyMap<string, unknown>, { norm, norm_folded }: Config): string {
  if (!tensors.has("h.0.c_attn.weight")) return "makemore";
  return norm === "RMSNorm" && norm_folded === undefined ? "rmsnorm-twin" : "layernorm-twin";
}
