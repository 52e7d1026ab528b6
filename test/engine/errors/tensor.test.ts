// What tensor, tensor.view, createEngine and loadKernels refuse; every example of data that are no numbers.

import { createEngine, loadKernels, normKernels, tensor } from "orthonorm";
import { describe, expect, it } from "vitest";
import { type Any, detached, expectDefaultEngineUnharmed, f32, refuses, shrunk, u16 } from "../../support/errors.js";

expectDefaultEngineUnharmed();

const types = '"f32", "f64", "f16" or "bf16"';

describe("tensor", () => {
  const engine = createEngine();
  const call = engine.tensor.bind(engine) as (dtype: Any, shape: Any, data?: Any) => unknown;

  it("dtype", () => {
    refuses(() => call("int8", 4), `RangeError: tensor: dtype expected ${types}, got "int8"`);
    refuses(() => call(undefined, 4), `RangeError: tensor: dtype expected ${types}, got undefined`);
    refuses(() => call("F32", 4), `RangeError: tensor: dtype expected ${types}, got "F32"`);
    refuses(() => call(f32(1, 2), 2), `RangeError: tensor: dtype expected ${types}, got Float32Array of 2 elements`);
  });

  it("shape", () => {
    const kind = "TypeError: tensor: shape expected a length or an array of dimensions, got ";
    refuses(() => call("f32", undefined), `${kind}undefined`);
    refuses(() => call("f32", "4"), `${kind}"4"`);
    refuses(() => call("f32", []), `${kind}Array of 0 elements`);
    refuses(() => call("f32", null), `${kind}null`);
    refuses(() => call("f32", f32(2, 4)), `${kind}Float32Array of 2 elements`);
    const dimension = (i: number) =>
      `RangeError: tensor: shape[${i}] expected a dimension: an integer, positive in the last place, got `;
    refuses(() => call("f32", 0), `${dimension(0)}0`);
    refuses(() => call("f32", [2, 0]), `${dimension(1)}0`);
    refuses(() => call("f32", [-1, 4]), `${dimension(0)}-1`);
    refuses(() => call("f32", [2.5, 4]), `${dimension(0)}2.5`);
    refuses(() => call("f32", [2, Number.NaN]), `${dimension(1)}NaN`);
    refuses(() => call("f32", [2, "4"]), `${dimension(1)}"4"`);
    refuses(() => call("f32", [2, undefined]), `${dimension(1)}undefined`);
    refuses(() => call("f32", [2, [3]]), `${dimension(1)}Array of 1 element`);
  });

  it("data of another length", () => {
    refuses(() => call("f32", [2, 3], [1, 2, 3]), "RangeError: tensor: data expected 6 elements, got 3");
    refuses(
      () => call("f32", 4, detached()),
      "RangeError: tensor: data expected an array with its buffer, got one whose buffer is detached",
    );
    const less = shrunk();
    if (less !== undefined) {
      refuses(
        () => call("f32", 4, less),
        "RangeError: tensor: data expected an array with its buffer, got one whose buffer has shrunk",
      );
    }
    refuses(() => call("f32", 1, []), "RangeError: tensor: data expected 1 element, got 0");
    refuses(() => call("f16", 2, u16(1)), "RangeError: tensor: data expected 2 elements, got 1");
  });

  it("data that are no numbers", () => {
    const kind = "TypeError: tensor: data expected an array of numbers, got ";
    refuses(() => call("f32", 4, 7), `${kind}7`);
    refuses(() => call("f32", 4, null), `${kind}null`);
    refuses(() => call("f32", 2, "12"), `${kind}"12"`);
    refuses(() => call("f32", 2, { length: 2, 0: 1, 1: 2 }), `${kind}Object`);
    refuses(() => call("f32", 1, new BigInt64Array(1)), `${kind}BigInt64Array of 1 element`);
    refuses(() => call("f32", 4, tensor("f32", 4)), `${kind}Tensor`);
    refuses(() => call("f32", 4, new ArrayBuffer(16)), `${kind}ArrayBuffer`);
    const bits = "TypeError: tensor: data expected numbers for";
    refuses(() => call("f32", 2, u16(1, 2)), `${bits} f32, got Uint16Array of 2 elements`);
    refuses(() => call("f64", 1, u16(1)), `${bits} f64, got Uint16Array of 1 element`);
    expect(engine.bytesInUse).toBe(0);
  });

  it.each(["f32", "f64", "f16", "bf16"])(
    "%s: elements that are no numbers, which were NaN, 0 or 1 in silence",
    (dtype) => {
      const element = (i: number, got: string) => `TypeError: tensor: data[${i}] expected a number, got ${got}`;
      const wrong = (data: unknown[], i: number, got: string) =>
        refuses(() => call(dtype, data.length, data), element(i, got));
      wrong(
        [
          [1, 2],
          [3, 4],
        ],
        0,
        "Array of 2 elements",
      );
      const hole = [1, 2, 3];
      delete hole[1];
      wrong(hole, 1, "undefined");
      wrong([1, undefined], 1, "undefined");
      wrong([1, null], 1, "null");
      wrong(["1", 2], 0, '"1"');
      wrong([1, 2, 3n], 2, "3n");
      wrong([Symbol("a"), 2], 0, "Symbol(a)");
      wrong([true, false], 0, "true");
      wrong([new Number(1)], 0, "Number");
      wrong([{ valueOf: () => 1 }], 0, "Object");
      expect(engine.bytesInUse).toBe(0);
      // NaN is a number
      engine.tensor("f32", 1).dispose();
    },
  );

  it("numbers of every kind of array", () => {
    const made = createEngine();
    for (const data of [
      [1, 2],
      new Int8Array([1, 2]),
      new Int32Array([1, 2]),
      new Float64Array([1, 2]),
      new Uint8Array([1, 2]),
    ]) {
      for (const dtype of ["f32", "f64", "f16", "bf16"] as const) {
        expect(made.tensor(dtype, 2, data as ArrayLike<number>).toJSON().data).toEqual([1, 2]);
      }
    }
  });
});

