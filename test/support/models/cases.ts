/** For every architecture of the table, models to be run: the configuration, the tensors, and the forward pass to hold it against. */

import { type Random, random, type Shapes, type Stored, shapesOf } from "./checkpoints.js";
import { type Config, type Forward, gpt2, gptNeo, gptNeoX, llamaLike, makemore, opt, twin } from "./forwards.js";
import { geluTanh } from "./plain.js";

export interface Case {
  name: string;
  config: Config;
  shapes: Shapes;
  dtype?: Stored;
  forward: (model: Random) => Forward;
}

const norm = (name: string, width: number): Shapes => ({ [`${name}.weight`]: [width], [`${name}.bias`]: [width] });
const biased = (name: string, outs: number, ins: number): Shapes => ({
  [`${name}.weight`]: [outs, ins],
  [`${name}.bias`]: [outs],
});
const conv1d = (name: string, ins: number, outs: number): Shapes => ({
  [`${name}.weight`]: [ins, outs],
  [`${name}.bias`]: [outs],
});

const vocabulary = 29;

const gpt2Config = {
  model_type: "gpt2",
  n_embd: 24,
  n_layer: 2,
  n_head: 3,
  n_positions: 40,
  vocab_size: vocabulary,
  activation_function: "gelu_new",
  layer_norm_epsilon: 1e-5,
};
const gpt2Shapes = (prefix: string): Shapes =>
  shapesOf(
    2,
    (layer) => {
      const h = `${prefix}h.${layer}.`;
      return {
        ...norm(`${h}ln_1`, 24),
        ...conv1d(`${h}attn.c_attn`, 24, 72),
        ...conv1d(`${h}attn.c_proj`, 24, 24),
        ...norm(`${h}ln_2`, 24),
        ...conv1d(`${h}mlp.c_fc`, 24, 96),
        ...conv1d(`${h}mlp.c_proj`, 96, 24),
        // the mask, a buffer of older files
        [`${h}attn.bias`]: [1, 1, 40, 40],
      };
    },
    { [`${prefix}wte.weight`]: [vocabulary, 24], [`${prefix}wpe.weight`]: [40, 24], ...norm(`${prefix}ln_f`, 24) },
  );

const gptNeoCase: Case = {
  name: "gpt_neo, a local layer after a global one",
  config: {
    model_type: "gpt_neo",
    hidden_size: 24,
    num_layers: 2,
    num_heads: 3,
    max_position_embeddings: 40,
    vocab_size: vocabulary,
    window_size: 5,
    attention_types: [[["global", "local"], 1]],
    activation_function: "gelu_new",
    layer_norm_epsilon: 1e-5,
  },
  shapes: shapesOf(
    2,
    (layer) => {
      const h = `transformer.h.${layer}.`;
      return {
        ...norm(`${h}ln_1`, 24),
        [`${h}attn.attention.q_proj.weight`]: [24, 24],
        [`${h}attn.attention.k_proj.weight`]: [24, 24],
        [`${h}attn.attention.v_proj.weight`]: [24, 24],
        ...biased(`${h}attn.attention.out_proj`, 24, 24),
        ...norm(`${h}ln_2`, 24),
        ...biased(`${h}mlp.c_fc`, 96, 24),
        ...biased(`${h}mlp.c_proj`, 24, 96),
      };
    },
    {
      "transformer.wte.weight": [vocabulary, 24],
      "transformer.wpe.weight": [40, 24],
      ...norm("transformer.ln_f", 24),
    },
  ),
  forward: () => gptNeo,
};

