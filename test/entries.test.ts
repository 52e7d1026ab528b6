// orthonorm/f32 and the other entries for one element type: the whole package, with the kernels of that type alone.

import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import * as orthonorm from "orthonorm";
import {
  createEngine,
  layerNorm,
  linear,
  loadEngine,
  loadKernels,
  normKernels,
  quantizeWeights,
  tensor,
} from "orthonorm/f32";
import { describe, expect, it } from "vitest";
import bits from "./data/bits.json" with { type: "json" };
import { digests } from "./support/bits.js";
import { encode } from "./support/dtypes.js";
import { dtypes, type Numbers } from "./support/ground.js";
import { normals } from "./support/random.js";
import { sameBits } from "./support/within.js";

/** The norms and center, as functions of one type. */
type Op = (x: Numbers, options: object) => unknown;
const opsOf = ({ layerNorm, rmsNorm, center }: typeof orthonorm) => [layerNorm, rmsNorm, center] as Op[];

const root = fileURLToPath(new URL("..", import.meta.url));

describe.each(dtypes)("orthonorm/%s", (dtype) => {
  it("has the names of orthonorm", async () => {
    expect(Object.keys(await import(`../dist/${dtype}.js`)).sort()).toEqual(Object.keys(orthonorm).sort());
  });

  it("computes the same bits, and refuses the other element types in words", async () => {
    const own: typeof orthonorm = await import(`../dist/${dtype}.js`);
    for (const type of dtypes) {
      const x = encode(type, normals(3 * 40, 1, 1, 1)) as Numbers;
      const options = { cols: 40, dtype: type };
      for (const [i, op] of opsOf(own).entries()) {
        const right = opsOf(orthonorm)[i];
        if (type === dtype) sameBits(type, type, op(x, options) as Numbers, right(x, options) as Numbers);
        else
          expect(() => op(x, options)).toThrow(
            `: dtype expected "${dtype}", the only one of orthonorm/${dtype}, got "${type}", which orthonorm/${type} has, and orthonorm`,
          );
      }
    }
  });

  it("has every op on its type: the bits of test/data/bits.json", async () => {
    const own: typeof orthonorm = await import(`../dist/${dtype}.js`);
    const found = await digests(own, [dtype], orthonorm);
    expect(found).toEqual(Object.fromEntries(Object.entries(bits).filter(([key]) => key.endsWith(` ${dtype}`))));
    expect(Object.keys(found).length).toBeGreaterThan(16);
  }, 60_000);

  it("carries the kernels of its type alone", async () => {
    const { outputFiles } = await build({
      stdin: { contents: `export { layerNorm } from "./dist/${dtype}.js";`, resolveDir: root },
      bundle: true,
      minify: true,
      format: "esm",
      write: false,
    });
    const [{ text }] = outputFiles;
    for (const type of dtypes) {
      const kernels = String(orthonorm.normKernels[type]).slice(2000, 2300);
      expect(text.includes(kernels)).toBe(type === dtype);
    }
    const kilobytes = gzipSync(text, { level: 9 }).length / 1024;
    expect(kilobytes).toBeLessThanOrEqual(20);
  });
});

it("orthonorm/f32 loads ahead what it has", async () => {
  const x = new Float32Array([1, 2, 3, 4]);
  const engines = [await loadEngine(), await loadKernels(createEngine(), [normKernels])];
  for (const engine of engines) expect([...layerNorm(x, { engine })]).toEqual([...orthonorm.layerNorm(x)]);
});

it("a Tensor of another entry is refused in words, as are its engine and Quantized", async () => {
  const other = orthonorm.tensor("f32", [4]);
  expect(() => layerNorm(other as never)).toThrow(
    /^layerNorm: x expected .*, got a Tensor of another copy of orthonorm, such as another entry$/,
  );
  expect(() => layerNorm(new Float32Array(4), { out: other as never })).toThrow("another copy of orthonorm");
  expect(() => orthonorm.layerNorm(tensor("f32", [4]) as never)).toThrow("another copy of orthonorm");
  const engine = orthonorm.createEngine();
  const refused = "engine expected an Engine, got an Engine of another copy of orthonorm, such as another entry";
  expect(() => layerNorm(new Float32Array(4), { engine: engine as never })).toThrow(`layerNorm: ${refused}`);
  await expect(loadKernels(engine as never, [normKernels])).rejects.toThrow(`loadKernels: ${refused}`);
  expect(() => createEngine().tensor("f32", [4], engine as never)).toThrow(/got Engine$/);
  const weight = orthonorm.quantizeWeights(new Float32Array(8), { cols: 4 });
  const rows = quantizeWeights(new Float32Array(4), { cols: 4 });
  for (const x of [new Float32Array(4), rows]) {
    expect(() => linear(x as never, weight as never)).toThrow(/got a Quantized of another copy of orthonorm/);
  }
});
