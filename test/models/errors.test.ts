// What is wrong with a model's files, in one line each.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GivenTensor } from "@orthonorm/files";
import { writeSafetensors } from "@orthonorm/files/node";
import { ModelError } from "@orthonorm/models";
import { openTransformer } from "@orthonorm/models/node";
import { afterAll, describe, expect, it } from "vitest";
import { cases, randomCase } from "../support/models/cases.js";
import { llama2cFile, random, writeModel } from "../support/models/checkpoints.js";

const folder = mkdtempSync(join(tmpdir(), "orthonorm-models-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [gpt2] = cases;
const made = randomCase(gpt2);
let count = 0;

/** A folder of GPT-2 with something changed. */
async function changed(
  config: object,
  tensors: readonly GivenTensor[] = made.tensors,
  bytes?: number,
): Promise<string> {
  return writeModel(join(folder, `model-${count++}`), { ...gpt2.config, ...config }, tensors, bytes);
}

/** The message without the folder. */
async function messageOf(path: string): Promise<string> {
  const error = await openTransformer(path).then(
    () => null,
    (reason: unknown) => reason as Error,
  );
  expect(error).not.toBeNull();
  const message = (error as Error).message;
  expect(message).not.toContain("\n");
  return message.replaceAll(`${path}/`, "").replaceAll(path, "MODEL");
}

describe("tensors", () => {
  it("that are not there", async () => {
    const without = made.tensors.filter(({ name }) => name !== "transformer.h.1.ln_2.bias");
    const path = await changed({}, without);
    expect(await messageOf(path)).toBe(
      'model.safetensors expected tensor "transformer.h.1.ln_2.bias" of [24], got none',
    );
  });

  it("of another shape", async () => {
    const path = await changed({ n_inner: 100 });
    expect(await messageOf(path)).toBe(
      'model.safetensors expected tensor "transformer.h.0.mlp.c_fc.weight" of [24, 100], got [24, 96]',
    );
  });

  it("of another element type", async () => {
    const tensors = made.tensors.map((one) =>
      one.name === "transformer.ln_f.weight" ? { ...one, dtype: "I32", data: new Int32Array(24) } : one,
    );
    expect(await messageOf(await changed({}, tensors))).toBe(
      'model.safetensors expected tensor "transformer.ln_f.weight" of F32, F64, F16 or BF16, got I32',
    );
  });

  it("that the architecture does not have", async () => {
    const more = { name: "transformer.h.0.gate", dtype: "F32", shape: [1], data: new Float32Array(1) };
    expect(await messageOf(await changed({}, [...made.tensors, more]))).toBe(
      "model.safetensors expected the tensors of a gpt2 alone, got transformer.h.0.gate too",
    );
  });

  it("in a shard that is missing", async () => {
    const path = await changed({}, made.tensors, 20000);
    const [, second] = readdirSync(path).filter((file) => /^model-.*\.safetensors$/.test(file));
    rmSync(join(path, second));
    expect(await messageOf(path)).toBe(`${second} expected a file that can be read, got no such file or directory`);
  });
});

describe("a configuration", () => {
  it.each([
    [{ model_type: "bloom" }, /^config\.json expected a model_type among gpt2, gpt_neo, .*, got "bloom"$/],
    [{ model_type: undefined }, /^config\.json expected a model_type among .*, got none$/],
    [{ n_layer: undefined }, /^config\.json expected n_layer, a positive whole number, got none$/],
    [{ n_layer: 1.5 }, /^config\.json expected n_layer, a positive whole number, got 1\.5$/],
    [{ n_head: 5 }, /^config\.json expected a width that is a multiple of its 5 heads, got 24$/],
    [{ layer_norm_epsilon: "1e-5" }, /^config\.json expected layer_norm_epsilon, a positive number, got "1e-5"$/],
    [{ activation_function: "tanh" }, /^config\.json expected activation_function among gelu, .*, got "tanh"$/],
    [
      { scale_attn_by_inverse_layer_idx: true },
      /^config\.json expected scale_attn_by_inverse_layer_idx false of a gpt2 that can be run, got true$/,
    ],
    [{ tie_word_embeddings: "yes" }, /^config\.json expected tie_word_embeddings, true or false, got "yes"$/],
  ])("%j", async (config, message) => {
    expect(await messageOf(await changed(config))).toMatch(message);
  });

  it.each([
    [{ type: "dynamic", factor: 2 }, 'rotary scaling of type default, linear, llama3 or yarn, got "dynamic"'],
    [{ type: "linear" }, "rope_scaling.factor, a positive number, got none"],
    [{ factor: 2 }, 'rope_scaling with a rope_type, got {"factor":2}'],
    [{ type: "yarn", factor: 2, mscale: 1 }, "rope_scaling without mscale, or with null, got 1"],
    [{ type: "yarn", factor: 2, mscale_all_dim: 0.7 }, "rope_scaling without mscale_all_dim, or with null, got 0.7"],
    [{ type: "yarn", factor: 2, truncate: false }, "rope_scaling without truncate, or with true, got false"],
  ])("with rope_scaling %j", async (rope_scaling, message) => {
    const llama = cases.find(({ name }) => name === "llama") as (typeof cases)[number];
    const path = await writeModel(
      join(folder, `model-${count++}`),
      { ...llama.config, rope_scaling },
      randomCase(llama).tensors,
    );
    expect(await messageOf(path)).toBe(`config.json expected ${message}`);
  });

  it("that is no JSON, or is not there", async () => {
    const path = await changed({});
    writeFileSync(join(path, "config.json"), "[]");
    expect(await messageOf(path)).toBe("config.json expected a JSON object, got an array");
    rmSync(join(path, "config.json"));
    expect(await messageOf(path)).toBe("config.json expected a configuration beside the model, got no such file");
  });
});

describe("what is no model", () => {
  it("a folder without one, and none at all", async () => {
    const path = join(folder, "empty");
    mkdirSync(path);
    expect(await messageOf(path)).toBe(
      "MODEL expected a folder of a model (an index, or .safetensors files), got an empty one",
    );
    expect(await messageOf(join(folder, "absent"))).toBe(
      "MODEL expected a file that can be read, got no such file or directory",
    );
  });

  it("a .bin that is none of llama2.c", async () => {
    const path = join(folder, "some.bin");
    writeFileSync(path, "abc");
    expect(await messageOf(path)).toBe("MODEL expected a checkpoint of llama2.c, got 3 bytes");
    const sizes = { dim: 4, hidden: 4, layers: 1, heads: 2, keyHeads: 1, vocabulary: 3, positions: 8, tied: true };
    const shapes = { "tok_embeddings.weight": [3, 4], "norm.weight": [4] };
    const block = Object.fromEntries(
      Object.entries({
        attention_norm: [4],
        "attention.wq": [4, 4],
        "attention.wk": [2, 4],
        "attention.wv": [2, 4],
        "attention.wo": [4, 4],
        ffn_norm: [4],
        "feed_forward.w1": [4, 4],
        "feed_forward.w2": [4, 4],
        "feed_forward.w3": [4, 4],
      }).map(([name, shape]) => [`layers.0.${name}.weight`, shape]),
    );
    const bytes = llama2cFile(sizes, random({ ...shapes, ...block }));
    writeFileSync(path, bytes.subarray(0, -4));
    expect(await messageOf(path)).toBe(
      `MODEL expected ${bytes.length} bytes, as its sizes say, got ${bytes.length - 4}`,
    );
    writeFileSync(path, readFileSync(path).fill(255, 0, 28));
    expect(await messageOf(path)).toMatch(/^MODEL expected the sizes of a checkpoint of llama2\.c .*, got -1, -1/);
    writeFileSync(path, bytes);
    const { model, tokenizer } = await openTransformer(path);
    await expect(tokenizer()).rejects.toThrow(/a tokenizer\.bin, or a tok3\.bin, beside the model, got none$/);
    model.engine.dispose();
  });

  it("a tokenizer that is not there", async () => {
    const { model, tokenizer } = await openTransformer(await changed({}));
    await expect(tokenizer()).rejects.toThrow(ModelError);
    await expect(tokenizer()).rejects.toThrow(
      /tokenizer\.json expected a tokenizer beside the model, got no such file$/,
    );
    model.engine.dispose();
  });

  it("metadata without a vocabulary", async () => {
    const path = join(folder, "lone.safetensors");
    await writeSafetensors(path, made.tensors);
    expect(await messageOf(path)).toMatch(/config\.json expected a configuration beside the model, got no such file$/);
  });
});

describe("tokens", () => {
  it("are refused where the model has no such one, or no room", async () => {
    const { model } = await openTransformer(await changed({}));
    const run = model.begin();
    expect(() => run.forward([])).toThrow("forward: ids expected at least one token, got none");
    expect(() => run.forward([29])).toThrow("forward: ids[0] expected a token below 29, got 29");
    expect(() => run.forward(new Array(41).fill(1))).toThrow("forward: ids expected at most 40 of 40 tokens, got 41");
    run.forward(new Array(40).fill(1));
    expect(run.room).toBe(0);
    expect(() => run.forward([1])).toThrow("forward: ids expected at most 0 of 40 tokens, got 1");
    model.engine.dispose();
  });
});

describe("a norm in the place of a model's", () => {
  it("is refused where it cannot do what the model's own does", async () => {
    const gemma = cases.find(({ name }) => name === "gemma") as (typeof cases)[number];
    const path = await writeModel(join(folder, `model-${count++}`), gemma.config, randomCase(gemma).tensors);
    const { model } = await openTransformer(path);
    const begun = () => model.begin({ norm: "LayerNorm" });
    expect(begun).toThrow(ModelError);
    expect(begun).toThrow(
      "model.layers.0.input_layernorm expected RMSNorm, got LayerNorm, which does not multiply by 1 + weight",
    );
    model.engine.dispose();
  });
});
