/** The architectures that can be run. Names and defaults are those of the `transformers` library, where it has the architecture. */
import type { Architecture, Bias, Projection } from "./architecture.js";

const biased = (name: string): Projection => ({ name, bias: true });
const plain = (name: string): Projection => ({ name, bias: false });
const either = (name: string, bias: Bias): Projection => ({ name, bias });
const named = (...names: string[]) => ({ names });

/** Masks and tables that PyTorch saved as buffers, in files of older versions. */
const buffers = [/\.attn\.(attention\.)?(masked_)?bias$/, /\.attention\.(masked_)?bias$/, /\.rotary_emb\.inv_freq$/];

const gptFields = {
  width: named("n_embd"),
  layers: named("n_layer"),
  heads: named("n_head"),
  inner: named("n_inner"),
  positions: named("n_positions", "n_ctx"),
  vocabulary: named("vocab_size"),
  eps: { names: ["layer_norm_epsilon"], absent: 1e-5 },
};

const gpt2: Architecture = {
  name: "gpt2",
  prefixes: ["transformer.", ""],
  embedding: { name: "wte" },
  positions: { kind: "learned", name: "wpe", offset: 0 },
  block: "h.#.",
  norm: { kind: "LayerNorm", bias: true, weightOffset: 0, attention: "ln_1", mlp: "ln_2", last: "ln_f" },
  attention: { qkv: { ...biased("attn.c_attn"), fused: "thirds" }, out: biased("attn.c_proj") },
  mlp: { up: biased("mlp.c_fc"), down: biased("mlp.c_proj") },
  parallel: false,
  layout: "Conv1D",
  head: { name: "lm_head", tied: true },
  fields: gptFields,
  activation: { names: ["activation_function"], absent: "gelu_new" },
  fixed: { scale_attn_weights: true, scale_attn_by_inverse_layer_idx: false, add_cross_attention: false },
  ignored: buffers,
};

const gptNeo: Architecture = {
  ...gpt2,
  name: "gpt_neo",
  attention: {
    qkv: [plain("attn.attention.q_proj"), plain("attn.attention.k_proj"), plain("attn.attention.v_proj")],
    out: biased("attn.attention.out_proj"),
    scale: 1,
    window: "attention_types",
  },
  layout: "Linear",
  fields: {
    width: named("hidden_size"),
    layers: named("num_layers"),
    heads: named("num_heads"),
    inner: named("intermediate_size"),
    positions: named("max_position_embeddings"),
    vocabulary: named("vocab_size"),
    eps: { names: ["layer_norm_epsilon"], absent: 1e-5 },
    window: { names: ["window_size"], absent: 256 },
  },
  fixed: {},
};

const gptNeoX: Architecture = {
  name: "gpt_neox",
  prefixes: ["gpt_neox.", ""],
  embedding: { name: "embed_in" },
  positions: { kind: "rotary", pairs: "halves" },
  block: "layers.#.",
  norm: {
    kind: "LayerNorm",
    bias: true,
    weightOffset: 0,
    attention: "input_layernorm",
    mlp: "post_attention_layernorm",
    last: "final_layer_norm",
  },
  attention: {
    qkv: {
      ...either("attention.query_key_value", { field: "attention_bias", absent: true }),
      fused: "thirds of each head",
    },
    out: either("attention.dense", { field: "attention_bias", absent: true }),
  },
  mlp: { up: biased("mlp.dense_h_to_4h"), down: biased("mlp.dense_4h_to_h") },
  parallel: { field: "use_parallel_residual" },
  layout: "Linear",
  head: { name: "embed_out", tied: false },
  fields: {
    width: named("hidden_size"),
    layers: named("num_hidden_layers"),
    heads: named("num_attention_heads"),
    inner: named("intermediate_size"),
    positions: named("max_position_embeddings"),
    vocabulary: named("vocab_size"),
    eps: { names: ["layer_norm_eps"], absent: 1e-5 },
    rotaryShare: { names: ["rotary_pct", "partial_rotary_factor"], absent: 0.25 },
    rotaryBase: { names: ["rotary_emb_base", "rope_theta"], absent: 10000 },
  },
  activation: { names: ["hidden_act"], absent: "gelu" },
  ignored: buffers,
};

const opt: Architecture = {
  name: "opt",
  prefixes: ["model.decoder.", "decoder."],
  embedding: { name: "embed_tokens" },
  positions: { kind: "learned", name: "embed_positions", offset: 2 },
  block: "layers.#.",
  norm: {
    kind: "LayerNorm",
    bias: true,
    weightOffset: 0,
    attention: "self_attn_layer_norm",
    mlp: "final_layer_norm",
    last: "final_layer_norm",
  },
  attention: {
    qkv: [
      either("self_attn.q_proj", { field: "enable_bias", absent: true }),
      either("self_attn.k_proj", { field: "enable_bias", absent: true }),
      either("self_attn.v_proj", { field: "enable_bias", absent: true }),
    ],
    out: either("self_attn.out_proj", { field: "enable_bias", absent: true }),
  },
  mlp: {
    up: either("fc1", { field: "enable_bias", absent: true }),
    down: either("fc2", { field: "enable_bias", absent: true }),
  },
  parallel: false,
  layout: "Linear",
  head: { name: "lm_head", tied: true },
  fields: {
    width: named("hidden_size"),
    layers: named("num_hidden_layers"),
    heads: named("num_attention_heads"),
    inner: named("ffn_dim"),
    positions: named("max_position_embeddings"),
    vocabulary: named("vocab_size"),
    eps: { names: [], absent: 1e-5 },
  },
  activation: { names: ["activation_function"], absent: "relu" },
  fixed: { do_layer_norm_before: true, layer_norm_elementwise_affine: true, _remove_final_layer_norm: false },
};

