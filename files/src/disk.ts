/** Files on a disk. Ranges of them are read straight into the caller's bytes. */
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EndsEarly, expected, FileError } from "./error.js";
import type { Folder } from "./folder.js";
import { WrongFormat } from "./formats.js";
import { readAhead } from "./read-ahead.js";
import { openIndex, type Sharded } from "./shards.js";
import { refuseDetached, type Source } from "./source.js";

/**
 * @param name what the file is called in messages and in the output
 * @throws FileError where it is no regular file or cannot be opened
 */
export async function openDisk(path: string, name = path): Promise<Source> {
  let handle: FileHandle;
  let size: number;
  try {
    // Asked before it is opened, because opening a pipe that nobody writes to would wait for ever.
    const kind = await stat(path);
    if (kind.isDirectory()) throw new WrongFormat(name, "a directory");
    if (!kind.isFile()) throw expected(name, "a regular file (it is read by ranges)", "a pipe or device");
    handle = await open(path, "r");
    try {
      ({ size } = await handle.stat());
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    throw error instanceof FileError ? error : unreadable(name, error);
  }
  const read = async (into: Uint8Array, position: number) => {
    const { length } = into;
    let got = 0;
    while (got < length) {
      let bytesRead: number;
      try {
        ({ bytesRead } = await handle.read(into, got, length - got, position + got));
      } catch (error) {
        throw unreadable(name, error);
      }
      refuseDetached(into, length);
      if (bytesRead === 0) {
        throw new EndsEarly(name, length, position, position + got, "it was shortened while being read");
      }
      got += bytesRead;
    }
  };
  return readAhead({ name, size, read, close: () => handle.close() });
}

/**
 * Opens a model in several files by its index, `model.safetensors.index.json`. The tensors are those of all files.
 *
 * @throws FileError where the index or one of the files cannot be read, or they do not fit together
 */
export async function openShards(path: string, name = path): Promise<Sharded> {
  const beside = (root: string, file: string) => join(dirname(root), file);
  return openIndex(await openDisk(path, name), (file) => openDisk(beside(path, file), beside(name, file)));
}

export async function isFolder(path: string): Promise<boolean> {
  const there = await stat(path).catch(() => null);
  return there?.isDirectory() === true;
}

/** @param name what the folder is called in messages. That it is there is asked where its files are */
export function diskFolder(path: string, name = path): Folder {
  const called = (file: string) => join(name, file);
  return {
    name,
    called,
    async names() {
      try {
        return await readdir(path);
      } catch (error) {
        throw expected(name, "a folder that can be read", systemReason(error));
      }
    },
    open: (file) => openDisk(join(path, file), called(file)),
  };
}

function unreadable(name: string, error: unknown): FileError {
  return expected(name, "a file that can be read", systemReason(error));
}

/** Why a system call failed, in words. */
export function systemReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "no such file or directory";
  if (code === "EACCES" || code === "EPERM") return "no permission";
  if (code === "EISDIR") return "a directory";
  if (code === "EEXIST") return "a file in the place of a folder";
  if (code === "ENOTDIR") return "a path through something that is not a directory";
  if (code === "ENOSPC") return "no space left on the device";
  if (code === "EROFS") return "a read-only file system";
  if (code === "ELOOP") return "a link that leads to itself";
  return code ?? message;
}
