// Engines with workers: the bits of one thread, whatever is shared out, and what is not.

import {
  createEngine,
  type DType,
  isTensor,
  layerNorm,
  linear,
  loadKernels,
  normKernels,
  relaxed,
  rmsNorm,
} from "orthonorm";
import { createThreadedEngine, type ThreadedEngine } from "orthonorm/threads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasRelaxed } from "../../bindings/engine/variants.js";
import { hindrance } from "../../bindings/threads/start.js";
import { dtypes, isHalf, type Numbers } from "../support/ground.js";
import { jobsOf, manyRows, Operands, rowsFor, sharedCalls, untilShared } from "../support/threads.js";
import { sameBits } from "../support/within.js";

/** A page has workers where it is cross-origin isolated, which vitest's is by vitest.config.ts. */
it("there can be workers here", () => {
  expect(hindrance()).toBeUndefined();
});

const numbersOf = (result: object): Numbers => (isTensor(result) ? result.toArray() : result) as Numbers;
/** An element type of so many bytes per number, in which to compare results of any type. */
const typeOf = (result: object, dtype: DType): DType => {
  if (isTensor(result)) return result.dtype;
  return result instanceof Float32Array ? "f32" : result instanceof Float64Array ? "f64" : dtype;
};

/** What one thread gives is computed once, and held against two threads and three. */
describe("two threads, and three", () => {
  let engines: ThreadedEngine[] = [];
  beforeAll(async () => {
    engines = await Promise.all([2, 3].map((threads) => createThreadedEngine({ threads })));
  });
  afterAll(() => {
    for (const engine of engines) engine.dispose();
  });

  describe.each(dtypes)("%s: the bits of one thread", (dtype) => {
    it.each(Object.entries(sharedCalls))("%s", async (name, call) => {
      // rows that have to be copied, as the other rows of angle in halves, go by blocks too small to be shared out
      const copied = isHalf(dtype) && name === "angle, row by row";
      for (const cols of [3, 67, 768]) {
        const one = createEngine();
        const expected = call(new Operands(one, dtype, cols), one);
        for (const engine of engines) {
          const operands = new Operands(engine, dtype, cols);
          const results = copied ? call(operands, engine) : await untilShared(engine, () => call(operands, engine));
          expect(results).toHaveLength(expected.length);
          for (const [i, result] of results.entries()) {
            const what = `${engine.threads} threads, ${cols} columns, result ${i}`;
            sameBits(what, typeOf(result, dtype), numbersOf(result), numbersOf(expected[i]));
            if (isTensor(result)) result.dispose();
          }
          operands.dispose();
        }
        one.dispose();
      }
    });
  });
});

describe.each([2, 3])("%i threads", (threads) => {
  let engine: ThreadedEngine;
  beforeAll(async () => {
    engine = await createThreadedEngine({ threads });
  });
  afterAll(() => engine.dispose());

  it("say how many they are", () => {
    expect([engine.threads, engine.reason, engine.bytesInUse]).toEqual([threads, undefined, 0]);
    expect(String(engine)).toBe(`Engine simd, 0 bytes in use, ${threads} threads`);
  });

  it("give the same of arrays, whoever computes them", () => {
    const [rows, cols] = [rowsFor("f32", 768), 768];
    const data = manyRows("f32", rows, cols, 3);
    sameBits("layerNorm", "f32", layerNorm(data, { cols, engine }), layerNorm(data, { cols }));
    sameBits("rmsNorm", "f32", rmsNorm(data, { cols, engine }), rmsNorm(data, { cols }));
  });

  it("go on where memory grows", async () => {
    const own = await createThreadedEngine({ threads, maximumBytes: 1 << 26 });
    const [rows, cols] = [rowsFor("f32", 768), 768];
    const data = manyRows("f32", rows, cols, 3);
    const expected = layerNorm(data, { cols });
    const first = own.tensor("f32", [rows, cols], data);
    const before = first.data;
    const sizes = new Set<number>();
    for (let i = 0; i < 20; i++) {
      const x = own.tensor("f32", [rows, cols], data);
      sizes.add(x.data.buffer.byteLength);
      const [y] = await untilShared(own, () => [layerNorm(x)]);
      sameBits(`growth ${i}`, "f32", y.toArray(), expected);
      y.dispose();
    }
    expect(sizes.size).toBeGreaterThan(3);
    // an array of before is of the same memory, and is taken
    expect(before.buffer.byteLength).toBeLessThan(first.data.buffer.byteLength);
    sameBits("an array of before", "f32", layerNorm(before, { cols, engine: own }), expected);
    expect(() => own.tensor("f32", [1 << 12, 1 << 12])).toThrow(
      /^tensor: maximumBytes expected at least \d+, got 67108864/,
    );
    own.dispose();
  });

  it.runIf(hasRelaxed())("run the relaxed kernels too", async () => {
    const [own, one] = [await createThreadedEngine({ threads, variant: relaxed }), createEngine({ variant: relaxed })];
    const [rows, cols] = [rowsFor("f32", 768), 768];
    const data = manyRows("f32", rows, cols, 3);
    const [y] = await untilShared(own, () => [layerNorm(own.tensor("f32", [rows, cols], data))]);
    sameBits("y", "f32", y.toArray(), layerNorm(data, { cols, engine: one }));
    expect(own.variant).toBe("relaxed");
    for (const engine of [own, one]) engine.dispose();
  });

  it("are not asked for small calls, nor where rows depend on each other", () => {
    const jobs = jobsOf(engine);
    for (const dtype of dtypes) {
      const x = engine.tensor(dtype, [64, 256]);
      layerNorm(x, { out: x });
      rmsNorm(x);
    }
    const x = engine.tensor("f32", [600, 256]);
    linear(x, engine.tensor("f32", [4, 256]));
    rmsNorm(engine.tensor("f32", [1, 1 << 20]));
    expect(jobsOf(engine)).toBe(jobs);
  });

  it("have kernels that were loaded ahead", async () => {
    const own = await createThreadedEngine({ threads });
    await loadKernels(own, [normKernels]);
    const [rows, cols] = [rowsFor("f32", 100), 100];
    const data = manyRows("f32", rows, cols, 4);
    const x = own.tensor("f32", [rows, cols], data);
    const [y] = await untilShared(own, () => [rmsNorm(x)]);
    sameBits("y", "f32", y.toArray(), rmsNorm(data, { cols }));
    own.dispose();
  });
});

