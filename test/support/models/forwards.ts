/** Each architecture's forward pass in plain f64, written out as its paper or its PyTorch code has it, by the names in its own files. */
import {
  attention,
  conv1d,
  geluErf,
  geluTanh,
  layerNorm,
  linear,
  type Plain,
  plus,
  relu,
  rmsNorm,
  rotateHalves,
  rotatePairs,
  row,
  silu,
  type Vector,
} from "./plain.js";

// biome-ignore lint/suspicious/noExplicitAny: a configuration as JSON has it
export type Config = Record<string, any>;
export type Tensors = (name: string) => Plain;

export interface Passed {
  /** Per token. */
  logits: Vector[];
  /** What entered the last norm, per token. */
  last: Vector[];
  /** What entered the norms of each head's query and key, by their names: per token, head after head. */
  heads?: ReadonlyMap<string, Vector[]>;
}

export type Forward = (config: Config, t: Tensors, ids: readonly number[]) => Passed;

/** A norm by the name of its tensors. */
type Normed = (x: Vector, name: string) => Vector;

/** LayerNorm; or RMSNorm where the configuration says that the model was converted, with what such a model has of weight and bias. */
const normOf =
  (c: Config, t: Tensors, eps: number): Normed =>
  (x, name) => {
    if (c.norm_folded === undefined) return layerNorm(x, t(`${name}.weight`), t(`${name}.bias`), eps);
    const ones = { shape: [x.length], data: new Float64Array(x.length).fill(1) };
    if (c.norm_folded) return rmsNorm(x, ones, eps);
    return plus(rmsNorm(x, t(`${name}.weight`), eps), t(`${name}.bias`).data);
  };

/** A bias that a projection has only where the norm that it reads was folded into it. */
const folded = (c: Config, t: Tensors, name: string) => (c.norm_folded ? t(`${name}.bias`) : undefined);

/** Logits by the head, which may be the embedding. */
const logitsOf = (c: Config, t: Tensors, x: Vector, embedding: string) =>
  linear(x, t(c.tie_word_embeddings === false ? "lm_head.weight" : embedding), folded(c, t, "lm_head"));

const third = (x: Vector, which: number) => x.slice((which * x.length) / 3, ((which + 1) * x.length) / 3);

/** GPT-2, and nanoGPT's relatives of it, which have Linear for Conv1D. */
function gpt(
  { heads, layers, width }: { heads: number; layers: number; width: number },
  ids: readonly number[],
  t: Tensors,
  names: { attn: string; attnOut: string; up: string; down: string; prefix: string },
  project: typeof conv1d,
  gelu: (x: number) => number,
  norm: Normed,
  head: (x: Vector) => Vector,
): Passed {
  const p = names.prefix;
  const apply = (x: Vector, name: string) => project(x, t(`${name}.weight`), t(`${name}.bias`));
  let stream = ids.map((id, at) => plus(row(t(`${p}wte.weight`), id), row(t(`${p}wpe.weight`), at)));
  for (let layer = 0; layer < layers; layer++) {
    const h = `${p}h.${layer}.`;
    const qkv = stream.map((x) => apply(norm(x, `${h}ln_1`), h + names.attn));
    const [q, k, v] = [0, 1, 2].map((which) => qkv.map((x) => third(x, which)));
    const shape = { heads, keyHeads: heads, headDim: width / heads, scale: 1 / Math.sqrt(width / heads) };
    const mixed = attention(q, k, v, shape);
    stream = stream.map((x, at) => plus(x, apply(mixed[at], h + names.attnOut)));
    stream = stream.map((x) => plus(x, apply(apply(norm(x, `${h}ln_2`), h + names.up).map(gelu), h + names.down)));
  }
  return { last: stream, logits: stream.map((x) => head(norm(x, `${p}ln_f`))) };
}

const gpt2Names = { attn: "attn.c_attn", attnOut: "attn.c_proj", up: "mlp.c_fc", down: "mlp.c_proj" };

export const gpt2 =
  (prefix: string): Forward =>
  (c, t, ids) => {
    const sizes = { heads: c.n_head, layers: c.n_layer, width: c.n_embd };
    const norm = normOf(c, t, c.layer_norm_epsilon);
    const head = (x: Vector) => logitsOf(c, t, x, `${prefix}wte.weight`);
    return gpt(sizes, ids, t, { ...gpt2Names, prefix }, conv1d, geluTanh, norm, head);
  };

