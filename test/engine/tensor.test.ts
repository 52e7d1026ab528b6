// Tensors: what they hold, print, serialise and compare as, and what a view of one is.

import {
  createEngine,
  type DType,
  decompose,
  geometry,
  isTensor,
  layerNorm,
  moments,
  orthonormalize,
  project,
  rmsNorm,
  type Tensor,
  tensor,
} from "orthonorm";
import { describe, expect, it } from "vitest";
import { dtypes } from "../../abi/ops.js";
import { said } from "../support/errors.js";

const ramp = (n: number) => Float32Array.from({ length: n }, (_, i) => i);

describe("a Tensor", () => {
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
    expect(said(() => x.data)).toBe("RangeError: Tensor: data expected a live Tensor, got one that was disposed of");
    expect(said(() => x.toArray())).toBe(
      "RangeError: Tensor: toArray expected a live Tensor, got one that was disposed of",
    );
    expect(said(() => layerNorm(x))).toBe(
      "RangeError: layerNorm: x expected a live Tensor, got one that was disposed of",
    );
    expect(said(() => layerNorm(x, { out: x }))).toBe(
      "RangeError: layerNorm: x expected a live Tensor, got one that was disposed of",
    );
    expect(said(() => layerNorm(next, { out: x }))).toBe(
      "RangeError: layerNorm: out expected a live Tensor, got one that was disposed of",
    );
    expect(said(() => rmsNorm(next, { out: next, weight: x }))).toBe(
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
    said(() => project(x, new Float32Array(8), { cols: 8, engine }));
    expect(engine.bytesInUse).toBe(0);
  });
});

describe("a Tensor is what it prints as", () => {
  it("toString", () => {
    expect(`${tensor("f32", [2, 4], [1, 2.5, -3, 4, 5, 6, 7, 8])}`).toBe("Tensor f32 [2, 4] [1, 2.5, -3, 4, 5, 6, …]");
    expect(`${tensor("f64", 3, [0.1, Number.NaN, -Infinity])}`).toBe("Tensor f64 [3] [0.1, NaN, -Infinity]");
    // the numbers that halves stand for, not their bits
    expect(`${tensor("f16", 2, [1, -0.5])}`).toBe("Tensor f16 [2] [1, -0.5]");
    expect(`${tensor("bf16", [2, 1], [3, 2 ** -133])}`).toBe(`Tensor bf16 [2, 1] [3, ${2 ** -133}]`);
    expect(`${tensor("f32", [0, 4])}`).toBe("Tensor f32 [0, 4] []");
    expect(`${tensor("f32", 7, ramp(7)).view({ shape: [2, 2], rowStride: 4 })}`).toBe("Tensor f32 [2, 2] [0, 1, 4, 5]");
    expect(Object.prototype.toString.call(tensor("f32", 1))).toBe("[object Tensor]");
    const gone = tensor("f32", [2, 4]);
    gone.dispose();
    expect(`${gone}`).toBe("Tensor f32 [2, 4], disposed of");
  });

  it("JSON", () => {
    expect(JSON.parse(JSON.stringify(tensor("f16", [2, 2], [1, 2, 3, -0.25])))).toEqual({
      dtype: "f16",
      shape: [2, 2],
      data: [1, 2, 3, -0.25],
    });
    expect(JSON.stringify({ x: tensor("f32", 2, [1, Number.NaN]) })).toBe(
      '{"x":{"dtype":"f32","shape":[2],"data":[1,null]}}',
    );
    const { dtype, shape, data } = tensor("f64", [1, 3], [1, 2, 3]).toJSON();
    expect(tensor(dtype, shape, data)).toEqual(tensor("f64", [1, 3], [1, 2, 3]));
  });

  it("isTensor", () => {
    const t = tensor("f32", 2);
    expect([isTensor(t), isTensor(layerNorm(t)), isTensor(t.view({ shape: 1 }))]).toEqual([true, true, true]);
    t.dispose();
    expect(isTensor(t)).toBe(true);
    for (const other of [
      t.toJSON,
      null,
      undefined,
      5,
      {},
      new Float32Array(2),
      { dtype: "f32", shape: [2], place: {} },
    ]) {
      expect(isTensor(other)).toBe(false);
    }
    expect(isTensor(Object.create(Object.getPrototypeOf(t)))).toBe(false);
  });

  it("structuredClone copies no memory: what comes out is no Tensor, and is refused", () => {
    const clone = structuredClone(tensor("f32", 2, [1, 2]));
    expect(isTensor(clone)).toBe(false);
    expect(said(() => layerNorm(clone))).toMatch(/^TypeError: layerNorm: x expected .* or Tensor, got Object$/);
  });
});

