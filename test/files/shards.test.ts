// Models in several files, with an index as Hugging Face writes it.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileError, type GivenTensor, openBlob, openIndex, readTensor } from "@orthonorm/files";
import { openDisk, openShards, writeSafetensors, writeShards } from "@orthonorm/files/node";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { normals } from "../support/random.js";

const root = mkdtempSync(join(tmpdir(), "orthonorm-shards-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
function emptyFolder(): string {
  const folder = join(root, `${folders++}`);
  mkdirSync(folder);
  return folder;
}

const f32 = (name: string, length: number, seed = length): GivenTensor & { data: Float32Array } => ({
  name,
  dtype: "F32",
  shape: [length],
  data: Float32Array.from(normals(length, 0, 1, seed)),
});
const model = [f32("wte", 10), f32("h.10", 4), f32("h.2", 4), f32("ln_f", 1)];

test("shards are filled in order, and the index says what is where", async () => {
  const folder = emptyFolder();
  const files = await writeShards(folder, model, { maximumBytes: 32, metadata: { format: "pt" } });
  const names = ["model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors"];
  expect(readdirSync(folder).sort()).toEqual([
    ...names,
    "model-00003-of-00003.safetensors",
    "model.safetensors.index.json",
  ]);
  expect(files).toEqual(
    readdirSync(folder)
      .sort()
      .map((name) => join(folder, name)),
  );
  expect(readFileSync(join(folder, "model.safetensors.index.json"), "utf8")).toBe(`{
  "metadata": {
    "total_size": 76
  },
  "weight_map": {
    "h.10": "model-00002-of-00003.safetensors",
    "h.2": "model-00002-of-00003.safetensors",
    "ln_f": "model-00003-of-00003.safetensors",
    "wte": "model-00001-of-00003.safetensors"
  }
}
`);
  const container = await openShards(files[3]);
  expect(container.metadata).toEqual({ format: "pt" });
  for (const { name, data } of model) expect((await readTensor(container, name)).data).toEqual(data);
  await container.finish();
  await container.source.close();
});

test("a model that fits is one file, without an index", async () => {
  const folder = emptyFolder();
  expect(await writeShards(folder, model)).toEqual([join(folder, "model.safetensors")]);
  expect(readdirSync(folder)).toEqual(["model.safetensors"]);
  const source = await openDisk(join(folder, "model.safetensors"));
  for (const { name, data } of model) expect((await readTensor(source, name)).data).toEqual(data);
  await source.close();
  const none = emptyFolder();
  expect(await writeShards(none, [])).toHaveLength(1);
});

test("any sizes: no shard is larger than asked, but for one tensor alone, and all come back", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(20), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 100 }),
      async (lengths, maximumBytes) => {
        const folder = emptyFolder();
        const tensors = lengths.map((length, i) => f32(`t${i}`, length, i + 1));
        const files = await writeShards(folder, tensors, { maximumBytes });
        expect(readdirSync(folder).sort()).toEqual(files.map((file) => file.slice(folder.length + 1)));
        const index = files.find((file) => file.endsWith(".json"));
        if (index === undefined) return;
        const { weight_map } = JSON.parse(readFileSync(index, "utf8"));
        for (const file of new Set(Object.values(weight_map))) {
          const inside = tensors.filter(({ name }) => weight_map[name] === file);
          const bytes = inside.reduce((sum, { data }) => sum + data.byteLength, 0);
          if (inside.filter(({ data }) => data.length > 0).length > 1) expect(bytes).toBeLessThanOrEqual(maximumBytes);
        }
        const container = await openShards(index);
        expect(container.tensors.map(({ name }) => name).sort()).toEqual(tensors.map(({ name }) => name).sort());
        for (const { name, data } of tensors) expect((await readTensor(container, name)).data).toEqual(data);
        await container.source.close();
      },
    ),
    { numRuns: 60, seed: 5 },
  );
});

test("a failure leaves nothing, and what was there stays", async () => {
  const folder = emptyFolder();
  await writeShards(folder, model, { maximumBytes: 32 });
  const before = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
  const broken = { ...f32("ln_f", 1), data: [new Uint8Array(3)] };
  await expect(writeShards(folder, [...model.slice(0, 3), broken], { maximumBytes: 32 })).rejects.toThrow(
    'writeShards: tensor "ln_f" (F32 [1]) expected 4 bytes, got 3',
  );
  await expect(writeShards(folder, model, { maximumBytes: 0 })).rejects.toThrow(
    "writeShards: maximumBytes expected a positive integer, got 0",
  );
  expect(readdirSync(folder).map((name) => readFileSync(join(folder, name)))).toEqual(before);
});

