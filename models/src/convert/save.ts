/** `orthonorm convert` without its command line: a model on a disk in, and a model on the disk out, whole or not at all. */
import { existsSync, renameSync, rmSync } from "node:fs";
import { copyFile, readdir, readFile, realpath, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { FileError, printable } from "@orthonorm/files";
import {
  beside,
  diskFolder,
  followed,
  isFolder,
  leftBeside,
  makeFolders,
  openModel,
  removeFolders,
  removeLeft,
  systemReason,
  writeSafetensors,
  writeShards,
} from "@orthonorm/files/node";
import { readJson } from "../companions.js";
import { expected, ModelError } from "../error.js";
import { type Conversion, type ConversionOptions, conversionOf } from "./conversion.js";

export interface ConvertOptions extends ConversionOptions {
  /** How many bytes of tensors a file may have. Default: 5e9. */
  maximumBytes?: number;
  /** Whether what an earlier conversion has written there is replaced. Default: false. */
  force?: boolean;
  signal?: AbortSignal;
  progress?: (what: string, share: number) => void;
  /** Is told what was removed beside `out`: what a conversion that was killed had written. */
  removed?: (left: string) => void;
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
    const config = await readJson(diskFolder(folder), "config.json");
    const conversion = await conversionOf(container, config, configName, options);
    const toFile = out.endsWith(".safetensors");
    if (toFile && config !== null) throw expected(out, "the name of a folder, as the model is one", "that of a file");
    const to = await attempt(out, toFile, () => followed(out));
    attempt(out, toFile, () => tidy(to, options.removed));
    const refuse = () => refuseOut(out, path, folder, options.force === true, toFile);
    await refuse();
    const write = (into: string) =>
      toFile
        ? writeFileOf(conversion, join(into, basename(to)), options)
        : writeFolderOf(conversion, into, config === null ? null : folder, options);
    const names = await moved({ out, to, toFile }, write, refuse, options.signal);
    return { conversion, files: toFile ? [out] : names.map((name) => join(out, name)) };
  } finally {
    await container.source.close();
  }
}

interface Place {
  /** As the user has it. */
  out: string;
  /** Where that leads. */
  to: string;
  toFile: boolean;
}

/**
 * All is written into a folder beside its place, from which it moves there at the end.
 *
 * @param refuse throws where something is in its place, by then perhaps another conversion's
 */
async function moved<T>(
  { out, to, toFile }: Place,
  write: (into: string) => Promise<T>,
  refuse: () => Promise<void>,
  signal?: AbortSignal,
): Promise<T> {
  const partial = beside(to);
  const written = toFile ? join(partial, basename(to)) : partial;
  const clean = () => {
    if (existsSync(partial)) rmSync(partial, { recursive: true, force: true });
  };
  let made: string[] = [];
  // A second Ctrl-C ends the process at once.
  process.once("exit", clean);
  try {
    made = attempt(out, toFile, () => makeFolders(partial));
    const result = await write(partial);
    signal?.throwIfAborted();
    await refuse();
    attempt(out, toFile, () => (toFile ? renameSync(written, to) : replace(to, partial)));
    return result;
  } catch (error) {
    clean();
    removeFolders(made.slice(0, -1));
    throw calledBy(out, written, error);
  } finally {
    clean();
    process.off("exit", clean);
  }
}

/** The user knows nothing of the place where it was written. */
function calledBy(out: string, written: string, error: unknown): unknown {
  if (!(error instanceof FileError || error instanceof ModelError)) return error;
  return new ModelError(error.message.replaceAll(printable(written), printable(out)));
}

/** A file has the manifest in its metadata. */
async function writeFileOf(
  { metadata, manifest, tensors }: Conversion,
  file: string,
  { signal, progress }: ConvertOptions,
): Promise<string[]> {
  const told = { ...metadata, manifest: JSON.stringify(manifest) };
  await writeSafetensors(file, tensors(progress), { metadata: told, signal });
  return [file];
}

/** @param from where the tokenizer is; null of none. @returns the names of the files */
async function writeFolderOf(
  { metadata, manifest, config, tensors }: Conversion,
  into: string,
  from: string | null,
  { maximumBytes, signal, progress }: ConvertOptions,
): Promise<string[]> {
  const shards = await writeShards(into, tensors(progress), { metadata, maximumBytes, signal });
  const others = await copied(from, into);
  await attempt(into, false, async () => {
    if (config !== null) await writeFile(join(into, "config.json"), json(config));
    await writeFile(join(into, manifestName), json(manifest));
  });
  const own = config === null ? [manifestName] : ["config.json", manifestName];
  return [...shards.map((shard) => basename(shard)), ...own, ...others];
}

/** What is added to the name of what moves aside. */
const aside = ".old";

/** A folder that was there moves aside for the moment: under the name there is always a whole model, or none. */
function replace(to: string, by: string): void {
  const old = `${by}${aside}`;
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

/** Takes up after conversions that were killed: what they were writing goes, and what they had moved aside comes back. */
function tidy(to: string, removed?: (left: string) => void): void {
  for (const old of leftBeside(to, aside)) {
    if (existsSync(to)) rmSync(old, { recursive: true, force: true });
    else renameSync(old, to);
  }
  for (const left of removeLeft(to)) removed?.(left);
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
function attempt<T>(out: string, toFile: boolean, work: () => T): T {
  const failed = (error: unknown) => {
    if (error instanceof ModelError || (error as NodeJS.ErrnoException).code === undefined) return error;
    return expected(out, `a ${toFile ? "file" : "folder"} that can be written`, systemReason(error));
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