describe("Tensors are equal by their content", () => {
  const make = (dtype: DType, shape: number | number[], data: number[]) => createEngine().tensor(dtype, shape, data);

  it.each(dtypes)("%s: across engines, and whatever their views", (dtype) => {
    const x = make(dtype, [2, 2], [1, 2, Number.NaN, 4]);
    const y = make(dtype, [2, 2], [1, 2, Number.NaN, 4]);
    expect(x).toEqual(y);
    expect(x).toStrictEqual(y);
    expect(x.data.length).toBe(4); // one has a view by now, the other not
    expect(x).toStrictEqual(y);
    expect({ list: [x] }).toEqual({ list: [y] });
    const wide = make(dtype, [2, 3], [1, 2, 9, Number.NaN, 4, 9]);
    expect(wide.view({ shape: [2, 2], rowStride: 3 })).toStrictEqual(y);
  });

  it("and are not, where element type, shape or one element differs", () => {
    const x = make("f32", [2, 2], [1, 2, 3, 4]);
    const others = [
      make("f64", [2, 2], [1, 2, 3, 4]),
      make("f32", [4], [1, 2, 3, 4]),
      make("f32", [1, 4], [1, 2, 3, 4]),
      make("f32", [2, 2], [1, 2, 3, 5]),
      make("f32", [2, 2], [1, 2, 3, Number.NaN]),
    ];
    for (const other of others) {
      expect(x).not.toEqual(other);
      expect(x).not.toStrictEqual(other);
    }
    expect(make("f16", 1, [1])).not.toEqual(make("bf16", 1, [1]));
    const gone = make("f32", [2, 2], [1, 2, 3, 4]);
    gone.dispose();
    expect(x).not.toEqual(gone);
    expect(x).not.toEqual(new Float32Array([1, 2, 3, 4]));
  });
});

