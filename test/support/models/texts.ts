/** Small random models with tokenizers beside them, so that they can be run on a text. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Case, cases, randomCase } from "./cases.js";
import { llama2cFile, random, shapesOf, writeModel } from "./checkpoints.js";

/** As many tokens as the cases have: letters, the space, the line break, and the mark that begins a text. */
const letters = [..."abcdefghijklmnopqrstuvwxyz", "Ġ", "Ċ"];
export const mark = letters.length;

/** Words and lines of these letters: as long as it is asked for, and the same each time. */
export function textOf(length: number): string {
  let state = 1;
  const next = (below: number) => {
    state = (48271 * state) % 2147483647;
    return state % below;
  };
  let text = "";
  while (text.length < length) {
    text += letters.slice(0, 26)[next(26)];
    if (next(5) === 0) text += next(8) === 0 ? "\n" : " ";
  }
  return text.slice(0, length);
}

/** @param marked whether a text begins with the mark */
function tokenizerJson(marked: boolean): object {
  const vocab = Object.fromEntries([...letters, "<s>"].map((letter, token) => [letter, token]));
  const begin = { SpecialToken: { id: "<s>", type_id: 0 } };
  const special = { id: "<s>", ids: [mark], tokens: ["<s>"] };
  const sequence = (id: string) => ({ Sequence: { id, type_id: 0 } });
  return {
    version: "1.0",
    added_tokens: [{ id: mark, content: "<s>", special: true }],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: marked
      ? {
          type: "TemplateProcessing",
          single: [begin, sequence("A")],
          pair: [begin, sequence("A"), sequence("B")],
          special_tokens: { "<s>": special },
        }
      : null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: "BPE", vocab, merges: [], unk_token: null, fuse_unk: false, byte_fallback: false },
  };
}

/** A folder as on a hub. */
export async function writeHub(folder: string, name: string, marked: boolean, maximumBytes?: number): Promise<string> {
  const one = cases.find((some) => some.name === name) as Case;
  await writeModel(folder, one.config, randomCase(one).tensors, maximumBytes);
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(tokenizerJson(marked)));
  return folder;
}

/** tokenizer.bin of llama2.c: a score, a length and the bytes of each piece. */
export function tokenizerBin(pieces: readonly (readonly [piece: string, score: number])[]): Uint8Array {
  const parts = pieces.map(([piece, score]) => {
    const bytes = Buffer.from(piece);
    const head = Buffer.alloc(8);
    head.writeFloatLE(score, 0);
    head.writeInt32LE(bytes.length, 4);
    return Buffer.concat([head, bytes]);
  });
  return Buffer.concat([Buffer.from(Int32Array.of(8).buffer), ...parts]);
}

/** A checkpoint of llama2.c with its tokenizer, in a folder of its own. */
export function writeLlama2c(folder: string): string {
  const config = { dim: 24, hidden: 40, layers: 2, heads: 4, keyHeads: 2, vocabulary: 35, positions: 64, tied: true };
  const block = (layer: number) =>
    Object.fromEntries(
      Object.entries({
        attention_norm: [24],
        "attention.wq": [24, 24],
        "attention.wk": [12, 24],
        "attention.wv": [12, 24],
        "attention.wo": [24, 24],
        ffn_norm: [24],
        "feed_forward.w1": [40, 24],
        "feed_forward.w2": [24, 40],
        "feed_forward.w3": [40, 24],
      }).map(([kind, shape]) => [`layers.${layer}.${kind}.weight`, shape]),
    );
  const made = random(shapesOf(2, block, { "tok_embeddings.weight": [35, 24], "norm.weight": [24] }));
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "model.bin");
  writeFileSync(path, llama2cFile(config, made));
  const single = ["<unk>", "<s>", "</s>", ...letters.slice(0, 26), " ", "\n"].map((piece) => [piece, 0] as const);
  const merged = [" a", "ab", " ab", "th"].map((piece, at) => [piece, -1 - at] as const);
  writeFileSync(join(folder, "tokenizer.bin"), tokenizerBin([...single, ...merged]));
  return path;
}
