// What convert writes, what it leaves alone, and what it refuses: one line, and nothing on the disk.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type GivenTensor, openContainer } from "@orthonorm/files";
import { beside, openDisk, openModel, writeSafetensors } from "@orthonorm/files/node";
import { ModelError } from "@orthonorm/models";
import { type ConvertOptions, convertModel, openTransformer } from "@orthonorm/models/node";
import { afterAll, describe, expect, it } from "vitest";
import { encode } from "../support/dtypes.js";
import { leftOf } from "../support/leftovers.js";
import { type Case, cases, randomCase } from "../support/models/cases.js";
import { llama2cFile, plainTensors, random, writeModel } from "../support/models/checkpoints.js";
import { sharedReference } from "../support/shared.js";

const folder = mkdtempSync(join(tmpdir(), "orthonorm-convert-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const twins = fileURLToPath(new URL("../../study/data/twins", import.meta.url));
const named = (type: string) => cases.find(({ config }) => config.model_type === type) as Case;
const gpt2 = named("gpt2");
const made = randomCase(gpt2);

let count = 0;
const place = () => join(folder, `place-${count++}`);

async function model(
  one: Case = gpt2,
  config: object = {},
  tensors: readonly GivenTensor[] = made.tensors,
  bytes?: number,
) {
  return writeModel(place(), { ...one.config, ...config }, one === gpt2 ? tensors : randomCase(one).tensors, bytes);
}

/** The message, without the folder; and nothing was written. */
async function refusal(path: string, out = place(), options: ConvertOptions = {}): Promise<string> {
  const before = readdirSync(folder);
  const error = await convertModel(path, out, options).then(
    () => null,
    (reason: unknown) => reason as Error,
  );
  expect(error).toBeInstanceOf(ModelError);
  expect(readdirSync(folder)).toEqual(before);
  const message = (error as Error).message;
  expect(message).not.toContain("\n");
  return message.replaceAll(`${path}/`, "").replaceAll(path, "MODEL").replaceAll(out, "OUT");
}

describe("what is written", () => {
  it("a folder: weights, configuration, tokenizer, licence, and what was done", async () => {
    const path = await model();
    for (const name of ["tokenizer.json", "tokenizer_config.json", "merges.txt", "generation_config.json", "LICENSE"]) {
      writeFileSync(join(path, name), name);
    }
    for (const name of ["pytorch_model.bin", "README.md", "flax_model.msgpack"]) writeFileSync(join(path, name), name);
    mkdirSync(join(path, "tokenizer.json.d"));
    const out = join(place(), "deep");
    const { files, conversion } = await convertModel(path, out, { madeBy: "a test" });
    const names = readdirSync(out).sort();
    expect(files.map((file) => file.slice(out.length + 1)).sort()).toEqual(names);
    expect(names).toEqual([
      "LICENSE",
      "config.json",
      "generation_config.json",
      "manifest.json",
      "merges.txt",
      "model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    expect(readFileSync(join(out, "tokenizer.json"), "utf8")).toBe("tokenizer.json");
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8"))).toEqual({
      ...gpt2.config,
      norm: "RMSNorm",
      norm_folded: false,
      tie_word_embeddings: false,
    });
    const manifest = JSON.parse(readFileSync(join(out, "manifest.json"), "utf8"));
    expect(manifest).toEqual(conversion.manifest);
    expect(manifest.made_by).toBe("a test");
    expect(manifest.norm).toEqual({ from: "LayerNorm", to: "RMSNorm", eps: 1e-5, folded: false });
    expect(manifest.head).toBe("untied: the embedding's weights as they were");
    const container = await openModel(out);
    expect(Object.keys(manifest.tensors).sort()).toEqual(container.tensors.map(({ name }) => name).sort());
    await container.source.close();
    expect(manifest.tensors).toMatchObject({
      "transformer.wte.weight": { role: "token embedding", done: "centered: less the mean of each row" },
      "transformer.wpe.weight": { role: "position embedding", done: "centered: less the mean of each row" },
      "transformer.h.1.attn.c_proj.weight": { role: "attention output", done: "centered: less the mean of each row" },
      "transformer.h.0.mlp.c_fc.weight": { role: "MLP input", done: "copied" },
      "transformer.h.0.attn.bias": { role: "unused", done: "copied" },
      "transformer.ln_f.bias": { role: "norm", done: "copied" },
      "lm_head.weight": { role: "head", from: "transformer.wte.weight", done: "copied" },
    });
  });

  it("folded: norms are gone, and what reads them tells what went into it", async () => {
    const out = place();
    const { conversion } = await convertModel(await model(named("gpt_neo")), out, { fold: true });
    const { tensors, dropped } = conversion.manifest;
    expect(Object.keys(tensors).filter((name) => /ln_/.test(name))).toEqual([]);
    expect(Object.keys(dropped)).toHaveLength(10);
    const q = "transformer.h.1.attn.attention.q_proj";
    const ln = "transformer.h.1.ln_1";
    expect(tensors[`${q}.weight`].done).toBe(`each row times ${ln}.weight`);
    expect(tensors[`${q}.bias`].done).toBe(`zeros + each row of ${q}.weight · ${ln}.bias`);
    const up = "transformer.h.0.mlp.c_fc";
    expect(tensors[`${up}.bias`].done).toBe(`${up}.bias + each row of ${up}.weight · transformer.h.0.ln_2.bias`);
    expect(tensors["lm_head.bias"].role).toBe("head");
  });

  it("shards of the size that is asked for, from shards of another", async () => {
    const path = await model(gpt2, {}, made.tensors, 30_000);
    const out = place();
    await convertModel(path, out, { maximumBytes: 20_000 });
    const shards = readdirSync(out).filter((name) => name.endsWith(".safetensors"));
    expect(shards.length).toBeGreaterThan(3);
    expect(readdirSync(out)).toContain("model.safetensors.index.json");
    for (const name of shards) {
      const source = await openDisk(join(out, name));
      const { tensors } = await openContainer(source);
      await source.close();
      const bytes = tensors.reduce((sum, one) => sum + one.bytes, 0);
      expect(tensors.length === 1 || bytes <= 20_000).toBe(true);
    }
    const { model: loaded } = await openTransformer(out);
    expect(loaded.sites).toHaveLength(5);
    loaded.engine.dispose();
  });

  it("of a model of one file: a file with all in its metadata, or a folder", async () => {
    const path = join(twins, "ln", "model.safetensors");
    const file = `${place()}.safetensors`;
    expect((await convertModel(path, file)).files).toEqual([file]);
    const container = await openModel(file);
    await container.source.close();
    const { norm, norm_folded, vocab, manifest } = container.metadata;
    expect([norm, norm_folded]).toEqual(["RMSNorm", "false"]);
    expect(JSON.parse(vocab).length).toBeGreaterThan(90);
    expect(Object.keys(JSON.parse(manifest).tensors)).toHaveLength(container.tensors.length);
    const out = place();
    await convertModel(join(twins, "ln"), out, { fold: true });
    expect(readdirSync(out).sort()).toEqual(["manifest.json", "model.safetensors"]);
    const { model: loaded, tokenizer } = await openTransformer(out);
    expect((await tokenizer()).encode("a")).toHaveLength(1);
    loaded.engine.dispose();
  });
});

describe("what is there already", () => {
  it("is replaced by --force where a conversion wrote it, and by nothing else", async () => {
    const [path, out] = [await model(), place()];
    mkdirSync(out);
    await convertModel(path, out); // an empty folder is as good as none
    writeFileSync(join(out, "notes.txt"), "of the first conversion");
    expect(await refusal(path, out)).toBe("OUT expected a new name, or --force, got a folder that is there already");
    expect(readdirSync(out)).toContain("notes.txt");
    await convertModel(path, out, { force: true, fold: true });
    expect(readdirSync(out).sort()).toEqual(["config.json", "manifest.json", "model.safetensors"]);
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8")).norm_folded).toBe(true);
    expect(readdirSync(folder).filter((name) => name.includes("tmp"))).toEqual([]);

    const other = place();
    mkdirSync(other);
    writeFileSync(join(other, "thesis.tex"), "precious");
    const message = "OUT expected the result of an earlier conversion, which --force replaces, got something else";
    expect(await refusal(path, other, { force: true })).toBe(message);
    expect(readFileSync(join(other, "thesis.tex"), "utf8")).toBe("precious");
  });

  it("of one file likewise", async () => {
    const path = join(twins, "ln", "model.safetensors");
    const out = `${place()}.safetensors`;
    await convertModel(path, out);
    expect(await refusal(path, out)).toBe("OUT expected a new name, or --force, got a file that is there already");
    await convertModel(path, out, { force: true, fold: true });
    writeFileSync(out, "precious");
    expect(await refusal(path, out, { force: true })).toMatch(/which --force replaces, got something else$/);
    expect(readFileSync(out, "utf8")).toBe("precious");
    const into = `${place()}.safetensors`;
    mkdirSync(into);
    expect(await refusal(path, into)).toBe("OUT expected a file to be written, got a folder");
    const file = place();
    writeFileSync(file, "");
    expect(await refusal(path, file)).toBe("OUT expected a folder to be written, got a file");
    expect(await refusal(await model(), `${place()}.safetensors`)).toBe(
      "OUT expected the name of a folder, as the model is one, got that of a file",
    );
  });

  it("is followed where it is a link, which stays a link", async () => {
    const [path, target, link] = [await model(), place(), place()];
    symlinkSync(target, link);
    const { files } = await convertModel(path, link);
    expect(files).toContain(join(link, "manifest.json"));
    expect([lstatSync(link).isSymbolicLink(), lstatSync(target).isDirectory()]).toEqual([true, true]);
    await convertModel(path, link, { force: true });
    expect([lstatSync(link).isSymbolicLink(), lstatSync(target).isDirectory()]).toEqual([true, true]);
    const round = place();
    symlinkSync(round, round);
    expect(await refusal(path, round)).toBe(
      "OUT expected a folder that can be written, got a link that leads to itself",
    );
  });

  it("is never the model itself, by whatever name, nor a folder that it lies in", async () => {
    const path = await model();
    const message = /^\S+ expected a place of its own for the result, got the model that is read$/;
    const link = place();
    symlinkSync(path, link);
    for (const out of [path, `${path}/.`, link, folder]) {
      expect(await refusal(path, out, { force: true })).toMatch(message);
    }
    const file = `${place()}.safetensors`;
    copyFileSync(join(twins, "ln", "model.safetensors"), file);
    expect(await refusal(file, file, { force: true })).toMatch(/^MODEL expected a place of its own for the result/);
    expect(statSync(join(path, "model.safetensors")).size).toBeGreaterThan(1000);
  });
});

describe("a conversion that is stopped", () => {
  it.each([0.2, 0.6, 0.99])("at %d leaves nothing, neither of the result nor of folders on its way", async (when) => {
    const path = await model();
    const before = readdirSync(folder);
    const stop = new AbortController();
    const progress = (_: string, share: number) => {
      if (share >= when) stop.abort(new Error("stopped"));
    };
    const out = join(place(), "deep", "er");
    await expect(convertModel(path, out, { signal: stop.signal, progress })).rejects.toThrow("stopped");
    expect(readdirSync(folder)).toEqual(before);
    await convertModel(path, out);
  });

  it("leaves what it was to replace as it was", async () => {
    const [path, out] = [await model(), place()];
    await convertModel(path, out);
    const whole = readFileSync(join(out, "model.safetensors"));
    const stop = new AbortController();
    const stopped = convertModel(path, out, {
      fold: true,
      force: true,
      signal: stop.signal,
      progress: () => stop.abort(),
    });
    await expect(stopped).rejects.toThrow();
    expect(readFileSync(join(out, "model.safetensors"))).toEqual(whole);
    expect(readdirSync(folder).filter((name) => name.includes("tmp"))).toEqual([]);
  });

  it("by a kill is cleaned up by the next one, which says so", async () => {
    const [path, out] = [await model(), place()];
    const left = leftOf(beside(out), { pid: spawnSync(process.execPath, ["-e", "0"]).pid });
    mkdirSync(left);
    writeFileSync(join(left, "model.safetensors.tmp"), "half");
    const removed: string[] = [];
    await convertModel(path, out, { removed: (name) => removed.push(name) });
    expect(removed).toEqual([left]);
    expect(readdirSync(folder).filter((name) => name.includes("tmp"))).toEqual([]);
  });

  it("by a kill while it moves to its place: the model that it was to replace comes back, or goes where the new one is there", async () => {
    const [path, out] = [await model(), place()];
    await convertModel(path, out);
    const left = leftOf(beside(out), { pid: spawnSync(process.execPath, ["-e", "0"]).pid });
    renameSync(out, `${left}.old`);
    expect(existsSync(out)).toBe(false);
    const message = await convertModel(path, out).catch(({ message }: Error) => message);
    expect(message).toBe(`${out} expected a new name, or --force, got a folder that is there already`);
    expect(readdirSync(out)).toContain("model.safetensors");
    mkdirSync(`${left}.old`);
    await convertModel(path, out, { force: true });
    expect(readdirSync(folder).filter((name) => name.includes("tmp"))).toEqual([]);
  });

  it("for another one that was faster leaves that one's result", async () => {
    for (const name of ["", ".safetensors"]) {
      const path = name === "" ? await model() : join(twins, "ln", "model.safetensors");
      const out = `${place()}${name}`;
      const progress = (_: string, share: number) => {
        if (share < 1 || existsSync(out)) return;
        if (name !== "") return writeFileSync(out, "the other one's");
        mkdirSync(out);
        writeFileSync(join(out, "manifest.json"), "the other one's");
      };
      const kind = name === "" ? "folder" : "file";
      const message = `${out} expected a new name, or --force, got a ${kind} that is there already`;
      await expect(convertModel(path, out, { progress })).rejects.toThrow(message);
      expect(readFileSync(name === "" ? join(out, "manifest.json") : out, "utf8")).toBe("the other one's");
      expect(readdirSync(folder).filter((one) => one.includes("tmp"))).toEqual([]);
    }
  });

  it("for a tokenizer that cannot be copied leaves nothing either", async () => {
    const path = await model();
    symlinkSync("nowhere", join(path, "tokenizer.json"));
    const message = "tokenizer.json expected a file that can be copied, got no such file or directory";
    expect(await refusal(path, join(place(), "deep"))).toBe(message);
  });

  it.each([false, true])("tells its progress, from tensor to tensor, folded: %s", async (fold) => {
    const shares: number[] = [];
    const names = new Set<string>();
    await convertModel(await model(named("gpt_neo")), place(), {
      fold,
      progress: (name, share) => {
        shares.push(share);
        names.add(name);
      },
    });
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares[shares.length - 1]).toBe(1);
    expect(names.size).toBeGreaterThan(20);
  });
});

describe("what cannot be exact is refused", () => {
  const exactly = "expected a model whose LayerNorms can become RMSNorms exactly, got";

  it.each(["llama", "qwen3", "gemma"])("%s: RMSNorm already", async (type) => {
    const message = `config.json ${exactly} a ${type}, which has RMSNorm already, which centering would change`;
    expect(await refusal(await model(named(type)))).toBe(message);
  });

  it("a model that was converted, a twin with RMSNorm, a llama2.c", async () => {
    const out = place();
    await convertModel(await model(), out);
    expect(await refusal(out)).toBe(
      `config.json ${exactly} a gpt2, which has RMSNorm already, which centering would change (it was converted)`,
    );
    expect(await refusal(join(twins, "rms"))).toMatch(/got a rmsnorm-twin, which has RMSNorm already/);
    const bin = join(folder, "some.bin");
    const sizes = { dim: 4, hidden: 4, layers: 0, heads: 2, keyHeads: 1, vocabulary: 3, positions: 8, tied: true };
    writeFileSync(bin, llama2cFile(sizes, random({ "tok_embeddings.weight": [3, 4], "norm.weight": [4] })));
    expect(await refusal(bin)).toBe(`MODEL ${exactly} a llama2.c, which has RMSNorm already`);
  });

  it.each([
    ["bert", "normalises after each sublayer (post-norm), so that a norm's own output is the stream"],
    ["openai-gpt", "normalises after each sublayer (post-norm), so that a norm's own output is the stream"],
    ["bloom", "normalises its embeddings, and that norm's output is the stream"],
    ["xglm", "computes its positions as fixed sinusoids, which no file has and nothing centers"],
    ["olmo2", "normalises what its sublayers give before it is added to the stream"],
    ["gemma2", "normalises what its sublayers give before it is added to the stream"],
    ["t5", "has RMSNorm already, which centering would change"],
  ])("a %s", async (model_type, reason) => {
    const path = await model(gpt2, { model_type });
    expect(await refusal(path)).toBe(`config.json ${exactly} model_type "${model_type}", which ${reason}`);
  });

  it("numbers that are none, which centering would spread, with nothing left of what was written", async () => {
    const broken = (name: string) =>
      made.tensors.map((one): GivenTensor => {
        if (one.name !== name) return one;
        const data = (one.data as Float32Array).slice();
        data[5] = Number.NaN;
        return { ...one, data };
      });
    for (const name of ["transformer.wte.weight", "transformer.h.1.mlp.c_proj.weight"]) {
      expect(await refusal(await model(gpt2, {}, broken(name)))).toBe(
        `tensor "${name}" expected finite numbers, which can be centered, got a mean of NaN`,
      );
    }
    // Of what is copied it is the same model.
    await convertModel(await model(gpt2, {}, broken("transformer.h.1.mlp.c_fc.weight")), place());
  });

  it("an architecture that is not in the table", async () => {
    const message = /^config\.json expected a model_type among gpt2, .*, got "mpt"$/;
    expect(await refusal(await model(gpt2, { model_type: "mpt" }))).toMatch(message);
  });

  it("an OPT that normalises afterwards, or whose head reads the stream as it is; a GPT-2 that attends to another model", async () => {
    expect(await refusal(await model(named("opt"), { do_layer_norm_before: false }))).toBe(
      `config.json ${exactly} do_layer_norm_before false: one that normalises after each sublayer (post-norm), so that a norm's own output is the stream`,
    );
    expect(await refusal(await model(named("opt"), { _remove_final_layer_norm: true }))).toBe(
      `config.json ${exactly} _remove_final_layer_norm true: one that has a head that reads the stream as it is`,
    );
    expect(await refusal(await model(gpt2, { add_cross_attention: true }))).toMatch(
      /attends to another model's states too$/,
    );
  });

  it("tensors that the architecture does not have", async () => {
    const more = ["v_head.weight", "transformer.h.0.adapter.weight"].map((name) => {
      return { name, dtype: "F32", shape: [1], data: new Float32Array(1) };
    });
    expect(await refusal(await model(gpt2, {}, [...made.tensors, ...more]))).toBe(
      "model.safetensors expected the tensors of a gpt2 alone, got v_head.weight, transformer.h.0.adapter.weight too, of which nobody knows whether it reads or writes the stream",
    );
  });

  it("quantized weights, by the configuration or by their numbers", async () => {
    expect(await refusal(await model(gpt2, { quantization_config: { quant_method: "gptq" } }))).toBe(
      'config.json expected weights that are not quantized, got quantization_config of "gptq": whole numbers cannot be centered',
    );
    const bytes = made.tensors.map((one): GivenTensor => {
      if (one.name !== "transformer.h.1.mlp.c_proj.weight") return one;
      return { ...one, dtype: "I8", data: new Int8Array(96 * 24) };
    });
    expect(await refusal(await model(gpt2, {}, bytes))).toBe(
      'model.safetensors expected tensor "transformer.h.1.mlp.c_proj.weight" of F32, F64, F16 or BF16, got I8',
    );
  });

  it("halves that would become infinite, where f32 has room for them", async () => {
    const halves = randomCase({ ...gpt2, dtype: "F16" });
    const filled = (values: Readonly<Record<string, (i: number) => number>>) =>
      halves.tensors.map((one) => {
        const value = values[one.name];
        return value === undefined
          ? one
          : {
              ...one,
              data: encode(
                "f16",
                halves.t(one.name).data.map((_, i) => value(i)),
              ),
            };
      });
    const [norm, reads] = ["transformer.h.0.ln_1.weight", "transformer.h.0.attn.c_attn.weight"];
    const large = await model(gpt2, {}, filled({ [norm]: () => 2, [reads]: () => 40000 }));
    const holds = "expected numbers that F16 can hold (--weights f32 has room for them), got";
    expect(await refusal(large, place(), { fold: true })).toBe(`${reads} ${holds} 80000`);
    const writes = "transformer.h.0.mlp.c_proj.bias";
    const { length } = halves.t(writes).data;
    const uneven = await model(gpt2, {}, filled({ [writes]: (i) => (i === 0 ? -60000 : 60000) }));
    expect(await refusal(uneven)).toBe(`${writes} ${holds} ${-120000 * (1 - 1 / length)}`);
    const out = place();
    await convertModel(large, out, { fold: true, weights: "f32" });
    expect((await plainTensors(out)).t(reads).data.every((value) => value === 80000)).toBe(true);
  });

  it("a tensor that is missing, and one of another shape", async () => {
    const without = made.tensors.filter(({ name }) => name !== "transformer.h.1.ln_2.bias");
    expect(await refusal(await model(gpt2, {}, without))).toBe(
      'model.safetensors expected tensor "transformer.h.1.ln_2.bias" of [24], got none',
    );
    expect(await refusal(await model(gpt2, { n_inner: 100 }))).toBe(
      'model.safetensors expected tensor "transformer.h.0.mlp.c_fc.weight" of [24, 100], got [24, 96]',
    );
  });

  it("a norm that the configuration asks for and the architecture cannot have", async () => {
    const load = (path: string) => openTransformer(path).then(({ model: { engine } }) => engine.dispose());
    const batch = await model(gpt2, { norm: "BatchNorm" });
    await expect(load(batch)).rejects.toThrow('expected norm "LayerNorm" or "RMSNorm", got "BatchNorm"');
    const llama = await model(named("llama"), { norm: "LayerNorm" });
    await expect(load(llama)).rejects.toThrow('expected norm "RMSNorm" of a llama, got "LayerNorm"');
    const folded = await model(gpt2, { norm: "RMSNorm", norm_folded: "yes" });
    await expect(load(folded)).rejects.toThrow('expected norm_folded, true or false, got "yes"');
  });
});

if (sharedReference === null) {
  it("makemore's names are not converted: ../shared/data/reference is absent", () =>
    expect(sharedReference).toBeNull());
} else {
  const path = join(sharedReference, "makemore-names-ln", "model.safetensors");
  it.each([false, true])("makemore's names, folded: %s, have the same logits", async (fold) => {
    const out = `${place()}.safetensors`;
    await convertModel(path, out, { fold });
    const [own, converted] = [await openTransformer(path), await openTransformer(out)];
    const ids = (await own.tokenizer()).encode("emmaline");
    const [a, b] = [own, converted].map(({ model: one }) => one.begin().forward(ids, { logits: "all" }));
    expect(Math.max(...a.map((value, i) => Math.abs(value - b[i])))).toBeLessThan(1e-4);
    for (const { model: one } of [own, converted]) one.engine.dispose();
  });
}

it("keeps the metadata of the model's files", async () => {
  const path = place();
  mkdirSync(path);
  await writeSafetensors(join(path, "model.safetensors"), made.tensors, { metadata: { format: "pt" } });
  writeFileSync(join(path, "config.json"), JSON.stringify(gpt2.config));
  const out = place();
  await convertModel(path, out);
  const container = await openModel(out);
  await container.source.close();
  expect(container.metadata).toEqual({ format: "pt" });
});
