// What convert writes, and what it leaves alone.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openContainer } from "@orthonorm/files";
import { beside, openDisk, openModel, writeSafetensors } from "@orthonorm/files/node";
import { convertModel, openTransformer } from "@orthonorm/models/node";
import { describe, expect, it } from "vitest";
import { leftOf } from "../support/leftovers.js";
import { folder, gpt2, made, model, named, place, refusal, twins } from "../support/models/conversions.js";
import { sharedReference } from "../support/shared.js";

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
