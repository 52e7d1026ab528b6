// Models whose files are on no disk: what a page opens is what the command opens.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blobFolder } from "@orthonorm/files";
import { generate, openFrom } from "@orthonorm/models";
import { openTransformer } from "@orthonorm/models/node";
import { afterAll, describe, expect, it } from "vitest";
import { cases, randomCase } from "../support/models/cases.js";
import { llama2cFile, random, writeModel } from "../support/models/checkpoints.js";
import { bytePieces, letters } from "../support/models/tokenizers.js";

const folder = mkdtempSync(join(tmpdir(), "orthonorm-open-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [gpt2] = cases;
const tensors = randomCase(gpt2).tensors;

/** The files of a folder as a page has them. */
function blobs(path: string, without: readonly string[] = []): Map<string, Blob> {
  const names = readdirSync(path).filter((name) => !without.includes(name));
  return new Map(names.map((name) => [name, new Blob([readFileSync(join(path, name))])]));
}

async function sharded(name: string): Promise<string> {
  const path = await writeModel(join(folder, name), gpt2.config, tensors, 20000);
  writeFileSync(join(path, "tokenizer.json"), JSON.stringify(letters()));
  return path;
}

/** A model of llama2.c with random weights, and the tokenizer beside it. */
function llama2c(name: string, files: readonly [string, string]): string {
  const path = mkdtempSync(join(folder, name));
  const { bytes, count } = bytePieces();
  const sizes = { dim: 8, hidden: 12, layers: 2, heads: 2, keyHeads: 1, vocabulary: count, positions: 16, tied: true };
  const block = {
    attention_norm: [8],
    "attention.wq": [8, 8],
    "attention.wk": [4, 8],
    "attention.wv": [4, 8],
    "attention.wo": [8, 8],
    ffn_norm: [8],
    "feed_forward.w1": [12, 8],
    "feed_forward.w2": [8, 12],
    "feed_forward.w3": [12, 8],
  };
  const shapes = [0, 1].flatMap((layer) =>
    Object.entries(block).map(([tensor, shape]) => [`layers.${layer}.${tensor}.weight`, shape] as const),
  );
  const all = { "tok_embeddings.weight": [count, 8], "norm.weight": [8], ...Object.fromEntries(shapes) };
  writeFileSync(join(path, files[0]), llama2cFile(sizes, random(all)));
  writeFileSync(join(path, files[1]), bytes);
  return path;
}

describe("a folder that is on no disk", () => {
  it.each([
    ["in shards, with a tokenizer.json", () => sharded("shards"), ""],
    ["of llama2.c", async () => llama2c("llama2c-", ["stories.bin", "tok259.bin"]), "stories.bin"],
  ])("%s, says what the same on a disk says", async (_, write, file) => {
    const path = await write();
    const said = [];
    for (const opened of [
      await openTransformer(join(path, file)),
      await openFrom(blobFolder(blobs(path), "m"), null),
    ]) {
      const { model, tokenizer } = opened;
      const { encode, decoder, ends } = await tokenizer();
      const text = decoder();
      const ids = encode("hello there");
      const run = model.begin();
      const logits = Array.from(run.forward(ids, { logits: "all" }));
      run.dispose();
      const more = Array.from(generate(model, ids, { tokens: 20, temperature: 0, ends }), text.push).join("");
      said.push({ ids, logits, more });
      model.engine.dispose();
    }
    expect(said[0].ids.length).toBeGreaterThan(5);
    expect(said[1]).toEqual(said[0]);
  });

  it("is at fault in one line", async () => {
    const path = await sharded("faults");
    const messageOf = (without: readonly string[], name = "gpt2") =>
      openFrom(blobFolder(blobs(path, without), name), null).then(
        async ({ tokenizer }) => (await tokenizer().catch((error: Error) => error.message)) as string,
        (error: Error) => error.message,
      );
    const shard = readdirSync(path).find((name) => /-00002-of-/.test(name)) as string;
    expect(await messageOf([shard])).toBe(`gpt2/${shard} expected a file that can be read, got no such file`);
    expect(await messageOf(["tokenizer.json"])).toBe(
      "gpt2/tokenizer.json expected a tokenizer beside the model, got no such file",
    );
    expect(await messageOf(["config.json"], "")).toBe(
      "config.json expected a configuration beside the model, got no such file",
    );
    expect(await messageOf(readdirSync(path).filter((name) => name !== "config.json"))).toBe(
      "gpt2 expected a folder of a model (an index, or .safetensors files), got config.json",
    );
  });

  it("of weights beside a config.json is none of llama2.c", async () => {
    const path = mkdtempSync(join(folder, "pickled-"));
    writeFileSync(join(path, "config.json"), JSON.stringify(gpt2.config));
    writeFileSync(join(path, "pytorch_model.bin"), "pickled");
    await expect(openTransformer(path)).rejects.toThrow(
      /expected a folder of a model \(an index, or \.safetensors files\), got config\.json, pytorch_model\.bin$/,
    );
  });
});
