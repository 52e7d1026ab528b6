// Engines, Tensors and the memory under them: views are never stale, blocks never overlap, what fails changes nothing.

import {
  angle,
  center,
  createEngine,
  type DType,
  decompose,
  type Engine,
  geometry,
  layerNorm,
  loadEngine,
  moments,
  orthonormalize,
  project,
  reject,
  rmsNorm,
  type Tensor,
  tensor,
} from "orthonorm";
import { afterEach, describe, expect, it } from "vitest";
import norm from "../../bindings/wasm/norm.simd.wasm?url&inline";
import projections from "../../bindings/wasm/project.simd.wasm?url&inline";
import { normals, uniforms } from "../support/random.js";

const dtypes: readonly DType[] = ["f32", "f64", "f16", "bf16"];
const PAGE = 65536;

const ramp = (n: number) => Float32Array.from({ length: n }, (_, i) => i);
const pages = (initial: number, maximum = initial) => new WebAssembly.Memory({ initial, maximum });
/** The families as the package's .wasm files have them. */
const modules = {
  norm: await WebAssembly.compileStreaming(fetch(norm)),
  project: await WebAssembly.compileStreaming(fetch(projections)),
};

/** What an error says, with its class; "none" if there is none. */
function thrown(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return String(error);
  }
  return "none";
}

async function rejected(promise: Promise<unknown>): Promise<string> {
  return promise.then(() => "none", String);
}

const replaced: (() => void)[] = [];
/** Other values for some properties, until the test ends. */
function replace(target: object, values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) {
    const before = Object.getOwnPropertyDescriptor(target, name) as PropertyDescriptor;
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
    replaced.push(() => Object.defineProperty(target, name, before));
  }
}
function restore(): void {
  for (const undo of replaced.splice(0).reverse()) undo();
}
afterEach(restore);

