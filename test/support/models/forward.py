"""Small checkpoints through PyTorch, in f64: a second witness for the runner of models/, beside the plain TypeScript of forwards.ts.

Reads a JSON list of {"folder", "config", "ids"} from standard input, and writes a list of logits, [tokens, vocabulary] each.

LayerNorm, projections, softmax and activations are torch.nn.functional's, rotary positions complex arithmetic. Written for torch 1.13,
which Debian 12 has, so without scaled_dot_product_attention and rms_norm.
"""

import json
import math
import os
import sys

import torch
import torch.nn.functional as F

DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "F64": torch.float64}


def read_safetensors(path):
    with open(path, "rb") as file:
        raw = bytearray(file.read())
    size = int.from_bytes(raw[:8], "little")
    tensors = {}
    for name, entry in json.loads(raw[8 : 8 + size]).items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            flat = torch.frombuffer(raw[8 + size + start : 8 + size + end], dtype=DTYPES[entry["dtype"]])
            tensors[name] = flat.reshape(entry["shape"]).double()
    return tensors


class Model:
    def __init__(self, tensors, config):
        self.t, self.c = tensors, config
        self.eps = next(config[name] for name in ("layer_norm_epsilon", "layer_norm_eps", "rms_norm_eps", "eps") if name in config)

    def linear(self, x, name):
        return F.linear(x, self.t[name + ".weight"], self.t.get(name + ".bias"))

    def conv1d(self, x, name):
        return torch.addmm(self.t[name + ".bias"], x, self.t[name + ".weight"])

    def layer_norm(self, x, name):
        return F.layer_norm(x, x.shape[-1:], self.t[name + ".weight"], self.t[name + ".bias"], self.eps)

    def rms_norm(self, x, name, offset=0.0):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * (self.t[name + ".weight"] + offset)


