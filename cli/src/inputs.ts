/** Files that a command reads whole: as text, or for their hash. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { printable, textIn } from "@orthonorm/files";
import { systemReason } from "@orthonorm/files/node";
import { CommandError } from "./error.js";
import type { Progress } from "./terminal/progress.js";

export async function readText(file: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw unreadable(file, error);
  }
  return textIn(bytes, file);
}

/** Found out before anything else is said of it. @throws CommandError where there is nothing of that name */
export async function expectThere(file: string): Promise<void> {
  await stat(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
}

/** What lies beside a model's file and is read with it. */
const besideModel =
  /^((tokenizer|tokenizer_config|config|generation_config)\.json|.*\.bin|.*\.safetensors(\.index\.json)?)$/;

/** The files of a model, a folder or a file: none of them is to be written over. */
export function filesOfModel(path: string): string[] {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const folder = isFolder ? path : dirname(path);
  if (!existsSync(folder)) return [path];
  const names = readdirSync(folder).filter((name) => isFolder || besideModel.test(name));
  return [path, ...names.map((name) => join(folder, name))];
}

/** A file's SHA-256 as hexadecimal digits; in words where the signal stopped it. */
export async function sha256(file: string, signal: AbortSignal, progress: Progress): Promise<string> {
  const hash = createHash("sha256");
  let done = 0;
  try {
    const { size } = await stat(file);
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20, signal })) {
      hash.update(chunk);
      done += chunk.length;
      progress.update(`SHA-256 of ${printable(file)}`, done / size);
    }
  } catch (error) {
    if (signal.aborted) return "not taken: stopped";
    throw unreadable(file, error);
  }
  return hash.digest("hex");
}

function unreadable(file: string, error: unknown): CommandError {
  return new CommandError(`${printable(file)} expected a file that can be read, got ${systemReason(error)}`);
}
