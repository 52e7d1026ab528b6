// A full memory: what is said, and that all that was alive lives on.

import {
  center,
  createEngine,
  decompose,
  defaultEngine,
  type Engine,
  layerNorm,
  orthonormalize,
  project,
  rmsNorm,
  type Tensor,
  tensor,
} from "orthonorm";
import { describe, expect, it } from "vitest";
import { said } from "../../support/errors.js";
import { normals } from "../../support/random.js";

const PAGE = 65536;
const ramp = (n: number) => Float32Array.from({ length: n }, (_, i) => i);
const pages = (initial: number, maximum = initial) => new WebAssembly.Memory({ initial, maximum });

describe("maximumBytes", () => {
  /** An engine that is nearly full, and what lives in it. */
  function full(): { engine: Engine; x: Tensor; weight: Tensor; holds: () => void } {
    const engine = createEngine({ maximumBytes: 2 * PAGE });
    const x = engine.tensor("f32", [10, 1000], [...normals(10000, 1, 1, 1)]);
    const weight = engine.tensor("f32", 1000, [...normals(1000, 1, 1, 2)]);
    const rest = engine.tensor("f32", 12000, ramp(12000));
    const kept = [x, weight, rest].map((one) => one.toArray());
    const used = engine.bytesInUse;
    return {
      engine,
      x,
      weight,
      holds: () => {
        expect(engine.bytesInUse).toBe(used);
        expect([x, weight, rest].map((one) => one.toArray())).toEqual(kept);
        // and still works: in place, and with arrays that fit
        const y = layerNorm(x, { weight, out: x });
        expect(y.toArray()).toEqual(layerNorm(kept[0] as Float32Array, { cols: 1000, weight: kept[1] }));
        x.data.set(kept[0] as never);
        expect(layerNorm(new Float32Array([-1, 1]), { engine, eps: 0 })).toEqual(new Float32Array([-1, 1]));
      },
    };
  }

  const pattern = (op: string) =>
    new RegExp(
      `^RangeError: ${op}: maximumBytes expected at least \\d+, got ${2 * PAGE}, with \\d+ bytes in \\d+ live Tensors ` +
        String.raw`\(dispose\(\) gives them back\)$`,
    );

  it("a Tensor too many", () => {
    const { engine, holds } = full();
    expect(said(() => engine.tensor("f32", 100000))).toMatch(pattern("tensor"));
    expect(said(() => engine.tensor("f64", [2 ** 20, 2 ** 20]))).toMatch(pattern("tensor"));
    expect(said(() => engine.tensor("f64", [2 ** 52, 2 ** 52]))).toMatch(/^RangeError: tensor: /);
    holds();
  });

  it("a result too many", () => {
    const { x, weight, holds } = full();
    expect(said(() => layerNorm(x, { weight }))).toMatch(pattern("layerNorm"));
    expect(said(() => center(x))).toMatch(pattern("center"));
    holds();
  });

  it("several results of which only the first fit", () => {
    const { engine, holds } = full();
    // about ten thousand bytes are free: two of the four fit
    const small = engine.tensor("f32", [1, 1000], ramp(1000));
    const used = engine.bytesInUse;
    const more = engine.tensor("f32", 3000);
    more.dispose();
    const fill = engine.tensor("f32", Math.floor((2 * PAGE - 2048 - used) / 4) - 2500);
    const all = engine.bytesInUse;
    expect(said(() => decompose(small))).toMatch(pattern("decompose"));
    expect(engine.bytesInUse).toBe(all);
    // the two that did fit are not taken
    const y = layerNorm(small);
    const z = layerNorm(small);
    expect(y.toArray()).toEqual(layerNorm(ramp(1000)));
    for (const one of [small, fill, y, z]) one.dispose();
    holds();
  });

  it("copies of arrays too many, also after a result has been made", () => {
    const { engine, x, holds } = full();
    expect(said(() => layerNorm(ramp(100000), { cols: 100000, engine }))).toMatch(pattern("layerNorm"));
    // rows go through what room there is
    expect(layerNorm(ramp(100000), { cols: 1000, engine })).toEqual(layerNorm(ramp(100000), { cols: 1000 }));
    const out = ramp(10000);
    expect(said(() => rmsNorm(x.view({ shape: 10000 }), { out, residual: ramp(10000) }))).toMatch(pattern("rmsNorm"));
    expect(out).toEqual(ramp(10000));
    expect(said(() => project(ramp(10000), ramp(10000), { cols: 10000, out, engine }))).toMatch(pattern("project"));
    const small = engine.tensor("f32", [1, 600], ramp(600));
    // the result fits, its work space of f64 does not
    const used = engine.bytesInUse;
    const fill = engine.tensor("f32", Math.floor((2 * PAGE - 2048 - used) / 4) - 900);
    const before = engine.bytesInUse;
    expect(said(() => orthonormalize(small))).toMatch(pattern("orthonormalize"));
    expect(engine.bytesInUse).toBe(before);
    fill.dispose();
    small.dispose();
    holds();
  });

  it("says how many bytes live in how many Tensors, where maximumBytes was given and where it was not", () => {
    const engine = createEngine({ maximumBytes: PAGE });
    const limit = "RangeError: tensor: maximumBytes expected at least";
    expect(said(() => engine.tensor("f64", 8192))).toBe(`${limit} 67584, got 65536`);
    const one = engine.tensor("f32", 17);
    const back = "(dispose() gives them back)";
    expect(said(() => engine.tensor("f64", 8192))).toBe(
      `${limit} 67712, got 65536, with 128 bytes in 1 live Tensor ${back}`,
    );
    const two = engine.tensor("f16", 1);
    expect(said(() => engine.tensor("f64", 8192))).toBe(
      `${limit} 67776, got 65536, with 192 bytes in 2 live Tensors ${back}`,
    );
    one.dispose();
    two.dispose();
    expect(said(() => engine.tensor("f64", 8192))).toBe(`${limit} 67584, got 65536`);
    // nobody said maximumBytes: it is not what is spoken of
    const most = 65535 * PAGE;
    const free = createEngine();
    const kept = free.tensor("f32", 4);
    expect(said(() => free.tensor("f64", [2 ** 20, 2 ** 20]))).toBe(
      `RangeError: tensor: memory expected at least ${8 * 2 ** 40 + 2112}, got ${most}, the most that WebAssembly has, ` +
        `with 64 bytes in 1 live Tensor ${back}`,
    );
    expect(kept.data).toEqual(new Float32Array(4));
  });

  it("the default engine can be asked, and emptied", () => {
    const engine = defaultEngine();
    const used = engine.bytesInUse;
    const x = tensor("f32", 100);
    expect(engine.bytesInUse).toBe(used + 448);
    x.dispose();
    expect(engine.bytesInUse).toBe(used);
  });

  it("a memory's own maximum", () => {
    const engine = createEngine({ memory: pages(1, 2) });
    const x = engine.tensor("f32", [2, 4], ramp(8));
    expect(said(() => engine.tensor("f32", 40000))).toMatch(
      /^RangeError: tensor: memory expected room to grow to 162112 bytes, got 65536: its own maximum, or the system's, with 64 bytes in 1 live Tensor \(dispose\(\) gives them back\)$/,
    );
    expect(layerNorm(x).toArray()).toEqual(layerNorm(ramp(8), { cols: 4 }));
    expect(engine.tensor("f32", 20000).length).toBe(20000);
  });
});
