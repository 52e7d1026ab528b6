/** Models on a disk, which only Node has. */
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { listed } from "@orthonorm/files";
import { openDisk, openModel } from "@orthonorm/files/node";
import { checkpointOf } from "./checkpoint.js";
import { isFolder, readJson } from "./disk.js";
import { expected } from "./error.js";
import { openLlama2c } from "./llama2c.js";
import type { Config } from "./rotary.js";
import { characterTokenizer } from "./tokenizer/characters.js";
import { hubTokenizer } from "./tokenizer/hub.js";
import { llama2cTokenizer } from "./tokenizer/llama2c.js";
import type { Tokenizer } from "./tokenizer/tokenizer.js";
import { type LoadOptions, Transformer } from "./transformer.js";

export { type Converted, type ConvertOptions, convertModel } from "./convert/save.js";

export interface OpenTransformer {
  readonly model: Transformer;
  /** Reads the tokenizer beside the model. @throws ModelError where there is none that can be read */
  tokenizer(): Promise<Tokenizer>;
}

/**
 * Opens a model: a folder as on a hub (config.json, safetensors in one file or in shards, tokenizer.json), a checkpoint of llama2.c
 * (.bin), or a .safetensors file whose metadata has its settings.
 *
 * @throws ModelError, FileError where it is none that can be run
 */
export async function openTransformer(path: string, options: LoadOptions = {}): Promise<OpenTransformer> {
  if (path.endsWith(".bin")) return openBin(path, options);
  const folder = (await isFolder(path)) ? path : dirname(path);
  const configName = join(folder, "config.json");
  const container = await openModel(path);
  try {
    const config = await readJson(configName);
    const checkpoint = checkpointOf(container, config, configName);
    const model = await Transformer.load(checkpoint, options);
    const { vocab } = container.metadata;
    return {
      model,
      tokenizer: async () =>
        config === null ? characterTokenizer(vocab, checkpoint.name) : await readTokenizer(folder, config),
    };
  } finally {
    await container.source.close();
  }
}

async function openBin(path: string, options: LoadOptions): Promise<OpenTransformer> {
  const source = await openDisk(path);
  try {
    const model = await Transformer.load(await openLlama2c(source), options);
    return { model, tokenizer: () => readTokenizerBin(dirname(path), model.vocabulary) };
  } finally {
    await source.close();
  }
}

async function readTokenizer(folder: string, config: Config): Promise<Tokenizer> {
  const path = join(folder, "tokenizer.json");
  const json = await readJson(path);
  if (json === null) throw expected(path, "a tokenizer beside the model", "no such file");
  const settings = (await readJson(join(folder, "tokenizer_config.json"))) ?? {};
  const generation = (await readJson(join(folder, "generation_config.json"))) ?? {};
  const ends = [generation.eos_token_id ?? config.eos_token_id].flat().filter((id) => typeof id === "number");
  return hubTokenizer(json, settings, ends, path);
}

/** Projects name it after its size: tokenizer.bin, tok512.bin. */
async function readTokenizerBin(folder: string, vocabulary: number): Promise<Tokenizer> {
  const files = (await readdir(folder)).filter((name) => /^tok.*\.bin$/.test(name));
  const exact = files.find((name) => name === `tok${vocabulary}.bin`) ?? files.find((name) => name === "tokenizer.bin");
  const file = exact ?? (files.length === 1 ? files[0] : undefined);
  if (file === undefined) {
    const wanted = `a tokenizer.bin, or a tok${vocabulary}.bin, beside the model`;
    throw expected(folder, wanted, files.length === 0 ? "none" : listed(files));
  }
  const path = join(folder, file);
  return llama2cTokenizer(await readFile(path), vocabulary, path);
}
