// The memory under Tensors: handed out without overlaps, used again when it is given back, grown when it must be.

import { center, createEngine, decompose, layerNorm, project, type Tensor } from "orthonorm";
import { describe, expect, it, vi } from "vitest";
import { said } from "../../support/errors.js";
import { uniforms } from "../../support/random.js";

const ramp = (n: number) => Float32Array.from({ length: n }, (_, i) => i);
const pages = (initial: number, maximum = initial) => new WebAssembly.Memory({ initial, maximum });

describe("memory", () => {
  it("of a disposed Tensor is not watched any more, so that a loop of many leaves nothing behind", () => {
    const engine = createEngine();
    const watched = vi.spyOn(FinalizationRegistry.prototype, "register");
    const letGo = vi.spyOn(FinalizationRegistry.prototype, "unregister");
    try {
      for (let i = 0; i < 10; i++) engine.tensor("f32", 8).dispose();
      engine.tensor("f32", 8);
      const tokens = letGo.mock.calls.map(([token]) => token);
      const left = watched.mock.calls.filter(([, , token]) => !tokens.includes(token as WeakKey));
      expect([watched.mock.calls.length, left.length]).toEqual([11, 1]);
    } finally {
      watched.mockRestore();
      letGo.mockRestore();
    }
  });

  /** Bytes that a Tensor takes, from where to where. */
  const block = (x: Tensor) => [x.data.byteOffset, x.data.byteOffset + Math.ceil(x.data.byteLength / 64) * 64];

  it("is handed out without overlaps, aligned, beyond the kernels' scratch, and used again", () => {
    for (const seed of [1, 2, 3]) {
      const uniform = uniforms(seed);
      const engine = createEngine({ memory: new WebAssembly.Memory({ initial: 1 }) });
      let live: { x: Tensor; value: number }[] = [];
      let used = 0;
      let highest = 0;
      for (let step = 0; step < 1500; step++) {
        // fills up, then empties, in turn
        const filling = step % 500 < 300 ? 0.65 : 0.35;
        if (live.length === 0 || uniform() < filling) {
          const length = 1 + Math.floor(uniform() ** 3 * 3000);
          const value = step + 1;
          const x = engine.tensor("f64", length, new Array(length).fill(value));
          used += block(x)[1] - block(x)[0];
          live.push({ x, value });
        } else {
          const [{ x, value }] = live.splice(Math.floor(uniform() * live.length), 1);
          expect(x.data.every((element) => element === value)).toBe(true);
          used -= block(x)[1] - block(x)[0];
          x.dispose();
        }
        expect(engine.bytesInUse).toBe(used);
        if (step % 25 > 0) continue;
        const blocks = live.map(({ x }) => block(x)).sort(([a], [b]) => a - b);
        let end = 2048;
        for (const [from, to] of blocks) {
          expect(from).toBeGreaterThanOrEqual(end);
          expect(from % 64).toBe(0);
          end = to;
        }
        highest = Math.max(highest, end);
        for (const { x, value } of live) expect(x.data.every((element) => element === value)).toBe(true);
      }
      for (const { x } of live) x.dispose();
      expect(engine.bytesInUse).toBe(0);
      live = [];
      // all holes have merged: one block fits over all of it, from the start, and memory does not grow for it
      const { buffer, byteOffset } = engine.tensor("f64", 8).data;
      expect(byteOffset).toBe(2048);
      const whole = engine.tensor("f64", Math.floor((highest - 2048) / 8) - 8);
      expect([whole.data.byteOffset, whole.data.buffer === buffer]).toEqual([2112, true]);
    }
  });

  it("holes are filled, split and merged", () => {
    const engine = createEngine();
    const [a, b, c, d] = [64, 128, 192, 64].map((bytes) => engine.tensor("f32", bytes / 4));
    expect([a, b, c, d].map((x) => x.data.byteOffset)).toEqual([2048, 2112, 2240, 2432]);
    b.dispose();
    const small = engine.tensor("f32", 16);
    expect(small.data.byteOffset).toBe(2112);
    c.dispose();
    // 64 left of b and 192 of c are one hole
    const large = engine.tensor("f32", 64);
    expect(large.data.byteOffset).toBe(2176);
    expect(engine.tensor("f32", 1).data.byteOffset).toBe(2496);
    for (const x of [a, d, small, large]) x.dispose();
    expect(engine.bytesInUse).toBe(64);
    expect(engine.tensor("f32", 96).data.byteOffset).toBe(2048);
  });

  it("does not grow in a loop of calls", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const engine = createEngine({ memory });
    const x = ramp(4096);
    const run = () => {
      layerNorm(x, { cols: 64, engine });
      const t = engine.tensor("f32", [64, 64], x);
      for (const y of [layerNorm(t), center(t), ...Object.values(decompose(t))]) y.dispose();
      said(() => project(t, new Float32Array(64)));
      t.dispose();
    };
    run();
    const { byteLength } = memory.buffer;
    for (let i = 0; i < 50; i++) run();
    expect([memory.buffer.byteLength, engine.bytesInUse]).toEqual([byteLength, 0]);
  });

  it("may be the caller's own, which grows and which the caller may grow", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const engine = createEngine({ memory });
    const x = engine.tensor("f32", [2, 4], ramp(8));
    expect(x.data.buffer).toBe(memory.buffer);
    const expected = layerNorm(ramp(8), { cols: 4 });
    for (const step of [
      () => layerNorm(x).toArray(),
      () => layerNorm(ramp(8), { cols: 4, engine }),
      () => layerNorm(x, { out: engine.tensor("f32", [2, 4]) }).toArray(),
      () => layerNorm(x.data, { cols: 4, engine }),
      () => layerNorm(x, { out: new Float32Array(8) }),
    ]) {
      memory.grow(1);
      expect([...x.data]).toEqual([...ramp(8)]);
      memory.grow(1);
      expect(step()).toEqual(expected);
    }
    memory.grow(1);
    expect(engine.tensor("f32", 3, [1, 2, 3]).toArray()).toEqual(new Float32Array([1, 2, 3]));
  });

  it("may have no pages yet", () => {
    const memory = new WebAssembly.Memory({ initial: 0, maximum: 4 });
    const engine = createEngine({ memory });
    expect(layerNorm(new Float32Array([-1, 1]), { engine, eps: 0 })).toEqual(new Float32Array([-1, 1]));
    expect(said(() => createEngine({ memory: pages(0) }))).toBe(
      "RangeError: createEngine: memory expected at least one page of 65536 bytes, got 0 bytes",
    );
  });

  it("is one engine's, until that is disposed of", () => {
    const memory = pages(2);
    const engine = createEngine({ memory });
    expect(said(() => createEngine({ memory }))).toBe(
      "RangeError: createEngine: memory expected one that no other engine lives in, got Memory",
    );
    engine.dispose();
    const next = createEngine({ memory });
    expect(layerNorm(new Float32Array([-1, 1]), { engine: next, eps: 0 })).toEqual(new Float32Array([-1, 1]));
    // the first, disposed of again, does not give away what is the next one's
    engine.dispose();
    expect(said(() => createEngine({ memory }))).toBe(
      "RangeError: createEngine: memory expected one that no other engine lives in, got Memory",
    );
  });

  it("must not be shared, for its views would not tell that it grew", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
    expect(said(() => createEngine({ memory }))).toBe(
      "RangeError: createEngine: memory expected one that is not shared, got Memory",
    );
  });
});
