/** A model's inputs from a file on a disk. */
import type { ReadTensor } from "@orthonorm/files";
import { openDisk } from "@orthonorm/files/node";
import { arraysOf } from "./arrays.js";
import type { OpenModel } from "./model.js";

export async function readArrays(open: OpenModel, path: string): Promise<Map<string, ReadTensor>> {
  const source = await openDisk(path);
  try {
    return await arraysOf(open, source);
  } finally {
    await source.close();
  }
}