const llama: Architecture = {
  name: "llama",
  prefixes: ["model.", ""],
  embedding: { name: "embed_tokens" },
  positions: { kind: "rotary", pairs: "halves" },
  block: "layers.#.",
  norm: {
    kind: "RMSNorm",
    bias: false,
    weightOffset: 0,
    attention: "input_layernorm",
    mlp: "post_attention_layernorm",
    last: "norm",
  },
  attention: {
    qkv: [
      either("self_attn.q_proj", { field: "attention_bias", absent: false }),
      either("self_attn.k_proj", { field: "attention_bias", absent: false }),
      either("self_attn.v_proj", { field: "attention_bias", absent: false }),
    ],
    out: either("self_attn.o_proj", { field: "attention_bias", absent: false }),
  },
  mlp: {
    gate: either("mlp.gate_proj", { field: "mlp_bias", absent: false }),
    up: either("mlp.up_proj", { field: "mlp_bias", absent: false }),
    down: either("mlp.down_proj", { field: "mlp_bias", absent: false }),
  },
  parallel: false,
  layout: "Linear",
  head: { name: "lm_head", tied: false },
  fields: {
    width: named("hidden_size"),
    layers: named("num_hidden_layers"),
    heads: named("num_attention_heads"),
    keyHeads: named("num_key_value_heads"),
    headDim: named("head_dim"),
    inner: named("intermediate_size"),
    positions: { names: ["max_position_embeddings"], absent: 2048 },
    vocabulary: named("vocab_size"),
    eps: { names: ["rms_norm_eps"], absent: 1e-6 },
    rotaryBase: { names: ["rope_theta"], absent: 10000 },
  },
  activation: { names: ["hidden_act"], absent: "silu" },
  ignored: buffers,
};

const unbiased = {
  qkv: [plain("self_attn.q_proj"), plain("self_attn.k_proj"), plain("self_attn.v_proj")],
  out: plain("self_attn.o_proj"),
} as const;
const gated = { gate: plain("mlp.gate_proj"), up: plain("mlp.up_proj"), down: plain("mlp.down_proj") };

const mistral: Architecture = {
  ...llama,
  name: "mistral",
  attention: { ...unbiased, window: "every layer" },
  mlp: gated,
  fields: {
    ...llama.fields,
    keyHeads: { names: ["num_key_value_heads"], absent: 8 },
    // null is none
    window: { names: ["sliding_window"], absent: 4096 },
  },
};

const qwen2: Architecture = {
  ...llama,
  name: "qwen2",
  attention: {
    qkv: [biased("self_attn.q_proj"), biased("self_attn.k_proj"), biased("self_attn.v_proj")],
    out: plain("self_attn.o_proj"),
    window: "upper layers",
  },
  mlp: gated,
  fields: { ...llama.fields, window: { names: ["sliding_window"], absent: 4096 } },
};

const qwen3: Architecture = {
  ...llama,
  name: "qwen3",
  attention: {
    ...llama.attention,
    headNorms: ["self_attn.q_norm", "self_attn.k_norm"],
    window: "upper layers",
  },
  mlp: gated,
  fields: { ...qwen2.fields, headDim: { names: ["head_dim"], absent: 128 } },
};

const gemma: Architecture = {
  ...llama,
  name: "gemma",
  embedding: { name: "embed_tokens", scale: "√width" },
  norm: { ...llama.norm, weightOffset: 1 },
  mlp: gated,
  head: { name: "lm_head", tied: true },
  fields: { ...llama.fields, headDim: { names: ["head_dim"], absent: 256 } },
  // Gemma's first config.json says "gelu" in hidden_act and means the other one.
  activation: { names: ["hidden_activation"], absent: "gelu_new" },
};

/** Files of llama2.c, whose tensors are named here as Meta names those of Llama. */
const llama2c: Architecture = {
  ...llama,
  name: "llama2.c",
  prefixes: [""],
  embedding: { name: "tok_embeddings" },
  positions: { kind: "rotary", pairs: "adjacent" },
  norm: { ...llama.norm, attention: "attention_norm", mlp: "ffn_norm", last: "norm" },
  attention: {
    qkv: [plain("attention.wq"), plain("attention.wk"), plain("attention.wv")],
    out: plain("attention.wo"),
  },
  mlp: { gate: plain("feed_forward.w1"), up: plain("feed_forward.w3"), down: plain("feed_forward.w2") },
  head: { name: "output", tied: true },
};

/** Character models whose settings and vocabulary are in the metadata of their one file. */
const makemore: Architecture = {
  ...gpt2,
  name: "makemore",
  layout: "Linear",
  head: { name: "lm_head", tied: false },
  fields: {
    ...gptFields,
    vocabulary: undefined,
    positions: named("block_size"),
    eps: { names: ["eps"], absent: 1e-5 },
  },
};
const twinLayerNorm: Architecture = {
  ...makemore,
  name: "layernorm-twin",
  prefixes: [""],
  attention: { qkv: { ...biased("c_attn"), fused: "thirds" }, out: biased("attn_proj") },
  mlp: { up: biased("c_fc"), down: biased("mlp_proj") },
  activation: { names: [], absent: "gelu" },
};
const twinRMSNorm: Architecture = {
  ...twinLayerNorm,
  name: "rmsnorm-twin",
  norm: { ...twinLayerNorm.norm, kind: "RMSNorm", bias: false },
};

export const architectures: readonly Architecture[] = [
  gpt2,
  gptNeo,
  gptNeoX,
  opt,
  llama,
  mistral,
  qwen2,
  qwen3,
  gemma,
  llama2c,
  makemore,
  twinLayerNorm,
  twinRMSNorm,
];
