/**
 * Checkpoints of llama2.c, in its first format: seven 32-bit integers and then all weights in f32, each of a kind for all layers.
 *
 * Source: karpathy/llama2.c, export.py (legacy_export) and run.c (memory_map_weights).
 */
import type { Source } from "@orthonorm/files";
import { architectureNamed, type Checkpoint, type CheckpointTensor } from "./checkpoint.js";
import { expected } from "./error.js";

const headerBytes = 28;

/** The most that a number of the header may be: what is larger is no header of this format. */
const most = 1 << 24;

/** @throws ModelError where the bytes are not what the header says */
export async function openLlama2c(source: Source): Promise<Checkpoint> {
  const { name, size } = source;
  if (size === null || size < headerBytes) throw expected(name, "a checkpoint of llama2.c", `${size} bytes`);
  const header = new Uint8Array(headerBytes);
  await source.read(header, 0);
  const view = new DataView(header.buffer);
  const numbers = Array.from({ length: 7 }, (_, i) => view.getInt32(4 * i, true));
  // An untied head is told by a vocabulary below zero.
  const tied = numbers[5] > 0;
  const [dim, hidden, layers, heads, keyHeads, vocabulary, positions] = numbers.map(Math.abs);
  const inRange = numbers.every((n, i) => (i === 5 ? n !== 0 : n > 0) && Math.abs(n) <= most);
  if (!inRange || dim % heads !== 0 || heads % keyHeads !== 0 || (dim / heads) % 2 !== 0) {
    const wanted =
      "the sizes of a checkpoint of llama2.c (dim, hidden_dim, layers, heads, key heads, vocabulary, length)";
    throw expected(name, wanted, numbers.join(", "));
  }

  const tensors = new Map<string, CheckpointTensor>();
  const keyWidth = (dim / heads) * keyHeads;
  let at = headerBytes;
  const place = (tensor: string, ...shape: number[]) => {
    const begin = at;
    const length = shape.reduce((a, b) => a * b, 1);
    at += 4 * length;
    tensors.set(tensor, {
      dtype: "F32",
      shape,
      async read() {
        const bytes = new Uint8Array(4 * length);
        await source.read(bytes, begin);
        return { dtype: "F32", shape, data: new Float32Array(bytes.buffer) };
      },
    });
  };
  const perLayer = (tensor: string, ...shape: number[]) => {
    for (let layer = 0; layer < layers; layer++) place(`layers.${layer}.${tensor}.weight`, ...shape);
  };
  place("tok_embeddings.weight", vocabulary, dim);
  perLayer("attention_norm", dim);
  perLayer("attention.wq", dim, dim);
  perLayer("attention.wk", keyWidth, dim);
  perLayer("attention.wv", keyWidth, dim);
  perLayer("attention.wo", dim, dim);
  perLayer("ffn_norm", dim);
  perLayer("feed_forward.w1", hidden, dim);
  perLayer("feed_forward.w2", dim, hidden);
  perLayer("feed_forward.w3", hidden, dim);
  place("norm.weight", dim);
  // Tables of cosines and sines, which are computed anew here.
  at += 4 * positions * (dim / heads);
  if (!tied) place("output.weight", vocabulary, dim);
  if (at !== size) throw expected(name, `${at} bytes, as its sizes say`, `${size}`);

  const config = {
    hidden_size: dim,
    intermediate_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: keyHeads,
    vocab_size: vocabulary,
    max_position_embeddings: positions,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: tied,
  };
  return { name, configName: name, architecture: architectureNamed("llama2.c", name), config, tensors };
}
