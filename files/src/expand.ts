/** What people name on a command line as files: names, folders, and patterns that the shell has left as they are. */
import { readdir, stat } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { glob, isDynamicPattern } from "tinyglobby";
import { expected } from "./error.js";
import { naturally, printable } from "./text.js";

export interface GivenFile {
  file: string;
  /** Whether it was named itself. One that a folder or a pattern gave may turn out to be no file of states, and be left out. */
  explicit: boolean;
}

/** The files of a folder that `expandFiles` takes. */
const tensorFiles = /\.(safetensors|npy|npz)$/i;

/**
 * The files that the arguments name, in the order of the arguments. The files of one pattern are in the order of their names. An
 * argument that is the name of a file means that file, even if it looks like a pattern.
 *
 * @throws FileError naming a pattern that no file matches
 */
export async function expand(args: readonly string[], cwd = process.cwd()): Promise<string[]> {
  const files: string[] = [];
  for (const arg of args) files.push(...((await isName(arg, cwd)) ? [arg] : await matching(arg, cwd)));
  return files;
}

/**
 * As `expand`, for files of tensors: a folder means the .safetensors, .npy and .npz files in it, and a file that is named twice,
 * whatever the names, is refused, for it would be counted twice. "-" is standard input.
 *
 * @param isOne which folders are taken as they are, and not as the files in them
 * @throws FileError naming the pattern or folder that has no file, or the file that was given twice
 */
export async function expandFiles(
  args: readonly string[],
  cwd = process.cwd(),
  isOne: (folder: string) => Promise<boolean> = async () => false,
): Promise<GivenFile[]> {
  const files: GivenFile[] = [];
  for (const arg of args) {
    if (!(await isName(arg, cwd))) files.push(...found(await matching(arg, cwd)));
    else if ((await isFolder(arg, cwd)) && !(await isOne(arg))) files.push(...found(await inFolder(arg, cwd)));
    else files.push({ file: arg, explicit: true });
  }
  await refuseTwice(files, cwd);
  return files;
}

const found = (files: readonly string[]) => files.map((file): GivenFile => ({ file, explicit: false }));

/** An empty name, as an unset variable of a shell gives it, would mean the folder that one is in. */
async function isName(arg: string, cwd: string): Promise<boolean> {
  if (arg === "") throw expected("an argument", "the name of a file", "an empty one");
  return !isDynamicPattern(arg) || (await statOf(arg, cwd)) !== null;
}

const isFolder = async (arg: string, cwd: string) => (await statOf(arg, cwd))?.isDirectory() === true;

/** Null where there is nothing of that name, or it cannot be looked at: whoever opens it says why. */
async function statOf(path: string, cwd: string) {
  // As BigInt, because numbers of files on Windows and on network drives may be beyond 2⁵³.
  return path === "-" ? null : stat(resolve(cwd, path), { bigint: true }).catch(() => null);
}

async function matching(pattern: string, cwd: string): Promise<string[]> {
  const files = await glob(process.platform === "win32" ? pattern.replaceAll("\\", "/") : pattern, {
    cwd,
    absolute: isAbsolute(pattern),
    expandDirectories: false,
    onlyFiles: true,
  });
  if (files.length === 0) throw expected(pattern, "at least one file that matches", "none");
  return sorted(files);
}

async function inFolder(folder: string, cwd: string): Promise<string[]> {
  const entries = await readdir(resolve(cwd, folder), { withFileTypes: true }).catch(() => {
    throw expected(folder, "a folder that can be read", "no permission");
  });
  const names = entries.filter((entry) => !entry.isDirectory() && tensorFiles.test(entry.name)).map(({ name }) => name);
  if (names.length === 0) throw expected(folder, "a folder with .safetensors, .npy or .npz files", "none in it");
  return sorted(names).map((name) => join(folder, name));
}

function sorted(files: readonly string[]): string[] {
  return [...files].sort((a, b) => naturally(a, b) || (a < b ? -1 : 1));
}

/** By the file itself: other names of it, and links to it, are it too. */
async function refuseTwice(files: readonly GivenFile[], cwd: string): Promise<void> {
  const names = new Map<string, string>();
  for (const { file } of files) {
    const there = await statOf(file, cwd);
    // Some network drives number no files.
    const key =
      file === "-" ? file : there === null || there.ino === 0n ? resolve(cwd, file) : `${there.dev}:${there.ino}`;
    const first = names.get(key);
    if (first !== undefined) {
      const got = first === file ? "it given twice" : `it given twice, as ${printable(first)} before`;
      throw expected(file, "to be given once", got);
    }
    names.set(key, file);
  }
}
