/** `orthonorm convert` without its command line: a model on a disk in, and a model on the disk out, whole or not at all. */
import { randomBytes } from "node:crypto";
import { existsSync, renameSync, rmSync } from "node:fs";
import { copyFile, readdir, readFile, realpath, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import {
  makeFolders,
  openModel,
  removeFolders,
  systemReason,
  writeSafetensors,
  writeShards,
} from "@orthonorm/files/node";
import { isFolder, readJson } from "../disk.js";
import { expected, ModelError } from "../error.js";
import { type Conversion, type ConversionOptions, conversionOf } from "./conversion.js";

export interface ConvertOptions extends ConversionOptions {
  /** How many bytes of tensors a file may have. Default: 5e9. */
  maximumBytes?: number;
  /** Whether what an earlier conversion has written there is replaced. Default: false. */
  force?: boolean;
  signal?: AbortSignal;
  progress?: (what: string, share: number) => void;
}

export interface Converted {
  readonly conversion: Conversion;
  /** Paths, the weights first. */
  readonly files: readonly string[];
}

/** What was done, beside the weights; by it a folder is known as one that convert has written. */
const manifestName = "manifest.json";

/** What belongs to a model beside its weights and its configuration: the tokenizer, how text is made, the licence. */
const companions =
  /^(tokenizer.*\.(json|model|txt)|vocab\.(json|txt)|merges\.txt|special_tokens_map\.json|added_tokens\.json|generation_config\.json|chat_template\..+|spiece\.model|sentencepiece.*|licen[cs]e.*|notice.*)$/i;

/**
 * Writes a model that has RMSNorm where the given one has LayerNorm, and computes the same.
 *
 * @param path a folder as on a hub, one of its files, or a .safetensors file whose metadata has its settings
 * @param out the folder to be written; or a .safetensors file, of a model without a config.json
 * @throws ModelError, FileError where the model cannot be converted exactly, or the result not be written: then nothing is left of it
 */
export async function convertModel(path: string, out: string, options: ConvertOptions = {}): Promise<Converted> {
  if (path.endsWith(".bin")) {
    throw expected(
      path,
      "a model whose LayerNorms can become RMSNorms exactly",
      "a llama2.c, which has RMSNorm already",
    );
  }
  const folder = (await isFolder(path)) ? path : dirname(path);
  const configName = join(folder, "config.json");
  const container = await openModel(path);
  try {
    const config = await readJson(configName);
    const conversion = await conversionOf(container, config, configName, options);
    const toFile = out.endsWith(".safetensors");
    if (toFile && config !== null) throw expected(out, "the name of a folder, as the model is one", "that of a file");
    await refuseOut(out, path, folder, options.force === true, toFile);
    const files = toFile
      ? await writeFileOf(conversion, out, options)
      : await writeFolderOf(conversion, out, config === null ? null : folder, options);
    return { conversion, files };
  } finally {
    await container.source.close();
  }
}

/** A file has the manifest in its metadata. */
async function writeFileOf(
  conversion: Conversion,
  out: string,
  { signal, progress }: ConvertOptions,
): Promise<string[]> {
  const { metadata, manifest } = conversion;
  const told = { ...metadata, manifest: JSON.stringify(manifest) };
  await writeSafetensors(out, conversion.tensors(progress), { metadata: told, signal });
  return [out];
}

/** All is written into a folder beside it, which gets its name at the end. @param from where the tokenizer is; null of none */
async function writeFolderOf(
  conversion: Conversion,
  out: string,
  from: string | null,
  { maximumBytes, signal, progress }: ConvertOptions,
): Promise<string[]> {
  const { metadata, manifest, config } = conversion;
  const to = resolve(out);
  const partial = `${to}.${randomBytes(4).toString("hex")}.tmp`;
  const clean = () => rmSync(partial, { recursive: true, force: true });
  let made: string[] = [];
  // A second Ctrl-C ends the process at once.
  process.once("exit", clean);
  try {
    made = attempt(out, () => makeFolders(dirname(to)));
    const shards = await writeShards(partial, conversion.tensors(progress), { metadata, maximumBytes, signal });
    const others = await copied(from, partial);
    await attempt(out, async () => {
      if (config !== null) await writeFile(join(partial, "config.json"), json(config));
      await writeFile(join(partial, manifestName), json(manifest));
    });
    signal?.throwIfAborted();
    attempt(out, () => replace(to, partial));
    const names = [
      ...shards.map((shard) => basename(shard)),
      ...(config === null ? [] : ["config.json"]),
      manifestName,
    ];
    return [...names, ...others].map((name) => join(out, name));
  } catch (error) {
    clean();
    removeFolders(made);
    throw error;
  } finally {
    process.off("exit", clean);
  }
}

/** What was there moves aside for the moment: under the name there is always a whole model, or none. */
function replace(to: string, by: string): void {
  const old = `${by}.old`;
  const replaces = existsSync(to);
  if (replaces) renameSync(to, old);
  try {
    renameSync(by, to);
  } catch (error) {
    if (replaces) renameSync(old, to);
    throw error;
  }
  rmSync(old, { recursive: true, force: true });
}

/** Copies what belongs to a model. @returns the names */
async function copied(from: string | null, to: string): Promise<string[]> {
  if (from === null) return [];
  const entries = await readdir(from, { withFileTypes: true });
  const names = entries.filter((entry) => !entry.isDirectory() && companions.test(entry.name)).map(({ name }) => name);
  for (const name of names) {
    await copyFile(join(from, name), join(to, name)).catch((error: unknown) => {
      throw expected(join(from, name), "a file that can be copied", systemReason(error));
    });
  }
  return names.sort();
}

/** @throws ModelError where something is in the place of the result that may not be replaced */
async function refuseOut(out: string, path: string, folder: string, force: boolean, toFile: boolean): Promise<void> {
  const there = await stat(out).catch(() => null);
  if (there === null) return;
  const [real, model, around] = [await realpath(out), await realpath(path), await realpath(folder)];
  if (real === model || `${around}${sep}`.startsWith(`${real}${sep}`)) {
    throw expected(out, "a place of its own for the result", "the model that is read");
  }
  if (there.isDirectory() === toFile) {
    throw expected(out, toFile ? "a file to be written" : "a folder to be written", toFile ? "a folder" : "a file");
  }
  if (there.isDirectory() && (await readdir(out)).length === 0) return;
  if (!force) throw expected(out, "a new name, or --force", `a ${toFile ? "file" : "folder"} that is there already`);
  if (await wasConverted(out, toFile)) return;
  throw expected(out, "the result of an earlier conversion, which --force replaces", "something else");
}

async function wasConverted(out: string, isFile: boolean): Promise<boolean> {
  if (!isFile) {
    const text = await readFile(join(out, manifestName), "utf8").catch(() => "");
    return text.includes('"made_by"');
  }
  try {
    const container = await openModel(out);
    await container.source.close();
    return container.metadata.manifest?.includes('"made_by"') === true;
  } catch {
    return false;
  }
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** Does what a disk may refuse, and says so in our words. */
function attempt<T>(out: string, work: () => T): T {
  const failed = (error: unknown) => {
    if (error instanceof ModelError || (error as NodeJS.ErrnoException).code === undefined) return error;
    return expected(out, "a folder that can be written", systemReason(error));
  };
  try {
    const result = work();
    if (!(result instanceof Promise)) return result;
    return result.catch((error: unknown) => {
      throw failed(error);
    }) as T;
  } catch (error) {
    throw failed(error);
  }
}