const gptNeoXCase = (parallel: boolean, share: number): Case => ({
  name: `gpt_neox, ${parallel ? "parallel" : "serial"}, ${share} of a head turning`,
  config: {
    model_type: "gpt_neox",
    hidden_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 80,
    max_position_embeddings: 40,
    vocab_size: vocabulary,
    layer_norm_eps: 1e-5,
    rotary_pct: share,
    rotary_emb_base: 10000,
    hidden_act: "gelu",
    use_parallel_residual: parallel,
    tie_word_embeddings: false,
  },
  shapes: shapesOf(
    2,
    (layer) => {
      const h = `gpt_neox.layers.${layer}.`;
      return {
        ...norm(`${h}input_layernorm`, 32),
        ...norm(`${h}post_attention_layernorm`, 32),
        ...biased(`${h}attention.query_key_value`, 96, 32),
        ...biased(`${h}attention.dense`, 32, 32),
        ...biased(`${h}mlp.dense_h_to_4h`, 80, 32),
        ...biased(`${h}mlp.dense_4h_to_h`, 32, 80),
      };
    },
    {
      "gpt_neox.embed_in.weight": [vocabulary, 32],
      ...norm("gpt_neox.final_layer_norm", 32),
      "embed_out.weight": [vocabulary, 32],
    },
  ),
  forward: () => gptNeoX,
});

const optCase: Case = {
  name: "opt",
  config: {
    model_type: "opt",
    hidden_size: 24,
    word_embed_proj_dim: 24,
    num_hidden_layers: 2,
    num_attention_heads: 3,
    ffn_dim: 60,
    max_position_embeddings: 40,
    vocab_size: vocabulary,
    activation_function: "relu",
    do_layer_norm_before: true,
  },
  shapes: shapesOf(
    2,
    (layer) => {
      const h = `model.decoder.layers.${layer}.`;
      return {
        ...norm(`${h}self_attn_layer_norm`, 24),
        ...Object.assign({}, ...["q", "k", "v"].map((one) => biased(`${h}self_attn.${one}_proj`, 24, 24))),
        ...biased(`${h}self_attn.out_proj`, 24, 24),
        ...norm(`${h}final_layer_norm`, 24),
        ...biased(`${h}fc1`, 60, 24),
        ...biased(`${h}fc2`, 24, 60),
      };
    },
    {
      "model.decoder.embed_tokens.weight": [vocabulary, 24],
      "model.decoder.embed_positions.weight": [42, 24],
      ...norm("model.decoder.final_layer_norm", 24),
    },
  ),
  forward: () => opt,
};

interface Llama {
  biases?: readonly string[];
  headNorms?: boolean;
  tied?: boolean;
}

function llamaCase(name: string, config: Config, { biases = [], headNorms = false, tied = false }: Llama = {}): Case {
  const all: Config = {
    hidden_size: 24,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    intermediate_size: 40,
    max_position_embeddings: 64,
    vocab_size: vocabulary,
    rms_norm_eps: 1e-6,
    rope_theta: 10000,
    hidden_act: "silu",
    tie_word_embeddings: tied,
    ...config,
  };
  const headDim = all.head_dim ?? 6;
  const [width, keyWidth] = [4 * headDim, all.num_key_value_heads * headDim];
  const rows: Record<string, [number, number]> = {
    "self_attn.q_proj": [width, 24],
    "self_attn.k_proj": [keyWidth, 24],
    "self_attn.v_proj": [keyWidth, 24],
    "self_attn.o_proj": [24, width],
    "mlp.gate_proj": [40, 24],
    "mlp.up_proj": [40, 24],
    "mlp.down_proj": [24, 40],
  };
  const shapes = shapesOf(
    2,
    (layer) => {
      const h = `model.layers.${layer}.`;
      const block: Shapes = {
        [`${h}input_layernorm.weight`]: [24],
        [`${h}post_attention_layernorm.weight`]: [24],
      };
      for (const [projection, shape] of Object.entries(rows)) {
        Object.assign(
          block,
          biases.includes(projection) ? biased(h + projection, ...shape) : { [`${h}${projection}.weight`]: shape },
        );
      }
      if (headNorms) {
        block[`${h}self_attn.q_norm.weight`] = [headDim];
        block[`${h}self_attn.k_norm.weight`] = [headDim];
      }
      return block;
    },
    {
      "model.embed_tokens.weight": [vocabulary, 24],
      "model.norm.weight": [24],
      ...(tied ? {} : { "lm_head.weight": [vocabulary, 24] }),
    },
  );
  const activation = all.model_type === "gemma" ? geluTanh : undefined;
  return { name, config: all, shapes, forward: ({ has }) => llamaLike(has, activation) };
}

const attentionBiases = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"];
const model_type = "llama";

