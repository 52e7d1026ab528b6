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

/**
 * The tensors of all shards as those of one file. Tensors that the shards have and the index does not name come after the others.
 *
 * @param index the index; closing it closes the shards too
 * @param openShard opens the file of that name beside the index
 * @throws FileError where the index is malformed, or where a file that it names is absent, malformed, without a tensor that
 * it should have, or with one that another shard has too and the index does not name
 */
export async function openIndex(index: Source, openShard: (file: string) => Promise<Source>): Promise<Container> {
  const sources = [index];
  const close = async () => {
    for (const source of sources) await source.close();
  };
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
    const [first] = shards.values();
    return {
      source: { name: index.name, size: index.size, read: (into, position) => index.read(into, position), close },
      format: "safetensors",
      metadata: first?.metadata ?? {},
      tensors: [...namedTensors(index.name, fileOf, shards), ...unnamedTensors(index.name, fileOf, shards)],
      async finish() {
        for (const shard of shards.values()) await shard.finish();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
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

/** The tensors that it does not name. Of two that have one name, nobody could tell which is meant. */
function unnamedTensors(index: string, fileOf: ReadonlyMap<string, string>, shards: Shards): StoredTensor[] {
  const found = new Map<string, { file: string; tensor: StoredTensor }>();
  for (const [file, { tensors }] of shards) {
    for (const tensor of tensors) {
      const { name } = tensor;
      if (fileOf.has(name)) continue;
      const other = found.get(name);
      if (other !== undefined) {
        const got = `it in ${printable(other.file)} and in ${printable(file)}`;
        throw expected(index, `tensor "${printable(name)}" in one shard, or in the weight_map`, got);
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