describe("Tensors", () => {
  it("hold zeros, arrays of their type, or numbers rounded to it", () => {
    const engine = createEngine();
    const x = engine.tensor("f32", [2, 3]);
    expect([...x.data]).toEqual([0, 0, 0, 0, 0, 0]);
    expect([x.dtype, x.rows, x.cols, x.length, [...x.shape]]).toEqual(["f32", 2, 3, 6, [2, 3]]);
    expect([...engine.tensor("f32", 2, [0.1, 1e40]).data]).toEqual([Math.fround(0.1), Number.POSITIVE_INFINITY]);
    expect([...engine.tensor("f64", 2, [0.1, 1e40]).data]).toEqual([0.1, 1e40]);
    expect([...engine.tensor("f16", 4, [1, -2, 65504, 2 ** -24]).data]).toEqual([0x3c00, 0xc000, 0x7bff, 1]);
    expect([...engine.tensor("bf16", 3, [1, -2, Number.NaN]).data]).toEqual([0x3f80, 0xc000, 0x7fc0]);
    // numbers of any array, but the bits of a Uint16Array
    expect([...engine.tensor("f16", 2, new Float64Array([1, 2])).data]).toEqual([0x3c00, 0x4000]);
    expect([...engine.tensor("f16", 2, new Uint16Array([1, 2])).data]).toEqual([1, 2]);
    expect([...engine.tensor("f64", 2, new Float32Array([1, 2])).data]).toEqual([1, 2]);
  });

  it("zeros are zeros where another Tensor has been", () => {
    const engine = createEngine();
    engine.tensor("f32", 64, ramp(64)).dispose();
    expect([...engine.tensor("f32", 64).data]).toEqual(new Array(64).fill(0));
  });

  it("are rows of their last dimension, and may have no rows", () => {
    const engine = createEngine();
    const x = engine.tensor("f32", [2, 2, 4], ramp(16));
    expect([x.rows, x.cols]).toEqual([4, 4]);
    const y = layerNorm(x);
    expect(y.shape).toEqual([2, 2, 4]);
    expect(Object.isFrozen(y.shape)).toBe(true);
    const none = engine.tensor("f32", [0, 4]);
    expect([none.rows, none.length, none.data.length]).toEqual([0, 0, 0]);
    expect(layerNorm(none).shape).toEqual([0, 4]);
    expect(layerNorm(none, { out: none })).toBe(none);
    expect(moments(none).mean).toHaveLength(0);
    expect(rmsNorm(new Float32Array(0), { cols: 4 })).toEqual(new Float32Array(0));
  });

  it("come back as copies", () => {
    const x = createEngine().tensor("f32", 3, [1, 2, 3]);
    const copy = x.toArray();
    x.data[0] = 7;
    x.dispose();
    expect(copy).toEqual(new Float32Array([1, 2, 3]));
  });

  it("may be disposed of twice, and used no more", () => {
    const engine = createEngine();
    const x = engine.tensor("f32", 4, [1, 2, 3, 4]);
    const other = engine.tensor("f32", 4, [5, 6, 7, 8]);
    x.dispose();
    const next = engine.tensor("f32", 4, [9, 9, 9, 9]);
    // the second time must not give away what now lies there
    x.dispose();
    expect(engine.bytesInUse).toBe(128);
    expect([...other.data, ...next.data]).toEqual([5, 6, 7, 8, 9, 9, 9, 9]);
    expect(x.disposed).toBe(true);
    expect(thrown(() => x.data)).toBe("Error: Tensor: data expected a live Tensor, got one that was disposed of");
    expect(thrown(() => x.toArray())).toBe("Error: Tensor: data expected a live Tensor, got one that was disposed of");
    expect(thrown(() => layerNorm(x))).toBe(
      "RangeError: layerNorm: x expected a live Tensor, got one that was disposed of",
    );
    expect(thrown(() => layerNorm(x, { out: x }))).toBe(
      "RangeError: layerNorm: x expected a live Tensor, got one that was disposed of",
    );
    expect(thrown(() => layerNorm(next, { out: x }))).toBe(
      "RangeError: layerNorm: out expected a live Tensor, got one that was disposed of",
    );
    expect(thrown(() => rmsNorm(next, { out: next, weight: x }))).toBe(
      "RangeError: rmsNorm: weight expected a live Tensor, got one that was disposed of",
    );
  });

  it("are disposed of by `using`", () => {
    const engine = createEngine();
    {
      using x = engine.tensor("f32", 4);
      expect([x.disposed, engine.bytesInUse]).toEqual([false, 64]);
    }
    expect(engine.bytesInUse).toBe(0);
    const x = engine.tensor("f32", 4);
    x[Symbol.dispose]();
    expect([x.disposed, engine.bytesInUse]).toEqual([true, 0]);
  });

  it("count in bytesInUse, rounded up to 64, until none is left", () => {
    const engine = createEngine();
    expect(engine.bytesInUse).toBe(0);
    const sizes: [DType, number, number][] = [
      ["f32", 1, 64],
      ["f32", 16, 64],
      ["f32", 17, 128],
      ["f64", 9, 128],
      ["f16", 32, 64],
      ["bf16", 33, 128],
    ];
    let total = 0;
    const all = sizes.map(([dtype, length, bytes]) => {
      const made = engine.tensor(dtype, length);
      total += bytes;
      expect(engine.bytesInUse).toBe(total);
      return made;
    });
    const x = engine.tensor("f32", [3, 8], ramp(24));
    all.push(x, layerNorm(x), ...Object.values(decompose(x)), orthonormalize(engine.tensor("f32", 4, [1, 2, 3, 4])));
    moments(x);
    geometry(x);
    expect(engine.bytesInUse).toBe(total + 6 * 128 + 2 * 64);
    for (const one of all) one.dispose();
    // the vector that was orthonormalized had no name
    expect(engine.bytesInUse).toBe(64);
  });

  it("calls with arrays leave nothing in use", () => {
    const engine = createEngine();
    const x = ramp(24);
    layerNorm(x, { cols: 8, engine, weight: ramp(8), mean: new Float32Array(3) });
    project(x, ramp(8), { cols: 8, engine });
    orthonormalize(new Float32Array([1, 0, 1, 1]), { cols: 2, engine });
    thrown(() => project(x, new Float32Array(8), { cols: 8, engine }));
    expect(engine.bytesInUse).toBe(0);
  });
});

