/** A twin in plain JavaScript: Float32Arrays and loops, a token at a time with its keys and values kept, as one writes it without an engine. */
import type { Step, Twin } from "./twin.js";

export function plainTwin({ t, width, layers, heads, positions, vocabulary, norm: kind }: Twin): Step {
  const headDim = width / heads;
  const blocks = Array.from({ length: layers }, (_, layer) => {
    const h = `h.${layer}.`;
    const both = (name: string) => ({ weight: t(`${h}${name}.weight`), bias: t(`${h}${name}.bias`) });
    return {
      ln1: both("ln_1"),
      attn: both("c_attn"),
      proj: both("attn_proj"),
      ln2: both("ln_2"),
      fc: both("c_fc"),
      down: both("mlp_proj"),
      keys: new Float32Array(positions * width),
      values: new Float32Array(positions * width),
    };
  });
  const norm = kind === "RMSNorm" ? rmsNorm : layerNorm;
  const stream = new Float32Array(width);
  const normed = new Float32Array(width);
  const qkv = new Float32Array(3 * width);
  const mixed = new Float32Array(width);
  const moved = new Float32Array(width);
  const inner = new Float32Array(4 * width);
  const scores = new Float64Array(positions);
  const logits = new Float32Array(vocabulary);
  const last = { weight: t("ln_f.weight"), bias: t("ln_f.bias") };

  return (token, position) => {
    for (let i = 0; i < width; i++) {
      stream[i] = t("wte.weight")[token * width + i] + t("wpe.weight")[position * width + i];
    }
    for (const { ln1, attn, proj, ln2, fc, down, keys, values } of blocks) {
      norm(stream, ln1.weight, ln1.bias, normed);
      linear(normed, attn.weight, attn.bias, qkv);
      keys.set(qkv.subarray(width, 2 * width), position * width);
      values.set(qkv.subarray(2 * width), position * width);
      for (let head = 0; head < heads; head++) attend(head * headDim, position, keys, values);
      linear(mixed, proj.weight, proj.bias, moved);
      for (let i = 0; i < width; i++) stream[i] += moved[i];
      norm(stream, ln2.weight, ln2.bias, normed);
      linear(normed, fc.weight, fc.bias, inner);
      for (let i = 0; i < inner.length; i++) inner[i] = gelu(inner[i]);
      linear(inner, down.weight, down.bias, moved);
      for (let i = 0; i < width; i++) stream[i] += moved[i];
    }
    norm(stream, last.weight, last.bias, normed);
    linear(normed, t("lm_head.weight"), undefined, logits);
    return logits;
  };

  function attend(from: number, position: number, keys: Float32Array, values: Float32Array): void {
    let most = Number.NEGATIVE_INFINITY;
    for (let at = 0; at <= position; at++) {
      let score = 0;
      for (let i = 0; i < headDim; i++) score += qkv[from + i] * keys[at * width + from + i];
      scores[at] = score / Math.sqrt(headDim);
      most = Math.max(most, scores[at]);
    }
    let sum = 0;
    for (let at = 0; at <= position; at++) {
      scores[at] = Math.exp(scores[at] - most);
      sum += scores[at];
    }
    mixed.fill(0, from, from + headDim);
    for (let at = 0; at <= position; at++) {
      const share = scores[at] / sum;
      for (let i = 0; i < headDim; i++) mixed[from + i] += share * values[at * width + from + i];
    }
  }
}

/** y = W·x + b: four sums, so that one addition need not wait for the other. */
function linear(x: Float32Array, weight: Float32Array, bias: Float32Array | undefined, y: Float32Array): void {
  const cols = x.length;
  for (let row = 0, at = 0; row < y.length; row++, at += cols) {
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = 0; i < cols; i += 4) {
      a += weight[at + i] * x[i];
      b += weight[at + i + 1] * x[i + 1];
      c += weight[at + i + 2] * x[i + 2];
      d += weight[at + i + 3] * x[i + 3];
    }
    y[row] = a + b + (c + d) + (bias === undefined ? 0 : bias[row]);
  }
}

function layerNorm(x: Float32Array, weight: Float32Array, bias: Float32Array, y: Float32Array): void {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < x.length; i++) sum += x[i];
  const mean = sum / x.length;
  for (let i = 0; i < x.length; i++) squares += (x[i] - mean) * (x[i] - mean);
  const rstd = 1 / Math.sqrt(squares / x.length + 1e-5);
  for (let i = 0; i < x.length; i++) y[i] = (x[i] - mean) * rstd * weight[i] + bias[i];
}

function rmsNorm(x: Float32Array, weight: Float32Array, _bias: undefined | Float32Array, y: Float32Array): void {
  let squares = 0;
  for (let i = 0; i < x.length; i++) squares += x[i] * x[i];
  const rstd = 1 / Math.sqrt(squares / x.length + 1e-5);
  for (let i = 0; i < x.length; i++) y[i] = x[i] * rstd * weight[i];
}

/** Of the error function as Abramowitz and Stegun have it (7.1.26), to 1.5e-7: one exponential, as fast as it comes in plain code. */
function gelu(x: number): number {
  const z = Math.abs(x) * Math.SQRT1_2;
  const s = 1 / (1 + 0.3275911 * z);
  const tail =
    ((((1.061405429 * s - 1.453152027) * s + 1.421413741) * s - 0.284496736) * s + 0.254829592) * s * Math.exp(-z * z);
  return 0.5 * x * (1 + (x < 0 ? tail - 1 : 1 - tail));
}
