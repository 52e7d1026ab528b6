/** Files beside each other, by their names: a folder on a disk, or what was dropped on a page. */
import type { Container } from "./container.js";
import { expected } from "./error.js";
import { openContainer } from "./open.js";
import { distinct, indexName, joined, openIndex } from "./shards.js";
import type { Source } from "./source.js";
import { counted, listed, naturally, printable } from "./text.js";

export interface Folder {
  /** In messages. */
  readonly name: string;
  /** The names of its files. @throws FileError where they cannot be read */
  names(): Promise<readonly string[]>;
  /** What a file of it is called in messages, whether it is there or not. */
  called(file: string): string;
  /** The caller closes it. @throws FileError where there is no such file, or it cannot be read */
  open(file: string): Promise<Source>;
}

/**
 * The files that a folder's model is read from: its index, or else its model.safetensors, or else all of its .safetensors.
 *
 * @param where the folder's name in messages
 * @throws FileError where there is none of them, or more than one index
 */
export function weightFiles(names: readonly string[], where: string): string[] {
  const sorted = [...names].sort(naturally);
  const indices = sorted.filter((file) => file.endsWith(".safetensors.index.json"));
  const weights = sorted.filter((file) => file.endsWith(".safetensors"));
  if (indices.length > 1 && !indices.includes(indexName)) {
    throw expected(
      where,
      "a folder of one model",
      `${counted(indices.length, "index", "indices")}: ${listed(indices.map(printable))}`,
    );
  }
  const [index = null] = indices.includes(indexName) ? [indexName] : indices;
  if (index !== null) return [index];
  if (weights.length === 0) {
    throw expected(
      where,
      "a folder of a model (an index, or .safetensors files)",
      sorted.length === 0 ? "an empty one" : listed(sorted.map(printable), 3),
    );
  }
  return weights.includes("model.safetensors") ? ["model.safetensors"] : weights;
}

/**
 * Opens the weights that lie in a folder, as one container. Closing its source closes all of them.
 *
 * @param file the file or the index that has them; null where the folder's names tell
 * @throws FileError where a file cannot be read, or two of them have a tensor of one name
 */
export async function openWeights(folder: Folder, file: string | null): Promise<Container> {
  const files = file === null ? weightFiles(await folder.names(), folder.name) : [file];
  const parts: Container[] = [];
  try {
    for (const one of files) parts.push(await openPart(folder, one));
    if (parts.length === 1) return parts[0];
    const tensors = distinct(folder.name, new Map(parts.map((part) => [part.source.name, part.tensors])));
    return joined({ ...parts[0].source, name: folder.name }, parts, tensors);
  } catch (error) {
    for (const { source } of parts) await source.close();
    throw error;
  }
}

async function openPart(folder: Folder, file: string): Promise<Container> {
  const source = await folder.open(file);
  if (file.endsWith(".json")) return openIndex(source, (shard) => folder.open(shard));
  try {
    return await openContainer(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}