export const makemore: Forward = (c, t, ids) => {
  const sizes = { heads: c.n_head, layers: c.n_layer, width: c.n_embd };
  const head = (x: Vector) => logitsOf(c, t, x, "lm_head.weight");
  return gpt(sizes, ids, t, { ...gpt2Names, prefix: "transformer." }, linear, geluTanh, normOf(c, t, 1e-5), head);
};

export const twin: Forward = (c, t, ids) => {
  const sizes = { heads: c.n_head, layers: c.n_layer, width: c.n_embd };
  const names = { attn: "c_attn", attnOut: "attn_proj", up: "c_fc", down: "mlp_proj", prefix: "" };
  const head = (x: Vector) => logitsOf(c, t, x, "lm_head.weight");
  if (c.norm_folded !== undefined) return gpt(sizes, ids, t, names, linear, geluErf, normOf(c, t, 1e-5), head);
  const { norm, bias = norm === "LayerNorm" } = c;
  const zeros = { shape: [c.n_embd], data: new Float64Array(c.n_embd) };
  const own: Normed = (x, name) => {
    const shift = bias ? t(`${name}.bias`) : zeros;
    if (norm === "LayerNorm") return layerNorm(x, t(`${name}.weight`), shift, 1e-5);
    return plus(rmsNorm(x, t(`${name}.weight`), 1e-5), shift.data);
  };
  return gpt(sizes, ids, t, names, linear, geluErf, own, head);
};

export const gptNeo: Forward = (c, t, ids) => {
  const norm = normOf(c, t, c.layer_norm_epsilon);
  let stream = ids.map((id, at) => plus(row(t("transformer.wte.weight"), id), row(t("transformer.wpe.weight"), at)));
  for (let layer = 0; layer < c.num_layers; layer++) {
    const h = `transformer.h.${layer}.`;
    const a = `${h}attn.attention.`;
    const normed = stream.map((x) => norm(x, `${h}ln_1`));
    const [q, k, v] = ["q_proj", "k_proj", "v_proj"].map((one) =>
      normed.map((x) => linear(x, t(`${a}${one}.weight`), folded(c, t, `${a}${one}`))),
    );
    const local = layer % 2 === 1;
    const mixed = attention(q, k, v, {
      heads: c.num_heads,
      keyHeads: c.num_heads,
      headDim: c.hidden_size / c.num_heads,
      scale: 1,
      window: local ? c.window_size : undefined,
    });
    stream = stream.map((x, at) => plus(x, linear(mixed[at], t(`${a}out_proj.weight`), t(`${a}out_proj.bias`))));
    stream = stream.map((x) => {
      const up = linear(norm(x, `${h}ln_2`), t(`${h}mlp.c_fc.weight`), t(`${h}mlp.c_fc.bias`)).map(geluTanh);
      return plus(x, linear(up, t(`${h}mlp.c_proj.weight`), t(`${h}mlp.c_proj.bias`)));
    });
  }
  const logits = stream.map((x) => logitsOf(c, t, norm(x, "transformer.ln_f"), "transformer.wte.weight"));
  return { last: stream, logits };
};

export const gptNeoX: Forward = (c, t, ids) => {
  const norm = normOf(c, t, c.layer_norm_eps);
  const both = (x: Vector, name: string) => linear(x, t(`${name}.weight`), t(`${name}.bias`));
  const headDim = c.hidden_size / c.num_attention_heads;
  const turning = Math.floor(headDim * c.rotary_pct);
  const angles = Array.from({ length: turning / 2 }, (_, i) => 1 / c.rotary_emb_base ** ((2 * i) / turning));
  const head = c.tie_word_embeddings ? "gpt_neox.embed_in.weight" : "embed_out.weight";
  let stream = ids.map((id) => row(t("gpt_neox.embed_in.weight"), id));
  for (let layer = 0; layer < c.num_hidden_layers; layer++) {
    const h = `gpt_neox.layers.${layer}.`;
    const qkv = stream.map((x) => both(norm(x, `${h}input_layernorm`), `${h}attention.query_key_value`));
    // The view of PyTorch's code: [heads, 3 · headDim], in which each head has its query, its key and its value.
    const part = (x: Vector, which: number) => {
      const out = new Float64Array(c.hidden_size);
      for (let head = 0; head < c.num_attention_heads; head++) {
        const from = head * 3 * headDim + which * headDim;
        out.set(x.slice(from, from + headDim), head * headDim);
      }
      return out;
    };
    const turned = (which: number) => qkv.map((x, at) => rotateHalves(part(x, which), headDim, at, angles));
    const heads = c.num_attention_heads;
    const shape = { heads, keyHeads: heads, headDim, scale: headDim ** -0.5 };
    const values = qkv.map((x) => part(x, 2));
    const attended = attention(turned(0), turned(1), values, shape).map((x) => both(x, `${h}attention.dense`));
    const mlp = (x: Vector) =>
      both(
        both(norm(x, `${h}post_attention_layernorm`), `${h}mlp.dense_h_to_4h`).map(geluErf),
        `${h}mlp.dense_4h_to_h`,
      );
    stream = stream.map((x, at) => {
      if (c.use_parallel_residual) return plus(plus(mlp(x), attended[at]), x);
      const middle = plus(x, attended[at]);
      return plus(middle, mlp(middle));
    });
  }
  return {
    last: stream,
    logits: stream.map((x) => linear(norm(x, "gpt_neox.final_layer_norm"), t(head), folded(c, t, "embed_out"))),
  };
};

