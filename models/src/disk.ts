/** What lies on a disk beside a model's weights. */
import { readFile, stat } from "node:fs/promises";
import { systemReason } from "@orthonorm/files/node";
import { expected } from "./error.js";

/** What a JSON file has; null where there is no such file. */
export async function readJson(path: string): Promise<Record<string, unknown> | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw expected(path, "a file that can be read", systemReason(error));
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {}
  throw expected(path, "a JSON object", "something else");
}

export async function isFolder(path: string): Promise<boolean> {
  const there = await stat(path).catch(() => null);
  return there?.isDirectory() === true;
}