describe("a view", () => {
  it("is rows of its Tensor in place, of one or of several dimensions", () => {
    const t = tensor("f32", [3, 6], ramp(18));
    const view = t.view({ shape: [3, 2], rowStride: 6, offset: 2 });
    expect([view.rows, view.cols, view.length, view.rowStride, view.dtype, view.shape]).toEqual([
      3,
      2,
      6,
      6,
      "f32",
      [3, 2],
    ]);
    expect([...view.toArray()]).toEqual([2, 3, 8, 9, 14, 15]);
    t.data[8] = 100;
    expect([...view.toArray()]).toEqual([2, 3, 100, 9, 14, 15]);
    expect(t.view({ shape: [3, 2, 3] }).rows).toBe(6);
    expect([...t.view({ shape: 4, offset: 14 }).data]).toEqual([14, 15, 16, 17]);
    // overlapping rows
    expect([...t.view({ shape: [2, 3], rowStride: 3, offset: 0 }).toArray()]).toEqual([0, 1, 2, 3, 4, 5]);
    t.dispose();
  });

  it("of a view counts from that view", () => {
    const t = tensor("f64", [4, 6], [...ramp(24)]);
    const half = t.view({ shape: [2, 6], offset: 12 });
    const part = half.view({ shape: [2, 2], rowStride: 6, offset: 1 });
    expect([...part.toArray()]).toEqual([13, 14, 19, 20]);
    expect([...part.view({ shape: 1, offset: 6 }).toArray()]).toEqual([19]);
    t.dispose();
    expect([half.disposed, part.disposed]).toEqual([true, true]);
  });

  it("has data where its rows have no gaps, and says how to copy where they have", () => {
    const t = tensor("f32", [2, 4], ramp(8));
    expect([...t.view({ shape: [1, 4], offset: 4 }).data]).toEqual([4, 5, 6, 7]);
    expect([...t.view({ shape: [1, 2], rowStride: 4 }).data]).toEqual([0, 1]);
    const gaps = t.view({ shape: [2, 3], rowStride: 4 });
    expect(said(() => gaps.data)).toBe(
      "RangeError: Tensor: data expected rows without gaps, got rows of 3 that begin every 4: toArray() copies them",
    );
    expect([...gaps.toArray()]).toEqual([0, 1, 2, 4, 5, 6]);
    expect(gaps.toJSON().data).toEqual([0, 1, 2, 4, 5, 6]);
  });

  it("ends without its Tensor, whose memory it does not give back; and with it", () => {
    const engine = createEngine();
    const t = engine.tensor("f32", [2, 4], ramp(8));
    const [one, two] = [t.view({ shape: 4 }), t.view({ shape: 4, offset: 4 })];
    one.dispose();
    one.dispose();
    expect([one.disposed, two.disposed, t.disposed, engine.bytesInUse]).toEqual([true, false, false, 64]);
    expect(said(() => one.data)).toBe("RangeError: Tensor: data expected a live Tensor, got one that was disposed of");
    expect(said(() => one.view({ shape: 2 }))).toBe(
      "RangeError: Tensor: view expected a live Tensor, got one that was disposed of",
    );
    t.dispose();
    expect([two.disposed, engine.bytesInUse]).toEqual([true, 0]);
    // what now lies there is not the view's
    const next = engine.tensor("f32", [2, 4], [9, 9, 9, 9, 9, 9, 9, 9]);
    expect(said(() => rmsNorm(two, { out: two }))).toBe(
      "RangeError: rmsNorm: x expected a live Tensor, got one that was disposed of",
    );
    two.dispose();
    expect([...next.data, engine.bytesInUse]).toEqual([9, 9, 9, 9, 9, 9, 9, 9, 64]);
  });

  it("is never stale", () => {
    const engine = createEngine({ memory: new WebAssembly.Memory({ initial: 1 }) });
    const t = engine.tensor("f32", [2, 4], ramp(8));
    const view = t.view({ shape: [2, 2], offset: 2 });
    const before = view.data;
    engine.tensor("f64", 2 ** 16);
    expect(before.length).toBe(0);
    expect([...view.data]).toEqual([2, 3, 4, 5]);
    expect([...t.view({ shape: [2, 2], rowStride: 4 }).toArray()]).toEqual([0, 1, 4, 5]);
  });

  it("q and k inside a fused qkv buffer are normalised in place, v stays", () => {
    const qkv = tensor(
      "f32",
      [3, 12],
      [...ramp(36)].map((value) => Math.sin(value)),
    );
    const before = qkv.toArray();
    const right = before.slice();
    for (const offset of [0, 4]) {
      const heads = qkv.view({ shape: [3, 4], rowStride: 12, offset });
      for (let r = 0; r < 3; r++) {
        right.set(rmsNorm(before.slice(r * 12 + offset, r * 12 + offset + 4)), r * 12 + offset);
      }
      expect(rmsNorm(heads, { out: heads })).toBe(heads);
    }
    expect(qkv.toArray()).toEqual(right);
  });
});

it('types: a Tensor<"f32">\'s data is a Float32Array', () => {
  const x: Tensor<"f32"> = tensor("f32", 2, [1, 2]);
  const data: Float32Array = x.data;
  const bits: Uint16Array = tensor("bf16", 1).data;
  expect([data.length, bits.length]).toEqual([2, 1]);
});