describe("tensor.view", () => {
  const t = tensor("f32", [4, 6]);
  const call = t.view.bind(t) as (options?: Any) => unknown;

  it("options", () => {
    const expected = "TypeError: view: options expected an object of shape, rowStride, offset, got ";
    refuses(() => call(), `${expected}undefined`);
    refuses(() => call(null), `${expected}null`);
    refuses(() => call([2, 3]), `${expected}Array of 2 elements`);
    refuses(() => call(3), `${expected}3`);
    const names = "TypeError: view: options expected shape, rowStride, offset, got ";
    refuses(() => call({ shape: 3, stride: 6 }), `${names}"stride" (rowStride?)`);
    refuses(() => call({ shape: 3, offsets: 6 }), `${names}"offsets" (offset?)`);
    refuses(() => call({ size: 3 }), `${names}"size"`);
  });

  it("shape, rowStride, offset", () => {
    refuses(() => call({}), "TypeError: view: shape expected a length or an array of dimensions, got undefined");
    refuses(
      () => call({ shape: [] }),
      "TypeError: view: shape expected a length or an array of dimensions, got Array of 0 elements",
    );
    refuses(
      () => call({ shape: [2, 0] }),
      "RangeError: view: shape[1] expected a dimension: an integer, positive in the last place, got 0",
    );
    const stride = "view: rowStride expected";
    refuses(
      () => call({ shape: [2, 3], rowStride: 2 }),
      `RangeError: ${stride} at least 3, the length of a row, got 2`,
    );
    refuses(() => call({ shape: [2, 3], rowStride: 0 }), `RangeError: ${stride} a positive integer, got 0`);
    refuses(() => call({ shape: [2, 3], rowStride: 3.5 }), `RangeError: ${stride} a positive integer, got 3.5`);
    refuses(() => call({ shape: [2, 3], rowStride: "6" }), `TypeError: ${stride} a positive integer, got "6"`);
    refuses(() => call({ shape: [2, 3], rowStride: null }), `TypeError: ${stride} a positive integer, got null`);
    const most = "expected at most 2147483647, got 4294967296";
    refuses(() => call({ shape: [0, 2 ** 32] }), `RangeError: view: shape[1] ${most}`);
    refuses(() => call({ shape: [1, 2], rowStride: 2 ** 32 }), `RangeError: view: rowStride ${most}`);
    refuses(() => tensor("f32", [2 ** 32, 1]), `RangeError: tensor: shape[0] ${most}`);
    const offset = "view: offset expected a number of elements, got";
    refuses(() => call({ shape: [2, 3], offset: -1 }), `RangeError: ${offset} -1`);
    refuses(() => call({ shape: [2, 3], offset: 0.5 }), `RangeError: ${offset} 0.5`);
    refuses(() => call({ shape: [2, 3], offset: "1" }), `TypeError: ${offset} "1"`);
    refuses(() => call({ shape: [2, 3], offset: 1n }), `TypeError: ${offset} 1n`);
  });

  it("beyond the Tensor", () => {
    const within = "RangeError: view: shape expected rows within 24 elements, got rows that end at element";
    refuses(() => call({ shape: 25 }), `${within} 25`);
    refuses(() => call({ shape: [5, 6] }), `${within} 30`);
    refuses(() => call({ shape: [2, 6], rowStride: 19 }), `${within} 25`);
    refuses(() => call({ shape: [4, 2], rowStride: 6, offset: 5 }), `${within} 25`);
    refuses(() => call({ shape: 1, offset: 24 }), `${within} 25`);
    refuses(() => call({ shape: [0, 2], offset: 25 }), `${within} 25`);
    refuses(() => call({ shape: [2 ** 20, 2 ** 20] }), `${within} ${2 ** 40}`);
    // exactly within
    expect(t.view({ shape: [2, 6], rowStride: 18 }).rows).toBe(2);
    expect(t.view({ shape: [0, 2], offset: 24 }).rows).toBe(0);
    // of a view, its own end counts
    const v = t.view({ shape: [2, 2], rowStride: 6, offset: 1 });
    refuses(
      () => v.view({ shape: 9 }),
      "RangeError: view: shape expected rows within 8 elements, got rows that end at element 9",
    );
  });
});

