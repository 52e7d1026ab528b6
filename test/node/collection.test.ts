// What the garbage collector may take: Tensors that nobody has, operands of a call that was refused, engines.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createEngine, layerNorm, project, rmsNorm, type Tensor } from "orthonorm";
import { describe, expect, it } from "vitest";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Collects until `done`, or until it is clear that it will not come. */
async function collected(done: () => boolean, turns = 40): Promise<boolean> {
  for (let i = 0; i < turns; i++) {
    // in a turn of its own, for what a WeakRef has given in this one lives as long
    await new Promise((resolve) => setTimeout(resolve, 5));
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (done()) return true;
  }
  return false;
}

describe("Tensors that nobody has any more", () => {
  it("are given back", async () => {
    const engine = createEngine();
    const kept = engine.tensor("f32", 16);
    (() => {
      for (let i = 0; i < 100; i++) layerNorm(engine.tensor("f32", [1, 1000]));
    })();
    expect(engine.bytesInUse).toBeGreaterThan(200 * 4000);
    expect(await collected(() => engine.bytesInUse === 64)).toBe(true);
    expect(kept.disposed).toBe(false);
  });

  it("are not, while somebody has their data", async () => {
    const engine = createEngine();
    const data = (() => engine.tensor("f32", 4, [1, 2, 3, 4]).data)();
    expect(await collected(() => engine.bytesInUse === 0, 8)).toBe(false);
    const other = engine.tensor("f32", 4, [9, 9, 9, 9]);
    expect([...data]).toEqual([1, 2, 3, 4]);
    expect(layerNorm(data, { engine })).toEqual(layerNorm(new Float32Array([1, 2, 3, 4])));
    expect([...other.data]).toEqual([9, 9, 9, 9]);
  });

  it("are not, while somebody has a view of them", async () => {
    const engine = createEngine();
    const view = (() => engine.tensor("f32", [2, 4], [1, 2, 3, 4, 5, 6, 7, 8]).view({ shape: 4, offset: 4 }))();
    expect(await collected(() => engine.bytesInUse === 0, 8)).toBe(false);
    expect([...view.toArray()]).toEqual([5, 6, 7, 8]);
  });

  it("nor when a view of them was dropped", async () => {
    const engine = createEngine();
    const x = engine.tensor("f32", 4, [1, 2, 3, 4]);
    (() => {
      for (let i = 0; i < 20; i++) x.view({ shape: 2, offset: 1 }).toArray();
    })();
    expect(await collected(() => engine.bytesInUse === 0, 8)).toBe(false);
    expect([...x.data]).toEqual([1, 2, 3, 4]);
  });

  it("nor after their data has gone, where the Tensor has not", async () => {
    const engine = createEngine();
    const x = engine.tensor("f32", 4, [1, 2, 3, 4]);
    (() => x.data.fill(7))();
    expect(await collected(() => engine.bytesInUse === 0, 8)).toBe(false);
    expect([...x.data]).toEqual([7, 7, 7, 7]);
  });

  it("give nothing back twice: what was disposed of may be another's by then", async () => {
    const engine = createEngine();
    (() => engine.tensor("f32", 16).dispose())();
    const next = engine.tensor("f32", 16);
    await collected(() => engine.bytesInUse === 0, 8);
    expect(engine.bytesInUse).toBe(64);
    expect(next.toArray()).toEqual(new Float32Array(16));
  });
});

describe("operands of a call", () => {
  const weight = new Float32Array(3);

  it.each([
    ["that was refused", (x: Float32Array) => layerNorm(x, { cols: 4, weight })],
    [
      "that was refused late",
      (x: Float32Array) => layerNorm(x, { cols: 4, out: x.subarray(1), weight: x.subarray(0, 4) }),
    ],
    ["whose direction was none", (x: Float32Array) => project(x, new Float32Array(4), { cols: 4 })],
    ["that did its work", (x: Float32Array) => rmsNorm(x, { cols: 4, out: x })],
  ])("%s are let go", async (_, call) => {
    const ref = (() => {
      const x = new Float32Array(4000);
      try {
        call(x);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
      return new WeakRef(x.buffer);
    })();
    expect(await collected(() => ref.deref() === undefined)).toBe(true);
  });

  it("Tensors of one that was refused are let go", async () => {
    const engine = createEngine();
    (() => {
      const x = engine.tensor("f32", [2, 4]);
      expect(() => layerNorm(x, { weight })).toThrow(RangeError);
    })();
    expect(await collected(() => engine.bytesInUse === 0)).toBe(true);
  });
});

it("an engine that nobody has goes with its memory", async () => {
  const ref = (() => {
    const engine = createEngine();
    const x: Tensor = engine.tensor("f32", 1000);
    layerNorm(x, { out: x });
    return new WeakRef(x.data.buffer as ArrayBuffer);
  })();
  expect(await collected(() => ref.deref() === undefined)).toBe(true);
});