def split_heads(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(0, 1)


def attend(q, k, v, scale=None, window=None):
    """[heads, tokens, head_dim] each; key heads are shared by groups of query heads."""
    tokens = q.shape[1]
    k, v = (x.repeat_interleave(q.shape[0] // x.shape[0], 0) for x in (k, v))
    seen = torch.ones(tokens, tokens, dtype=torch.bool).tril()
    if window is not None:
        seen = seen.triu(1 - window)
    scores = q @ k.transpose(1, 2) * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    mixed = F.softmax(scores.masked_fill(~seen, -math.inf), -1) @ v
    return mixed.transpose(0, 1).flatten(1)


def rotate(x, frequencies, factor=1.0):
    """Turns element i of the first 2·len(frequencies) with the element half of them further on."""
    half = len(frequencies)
    angles = torch.outer(torch.arange(x.shape[1], dtype=torch.float64), frequencies)
    turned = torch.complex(x[..., :half], x[..., half : 2 * half]) * torch.polar(torch.full_like(angles, factor), angles)
    return torch.cat([turned.real, turned.imag, x[..., 2 * half :]], -1)


def frequencies(size, base):
    return base ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)


def gelu_tanh(x):
    return F.gelu(x, approximate="tanh")


def gpt(m, ids, prefix, project, norm, attn, attn_out, up, down, head, activation):
    """GPT-2, and nanoGPT's relatives of it."""
    width, heads, layers = m.c["n_embd"], m.c["n_head"], m.c["n_layer"]
    x = m.t[prefix + "wte.weight"][ids] + m.t[prefix + "wpe.weight"][: len(ids)]
    for layer in range(layers):
        h = f"{prefix}h.{layer}."
        q, k, v = project(norm(x, h + "ln_1"), h + attn).split(width, -1)
        x = x + project(attend(*(split_heads(one, heads) for one in (q, k, v))), h + attn_out)
        x = x + project(activation(project(norm(x, h + "ln_2"), h + up)), h + down)
    return F.linear(norm(x, prefix + "ln_f"), m.t[head or prefix + "wte.weight"])


def gpt2(m, ids):
    prefix = "transformer." if "transformer.wte.weight" in m.t else ""
    return gpt(m, ids, prefix, m.conv1d, m.layer_norm, "attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj", None, gelu_tanh)


def twin(m, ids):
    norm = m.rms_norm if m.c["norm"] == "RMSNorm" else m.layer_norm
    return gpt(m, ids, "", m.linear, norm, "c_attn", "attn_proj", "c_fc", "mlp_proj", "lm_head.weight", F.gelu)


def gpt_neo(m, ids):
    heads = m.c["num_heads"]
    kinds = [kind for some, times in m.c["attention_types"] for kind in some * times]
    x = m.t["transformer.wte.weight"][ids] + m.t["transformer.wpe.weight"][: len(ids)]
    for layer, kind in enumerate(kinds):
        h = f"transformer.h.{layer}."
        normed = m.layer_norm(x, h + "ln_1")
        q, k, v = (split_heads(m.linear(normed, f"{h}attn.attention.{one}_proj"), heads) for one in "qkv")
        window = m.c["window_size"] if kind == "local" else None
        x = x + m.linear(attend(q, k, v, scale=1.0, window=window), h + "attn.attention.out_proj")
        x = x + m.linear(gelu_tanh(m.linear(m.layer_norm(x, h + "ln_2"), h + "mlp.c_fc")), h + "mlp.c_proj")
    return F.linear(m.layer_norm(x, "transformer.ln_f"), m.t["transformer.wte.weight"])


def gpt_neox(m, ids):
    heads = m.c["num_attention_heads"]
    size = int(m.c["hidden_size"] // heads * m.c["rotary_pct"])
    angles = frequencies(size, m.c["rotary_emb_base"])
    x = m.t["gpt_neox.embed_in.weight"][ids]
    for layer in range(m.c["num_hidden_layers"]):
        h = f"gpt_neox.layers.{layer}."
        qkv = m.linear(m.layer_norm(x, h + "input_layernorm"), h + "attention.query_key_value")
        q, k, v = (one.transpose(0, 1) for one in qkv.unflatten(-1, (heads, 3, -1)).unbind(2))
        attended = m.linear(attend(rotate(q, angles), rotate(k, angles), v), h + "attention.dense")

        def mlp(y):
            normed = m.layer_norm(y, h + "post_attention_layernorm")
            return m.linear(F.gelu(m.linear(normed, h + "mlp.dense_h_to_4h")), h + "mlp.dense_4h_to_h")

        x = x + attended + mlp(x) if m.c["use_parallel_residual"] else x + attended + mlp(x + attended)
    return F.linear(m.layer_norm(x, "gpt_neox.final_layer_norm"), m.t["embed_out.weight"])


def opt(m, ids):
    heads, p = m.c["num_attention_heads"], "model.decoder."
    x = m.t[p + "embed_tokens.weight"][ids] + m.t[p + "embed_positions.weight"][2 : 2 + len(ids)]
    for layer in range(m.c["num_hidden_layers"]):
        h = f"{p}layers.{layer}."
        normed = m.layer_norm(x, h + "self_attn_layer_norm")
        q, k, v = (split_heads(m.linear(normed, f"{h}self_attn.{one}_proj"), heads) for one in "qkv")
        x = x + m.linear(attend(q, k, v), h + "self_attn.out_proj")
        x = x + m.linear(F.relu(m.linear(m.layer_norm(x, h + "final_layer_norm"), h + "fc1")), h + "fc2")
    return F.linear(m.layer_norm(x, p + "final_layer_norm"), m.t[p + "embed_tokens.weight"])


def scaled(c, size):
    """Angles per position and the factor of cosines and sines, by the kinds of rope_scaling."""
    plain, s = frequencies(size, c["rope_theta"]), c.get("rope_scaling") or {}
    kind = s.get("rope_type", s.get("type"))
    if kind == "linear":
        return plain / s["factor"], 1.0
    if kind == "llama3":
        waves = s["original_max_position_embeddings"] * plain / (2 * math.pi)
        low, high = s["low_freq_factor"], s["high_freq_factor"]
        return torch.lerp(plain / s["factor"], plain, ((waves - low) / (high - low)).clamp(0, 1)), 1.0
    if kind == "yarn":
        length, base = s["original_max_position_embeddings"], c["rope_theta"]
        low, high = (size * math.log(length / (2 * math.pi * turns)) / (2 * math.log(base)) for turns in (32, 1))
        low, high = max(math.floor(low), 0), min(math.ceil(high), size - 1)
        ramp = ((torch.arange(size // 2, dtype=torch.float64) - low) / max(high - low, 0.001)).clamp(0, 1)
        return torch.lerp(plain, plain / s["factor"], ramp), 0.1 * math.log(s["factor"]) + 1
    return plain, 1.0


def window_of(c, layer):
    if c["model_type"] == "mistral":
        return c["sliding_window"]
    return c["sliding_window"] if c.get("use_sliding_window") and layer >= c["max_window_layers"] else None


def llama(m, ids):
    """Llama, Mistral, Qwen 2 and 3, Gemma."""
    c, gemma = m.c, m.c["model_type"] == "gemma"
    heads, key_heads = c["num_attention_heads"], c["num_key_value_heads"]
    angles, factor = scaled(c, c.get("head_dim") or c["hidden_size"] // heads)
    activation = gelu_tanh if gemma else F.silu

    def norm(x, name):
        return m.rms_norm(x, name, 1.0 if gemma else 0.0)

    x = m.t["model.embed_tokens.weight"][ids] * (math.sqrt(c["hidden_size"]) if gemma else 1.0)
    for layer in range(c["num_hidden_layers"]):
        h = f"model.layers.{layer}."
        normed = norm(x, h + "input_layernorm")
        q = split_heads(m.linear(normed, h + "self_attn.q_proj"), heads)
        k, v = (split_heads(m.linear(normed, f"{h}self_attn.{one}_proj"), key_heads) for one in "kv")
        if h + "self_attn.q_norm.weight" in m.t:
            q, k = norm(q, h + "self_attn.q_norm"), norm(k, h + "self_attn.k_norm")
        q, k = rotate(q, angles, factor), rotate(k, angles, factor)
        x = x + m.linear(attend(q, k, v, window=window_of(c, layer)), h + "self_attn.o_proj")
        normed = norm(x, h + "post_attention_layernorm")
        gate = activation(m.linear(normed, h + "mlp.gate_proj"))
        x = x + m.linear(gate * m.linear(normed, h + "mlp.up_proj"), h + "mlp.down_proj")
    head = m.t["model.embed_tokens.weight" if c["tie_word_embeddings"] else "lm_head.weight"]
    return F.linear(norm(x, "model.norm"), head)


FORWARDS = {"gpt2": gpt2, "gpt_neo": gpt_neo, "gpt_neox": gpt_neox, "opt": opt, "twin": twin} | dict.fromkeys(
    ["llama", "mistral", "qwen2", "qwen3", "gemma"], llama
)


def logits(request):
    config = {"eps": 1e-5, **request["config"]}
    model = Model(read_safetensors(os.path.join(request["folder"], "model.safetensors")), config)
    with torch.no_grad():
        return FORWARDS[config["model_type"]](model, torch.tensor(request["ids"])).tolist()


if __name__ == "__main__":
    json.dump([logits(request) for request in json.load(sys.stdin)], sys.stdout)
