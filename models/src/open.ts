/** Opens models whose files lie beside each other, on a disk or in a page. */
import { type Folder, listed, openWeights, readAll } from "@orthonorm/files";
import { checkpointOf } from "./checkpoint.js";
import { readJson, using } from "./companions.js";
import { expected } from "./error.js";
import { openLlama2c } from "./llama2c.js";
import type { Config } from "./rotary.js";
import { characterTokenizer } from "./tokenizer/characters.js";
import { llama2cTokenizer } from "./tokenizer/llama2c.js";
import type { Tokenizer } from "./tokenizer/tokenizer.js";
import { type LoadOptions, Transformer } from "./transformer.js";

export interface OpenTransformer {
  readonly model: Transformer;
  /** Reads the tokenizer beside the model. @throws ModelError where there is none that can be read */
  tokenizer(): Promise<Tokenizer>;
}

/**
 * Opens a folder's model: as on a hub (config.json, safetensors in one file or in shards, tokenizer.json), a checkpoint of llama2.c
 * (.bin), or a .safetensors file whose metadata has its settings.
 *
 * @param file the file that is the model; null where the names of the files tell
 * @throws ModelError, FileError where it is none that can be run
 */
export async function openFrom(
  folder: Folder,
  file: string | null,
  options: LoadOptions = {},
): Promise<OpenTransformer> {
  const named = file ?? loneBin(await folder.names());
  return named?.endsWith(".bin") ? openBin(folder, named, options) : openHub(folder, named, options);
}

async function openHub(folder: Folder, file: string | null, options: LoadOptions): Promise<OpenTransformer> {
  const container = await openWeights(folder, file);
  try {
    const config = await readJson(folder, "config.json");
    const checkpoint = checkpointOf(container, config, folder.called("config.json"));
    const model = await Transformer.load(checkpoint, options);
    const { vocab } = container.metadata;
    return {
      model,
      tokenizer: async () =>
        config === null ? characterTokenizer(vocab, checkpoint.name) : readTokenizer(folder, config),
    };
  } finally {
    await container.source.close();
  }
}

async function openBin(folder: Folder, file: string, options: LoadOptions): Promise<OpenTransformer> {
  return using(await folder.open(file), async (source) => {
    const model = await Transformer.load(await openLlama2c(source), options);
    return { model, tokenizer: () => readTokenizerBin(folder, model.vocabulary) };
  });
}

/** The checkpoint of llama2.c among files that have no other model. */
function loneBin(names: readonly string[]): string | null {
  if (names.some((name) => name === "config.json" || name.includes(".safetensors"))) return null;
  const checkpoints = names.filter((name) => name.endsWith(".bin") && !isTokenizerBin(name));
  return checkpoints.length === 1 ? checkpoints[0] : null;
}

async function readTokenizer(folder: Folder, config: Config): Promise<Tokenizer> {
  const where = folder.called("tokenizer.json");
  const json = await readJson(folder, "tokenizer.json");
  if (json === null) throw expected(where, "a tokenizer beside the model", "no such file");
  const settings = (await readJson(folder, "tokenizer_config.json")) ?? {};
  const generation = (await readJson(folder, "generation_config.json")) ?? {};
  const ends = [generation.eos_token_id ?? config.eos_token_id].flat().filter((id) => typeof id === "number");
  // Its library is larger than all else here: a page loads it when it meets such a model.
  const { hubTokenizer } = await import("./tokenizer/hub.js");
  return hubTokenizer(json, settings, ends, where);
}

const isTokenizerBin = (name: string) => /^tok.*\.bin$/.test(name);

/** Projects name it after its size: tokenizer.bin, tok512.bin. */
async function readTokenizerBin(folder: Folder, vocabulary: number): Promise<Tokenizer> {
  const files = (await folder.names()).filter(isTokenizerBin);
  const exact = files.find((name) => name === `tok${vocabulary}.bin`) ?? files.find((name) => name === "tokenizer.bin");
  const file = exact ?? (files.length === 1 ? files[0] : undefined);
  if (file === undefined) {
    const wanted = `a tokenizer.bin, or a tok${vocabulary}.bin, beside the model`;
    throw expected(folder.name, wanted, files.length === 0 ? "none" : listed(files));
  }
  return using(await folder.open(file), async (source) =>
    llama2cTokenizer(await readAll(source), vocabulary, source.name),
  );
}
