/**
 * Folders for files that are written. Node's own recursive mkdir is not used: where a file system takes no folder and says that there is no
 * such directory, as /proc does, it tries again for ever (Node 20).
 */
import { mkdirSync, rmdirSync, type Stats, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Makes a folder and those it lies in.
 *
 * @returns the ones that were not there before, the outermost first
 * @throws the system's error; what was made until then is gone again
 */
export function makeFolders(folder: string): string[] {
  const missing: string[] = [];
  for (let one = resolve(folder); !isFolder(one); one = dirname(one)) missing.unshift(one);
  const made: string[] = [];
  try {
    for (const one of missing) if (makeFolder(one)) made.push(one);
  } catch (error) {
    removeFolders(made);
    throw error;
  }
  return made;
}

/** Removes what `makeFolders` made, from the innermost on. One that holds another's files by now stays. */
export function removeFolders(made: readonly string[]): void {
  for (const folder of [...made].reverse()) {
    try {
      rmdirSync(folder);
    } catch {
      return;
    }
  }
}

/** @returns whether it was made here: of many tasks that write to one new folder, one makes it */
function makeFolder(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST" && isFolder(folder)) return false;
    throw error;
  }
}

/** @throws where there is something else in its place */
function isFolder(path: string): boolean {
  const there = statIfThere(path);
  if (there === undefined || there.isDirectory()) return there !== undefined;
  throw Object.assign(new Error(`EEXIST: file already exists, mkdir '${path}'`), { code: "EEXIST" });
}

/** Below a file there is nothing; that the file is in the way is found out when its own turn comes. */
function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return undefined;
    throw error;
  }
}
