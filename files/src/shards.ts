/**
 * Models in several files, as Hugging Face writes them: shards, which are safetensors files, and an index that says in which shard
 * each tensor is.
 *
 *   { "metadata": { "total_size": 9 }, "weight_map": { "wte.weight": "model-00001-of-00002.safetensors", … } }
 *
 * Source: huggingface_hub, serialization/_base.py; https://huggingface.co/docs/transformers/big_models
 */
import type { Container, StoredTensor } from "./container.js";
import { expected } from "./error.js";
import { depthOf, excerpt, isObject, kindOf, maximumDepth } from "./header.js";
import { openContainer } from "./open.js";
import type { Source } from "./source.js";
import { printable } from "./text.js";
import type { SizedTensor } from "./write-safetensors.js";

export const indexName = "model.safetensors.index.json";

/** All names that a model's files can have. */
export const modelFiles = /^model(-\d+-of-\d+)?\.safetensors(\.index\.json)?$/;

/** Ten times the index of a model of a hundred thousand tensors. */
const maximumIndex = 100_000_000;

/** @param index from 0 on, of `count` files */
export function shardName(index: number, count: number): string {
  if (count === 1) return "model.safetensors";
  const digits = (n: number) => String(n).padStart(5, "0");
  return `model-${digits(index + 1)}-of-${digits(count)}.safetensors`;
}

/** Divides the tensors, in their order, into files. A new file begins where the next tensor would make one too large. */
export function divide(tensors: readonly SizedTensor[], maximumBytes: number): SizedTensor[][] {
  const shards: SizedTensor[][] = [[]];
  let bytes = 0;
  for (const tensor of tensors) {
    if (shards[shards.length - 1].length > 0 && bytes + tensor.bytes > maximumBytes) {
      shards.push([]);
      bytes = 0;
    }
    shards[shards.length - 1].push(tensor);
    bytes += tensor.bytes;
  }
  return shards;
}

/** The index as Hugging Face writes it: sorted by the tensors' names, and indented. */
export function indexText(shards: readonly (readonly SizedTensor[])[], names: readonly string[]): string {
  const total = shards.flat().reduce((sum, { bytes }) => sum + bytes, 0);
  const lines = shards
    .flatMap((shard, at) => shard.map(({ name }) => [name, names[at]]))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, file]) => `    ${JSON.stringify(name)}: ${JSON.stringify(file)}`);
  return `{\n  "metadata": {\n    "total_size": ${total}\n  },\n  "weight_map": {\n${lines.join(",\n")}\n  }\n}\n`;
}

export interface Sharded extends Container {
  /** The names of the shards, beside the index. */
  readonly files: readonly string[];
}

/**
 * The tensors of all shards as those of one file. Tensors that the shards have and the index does not name come after the others.
 *
 * @param index the index; closing it closes the shards too
 * @param openShard opens the file of that name beside the index
 * @throws FileError where the index is malformed, or where a file that it names is absent, malformed, without a tensor that
 * it should have, or with one that another shard has too and the index does not name
 */
export async function openIndex(index: Source, openShard: (file: string) => Promise<Source>): Promise<Sharded> {
  const sources = [index];
  try {
    const fileOf = await readIndex(index);
    const shards = new Map<string, Container>();
    for (const file of new Set(fileOf.values())) {
      const source = await openShard(file);
      sources.push(source);
      const shard = await openContainer(source);
      shards.set(file, shard);
      if (shard.format !== "safetensors") throw expected(shard.source.name, "a safetensors file", `an ${shard.format}`);
    }
    const named = namedTensors(index.name, fileOf, shards);
    const others = Array.from(
      shards,
      ([file, { tensors }]) => [file, tensors.filter(({ name }) => !fileOf.has(name))] as const,
    );
    const tensors = [...named, ...distinct(index.name, new Map(others))];
    return { ...joined(index, [...shards.values()], tensors), files: [...shards.keys()] };
  } catch (error) {
    for (const source of sources) await source.close();
    throw error;
  }
}

/** Several files as one. @param source whose name it has, and whose closing closes all of them */
export function joined(source: Source, parts: readonly Container[], tensors: readonly StoredTensor[]): Container {
  return {
    source: {
      name: source.name,
      size: source.size,
      read: (into, position) => source.read(into, position),
      async close() {
        for (const one of new Set([source, ...parts.map((part) => part.source)])) await one.close();
      },
    },
    format: "safetensors",
    metadata: parts[0]?.metadata ?? {},
    tensors,
    async finish() {
      for (const part of parts) await part.finish();
    },
  };
}

type Shards = ReadonlyMap<string, Container>;

/** The tensors that the index names, in its order. */
function namedTensors(index: string, fileOf: ReadonlyMap<string, string>, shards: Shards): StoredTensor[] {
  const byFile = new Map(
    Array.from(shards, ([file, { tensors }]) => [file, new Map(tensors.map((one) => [one.name, one]))]),
  );
  return Array.from(fileOf, ([name, file]) => {
    const tensor = byFile.get(file)?.get(name);
    if (tensor === undefined) {
      throw expected(index, `tensor "${printable(name)}" in ${printable(file)}`, "a file without it");
    }
    return tensor;
  });
}

/**
 * The tensors of several files. Of two that have one name, nobody could tell which is meant.
 *
 * @param where the index or the model, in messages
 */
export function distinct(where: string, files: ReadonlyMap<string, readonly StoredTensor[]>): StoredTensor[] {
  const found = new Map<string, { file: string; tensor: StoredTensor }>();
  for (const [file, tensors] of files) {
    for (const tensor of tensors) {
      const { name } = tensor;
      const other = found.get(name);
      if (other !== undefined) {
        const got = `it in ${printable(other.file)} and in ${printable(file)}`;
        throw expected(where, `tensor "${printable(name)}" in one file, or in an index that says in which`, got);
      }
      found.set(name, { file, tensor });
    }
  }
  return Array.from(found.values(), ({ tensor }) => tensor);
}

/** The file of each tensor, by the tensor's name. */
async function readIndex(index: Source): Promise<Map<string, string>> {
  const { name, size } = index;
  if (size === null || size > maximumIndex) {
    throw expected(name, `a shard index of at most ${maximumIndex} bytes`, size === null ? "a stream" : `${size}`);
  }
  const bytes = new Uint8Array(size);
  await index.read(bytes, 0);
  if (depthOf(bytes) > maximumDepth) {
    throw expected(name, "a shard index", `one of more than ${maximumDepth} levels of brackets`);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw expected(name, "a shard index", "text that is not valid JSON");
  }
  const map = isObject(parsed) ? parsed.weight_map : undefined;
  if (!isObject(map)) {
    throw expected(name, "a shard index with a weight_map", map === undefined ? "none" : kindOf(map));
  }
  for (const [tensor, file] of Object.entries(map)) {
    // A path would lead out of the model's folder.
    if (typeof file !== "string" || !/^[^/\\:\0]+$/.test(file) || file === "." || file === "..") {
      const got = typeof file === "string" ? excerpt(file) : kindOf(file);
      throw expected(name, `weight_map "${printable(tensor)}" to name a file beside the index`, got);
    }
  }
  return new Map(Object.entries(map) as [string, string][]);
}
