// Views of Tensors whose rows have gaps between them: every op reads and writes them where they lie.

import { center, createEngine, layerNorm, orthonormalize, type Tensor } from "orthonorm";
import { describe, expect, it } from "vitest";
import { normals } from "../support/random.js";

it("orthonormalize takes rows with gaps, of every element type", () => {
  for (const dtype of ["f32", "f64", "f16", "bf16"] as const) {
    const engine = createEngine();
    const rows = engine.tensor(dtype, [4, 10], normals(40));
    const view = rows.view({ shape: [3, 5], rowStride: 10, offset: 2 });
    const dense = engine.tensor(dtype, [3, 5], view.toArray());
    expect(orthonormalize(view).toArray(), dtype).toEqual(orthonormalize(dense).toArray());
  }
});

it("a view of a view lives as long as the Tensor whose memory it is", () => {
  const engine = createEngine();
  const base = engine.tensor("f32", [2, 8], normals(16));
  const half = base.view({ shape: [2, 4], rowStride: 8 });
  const quarter = half.view({ shape: [2, 2], rowStride: 8 });
  half.dispose();
  expect([half.disposed, quarter.disposed]).toEqual([true, false]);
  expect(layerNorm(quarter).length).toBe(4);
  base.dispose();
  expect(quarter.disposed).toBe(true);
  expect(() => layerNorm(quarter)).toThrow("layerNorm: x expected a live Tensor, got one that was disposed of");
});

it("rows with gaps in a memory that something else has grown", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 8 });
  const engine = createEngine({ memory });
  const base = engine.tensor("f32", [2, 4], [1, 3, 9, 9, 5, 9, 9, 9]);
  const view = base.view({ shape: [2, 2], rowStride: 4 });
  center(view, { out: view });
  // the buffer that the engine has looked into is detached, and nothing has looked into the new one
  memory.grow(1);
  center(view, { out: view });
  expect([...base.toArray()]).toEqual([-1, 1, 9, 9, -2, 2, 9, 9]);
  memory.grow(1);
  expect(layerNorm(view, { eps: 0 }).toArray()).toEqual(Float32Array.of(-1, 1, -1, 1));
});

describe("overlaps of views", () => {
  const view = (base: Tensor, rows: number, cols: number, rowStride: number, offset: number) =>
    base.view({ shape: [rows, cols], rowStride, offset });

  it("are those of elements, also of rows at two distances", () => {
    const base = createEngine().tensor("f32", 64, normals(64));
    const x = view(base, 3, 2, 6, 0); // 0 1, 6 7, 12 13
    for (let offset = 0; offset < 40; offset++) {
      for (const stride of [2, 3, 4, 5, 6, 9]) {
        const out = view(base, 3, 2, stride, offset);
        const elements = [0, 1, 2].flatMap((r) => [offset + r * stride, offset + r * stride + 1]);
        const meet = elements.some((one) => [0, 1, 6, 7, 12, 13].includes(one));
        const itself = offset === 0 && stride === 6;
        const call = () => layerNorm(x, { out });
        if (meet && !itself)
          expect(call, `${offset}, ${stride}`).toThrow(/^layerNorm: out expected x itself, or no element/);
        else expect(call, `${offset}, ${stride}`).not.toThrow();
      }
    }
  });

  it("are seen where numbers per row have a shape of their own", () => {
    const engine = createEngine();
    const x = engine.tensor("f32", [2, 3, 4], normals(24));
    const base = engine.tensor("f32", 16);
    const mean = view(base, 2, 3, 5, 0); // 0 1 2, 5 6 7
    const rstd = view(base, 2, 3, 5, 1); // 1 2 3, 6 7 8
    expect(() => layerNorm(x, { mean, rstd })).toThrow("layerNorm: mean expected no element of rstd");
  });

  it("without elements are none", () => {
    const base = createEngine().tensor("f32", 16, normals(16));
    const none = base.view({ shape: [0, 4], offset: 2 });
    expect(layerNorm(none, { weight: base.view({ shape: 4 }), out: none })).toBe(none);
  });
});

it("one number per row in rows of one is no other shape", () => {
  const engine = createEngine();
  const x = engine.tensor("f32", [2, 3, 1]);
  const out = engine.tensor("f32", 16).view({ shape: [2, 3], rowStride: 5 });
  expect(() => layerNorm(x, { out })).toThrow("layerNorm: out expected 6 rows of 1, got a Tensor of [2, 3]");
});

it("a view of a view with gaps stays within its rows", () => {
  const qkv = createEngine().tensor("f32", [3, 12], normals(36));
  const q = qkv.view({ shape: [3, 4], rowStride: 12 });
  expect([...q.view({ shape: [3, 2], rowStride: 12, offset: 2 }).toArray()]).toEqual(
    [2, 3, 14, 15, 26, 27].map((i) => qkv.data[i]),
  );
  const expected = "view: shape expected rows within the rows of 4, which begin every 12, got row";
  expect(() => q.view({ shape: [3, 4] })).toThrow(`${expected} 1 from element 4 on`);
  expect(() => q.view({ shape: [2, 4], rowStride: 12, offset: 4 })).toThrow(`${expected} 0 from element 4 on`);
});
