/** Files of tensors written to a disk: each whole or not at all, never half of one under its name. */
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beside } from "./beside.js";
import { systemReason } from "./disk.js";
import { expected, FileError } from "./error.js";
import { makeFolders, removeFolders } from "./folders.js";
import { followed } from "./links.js";
import { divide, indexName, indexText, modelFiles, shardName } from "./shards.js";
import { checkOptions, checkTensors, type GivenTensor, type Metadata, safetensorsBytes } from "./write-safetensors.js";

export interface WriteOptions {
  /** `__metadata__`: texts by name. */
  metadata?: Metadata;
  /** Stops the writing before the next chunk: what was written is removed, and the signal's reason is thrown. */
  signal?: AbortSignal;
}

/**
 * Writes tensors as a safetensors file. It is written beside its place under another name, and moved there at the end: whoever
 * reads `path` finds the old file or the new one. Where the writing fails, or is stopped, nothing is left of it, nor of folders that it made.
 *
 * @throws TypeError, RangeError where the tensors are not as they say, before anything is written except for chunks of the
 * wrong size
 * @throws FileError where the file cannot be written
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<GivenTensor>,
  options: WriteOptions = {},
): Promise<void> {
  checkOptions("writeSafetensors", options, ["metadata", "signal"]);
  const { metadata = {}, signal } = options;
  const checked = checkTensors("writeSafetensors", tensors, metadata);
  await writeAll([{ path, chunks: safetensorsBytes("writeSafetensors", checked, metadata) }], signal);
}

export interface ShardOptions extends WriteOptions {
  /** How many bytes of tensors a file may have. A tensor that is larger is a file by itself. */
  maximumBytes?: number;
}

/**
 * Writes a model as Hugging Face does: as `model.safetensors` where it fits in one file, else as
 * `model-00001-of-00003.safetensors` and so on, with `model.safetensors.index.json`, which says which tensor is in which file.
 * All files get their names at the end, the index last; where the writing fails before, there is none of them.
 *
 * @returns the paths of the files
 * @throws TypeError, RangeError where the tensors are not as they say
 * @throws FileError where the files cannot be written, or where the folder has files of another model, which would be mixed up
 */
export async function writeShards(
  folder: string,
  tensors: Iterable<GivenTensor>,
  options: ShardOptions = {},
): Promise<string[]> {
  const op = "writeShards";
  checkOptions(op, options, ["metadata", "maximumBytes", "signal"]);
  const { metadata = {}, maximumBytes = 5e9, signal } = options;
  if (!Number.isSafeInteger(maximumBytes) || maximumBytes < 1) {
    throw new RangeError(`${op}: maximumBytes expected a positive integer, got ${maximumBytes}`);
  }
  const checked = checkTensors(op, tensors, metadata);
  const shards = divide(checked, maximumBytes);
  const names = shards.map((_, index) => shardName(index, shards.length));
  const files = shards.map((shard, index) => ({
    path: join(folder, names[index]),
    chunks: safetensorsBytes(op, shard, metadata),
  }));
  if (shards.length > 1) {
    files.push({ path: join(folder, indexName), chunks: textBytes(indexText(shards, names)) });
  }
  await refuseOthers(folder, new Set(files.length > names.length ? [...names, indexName] : names));
  await writeAll(files, signal);
  return files.map(({ path }) => path);
}

async function* textBytes(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

/** A model.safetensors beside the shards of another model would be taken for it, and shards of both for one model. */
async function refuseOthers(folder: string, own: ReadonlySet<string>): Promise<void> {
  const there = await readdir(folder).catch(() => [] as string[]);
  const others = there.filter((name) => modelFiles.test(name) && !own.has(name));
  if (others.length > 0) throw expected(folder, "a folder without another model's files", others.sort()[0]);
}

interface Written {
  path: string;
  chunks: AsyncIterable<Uint8Array>;
}

/** Writes all files under other names; then, when all are written, gives them their own. */
async function writeAll(files: readonly Written[], signal?: AbortSignal): Promise<void> {
  const moves: { path: string; from: string; to: string }[] = [];
  const made: string[] = [];
  try {
    for (const { path, chunks } of files) {
      signal?.throwIfAborted();
      const to = await target(path);
      const from = beside(to);
      const handle = await attempt(path, async () => {
        made.push(...makeFolders(dirname(to)));
        return open(from, "wx");
      });
      moves.push({ path, from, to });
      try {
        await writeChunks(path, handle, chunks, signal);
      } finally {
        await handle.close();
      }
    }
    for (const { path, from, to } of moves) await attempt(path, () => rename(from, to));
  } catch (error) {
    for (const { from } of moves) await rm(from, { force: true });
    removeFolders(made);
    throw error;
  }
}

/** The file to be replaced, which may not be there yet. A link is followed, so that the file it points to is replaced. */
async function target(path: string): Promise<string> {
  const to = await attempt(path, () => followed(path));
  const there = await stat(to).catch(() => null);
  // Found out before the work; and a device would be replaced by a file.
  if (there !== null && !there.isFile()) {
    throw expected(path, "a file that can be written", there.isDirectory() ? "a directory" : "a pipe or device");
  }
  return to;
}

async function writeChunks(
  path: string,
  handle: FileHandle,
  chunks: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    for (let done = 0; done < chunk.length; ) {
      const { bytesWritten } = await attempt(path, () => handle.write(chunk, done, chunk.length - done));
      done += bytesWritten;
    }
  }
  signal?.throwIfAborted();
  // Else the name could reach the disk before the bytes do, and a power cut leave an empty file under it.
  await attempt(path, () => handle.sync());
}

/** Does what a disk may refuse, and says so in our words. */
async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw expected(path, "a file that can be written", systemReason(error));
  }
}