export const cases: readonly Case[] = [
  { name: "gpt2", config: gpt2Config, shapes: gpt2Shapes("transformer."), forward: () => gpt2("transformer.") },
  { name: "gpt2 without a prefix", config: gpt2Config, shapes: gpt2Shapes(""), forward: () => gpt2("") },
  { name: "gpt2 in bf16", config: gpt2Config, shapes: gpt2Shapes(""), dtype: "BF16", forward: () => gpt2("") },
  gptNeoCase,
  gptNeoXCase(true, 0.25),
  gptNeoXCase(false, 0.5),
  optCase,
  llamaCase("llama", { model_type }),
  { ...llamaCase("llama in f16", { model_type }), dtype: "F16" },
  { ...llamaCase("llama in bf16, tied", { model_type }, { tied: true }), dtype: "BF16" },
  llamaCase("llama with heads of their own size", { model_type, head_dim: 10, num_key_value_heads: 1 }),
  llamaCase(
    "llama with all biases",
    { model_type, attention_bias: true, mlp_bias: true },
    { biases: [...attentionBiases, "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"] },
  ),
  llamaCase("llama, positions scaled: linear", { model_type, rope_scaling: { type: "linear", factor: 4 } }),
  llamaCase("llama, positions scaled: llama3", {
    model_type,
    head_dim: 16,
    rope_scaling: {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 48,
    },
  }),
  llamaCase(
    "qwen2, positions scaled: yarn",
    {
      model_type: "qwen2",
      head_dim: 16,
      rope_scaling: { type: "yarn", factor: 4, original_max_position_embeddings: 256 },
    },
    { biases: attentionBiases },
  ),
  llamaCase("mistral", { model_type: "mistral", sliding_window: null }),
  llamaCase("mistral with a window", { model_type: "mistral", sliding_window: 7 }),
  llamaCase(
    "qwen2 with a window from its second layer on",
    { model_type: "qwen2", use_sliding_window: true, sliding_window: 5, max_window_layers: 1 },
    { biases: attentionBiases, tied: true },
  ),
  llamaCase("qwen3", { model_type: "qwen3", head_dim: 8 }, { headNorms: true }),
  llamaCase("gemma", { model_type: "gemma", head_dim: 8, hidden_act: "gelu" }, { tied: true }),
];

const characters = { n_embd: 24, n_layer: 2, n_head: 3, block_size: 40 };

/** Models of characters, whose settings are in the metadata of their one file; `config` is what it says. */
export const characterCases: readonly Case[] = [
  {
    name: "makemore",
    config: characters,
    shapes: shapesOf(
      2,
      (layer) => {
        const h = `transformer.h.${layer}.`;
        return {
          ...norm(`${h}ln_1`, 24),
          ...biased(`${h}attn.c_attn`, 72, 24),
          ...biased(`${h}attn.c_proj`, 24, 24),
          ...norm(`${h}ln_2`, 24),
          ...biased(`${h}mlp.c_fc`, 96, 24),
          ...biased(`${h}mlp.c_proj`, 24, 96),
        };
      },
      {
        "transformer.wte.weight": [vocabulary, 24],
        "transformer.wpe.weight": [40, 24],
        ...norm("transformer.ln_f", 24),
        "lm_head.weight": [vocabulary, 24],
      },
    ),
    forward: () => makemore,
  },
  {
    name: "a twin",
    config: { ...characters, norm: "LayerNorm" },
    shapes: shapesOf(
      2,
      (layer) => ({
        ...norm(`h.${layer}.ln_1`, 24),
        ...biased(`h.${layer}.c_attn`, 72, 24),
        ...biased(`h.${layer}.attn_proj`, 24, 24),
        ...norm(`h.${layer}.ln_2`, 24),
        ...biased(`h.${layer}.c_fc`, 96, 24),
        ...biased(`h.${layer}.mlp_proj`, 24, 96),
      }),
      {
        "wte.weight": [vocabulary, 24],
        "wpe.weight": [40, 24],
        ...norm("ln_f", 24),
        "lm_head.weight": [vocabulary, 24],
      },
    ),
    forward: () => twin,
  },
];

export function randomCase({ shapes, config, dtype }: Case): Random {
  return random(shapes, { dtype, offset: config.model_type === "gemma" ? 1 : 0 });
}