describe("views", () => {
  it("are never stale, however memory grew", () => {
    const engine = createEngine();
    const x = engine.tensor("f32", [2, 4], ramp(8));
    const before = x.data;
    expect(x.data).toBe(before);
    const buffers = new Set([before.buffer]);
    const grow = [
      () => engine.tensor("f32", 2 ** 20),
      () => layerNorm(new Float32Array(2 ** 21), { cols: 64, engine }),
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
    expect(thrown(() => layerNorm(gone, { engine }))).toBe(message);
    expect(thrown(() => layerNorm(new Float32Array(memory.buffer, 0, 16), { engine }))).toBe(message);
    // half in a Tensor, half beyond it
    const { byteOffset } = x.data;
    expect(thrown(() => layerNorm(new Float32Array(memory.buffer, byteOffset + 32, 16), { engine }))).toBe(message);
    expect([...x.data]).toEqual([...ramp(16)]);
    expect(
      thrown(() =>
        layerNorm(ramp(16), { engine, out: new Float32Array(memory.buffer, memory.buffer.byteLength - 64) }),
      ),
    ).toBe("RangeError: layerNorm: out expected a view of a live Tensor, got one of memory that holds none");
  });
});

describe("memory", () => {
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
      thrown(() => project(t, new Float32Array(64)));
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
    expect(thrown(() => createEngine({ memory: pages(0) }))).toBe(
      "RangeError: createEngine: memory expected at least one page of 65536 bytes, got 0 bytes",
    );
  });

  it("is one engine's, until that is disposed of", () => {
    const memory = pages(2);
    const engine = createEngine({ memory });
    expect(thrown(() => createEngine({ memory }))).toBe(
      "RangeError: createEngine: memory expected one that no other engine lives in, got Memory",
    );
    engine.dispose();
    const next = createEngine({ memory });
    expect(layerNorm(new Float32Array([-1, 1]), { engine: next, eps: 0 })).toEqual(new Float32Array([-1, 1]));
    // the first, disposed of again, does not give away what is the next one's
    engine.dispose();
    expect(thrown(() => createEngine({ memory }))).toBe(
      "RangeError: createEngine: memory expected one that no other engine lives in, got Memory",
    );
  });

  it("must not be shared, for its views would not tell that it grew", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
    expect(thrown(() => createEngine({ memory }))).toBe(
      "RangeError: createEngine: memory expected one that is not shared, got Memory",
    );
  });
});

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
    new RegExp(`^RangeError: ${op}: maximumBytes expected at least \\d+, got ${2 * PAGE}$`);

  it("a Tensor too many", () => {
    const { engine, holds } = full();
    expect(thrown(() => engine.tensor("f32", 100000))).toMatch(pattern("tensor"));
    expect(thrown(() => engine.tensor("f64", [2 ** 20, 2 ** 20]))).toMatch(pattern("tensor"));
    expect(thrown(() => engine.tensor("f64", [2 ** 52, 2 ** 52]))).toMatch(/^RangeError: tensor: /);
    holds();
  });

  it("a result too many", () => {
    const { x, weight, holds } = full();
    expect(thrown(() => layerNorm(x, { weight }))).toMatch(pattern("layerNorm"));
    expect(thrown(() => center(x))).toMatch(pattern("center"));
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
    expect(thrown(() => decompose(small))).toMatch(pattern("decompose"));
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
    expect(thrown(() => layerNorm(ramp(100000), { cols: 1000, engine }))).toMatch(pattern("layerNorm"));
    const out = ramp(10000);
    expect(thrown(() => rmsNorm(x, { out, residual: ramp(10000) }))).toMatch(pattern("rmsNorm"));
    expect(out).toEqual(ramp(10000));
    expect(thrown(() => project(x, ramp(10000), { cols: 10000, out }))).toMatch(pattern("project"));
    const small = engine.tensor("f32", [1, 600], ramp(600));
    // the result fits, its work space of f64 does not
    const used = engine.bytesInUse;
    const fill = engine.tensor("f32", Math.floor((2 * PAGE - 2048 - used) / 4) - 900);
    const before = engine.bytesInUse;
    expect(thrown(() => orthonormalize(small))).toMatch(pattern("orthonormalize"));
    expect(engine.bytesInUse).toBe(before);
    fill.dispose();
    small.dispose();
    holds();
  });

  it("a memory's own maximum", () => {
    const engine = createEngine({ memory: pages(1, 2) });
    const x = engine.tensor("f32", [2, 4], ramp(8));
    expect(thrown(() => engine.tensor("f32", 40000))).toMatch(
      /^RangeError: tensor: memory expected room to grow to 162112 bytes, got 65536: /,
    );
    expect(layerNorm(x).toArray()).toEqual(layerNorm(ramp(8), { cols: 4 }));
    expect(engine.tensor("f32", 20000).length).toBe(20000);
  });
});

