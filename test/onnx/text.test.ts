// A text as a language model's inputs, by a tokenizer.json beside the model.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseModel } from "../../onnx/src/index.js";
import { tokenize } from "../../onnx/src/node.js";
import { type ModelSpec, modelBytes, type ValueSpec } from "../support/onnx-model.js";

let folder: string;
let text: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "orthonorm-"));
  mkdirSync(join(folder, "onnx"));
  text = join(folder, "text.txt");
  writeFileSync(text, "the cat sat on the mat");
  const vocab = { "[UNK]": 0, the: 1, cat: 2, sat: 3, on: 4, mat: 5 };
  const tokenizer = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: "Whitespace" },
    post_processor: null,
    decoder: null,
    model: { type: "WordLevel", vocab, unk_token: "[UNK]" },
  };
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(tokenizer));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const int64 = { type: "INT64" as const, shape: ["b", "t"] };
const all: Record<string, ValueSpec> = {
  input_ids: int64,
  attention_mask: int64,
  token_type_ids: int64,
  position_ids: int64,
  "past_key_values.0.key": { shape: ["b", 2, "past", 4] },
  use_cache_branch: { type: "BOOL", shape: [1] },
};

function open(inputs: Record<string, ValueSpec>, name = join(folder, "onnx", "model.onnx")) {
  const spec: ModelSpec = { nodes: [{ op: "Abs", inputs: ["input_ids"], outputs: ["y"] }], inputs, outputs: { y: {} } };
  return parseModel(name, modelBytes(spec));
}

it("fills the inputs that language models ask for, in windows, by the tokenizer of the folder above", async () => {
  const [first, second, ...more] = await tokenize(open(all), text, 4);
  expect(more).toEqual([]);
  expect(Object.fromEntries(first)).toEqual({
    input_ids: { dtype: "I64", shape: [1, 4], data: BigInt64Array.of(1n, 2n, 3n, 4n) },
    attention_mask: { dtype: "I64", shape: [1, 4], data: BigInt64Array.of(1n, 1n, 1n, 1n) },
    token_type_ids: { dtype: "I64", shape: [1, 4], data: new BigInt64Array(4) },
    position_ids: { dtype: "I64", shape: [1, 4], data: BigInt64Array.of(0n, 1n, 2n, 3n) },
    "past_key_values.0.key": { dtype: "F32", shape: [1, 2, 0, 4], data: new Float32Array(0) },
    use_cache_branch: { dtype: "BOOL", shape: [1], data: new Uint8Array(1) },
  });
  expect(second.get("input_ids")).toEqual({ dtype: "I64", shape: [1, 2], data: BigInt64Array.of(1n, 5n) });
});

it("gives only what the graph asks for, in its type", async () => {
  const [window] = await tokenize(open({ input_ids: { ...int64, type: "INT32" } }), text, 100);
  expect(Object.fromEntries(window)).toEqual({
    input_ids: { dtype: "I32", shape: [1, 6], data: Int32Array.of(1, 2, 3, 4, 1, 5) },
  });
});

it("says what is missing in one line", async () => {
  const image = open({ ...all, pixel_values: { shape: ["b", 3, 8, 8] } });
  await expect(tokenize(image, text, 4)).rejects.toThrow(/got "pixel_values" too \(give arrays with --inputs\)$/);
  const alone = open(all, join(folder, "a/b/c/model.onnx"));
  await expect(tokenize(alone, text, 4)).rejects.toThrow(
    "expected a tokenizer.json beside it or in the folder above, got none",
  );
  const empty = join(folder, "empty.txt");
  writeFileSync(empty, "");
  await expect(tokenize(open(all), empty, 4)).rejects.toThrow("empty.txt expected a text with tokens, got none");
  await expect(tokenize(open(all), join(folder, "no.txt"), 4)).rejects.toThrow(
    "no.txt expected a text that can be read",
  );
});

it("refuses a word that the tokenizer has no number for", async () => {
  const strange = join(folder, "strange.txt");
  writeFileSync(strange, "the dog sat");
  await expect(tokenize(open(all), strange, 4)).rejects.toThrow(
    `${strange} expected a text of tokens that the tokenizer has a number for, got none for its token 2`,
  );
});
