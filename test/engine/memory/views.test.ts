// Views of an engine's memory: never stale, worked on in place, refused where no Tensor lives.

import { createEngine, decompose, layerNorm, orthonormalize } from "orthonorm";
import { describe, expect, it } from "vitest";
import { dtypes } from "../../../abi/ops.js";
import { said } from "../../support/errors.js";
import { normals } from "../../support/random.js";

const PAGE = 65536;
const ramp = (n: number) => Float32Array.from({ length: n }, (_, i) => i);
const pages = (initial: number, maximum = initial) => new WebAssembly.Memory({ initial, maximum });

describe("views", () => {
  it("are never stale, however memory grew", () => {
    const engine = createEngine();
    const x = engine.tensor("f32", [2, 4], ramp(8));
    const before = x.data;
    expect(x.data).toBe(before);
    const buffers = new Set([before.buffer]);
    const grow = [
      () => engine.tensor("f32", 2 ** 20),
      () => layerNorm(new Float32Array(2 ** 21), { engine }),
      () => decompose(engine.tensor("f64", [2, 2 ** 19])),
      () => orthonormalize(new Float32Array(2 ** 22).fill(1), { engine }),
    ];
    for (const step of grow) {
      step();
      expect([...x.data]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      buffers.add(x.data.buffer);
    }
    // each of them did grow it
    expect(buffers.size).toBe(5);
    expect(before.length).toBe(0);
    x.data[0] = 9;
    expect(x.toArray()[0]).toBe(9);
  });

  it("a Tensor made of a view of another is right when memory grows under it", () => {
    for (const dtype of dtypes) {
      for (const from of dtypes) {
        // bits are bits of their own type only
        if ((from === "f16" || from === "bf16") && from !== dtype) continue;
        const memory = new WebAssembly.Memory({ initial: 1 });
        const engine = createEngine({ memory });
        const n = 4096;
        const source = engine.tensor(
          from,
          n,
          Array.from({ length: n }, (_, i) => i % 100),
        );
        const { buffer } = memory;
        while (memory.buffer === buffer) {
          const used = engine.bytesInUse;
          const copy = engine.tensor(dtype, n, source.data);
          const right = engine.tensor(
            dtype,
            n,
            Array.from({ length: n }, (_, i) => i % 100),
          );
          expect(copy.toArray(), `${from} to ${dtype}`).toEqual(right.toArray());
          expect(engine.bytesInUse).toBeGreaterThan(used);
        }
      }
    }
  });

  it("operands that are views keep their elements when memory grows in the call", () => {
    for (const dtype of dtypes) {
      const engine = createEngine({ memory: new WebAssembly.Memory({ initial: 1 }) });
      const [rows, cols] = [4, 1000];
      const values = normals(rows * cols, 1, 1, 3);
      const x = engine.tensor(dtype, [rows, cols], [...values]);
      const weight = engine.tensor(dtype, cols, [...values.subarray(0, cols)]);
      const expected = layerNorm(x.toArray(), { cols, weight: weight.toArray(), residual: x.toArray(), dtype });
      const { buffer } = x.data;
      const view = x.data;
      // copies of a residual and the result no longer fit
      const y = layerNorm(view, { cols, weight: weight.data, residual: x.toArray(), dtype, engine });
      expect(y).toEqual(expected);
      engine.tensor("f32", PAGE);
      expect(x.data.buffer).not.toBe(buffer);
    }
  });

  it("work in place, parts of them too", () => {
    const engine = createEngine();
    for (const dtype of dtypes) {
      const values = normals(8 + 3 * 5 + 8, 1, 1, 5);
      for (let offset = 0; offset < 8; offset++) {
        const x = engine.tensor(dtype, values.length, [...values]);
        const before = x.toArray();
        const part = x.data.subarray(offset, offset + 15);
        const expected = layerNorm(part.slice() as Float32Array, { cols: 5, dtype, engine });
        const used = engine.bytesInUse;
        expect(layerNorm(part, { cols: 5, dtype, engine, out: part })).toBe(part);
        expect(engine.bytesInUse).toBe(used);
        before.set(expected as never, offset);
        expect(x.toArray()).toEqual(before);
      }
    }
  });

  it("are copied where another engine works on them", () => {
    const [one, two] = [createEngine(), createEngine()];
    const x = one.tensor("f32", [1, 4], [1, 2, 3, 4]);
    const y = layerNorm(x.data, { engine: two });
    expect(y).toEqual(layerNorm(new Float32Array([1, 2, 3, 4])));
    const out = one.tensor("f32", [1, 4]);
    layerNorm(x.data, { engine: two, out: out.data });
    expect(out.toArray()).toEqual(y);
  });

  it("of Tensors that are gone are refused, and so is memory that no Tensor has", () => {
    const memory = pages(4);
    const engine = createEngine({ memory });
    const x = engine.tensor("f32", 16, ramp(16));
    const y = engine.tensor("f32", 16, ramp(16));
    const gone = y.data;
    y.dispose();
    const message = "RangeError: layerNorm: x expected a view of a live Tensor, got one of memory that holds none";
    expect(said(() => layerNorm(gone, { engine }))).toBe(message);
    expect(said(() => layerNorm(new Float32Array(memory.buffer, 0, 16), { engine }))).toBe(message);
    // half in a Tensor, half beyond it
    const { byteOffset } = x.data;
    expect(said(() => layerNorm(new Float32Array(memory.buffer, byteOffset + 32, 16), { engine }))).toBe(message);
    expect([...x.data]).toEqual([...ramp(16)]);
    expect(
      said(() => layerNorm(ramp(16), { engine, out: new Float32Array(memory.buffer, memory.buffer.byteLength - 64) })),
    ).toBe("RangeError: layerNorm: out expected a view of a live Tensor, got one of memory that holds none");
  });
});