test("files of another model in the folder are neither mixed up nor removed", async () => {
  const folder = emptyFolder();
  await writeShards(folder, model);
  writeFileSync(join(folder, "config.json"), "{}");
  await expect(writeShards(folder, model, { maximumBytes: 32 })).rejects.toThrow(
    new FileError(`${folder} expected a folder without another model's files, got model.safetensors`),
  );
  await writeShards(folder, model.slice(1));
  expect(readdirSync(folder).sort()).toEqual(["config.json", "model.safetensors"]);
});

test("an index that does not hold is refused by name", async () => {
  const folder = emptyFolder();
  const index = join(folder, "model.safetensors.index.json");
  const refused = async (text: string) => {
    writeFileSync(index, text);
    const error = await openShards(index, "i.json").catch((reason) => reason);
    expect(error).toBeInstanceOf(FileError);
    return error.message;
  };
  const mapped = (weight_map: unknown) => JSON.stringify({ metadata: {}, weight_map });
  expect(await refused("{")).toBe("i.json expected a shard index, got text that is not valid JSON");
  expect(await refused("[".repeat(1_000_000))).toBe(
    "i.json expected a shard index, got one of more than 64 levels of brackets",
  );
  expect(await refused("[]")).toBe("i.json expected a shard index with a weight_map, got none");
  expect(await refused(mapped([]))).toBe("i.json expected a shard index with a weight_map, got an array");
  for (const file of ["../a.safetensors", "/a", "a\\b", "..", 3]) {
    const got = typeof file === "number" ? "a number" : file;
    expect(await refused(mapped({ x: file }))).toBe(
      `i.json expected weight_map "x" to name a file beside the index, got ${got}`,
    );
  }
  expect(await refused(mapped({ x: "none.safetensors" }))).toBe(
    "none.safetensors expected a file that can be read, got no such file or directory",
  );
  await writeSafetensors(join(folder, "a.safetensors"), [f32("y", 2)]);
  expect(await refused(mapped({ x: "a.safetensors" }))).toBe(
    'i.json expected tensor "x" in a.safetensors, got a file without it',
  );
  writeFileSync(join(folder, "b.safetensors"), "not one at all");
  expect(await refused(mapped({ y: "a.safetensors", x: "b.safetensors" }))).toMatch(/^b\.safetensors expected /);
});

test("tensors that the index does not name are not lost", async () => {
  const folder = emptyFolder();
  const files = await writeShards(folder, model, { maximumBytes: 32 });
  const index = JSON.parse(readFileSync(files[3], "utf8"));
  delete index.weight_map["h.2"];
  writeFileSync(files[3], JSON.stringify(index));
  const container = await openShards(files[3]);
  expect(container.tensors.map(({ name }) => name)).toEqual(["h.10", "ln_f", "wte", "h.2"]);
  await container.source.close();
  unlinkSync(files[0]);
  await expect(openShards(files[3])).rejects.toThrow("no such file or directory");
});

test("a tensor that two shards have is the one of the index, and refused where the index does not name it", async () => {
  const folder = emptyFolder();
  const index = join(folder, "model.safetensors.index.json");
  const own = { "a.safetensors": f32("x", 2, 1), "b.safetensors": f32("y", 2, 2) };
  const both = { "a.safetensors": f32("both", 2, 3), "b.safetensors": f32("both", 2, 4) };
  for (const file of ["a.safetensors", "b.safetensors"] as const) {
    await writeSafetensors(join(folder, file), [own[file], both[file]]);
  }
  const named = { x: "a.safetensors", y: "b.safetensors" };
  writeFileSync(index, JSON.stringify({ weight_map: named }));
  await expect(openShards(index, "i.json")).rejects.toThrow(
    new FileError(
      'i.json expected tensor "both" in one file, or in an index that says in which, got it in a.safetensors and in b.safetensors',
    ),
  );
  writeFileSync(index, JSON.stringify({ weight_map: { ...named, both: "b.safetensors" } }));
  const container = await openShards(index);
  expect(container.tensors.map(({ name }) => name)).toEqual(["x", "y", "both"]);
  expect((await readTensor(container, "both")).data).toEqual(both["b.safetensors"].data);
  await container.source.close();
});

test("a shard may have any number of tensors that the index does not name", async () => {
  const count = 130_000;
  const entries = Array.from({ length: count }, (_, i) => `"${i}.":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`);
  const header = Buffer.from(`{${entries.join(",")}}`);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const index = openBlob(new Blob(['{"weight_map":{"0.":"a"}}']), "i.json");
  const container = await openIndex(index, async () => openBlob(new Blob([length, header]), "a"));
  expect(container.tensors).toHaveLength(count);
});
