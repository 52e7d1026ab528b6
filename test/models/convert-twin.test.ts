// The LayerNorm twin in halves: converted to halves it is another rounding of itself, and to f32 the same.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type GivenTensor, readTensor } from "@orthonorm/files";
import { openModel, writeSafetensors } from "@orthonorm/files/node";
import { type Compared, Comparison } from "@orthonorm/models";
import { convertModel, openTransformer } from "@orthonorm/models/node";
import { afterAll, expect, it } from "vitest";
import { encode } from "../support/dtypes.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "orthonorm-convert-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function twinIn(dtype: "bf16" | "f16"): Promise<string> {
  const container = await openModel(join(root, "study/data/twins/ln/model.safetensors"));
  const tensors: GivenTensor[] = [];
  for (const { name } of container.tensors) {
    const { shape, data } = await readTensor(container, name);
    tensors.push({ name, dtype: dtype.toUpperCase(), shape, data: encode(dtype, data as Float32Array) });
  }
  await container.source.close();
  const path = join(folder, `${dtype}.safetensors`);
  await writeSafetensors(path, tensors, { metadata: container.metadata });
  return path;
}

async function compared(a: string, b: string): Promise<Compared> {
  const [one, other] = [await openTransformer(a), await openTransformer(b)];
  const text = readFileSync(join(root, "node_modules/assemblyscript/std/assembly/array.ts"), "utf8");
  const comparison = new Comparison(one.model, other.model);
  const ids = (await one.tokenizer()).encode(text);
  for (let window = 0; window < 20; window++) Array.from(comparison.add(ids.slice(64 * window, 64 * window + 65)));
  for (const { model } of [one, other]) model.engine.dispose();
  return comparison.figures();
}

it.each([
  ["bf16", 0.15, 2e-3],
  ["f16", 0.015, 3e-4],
] as const)("in %s", async (dtype, far, mean) => {
  const path = await twinIn(dtype);
  const [halves, wide] = [join(folder, `${dtype}-halves.safetensors`), join(folder, `${dtype}-f32.safetensors`)];
  await convertModel(path, halves);
  await convertModel(path, wide, { weights: "f32" });

  const rounded = await compared(path, halves);
  expect(rounded.b.difference).toBeLessThan(far);
  expect(rounded.b.difference).toBeGreaterThan(far / 10);
  for (const norm of rounded.norms) {
    expect(norm.b).toBeLessThan(mean);
    expect(norm.a).toBeGreaterThan(0.05);
  }

  const exact = await compared(path, wide);
  expect(exact.b.difference).toBeLessThan(1e-4);
  expect(Math.abs(exact.b.loss - exact.a.loss)).toBeLessThan(1e-6);
  for (const norm of exact.norms) expect(norm.b).toBeLessThan(1e-6);
});