export const opt: Forward = (c, t, ids) => {
  const d = "model.decoder.";
  const norm = normOf(c, t, 1e-5);
  const both = (x: Vector, name: string) => linear(x, t(`${name}.weight`), t(`${name}.bias`));
  const headDim = c.hidden_size / c.num_attention_heads;
  let stream = ids.map((id, at) =>
    plus(row(t(`${d}embed_tokens.weight`), id), row(t(`${d}embed_positions.weight`), at + 2)),
  );
  for (let layer = 0; layer < c.num_hidden_layers; layer++) {
    const h = `${d}layers.${layer}.`;
    const normed = stream.map((x) => norm(x, `${h}self_attn_layer_norm`));
    // PyTorch's code scales the queries instead of the scores.
    const q = normed.map((x) => both(x, `${h}self_attn.q_proj`).map((v) => v * headDim ** -0.5));
    const [k, v] = ["k", "v"].map((one) => normed.map((x) => both(x, `${h}self_attn.${one}_proj`)));
    const heads = c.num_attention_heads;
    const mixed = attention(q, k, v, { heads, keyHeads: heads, headDim, scale: 1 });
    stream = stream.map((x, at) => plus(x, both(mixed[at], `${h}self_attn.out_proj`)));
    stream = stream.map((x) => plus(x, both(both(norm(x, `${h}final_layer_norm`), `${h}fc1`).map(relu), `${h}fc2`)));
  }
  const logits = stream.map((x) => logitsOf(c, t, norm(x, `${d}final_layer_norm`), `${d}embed_tokens.weight`));
  return { last: stream, logits };
};

/** Llama and its relatives: what differs is said by the configuration and by which tensors there are. */
export const llamaLike =
  (has: (name: string) => boolean, activation = silu, headNorm = rmsNorm): Forward =>
  (c, t, ids) => {
    const entered = new Map<string, Vector[]>();
    const gemma = c.model_type === "gemma";
    const offset = gemma ? 1 : 0;
    const norm = (x: Vector, name: string) => rmsNorm(x, t(`${name}.weight`), c.rms_norm_eps, offset);
    const apply = (x: Vector, name: string) =>
      linear(x, t(`${name}.weight`), has(`${name}.bias`) ? t(`${name}.bias`) : undefined);
    const heads = c.num_attention_heads;
    const headDim = c.head_dim ?? c.hidden_size / heads;
    const keyHeads = c.num_key_value_heads ?? heads;
    const { angles, factor } = turns(c, headDim);
    const table = t("model.embed_tokens.weight");
    let stream: Vector[] = ids.map((id) => row(table, id).map((v) => (gemma ? v * Math.sqrt(c.hidden_size) : v)));
    for (let layer = 0; layer < c.num_hidden_layers; layer++) {
      const h = `model.layers.${layer}.`;
      const normed = stream.map((x) => norm(x, `${h}input_layernorm`));
      const perHead = (x: Vector, name: string) => {
        const norm = `${h}self_attn.${name}`;
        if (!has(`${norm}.weight`)) return x;
        entered.set(norm, [...(entered.get(norm) ?? []), x]);
        const out = x.slice();
        for (let at = 0; at < x.length; at += headDim) {
          out.set(headNorm(x.slice(at, at + headDim), t(`${norm}.weight`), c.rms_norm_eps), at);
        }
        return out;
      };
      const turned = (one: string) =>
        normed.map((x, at) => {
          const projected = perHead(apply(x, `${h}self_attn.${one}_proj`), `${one}_norm`);
          return rotateHalves(projected, headDim, at, angles, factor);
        });
      const values = normed.map((x) => apply(x, `${h}self_attn.v_proj`));
      const shape = { heads, keyHeads, headDim, scale: headDim ** -0.5, window: windowOf(c, layer) };
      const mixed = attention(turned("q"), turned("k"), values, shape);
      stream = stream.map((x, at) => plus(x, apply(mixed[at], `${h}self_attn.o_proj`)));
      stream = stream.map((x) => {
        const normed = norm(x, `${h}post_attention_layernorm`);
        const up = apply(normed, `${h}mlp.up_proj`);
        const gated = apply(normed, `${h}mlp.gate_proj`).map((v, i) => activation(v) * up[i]);
        return plus(x, apply(gated, `${h}mlp.down_proj`));
      });
    }
    const head = has("lm_head.weight") ? t("lm_head.weight") : table;
    return { last: stream, logits: stream.map((x) => linear(norm(x, "model.norm"), head)), heads: entered };
  };