describe("engines", () => {
  it("share nothing, and Tensors of two in one call are an error", () => {
    const [one, two] = [createEngine(), createEngine()];
    const x = one.tensor("f32", [1, 4], [1, 2, 3, 4]);
    const y = two.tensor("f32", [1, 4], [5, 6, 7, 8]);
    const foreign = (op: string, name: string) =>
      `RangeError: ${op}: ${name} expected a Tensor of this call's engine, got one of another engine`;
    expect(thrown(() => layerNorm(x, { weight: y }))).toBe(foreign("layerNorm", "weight"));
    expect(thrown(() => layerNorm(x, { out: x, weight: y }))).toBe(foreign("layerNorm", "weight"));
    expect(thrown(() => layerNorm(x, { out: y }))).toBe(foreign("layerNorm", "out"));
    expect(thrown(() => layerNorm(x, { engine: two }))).toBe(foreign("layerNorm", "x"));
    expect(thrown(() => rmsNorm(x, { residual: y }))).toBe(foreign("rmsNorm", "residual"));
    expect(thrown(() => project(x, y))).toBe(foreign("project", "direction"));
    expect(thrown(() => angle(x, y))).toBe(foreign("angle", "y"));
    expect(thrown(() => layerNorm(tensor("f32", 4), { bias: y }))).toBe(foreign("layerNorm", "bias"));
    expect([...x.data, ...y.data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("arrays run on the engine of the first Tensor among the arguments", () => {
    const engine = createEngine();
    const weight = engine.tensor("f32", 4, [1, 1, 1, 1]);
    const plain = new Float32Array([1, 2, 3, 4]);
    const expected = layerNorm(plain);
    expect(layerNorm(plain, { weight })).toEqual(expected);
    expect(layerNorm(plain, { bias: engine.tensor("f32", 4) })).toEqual(expected);
    const out = engine.tensor("f32", [1, 4]);
    expect(layerNorm(plain, { out })).toBe(out);
    expect(out.toArray()).toEqual(expected);
    const mean = engine.tensor("f32", 1);
    layerNorm(plain, { mean });
    expect(mean.data[0]).toBe(2.5);
    const coefficients = engine.tensor("f32", 1);
    project(plain, weight, { coefficients });
    expect(coefficients.data[0]).toBe(2.5);
    expect(angle(plain, weight)[0]).toBeCloseTo(0.4205, 4);
  });

  it("dispose: its Tensors go with it, twice is no error, and the others live", () => {
    const engine = createEngine();
    const other = createEngine();
    const x = engine.tensor("f32", [1, 4], [1, 2, 3, 4]);
    const kept = other.tensor("f32", 4, [1, 2, 3, 4]);
    layerNorm(x, { out: x });
    engine.dispose();
    engine.dispose();
    expect([x.disposed, engine.bytesInUse]).toEqual([true, 0]);
    const gone = (op: string) => `RangeError: ${op}: engine expected a live engine, got one that was disposed of`;
    expect(thrown(() => layerNorm(x))).toBe(gone("layerNorm"));
    expect(thrown(() => layerNorm(x, { out: x }))).toBe(gone("layerNorm"));
    expect(thrown(() => rmsNorm(x, { out: x }))).toBe(gone("rmsNorm"));
    expect(thrown(() => layerNorm(new Float32Array(4), { engine }))).toBe(gone("layerNorm"));
    expect(thrown(() => moments(x))).toBe(gone("moments"));
    expect(thrown(() => engine.tensor("f32", 4))).toBe(gone("tensor"));
    expect(thrown(() => x.data)).toBe("Error: Tensor: data expected a live Tensor, got one that was disposed of");
    x.dispose();
    expect([...kept.data]).toEqual([1, 2, 3, 4]);
    {
      const third = createEngine();
      third[Symbol.dispose]();
      expect(thrown(() => third.tensor("f32", 4))).toBe(gone("tensor"));
    }
  });

  it("the default one is made anew when its memory was let go", () => {
    const x = tensor("f32", 4, [1, 2, 3, 4]);
    // the engine that a Tensor of the default engine lives in is not public: any call goes on working
    const y = layerNorm(x);
    expect(y.toArray()).toEqual(layerNorm(new Float32Array([1, 2, 3, 4])));
    x.dispose();
    y.dispose();
  });

  it("say which kernels they run", async () => {
    expect(createEngine().variant).toBe("simd");
    expect(createEngine({ variant: "simd" }).variant).toBe("simd");
    expect((await loadEngine({ variant: "auto" })).variant).toBe("simd");
  });
});

describe("loadEngine", () => {
  const x = new Float32Array([1, 2, 3, 4]);
  const check = (engine: Engine) => {
    expect(layerNorm(x, { engine })).toEqual(layerNorm(x));
    expect(reject(x, new Float32Array([1, 0, 0, 0]), { engine })).toEqual(new Float32Array([0, 2, 3, 4]));
  };

  it("compiles and instantiates ahead: on the main thread, Chrome before 114 does neither at once", async () => {
    const small = (name: string) =>
      class {
        constructor() {
          throw new RangeError(
            `WebAssembly.${name} is disallowed on the main thread, if the buffer size is larger than 4KB.`,
          );
        }
      };
    const { Module } = WebAssembly;
    const limited = small("Compile");
    // modules that were compiled ahead are modules all the same
    Object.defineProperty(limited, Symbol.hasInstance, { value: (value: unknown) => value instanceof Module });
    replace(WebAssembly, { Module: limited, Instance: small("Instance") });
    check(await loadEngine());
    check(await loadEngine({ modules }));
    expect(thrown(() => check(createEngine()))).toBe(
      "Error: orthonorm cannot compile at once on this browser's main thread, as in Chrome before 114: " +
        "await loadEngine() instead, and give calls its engine",
    );
  });

  it("takes compiled families, and an engine's options", async () => {
    check(await loadEngine({ modules: { norm: modules.norm, project: modules.project } }));
    check(await loadEngine({ modules: { norm: modules.norm } }));
    check(await loadEngine({ modules: {} }));
    const memory = pages(2);
    const engine = await loadEngine({ memory, maximumBytes: 2 * PAGE });
    check(engine);
    expect(engine.tensor("f32", 4).data.buffer).toBe(memory.buffer);
    expect(thrown(() => engine.tensor("f32", PAGE))).toBe(
      "RangeError: tensor: maximumBytes expected at least 264256, got 131072",
    );
  });

  it("refuses what is no module, or not that family's", async () => {
    expect(await rejected(loadEngine({ modules: { norm: new Uint8Array(8) as never } }))).toBe(
      "TypeError: loadEngine: modules.norm expected a WebAssembly.Module, got Uint8Array",
    );
    expect(await rejected(loadEngine({ modules: 5 as never }))).toMatch(/^TypeError: loadEngine: modules expected /);
    expect(await rejected(loadEngine({ modules: null as never }))).toMatch(/^TypeError: loadEngine: modules expected /);
    // norm's name on project's kernels: found out at once or at the first call, in words, and nothing is left in use
    const told = await rejected(
      loadEngine({ modules: { norm: modules.project } }).then((engine) => {
        const tensor = engine.tensor("f32", 4);
        const error = thrown(() => layerNorm(tensor));
        expect(engine.bytesInUse).toBe(64);
        throw error;
      }),
    );
    expect(told).toMatch(/modules\.norm expected /);
    expect(await rejected(loadEngine({ modules: { norms: modules.norm } as never }))).toMatch(/modules/);
  });

  it("refuses options that are none", async () => {
    expect(await rejected(loadEngine(null as never))).toBe(
      "TypeError: loadEngine: options expected an object, got null",
    );
    expect(await rejected(loadEngine(5 as never))).toBe("TypeError: loadEngine: options expected an object, got 5");
  });

  it("leaves the memory free where it fails", async () => {
    const memory = pages(1, 4);
    // (import "env" "f" (func)): nothing of the engine's
    const type = [1, 4, 1, 0x60, 0, 0];
    const other = [2, 9, 1, 3, 0x65, 0x6e, 0x76, 1, 0x66, 0, 0];
    const norm = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...type, ...other]));
    await expect(loadEngine({ memory, modules: { norm } })).rejects.toThrow(WebAssembly.LinkError);
    const engine = await loadEngine({ memory });
    expect(engine.variant).toBe("simd");
    engine.dispose();
  });
});

describe("where WebAssembly is missing or forbidden, one sentence says what to do", () => {
  const x = new Float32Array([1, 2, 3, 4]);
  const needed = "orthonorm needs WebAssembly SIMD: Chrome or Edge 91, Firefox 89, Safari 16.4, Node 16.4, or newer";
  /** What each way to the first call says. */
  async function said(): Promise<string[]> {
    return [thrown(() => layerNorm(x, { engine: createEngine() })), await rejected(loadEngine())];
  }
  const refusal = new WebAssembly.CompileError("no");
  const refuse = () => {
    replace(WebAssembly, {
      Module: class {
        constructor() {
          throw refusal;
        }
      },
      compile: () => Promise.reject(refusal),
    });
  };

  it("no WebAssembly", async () => {
    replace(globalThis, { WebAssembly: undefined });
    const missing = `Error: ${needed}; this engine has no WebAssembly`;
    expect(await said()).toEqual([missing, missing]);
  });

  it("no SIMD", async () => {
    refuse();
    replace(WebAssembly, { validate: () => false });
    const missing = `Error: ${needed}; this engine has WebAssembly without SIMD`;
    expect(await said()).toEqual([missing, missing]);
  });

  it("a policy that forbids compiling; an engine that failed then works when it may", async () => {
    refuse();
    const forbidden =
      "Error: orthonorm could not compile its WebAssembly: a Content-Security-Policy needs script-src " +
      "'wasm-unsafe-eval', and where compiling bytes is forbidden, loadEngine({ modules }) takes compiled ones";
    expect(await said()).toEqual([forbidden, forbidden]);
    await loadEngine().catch((error: Error) => expect(error.cause).toBe(refusal));
    const engine = createEngine();
    expect(thrown(() => layerNorm(x, { engine }))).toBe(forbidden);
    restore();
    expect(layerNorm(x, { engine })).toEqual(layerNorm(x));
  });
});
