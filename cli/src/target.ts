/** A command's results in files, each written whole or not at all. */
import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { access, constants, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { printable } from "@orthonorm/files";
import { beside, followed, makeFolders, removeFolders, systemReason } from "@orthonorm/files/node";
import { CommandError } from "./error.js";

/** Where a result goes: a regular file, which is replaced whole, or a device or pipe, which is written to. */
export interface Target {
  /** The option and its file, as the user wrote them. */
  option: string;
  file: string;
  path: string;
  replace: boolean;
}

/**
 * Finds out, before the work, whether a result can be written after it.
 *
 * @throws CommandError where it cannot, or where it would replace one of the inputs.
 */
export async function prepareTarget(option: string, file: string, inputs: readonly string[]): Promise<Target> {
  try {
    // A link is followed, so that the file it points to is replaced and not the link.
    const path = await followed(file);
    const there = await stat(path).catch(() => null);
    if (there?.isDirectory()) throw unwritable(option, file, "a directory");
    if (there !== null && !there.isFile()) return { option, file, path, replace: false };
    for (const input of inputs) {
      if ((await realpath(input).catch(() => null)) === path) {
        throw new CommandError(
          `${option} ${printable(file)} expected a file to write, got one of the files to read`,
          2,
        );
      }
    }
    if (there !== null) await access(path, constants.W_OK);
    tryFolder(await nearestFolder(dirname(path)));
    return { option, file, path, replace: true };
  } catch (error) {
    throw error instanceof CommandError ? error : unwritable(option, file, systemReason(error));
  }
}

/**
 * Writes to a file beside the target and moves it there, so that nobody ever reads half of it. It is synchronous, so that Ctrl-C
 * comes before or after it, and cannot leave half of it behind.
 */
export function writeWhole({ option, file, path, replace }: Target, pieces: Iterable<string>): void {
  const written = replace ? beside(path) : path;
  const made: string[] = [];
  try {
    made.push(...makeFolders(dirname(path)));
    const into = openSync(written, replace ? "wx" : "w");
    try {
      for (const piece of pieces) writeAll(into, Buffer.from(piece));
    } finally {
      closeSync(into);
    }
    if (replace) renameSync(written, path);
  } catch (error) {
    if (replace) rmSync(written, { force: true });
    removeFolders(made);
    // What goes wrong while a text is made is no fault of the file.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw unwritable(option, file, systemReason(error));
  }
}

function writeAll(file: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}

/** @throws the system's error unless the folder takes files: permissions alone do not say it of /proc, where root has all of them */
function tryFolder(folder: string): void {
  const file = beside(join(folder, "orthonorm"));
  try {
    closeSync(openSync(file, "wx"));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === "ENOENT" ? new Error("a folder that takes no files") : error;
  }
  rmSync(file);
}

/** The folder, or the nearest one above it that exists. The others are made when the file is written. */
async function nearestFolder(folder: string): Promise<string> {
  const there = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (there === null) return nearestFolder(dirname(folder));
  if (!there.isDirectory()) throw Object.assign(new Error(), { code: "ENOTDIR" });
  return folder;
}

function unwritable(option: string, file: string, got: string): CommandError {
  return new CommandError(`${option} ${printable(file)} expected a file that can be written, got ${got}`);
}
