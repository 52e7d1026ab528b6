// Quantized: rows of 8 bits as values that have a shape, go to arrays and back, give their memory back, and are refused where they
// do not fit.

import {
  createEngine,
  layerNorm,
  layerNormQuantize,
  linear,
  quantized,
  quantizeWeights,
  rmsNormQuantize,
  tensor,
} from "orthonorm";
import { describe, expect, it } from "vitest";
import { encode } from "../support/dtypes.js";
import { normals, uniforms } from "../support/random.js";

function detached<A extends ArrayBufferView>(array: A): A {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}

describe("Quantized", () => {
  const four = () => quantizeWeights(new Float32Array([1, 2, 3, 4, 5, 6, 7, 8]), { cols: 4 });

  it("is counted by its name where memory is full", () => {
    const engine = createEngine({ maximumBytes: 65536 });
    const live = () => {
      try {
        engine.tensor("f32", 65536);
      } catch (error) {
        return /in (.*) \(dispose/.exec((error as Error).message)?.[1];
      }
      return "no error";
    };
    expect(live()).toBeUndefined();
    const rows = [1, 2].map(() => quantizeWeights(new Float32Array(8), { cols: 4, engine }));
    expect(live()).toBe("2 live Quantized");
    const x = engine.tensor("f32", 4);
    expect(live()).toBe("1 live Tensor and 2 live Quantized");
    for (const one of rows) one.dispose();
    expect(live()).toBe("1 live Tensor");
    x.dispose();
  });

  it("keeps a Tensor's shape, prints itself, and comes back from its arrays", () => {
    const uniform = uniforms(1);
    const w = tensor("bf16", [2, 3, 40], encode("bf16" as "f32", Float64Array.from({ length: 240 }, uniform)));
    const q = quantizeWeights(w, { groupSize: 16 });
    expect([q.shape, q.rows, q.cols, q.groupSize, q.groups]).toEqual([[2, 3, 40], 6, 40, 16, 3]);
    expect(String(q)).toBe("Quantized int8 [2, 3, 40], groups of 16");
    expect(Object.prototype.toString.call(q)).toBe("[object Quantized]");
    const { values, scales } = q.toArrays();
    const back = quantized(values, scales, { cols: 40, groupSize: 16 });
    expect(back.toArrays()).toEqual({ values, scales });
    const x = Float32Array.from(normals(5 * 40, 0, 1, 2));
    expect(linear(x, back)).toEqual(linear(x, q));
    for (const one of [w, q, back]) one.dispose();
    expect(String(q)).toBe("Quantized int8 [2, 3, 40], groups of 16, disposed of");
    expect(q.disposed).toBe(true);
  });

  it("is equal to another by its numbers and scales, for a test runner", () => {
    const rows = [four(), four(), quantizeWeights(new Float32Array([1, 2, 3, 4, 5, 6, 8, 8]), { cols: 4 })];
    expect(rows[0]).toEqual(rows[1]);
    expect(rows[0]).not.toEqual(rows[2]);
    for (const one of rows) one.dispose();
  });

  it("reads views as their copies, and gives a Tensor for a Tensor", () => {
    const engine = createEngine();
    const whole = engine.tensor("f32", [6, 30], Float32Array.from(normals(180, 0, 1, 3)));
    const part = whole.view({ shape: [6, 20], rowStride: 30, offset: 4 });
    const w = quantizeWeights(part);
    const copy = quantizeWeights(part.toArray(), { cols: 20 });
    expect(w.toArrays()).toEqual(copy.toArrays());
    const y = linear(part, w);
    expect(y.shape).toEqual([6, 6]);
    expect(y.toArray()).toEqual(linear(part.toArray(), w));
    engine.dispose();
    expect(w.disposed).toBe(true);
    copy.dispose();
  });

  it("comes back from views of the engine's own memory, which grows for it", () => {
    const engine = createEngine();
    const numbers = engine.tensor("f32", 65536, Float32Array.from(normals(65536, 0, 1, 4)));
    const scale = engine.tensor("f32", 1, [0.5]);
    const values = new Int8Array(numbers.data.buffer, numbers.data.byteOffset, 4 * 65536);
    const copy = values.slice();
    // until the rows do not fit in any more
    const { buffer } = numbers.data;
    while (engine.bytesInUse < 1 << 19) engine.tensor("f32", 65536);
    engine.tensor("f32", ((1 << 20) - (1 << 17) - engine.bytesInUse) / 4);
    expect(numbers.data.buffer).toBe(buffer);
    const q = quantized(values, scale.data, { engine });
    expect(numbers.data.buffer).not.toBe(buffer);
    expect(q.toArrays()).toEqual({ values: copy, scales: new Float32Array([0.5]) });
    engine.dispose();
  });

  it("gives its memory back", () => {
    const engine = createEngine();
    const before = engine.bytesInUse;
    {
      using w = quantizeWeights(new Float32Array(64), { cols: 8, engine });
      expect(engine.bytesInUse).toBeGreaterThan(before);
      expect(w.rows).toBe(8);
    }
    expect(engine.bytesInUse).toBe(before);
    expect(() => quantizeWeights(new Float32Array(0), { cols: 4, engine })).toThrow();
    expect(() => layerNormQuantize(new Float64Array(8), { cols: 4, engine })).toThrow();
    expect(engine.bytesInUse).toBe(before);
    engine.dispose();
  });

  it.each([
    [
      "a weight of f64",
      () => quantizeWeights(new Float64Array(4)),
      "TypeError: quantizeWeights: weight expected f32, f16 or bf16 elements, got Float64Array of 4 elements",
    ],
    [
      "no rows",
      () => quantizeWeights(new Float32Array(0), { cols: 4 }),
      "RangeError: quantizeWeights: weight expected a positive multiple of 4 elements, got 0",
    ],
    [
      "4 bits",
      () => quantizeWeights(new Float32Array(4), { bits: 4 as 8 }),
      "RangeError: quantizeWeights: bits expected 8, got 4",
    ],
    [
      "a group of 12",
      () => quantizeWeights(new Float32Array(4), { groupSize: 12 }),
      "RangeError: quantizeWeights: groupSize expected a multiple of 8, got 12",
    ],
    [
      "a wrong option",
      () => quantizeWeights(new Float32Array(4), { groupsize: 8 } as object),
      'TypeError: quantizeWeights: options expected cols, bits, groupSize, dtype, engine, got "groupsize" (groupSize?)',
    ],
    [
      "x of other columns",
      () => linear(new Float32Array(6), four(), { cols: 3 }),
      "RangeError: linear: weight expected rows of 3, got rows of 4",
    ],
    [
      "x of no whole row",
      () => linear(new Float32Array(6), four()),
      "RangeError: linear: weight expected a length that divides x's 6, got 4 elements",
    ],
    [
      "x of f64",
      () => linear(new Float64Array(4), four()),
      "TypeError: linear: weight expected f64 elements, for x is f64, got Quantized",
    ],
    [
      "float weights for rows of 8 bits",
      () => linear(four() as never, new Float32Array(8)),
      "TypeError: linear: weight expected Quantized rows, for x is Quantized, got Float32Array of 8 elements",
    ],
    [
      "groups in x",
      () => linear(quantizeWeights(new Float32Array(16), { groupSize: 8 }), quantizeWeights(new Float32Array(16))),
      "RangeError: linear: x expected rows with a scale each, got groups of 8",
    ],
    [
      "x of another op",
      () => layerNorm(four() as never),
      "TypeError: layerNorm: x expected a Float32Array, Float64Array, Uint16Array, Float16Array or Tensor, got Quantized",
    ],
    [
      "what was disposed of",
      () => {
        const w = four();
        w.dispose();
        return linear(new Float32Array(4), w);
      },
      "RangeError: linear: weight expected live rows, got some that were disposed of",
    ],
    [
      "x that was disposed of",
      () => {
        const w = four();
        w.dispose();
        return linear(w, w);
      },
      "RangeError: linear: x expected live rows, got some that were disposed of",
    ],
    [
      "another engine",
      () => linear(new Float32Array(4), four(), { engine: createEngine() }),
      "RangeError: linear: weight expected rows of this call's engine, got those of another engine",
    ],
    [
      "an out of other rows",
      () => layerNormQuantize(new Float32Array(8), { cols: 8, out: four() }),
      "RangeError: layerNormQuantize: out expected 1 rows of 8 with a scale each, got Quantized int8 [2, 4]",
    ],
    [
      "an out that is an array",
      () => rmsNormQuantize(new Float32Array(8), { out: new Int8Array(8) as never }),
      "TypeError: rmsNormQuantize: out expected Quantized rows, got Int8Array of 8 elements",
    ],
    [
      "scales that do not fit",
      () => quantized(new Int8Array(8), new Float32Array(3), { cols: 4 }),
      "RangeError: quantized: scales expected 2 elements, got 3",
    ],
    [
      "values that are detached",
      () => quantized(detached(new Int8Array(8)), new Float32Array(1)),
      "RangeError: quantized: values expected an array with its buffer, got one whose buffer is detached",
    ],
    [
      "scales that are detached",
      () => quantized(new Int8Array(8), detached(new Float32Array(1))),
      "RangeError: quantized: scales expected an array with its buffer, got one whose buffer is detached",
    ],
    [
      "values of another kind",
      () => quantized(new Uint8Array(8) as never, new Float32Array(3)),
      "TypeError: quantized: values expected an Int8Array, got Uint8Array of 8 elements",
    ],
  ])("refuses %s", (_, call, message) => {
    let said = "nothing";
    try {
      call();
    } catch (error) {
      said = String(error);
    }
    expect(said).toBe(message);
  });
});
