/** Files that a command reads whole: as text, or for their hash. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { printable } from "@orthonorm/files";
import { systemReason } from "@orthonorm/files/node";
import { CommandError } from "./error.js";
import type { Progress } from "./terminal/progress.js";

export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw unreadable(file, error);
  }
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
