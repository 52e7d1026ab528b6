/** Expands patterns in arguments which the shell has left as they are, because they were quoted, or on Windows. */
import { lstat } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import { glob, isDynamicPattern } from "tinyglobby";
import { expected } from "./error.js";
import { naturally } from "./text.js";

/**
 * The files that the arguments name, in the order of the arguments. The files of one pattern are in the order of their names. An
 * argument that is the name of a file means that file, even if it looks like a pattern.
 *
 * @throws FileError naming a pattern that no file matches
 */
export async function expand(args: readonly string[], cwd = process.cwd()): Promise<string[]> {
  const files: string[] = [];
  for (const arg of args) {
    if (!isDynamicPattern(arg) || (await exists(arg, cwd))) files.push(arg);
    else files.push(...(await matching(arg, cwd)));
  }
  return files;
}

async function matching(pattern: string, cwd: string): Promise<string[]> {
  const found = await glob(process.platform === "win32" ? pattern.replaceAll("\\", "/") : pattern, {
    cwd,
    absolute: isAbsolute(pattern),
    expandDirectories: false,
    onlyFiles: true,
  });
  if (found.length === 0) throw expected(pattern, "at least one file that matches", "none");
  return found.sort((a, b) => naturally(a, b) || (a < b ? -1 : 1));
}

async function exists(path: string, cwd: string): Promise<boolean> {
  try {
    await lstat(resolve(cwd, path));
    return true;
  } catch {
    return false;
  }
}
