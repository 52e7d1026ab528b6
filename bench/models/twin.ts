/** A twin as its file has it, for those who run it without the engine. */
import { readTensor } from "@orthonorm/files";
import { openModel } from "@orthonorm/files/node";

export interface Twin {
  /** A tensor by its name, in f32. */
  t(name: string): Float32Array;
  width: number;
  layers: number;
  heads: number;
  positions: number;
  vocabulary: number;
  norm: "LayerNorm" | "RMSNorm";
}

/** Logits of the token, which is at `position` of its text. Position 0 begins a text. */
export type Step = (token: number, position: number) => Float32Array;

export async function readTwin(path: string): Promise<Twin> {
  const model = await openModel(path);
  const tensors = new Map<string, Float32Array>();
  for (const { name } of model.tensors) {
    tensors.set(name, Float32Array.from((await readTensor(model, name)).data as Float32Array));
  }
  const { metadata } = model;
  await model.source.close();
  const t = (name: string) => tensors.get(name) as Float32Array;
  const [width, layers, heads, positions] = ["n_embd", "n_layer", "n_head", "block_size"].map((k) =>
    Number(metadata[k]),
  );
  const norm = metadata.norm === "RMSNorm" ? "RMSNorm" : "LayerNorm";
  return { t, width, layers, heads, positions, vocabulary: t("wte.weight").length / width, norm };
}
