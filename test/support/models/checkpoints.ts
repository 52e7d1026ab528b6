/** Small models with random weights, in the files of each architecture. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type GivenTensor, readTensor } from "@orthonorm/files";
import { openModel, writeShards } from "@orthonorm/files/node";
import { decode, encode } from "../dtypes.js";
import { normals } from "../random.js";
import type { Config, Tensors } from "./forwards.js";
import type { Plain } from "./plain.js";

export type Shapes = Record<string, readonly number[]>;

export interface Random {
  tensors: GivenTensor[];
  t: Tensors;
  has: (name: string) => boolean;
}

const types = { F64: "f64", F32: "f32", F16: "f16", BF16: "bf16" } as const;

export type Stored = keyof typeof types;

/** Weights that keep a stream's size; those of norms lie around 1, or around 0 where 1 is added to them. */
export function random(shapes: Shapes, { dtype = "F32", offset = 0 }: { dtype?: Stored; offset?: 0 | 1 } = {}): Random {
  const plain = new Map<string, Plain>();
  const tensors = Object.entries(shapes).map(([name, shape], at): GivenTensor => {
    const length = shape.reduce((a, b) => a * b, 1);
    const isNorm = shape.length === 1 && name.endsWith(".weight");
    const sd = shape.length === 1 ? 0.3 : 1.4 / Math.sqrt(shape[shape.length - 1]);
    const values = normals(length, isNorm ? 1 - offset : 0, sd, at + 1);
    const data = encode(types[dtype], values);
    plain.set(name, { shape, data: decode(types[dtype], data) });
    return { name, dtype, shape, data };
  });
  const t = (name: string) => {
    const found = plain.get(name);
    if (found === undefined) throw new Error(`no tensor ${name}`);
    return found;
  };
  return { tensors, t, has: (name) => plain.has(name) };
}

/** @param maximumBytes of a shard */
export async function writeModel(
  folder: string,
  config: Config,
  tensors: readonly GivenTensor[],
  maximumBytes?: number,
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  await writeShards(folder, tensors, { maximumBytes });
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  return folder;
}

/** The tensors of a file, or of a folder's model, in f64. */
export async function plainTensors(
  path: string,
): Promise<{ t: Tensors; has: (name: string) => boolean; metadata: Readonly<Record<string, string>> }> {
  const container = await openModel(path);
  const read = new Map<string, Plain>();
  for (const { name } of container.tensors) {
    const { dtype, shape, data } = await readTensor(container, name);
    read.set(name, { shape, data: decode(types[dtype as Stored], data as Float32Array) });
  }
  await container.source.close();
  return { metadata: container.metadata, t: (name) => read.get(name) as Plain, has: (name) => read.has(name) };
}

/** What norms, projections and biases a checkpoint has, layer by layer. */
export function shapesOf(layers: number, block: (layer: number) => Shapes, rest: Shapes): Shapes {
  const shapes: Shapes = { ...rest };
  for (let layer = 0; layer < layers; layer++) Object.assign(shapes, block(layer));
  return shapes;
}

/** A checkpoint of llama2.c: its header, then the tensors in its order. */
export function llama2cFile(config: Config, { t }: Random): Uint8Array {
  const { dim, hidden, layers, heads, keyHeads, vocabulary, positions, tied } = config;
  const header = Int32Array.of(dim, hidden, layers, heads, keyHeads, tied ? vocabulary : -vocabulary, positions);
  const perLayer = (name: string) =>
    Array.from({ length: layers }, (_, layer) => t(`layers.${layer}.${name}.weight`).data);
  const kinds = ["attention_norm", "attention.wq", "attention.wk", "attention.wv", "attention.wo", "ffn_norm"];
  const mlp = ["feed_forward.w1", "feed_forward.w2", "feed_forward.w3"];
  const parts = [
    t("tok_embeddings.weight").data,
    ...[...kinds, ...mlp].flatMap(perLayer),
    t("norm.weight").data,
    new Float64Array((positions * dim) / heads),
    ...(tied ? [] : [t("output.weight").data]),
  ];
  const bytes = [new Uint8Array(header.buffer), ...parts.map((part) => new Uint8Array(Float32Array.from(part).buffer))];
  return new Uint8Array(Buffer.concat(bytes));
}
