/** The mean cross-entropy of texts. */
import type { Transformer } from "./transformer.js";

/** The natural logarithm of what the logits give to a token, without its sign: nats. */
export function surprise(logits: Float32Array, row: number, vocabulary: number, token: number): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = row * vocabulary; i < (row + 1) * vocabulary; i++) most = Math.max(most, logits[i]);
  let sum = 0;
  for (let i = row * vocabulary; i < (row + 1) * vocabulary; i++) sum += Math.exp(logits[i] - most);
  return Math.log(sum) + most - logits[row * vocabulary + token];
}

/** In nats per token, of all tokens but the first of each text. */
export function lossOf(model: Transformer, texts: Iterable<ArrayLike<number>>): number {
  let sum = 0;
  let count = 0;
  for (const text of texts) {
    const run = model.begin();
    const ids = Array.from(text);
    const logits = run.forward(ids.slice(0, -1), { logits: "all" });
    for (let i = 1; i < ids.length; i++) sum += surprise(logits, i - 1, model.vocabulary, ids[i]);
    count += ids.length - 1;
    run.dispose();
  }
  return sum / count;
}
