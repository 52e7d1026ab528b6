// A model as people have it: a file, a folder, an index, shards, and what its config.json says.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileError, readTensor } from "@orthonorm/files";
import { openModel, writeShards } from "@orthonorm/files/node";
import { afterAll, expect, test } from "vitest";
import { f32 } from "../support/read-files.js";
import { safetensors } from "../support/tensor-files.js";

const root = mkdtempSync(join(tmpdir(), "orthonorm-model-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A folder with these files; tensors by their names, of one element each. */
function folderOf(name: string, files: Record<string, string | string[]>): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of Object.entries(files)) {
    const tensors = () => Object.fromEntries((content as string[]).map((tensor) => [tensor, f32([1])]));
    writeFileSync(join(folder, file), typeof content === "string" ? content : safetensors(tensors()));
  }
  return folder;
}

async function namesIn(given: string | string[]): Promise<string[]> {
  const model = await openModel(given);
  await model.source.close();
  return model.tensors.map(({ name }) => name).sort();
}

const failureOf = (given: string | string[]) =>
  openModel(given, (path) => path.replace(root, "~")).then(
    () => "no failure",
    (error) => {
      if (!(error instanceof FileError)) throw error;
      return error.message;
    },
  );

const index = (weights: Record<string, string>) => JSON.stringify({ weight_map: weights });

test("by a file, by its folder, by its index and by its shards", async () => {
  const folder = join(root, "sharded");
  const tensors = ["a", "b", "c"].map((name) => ({ name, dtype: "F32", shape: [2], data: new Float32Array([1, 2]) }));
  const files = await writeShards(folder, tensors, { maximumBytes: 8 });
  expect(files).toHaveLength(4);
  writeFileSync(join(folder, "config.json"), '{"model_type": "gemma2"}');
  writeFileSync(join(folder, "README.md"), "");
  const shards = files.slice(0, 3);
  // As 'sharded/*' gives them, the index is among its shards.
  for (const given of [folder, files[3], [files[3]], shards, [...shards, files[3]]]) {
    const model = await openModel(given);
    expect(model.tensors.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(model.modelType).toBe("gemma2");
    expect((await readTensor(model, "b")).data).toEqual(new Float32Array([1, 2]));
    await model.finish();
    await model.source.close();
    await expect(readTensor(model, "b")).rejects.toThrow(FileError);
  }
  expect(await namesIn(files[1])).toEqual(["b"]);
});

test("a folder's index comes first, then its model.safetensors, then all there is", async () => {
  const files = { "model.safetensors": ["whole"], "adapter.safetensors": ["adapter"], "x-10.safetensors": ["x"] };
  const folder = folderOf("order", files);
  expect(await namesIn(folder)).toEqual(["whole"]);
  rmSync(join(folder, "model.safetensors"));
  expect(await namesIn(folder)).toEqual(["adapter", "x"]);
  folderOf("order", { "diffusion.safetensors.index.json": index({ x: "x-10.safetensors" }) });
  expect(await namesIn(folder)).toEqual(["x"]);
  folderOf("order", { "model.safetensors.index.json": index({ adapter: "adapter.safetensors" }) });
  expect(await namesIn(folder)).toEqual(["adapter"]);
  const { modelType, source } = await openModel(folder);
  expect(modelType).toBeNull();
  await source.close();
});

test("what is no model", async () => {
  const twice = folderOf("twice", { "a.safetensors": ["x", "y"], "b.safetensors": ["x"] });
  expect(await failureOf(twice)).toBe(
    '~/twice expected tensor "x" in one file, or in an index that says in which, got it in ~/twice/a.safetensors and in ~/twice/b.safetensors',
  );
  expect(await failureOf(folderOf("empty", {}))).toBe(
    "~/empty expected a folder of a model (an index, or .safetensors files), got an empty one",
  );
  expect(await failureOf(folderOf("other", { "pytorch_model.bin": "", "README.md": "" }))).toBe(
    "~/other expected a folder of a model (an index, or .safetensors files), got pytorch_model.bin, README.md",
  );
  const two = { "a.safetensors.index.json": index({}), "b.safetensors.index.json": index({}) };
  expect(await failureOf(folderOf("two", two))).toBe(
    "~/two expected a folder of one model, got 2 indices: a.safetensors.index.json, b.safetensors.index.json",
  );
  expect(await failureOf(join(root, "absent"))).toBe(
    "~/absent expected a file that can be read, got no such file or directory",
  );
  for (const [config, got] of [
    ["{", "text that is not valid JSON"],
    ["[]", "an array"],
  ]) {
    const folder = folderOf("config", { "model.safetensors": ["x"], "config.json": config });
    expect(await failureOf(folder)).toBe(`~/config/config.json expected a JSON object, got ${got}`);
  }
  await expect(openModel([])).rejects.toThrow(RangeError);
});