function windowOf(c: Config, layer: number): number | undefined {
  if (c.model_type === "mistral") return c.sliding_window ?? undefined;
  return c.use_sliding_window && layer >= c.max_window_layers ? c.sliding_window : undefined;
}

/** Angles per position, by the four kinds of scaling, each as transformers' modeling_rope_utils.py computes it. */
function turns(c: Config, size: number): { angles: number[]; factor: number } {
  const plain = Array.from({ length: size / 2 }, (_, i) => 1 / c.rope_theta ** ((2 * i) / size));
  const s = c.rope_scaling;
  switch (s?.rope_type ?? s?.type) {
    case undefined:
      return { angles: plain, factor: 1 };
    case "linear":
      return { angles: plain.map((angle) => angle / s.factor), factor: 1 };
    case "llama3": {
      const angles = plain.map((angle) => {
        const wavelength = (2 * Math.PI) / angle;
        if (wavelength < s.original_max_position_embeddings / s.high_freq_factor) return angle;
        if (wavelength > s.original_max_position_embeddings / s.low_freq_factor) return angle / s.factor;
        const smooth =
          (s.original_max_position_embeddings / wavelength - s.low_freq_factor) /
          (s.high_freq_factor - s.low_freq_factor);
        return ((1 - smooth) * angle) / s.factor + smooth * angle;
      });
      return { angles, factor: 1 };
    }
    case "yarn": {
      const dimension = (rotations: number) =>
        (size * Math.log(s.original_max_position_embeddings / (rotations * 2 * Math.PI))) /
        (2 * Math.log(c.rope_theta));
      const low = Math.max(Math.floor(dimension(32)), 0);
      const high = Math.min(Math.ceil(dimension(1)), size - 1);
      const angles = plain.map((angle, i) => {
        const ramp = Math.min(Math.max((i - low) / (high - low), 0), 1);
        return (angle / s.factor) * ramp + angle * (1 - ramp);
      });
      return { angles, factor: 0.1 * Math.log(s.factor) + 1 };
    }
    default:
      throw new Error(`no such scaling: ${JSON.stringify(s)}`);
  }
}

/** llama2.c's run.c, by Meta's names. */
export const llama2c: Forward = (c, t, ids) => {
  const headDim = c.dim / c.heads;
  let stream = ids.map((id) => row(t("tok_embeddings.weight"), id));
  for (let layer = 0; layer < c.layers; layer++) {
    const w = (name: string) => t(`layers.${layer}.${name}.weight`);
    const normed = stream.map((x) => rmsNorm(x, w("attention_norm"), 1e-5));
    const q = normed.map((x, at) => rotatePairs(linear(x, w("attention.wq")), headDim, at, 10000));
    const k = normed.map((x, at) => rotatePairs(linear(x, w("attention.wk")), headDim, at, 10000));
    const v = normed.map((x) => linear(x, w("attention.wv")));
    const mixed = attention(q, k, v, { heads: c.heads, keyHeads: c.keyHeads, headDim, scale: 1 / Math.sqrt(headDim) });
    stream = stream.map((x, at) => plus(x, linear(mixed[at], w("attention.wo"))));
    stream = stream.map((x) => {
      const normed = rmsNorm(x, w("ffn_norm"), 1e-5);
      const up = linear(normed, w("feed_forward.w3"));
      const gated = linear(normed, w("feed_forward.w1")).map((g, i) => silu(g) * up[i]);
      return plus(x, linear(gated, w("feed_forward.w2")));
    });
  }
  const head = t(c.tied ? "tok_embeddings.weight" : "output.weight");
  return { last: stream, logits: stream.map((x) => linear(rmsNorm(x, t("norm.weight"), 1e-5), head)) };
};
