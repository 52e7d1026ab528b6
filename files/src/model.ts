/** A model on a disk as people have it: a file, a folder, an index, or the shards themselves. */
import { readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Container } from "./container.js";
import { diskFolder, isFolder, openDisk, openShards, systemReason } from "./disk.js";
import { expected, FileError } from "./error.js";
import { weightFiles } from "./folder.js";
import { isObject, kindOf } from "./header.js";
import { openContainer } from "./open.js";
import { distinct, joined } from "./shards.js";
import { listed } from "./text.js";

export interface Model extends Container {
  /** `model_type` of the config.json that lies beside the model: "gpt2", "gemma2"; null where there is none. */
  readonly modelType: string | null;
}

/**
 * Opens a model: one file of tensors; an index, with its shards; a folder, with its index, or else its model.safetensors, or else all
 * of its .safetensors; or several files, whose tensors are then those of one model. Closing its source closes all of them.
 *
 * @param given paths
 * @param nameOf what a path is called in messages and in the output
 * @throws FileError where a file cannot be read, or two of them have a tensor of one name
 */
export async function openModel(
  given: string | readonly string[],
  nameOf: (path: string) => string = (path) => path,
): Promise<Model> {
  const paths = typeof given === "string" ? [given] : given;
  if (paths.length === 0) throw new RangeError("openModel: given expected at least one path, got none");
  const files: string[] = [];
  for (const path of paths) files.push(...((await isFolder(path)) ? await inFolder(path, nameOf(path)) : [path]));
  const modelType = await readModelType(dirname(files[0]), nameOf);

  const parts: Container[] = [];
  try {
    // An index opens its shards. Those that are named beside it, as a pattern names them, are not opened again.
    const opened = new Set<string>();
    for (const index of files.filter(isIndex)) {
      const part = await openShards(index, nameOf(index));
      parts.push(part);
      for (const shard of part.files) opened.add(resolve(dirname(index), shard));
    }
    for (const file of files) {
      if (!isIndex(file) && !opened.has(resolve(file))) parts.push(await openFile(file, nameOf(file)));
    }
    if (parts.length === 1) return { ...parts[0], modelType };
    const name = listed(paths.map(nameOf), 2);
    const tensors = distinct(name, new Map(parts.map((part) => [part.source.name, part.tensors])));
    return { ...joined({ ...parts[0].source, name }, parts, tensors), modelType };
  } catch (error) {
    for (const { source } of parts) await source.close();
    throw error;
  }
}

const isIndex = (path: string) => path.endsWith(".json");

async function openFile(path: string, name: string): Promise<Container> {
  const source = await openDisk(path, name);
  try {
    return await openContainer(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** The files of the model that a folder has. */
async function inFolder(path: string, name: string): Promise<string[]> {
  return weightFiles(await diskFolder(path, name).names(), name).map((file) => join(path, file));
}

/** A hundred times the config.json of the most verbose model. */
const maximumConfig = 4 << 20;

async function readModelType(folder: string, nameOf: (path: string) => string): Promise<string | null> {
  const path = join(folder, "config.json");
  const name = nameOf(path);
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > maximumConfig) throw expected(name, `a config.json of at most ${maximumConfig} bytes`, `${size}`);
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof FileError) throw error;
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw expected(name, "a file that can be read", systemReason(error));
  }
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    throw expected(name, "a JSON object", "text that is not valid JSON");
  }
  if (!isObject(config)) throw expected(name, "a JSON object", kindOf(config));
  return typeof config.model_type === "string" ? config.model_type : null;
}
