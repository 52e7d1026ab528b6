/** Models on a disk, which only Node has. */
import { basename, dirname } from "node:path";
import { diskFolder, isFolder } from "@orthonorm/files/node";
import { type OpenTransformer, openFrom } from "./open.js";
import type { LoadOptions } from "./transformer.js";

export { type Converted, type ConvertOptions, convertModel } from "./convert/save.js";
export type { OpenTransformer };

/**
 * Opens a model: a folder as on a hub (config.json, safetensors in one file or in shards, tokenizer.json), a checkpoint of llama2.c
 * (.bin), or a .safetensors file whose metadata has its settings.
 *
 * @throws ModelError, FileError where it is none that can be run
 */
export async function openTransformer(path: string, options: LoadOptions = {}): Promise<OpenTransformer> {
  if (await isFolder(path)) return openFrom(diskFolder(path), null, options);
  return openFrom(diskFolder(dirname(path)), basename(path), options);
}