describe("createEngine", () => {
  const call = createEngine as (options: Any) => unknown;

  it("variant and memory", () => {
    refuses(
      () => call({ variant: "fast" }),
      'RangeError: createEngine: variant expected "auto", "simd" or relaxed (an export of orthonorm), got "fast"',
    );
    refuses(
      () => call({ variant: null }),
      'RangeError: createEngine: variant expected "auto", "simd" or relaxed (an export of orthonorm), got null',
    );
    const memory = "TypeError: createEngine: memory expected a WebAssembly.Memory, got";
    refuses(() => call({ memory: {} }), `${memory} Object`);
    refuses(() => call({ memory: null }), `${memory} null`);
    refuses(() => call({ memory: new ArrayBuffer(65536) }), `${memory} ArrayBuffer`);
    refuses(() => call({ memory: { buffer: new ArrayBuffer(65536), grow: () => -1 } }), `${memory} Object`);
    refuses(() => call({ memory: Object.create(WebAssembly.Memory.prototype) }), `${memory} Memory`);
  });

  it("maximumBytes", () => {
    const expected = "createEngine: maximumBytes expected";
    refuses(() => call({ maximumBytes: "1 MB" }), `TypeError: ${expected} a number of bytes, got "1 MB"`);
    refuses(() => call({ maximumBytes: null }), `TypeError: ${expected} a number of bytes, got null`);
    refuses(() => call({ maximumBytes: 65536n }), `TypeError: ${expected} a number of bytes, got 65536n`);
    for (const maximumBytes of [0, -1, 65535, Number.NaN]) {
      refuses(() => call({ maximumBytes }), `RangeError: ${expected} at least 65536, got ${maximumBytes}`);
    }
    // what was refused does not take the memory
    const memory = new WebAssembly.Memory({ initial: 1 });
    refuses(() => call({ memory, maximumBytes: 1 }), `RangeError: ${expected} at least 65536, got 1`);
    expect(createEngine({ memory }).bytesInUse).toBe(0);
  });
});

it("loadKernels", async () => {
  const told = (engine: Any, families: Any) => loadKernels(engine, families).then(() => "none", String);
  expect(await told(undefined, [normKernels])).toBe("TypeError: loadKernels: engine expected an Engine, got undefined");
  expect(await told({}, [normKernels])).toBe("TypeError: loadKernels: engine expected an Engine, got Object");
  const engine = createEngine();
  expect(await told(engine, normKernels)).toBe(
    "TypeError: loadKernels: families expected an array of families, got Object",
  );
  const family = "TypeError: loadKernels: families[0] expected a family such as normKernels, got";
  expect(await told(engine, ["norm"])).toBe(`${family} "norm"`);
  expect(await told(engine, [undefined])).toBe(`${family} undefined`);
  engine.dispose();
  expect(await told(engine, [normKernels])).toBe(
    "RangeError: loadKernels: engine expected a live engine, got one that was disposed of",
  );
});
