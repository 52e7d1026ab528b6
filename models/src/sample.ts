/** Which token comes next, from its logits. */

export interface SampleOptions {
  /** What logits are divided by; 0 takes the likeliest token. Default: 1. */
  temperature?: number;
  /** Only so many of the likeliest tokens. Default: all. */
  topK?: number;
  /** Only the likeliest tokens that together have this share of the probability. Default: 1. */
  topP?: number;
  /** Of the random numbers; the same seed gives the same text. Default: 1. */
  seed?: number;
}

export type Sampler = (logits: Float32Array) => number;

export function sampler({ temperature = 1, topK, topP = 1, seed = 1 }: SampleOptions = {}): Sampler {
  if (temperature === 0) return likeliest;
  const random = uniforms(seed);
  return (logits) => {
    const order = Array.from(logits.keys());
    const most = logits[likeliest(logits)];
    if (topK !== undefined || topP < 1) order.sort((a, b) => logits[b] - logits[a]);
    if (topK !== undefined) order.length = Math.min(order.length, topK);
    const shares = order.map((token) => Math.exp((logits[token] - most) / temperature));
    let sum = shares.reduce((a, b) => a + b, 0);
    if (topP < 1) {
      let [kept, count] = [0, 0];
      while (kept < topP * sum && count < shares.length) kept += shares[count++];
      sum = kept;
      order.length = count;
    }
    let left = random() * sum;
    for (let i = 0; i < order.length - 1; i++) {
      left -= shares[i];
      if (left < 0) return order[i];
    }
    return order[order.length - 1];
  };
}

/** The first of the greatest. */
export function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  return best;
}

/** Numbers from 0 to below 1: mulberry32. */
function uniforms(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