describe("one thread", () => {
  it("is an engine like any other", async () => {
    const engine = await createThreadedEngine({ threads: 1 });
    expect([engine.threads, engine.reason, String(engine)]).toEqual([
      1,
      undefined,
      "Engine simd, 0 bytes in use, 1 thread",
    ]);
    const x = engine.tensor("f32", [2, 4], [1, 2, 3, 4, 5, 6, 7, 9]);
    expect(layerNorm(x).toArray()).toEqual(layerNorm(x.toArray(), { cols: 4 }));
    expect(x.data.buffer).toBeInstanceOf(ArrayBuffer);
    engine.dispose();
  });
});

describe("dispose()", () => {
  it("ends the engine and its Tensors", async () => {
    const engine = await createThreadedEngine({ threads: 2 });
    const x = engine.tensor("f32", [1024, 1024]);
    layerNorm(x, { out: x });
    engine.dispose();
    engine.dispose();
    expect([engine.disposed, engine.threads, x.disposed, String(engine)]).toEqual([
      true,
      1,
      true,
      "Engine, disposed of",
    ]);
    expect(engine.reason).toBeUndefined();
    expect(() => layerNorm(new Float32Array(4), { engine })).toThrow(
      "layerNorm: engine expected a live engine, got one that was disposed of",
    );
  });
});

describe("errors", () => {
  it("arrays of before the memory grew are views of it still", async () => {
    const engine = await createThreadedEngine({ threads: 2 });
    const all = engine.tensor("f32", [61, 1024]);
    const old = all.data;
    engine.tensor("f32", [20000, 1024]); // which grows the memory
    expect(all.data.buffer).not.toBe(old.buffer);
    const x = all.view({ shape: [60, 1024] });
    expect(() => layerNorm(x, { out: old.subarray(1024) })).toThrow("got an array that overlaps x");
    all.dispose();
    expect(() => layerNorm(new Float32Array(old.length), { engine, out: old })).toThrow(
      "one of memory that holds none",
    );
    engine.dispose();
  });

  const refusals: [string, object, string][] = [
    [
      "an unknown option",
      { workers: 2 },
      'createThreadedEngine: options expected threads, worker, variant, maximumBytes, got "workers" (worker?)',
    ],
    [
      "a memory",
      { memory: new WebAssembly.Memory({ initial: 1 }) },
      'createThreadedEngine: options expected threads, worker, variant, maximumBytes, got "memory"',
    ],
    ["no threads", { threads: 0 }, "createThreadedEngine: threads expected a positive integer, got 0"],
    ["a text", { threads: "2" }, 'createThreadedEngine: threads expected a positive integer, got "2"'],
    ["too many", { threads: 65 }, "createThreadedEngine: threads expected at most 64, got 65"],
    [
      "a wrong worker",
      { threads: 2, worker: 1 },
      "createThreadedEngine: worker expected the address of orthonorm/threads/worker.js, got 1",
    ],
    [
      "a small maximum",
      { maximumBytes: 65536 },
      "createThreadedEngine: maximumBytes expected at least 1048576, got 65536",
    ],
    [
      "a maximum that is none",
      { maximumBytes: "1" },
      'createThreadedEngine: maximumBytes expected a number of bytes, got "1"',
    ],
    [
      "a wrong variant",
      { threads: 2, variant: "fast" },
      'createThreadedEngine: variant expected "auto", "simd" or relaxed (an export of orthonorm), got "fast"',
    ],
  ];
  it.each(refusals)("%s", async (_, options, message) => {
    await expect(createThreadedEngine(options)).rejects.toThrow(message);
  });
});
