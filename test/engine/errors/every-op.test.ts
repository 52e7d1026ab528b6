// What every op refuses in its first argument and in the options that all ops have: the class of the error and its words.

import { createEngine, tensor } from "orthonorm";
import { describe, it } from "vitest";
import {
  calls,
  detached,
  expectDefaultEngineUnharmed,
  f32,
  f64,
  first,
  HINT,
  KINDS,
  refuses,
  shrunk,
  u16,
} from "../../support/errors.js";

expectDefaultEngineUnharmed();

describe.each(calls)("%s", (op, call) => {
  const x = first(op);

  it("x of a wrong kind", () => {
    const expected = `TypeError: ${op}: ${x} expected ${KINDS}, got `;
    refuses(() => call(null), `${expected}null`);
    refuses(() => call(undefined), `${expected}undefined`);
    refuses(() => call(5), `${expected}5`);
    refuses(() => call("12"), `${expected}"12"`);
    refuses(() => call({ length: 4 }), `${expected}Object`);
    refuses(() => call(Object.create(null)), `${expected}object`);
    refuses(() => call(new ArrayBuffer(16)), `${expected}ArrayBuffer`);
    refuses(() => call(new DataView(new ArrayBuffer(16))), `${expected}DataView`);
    refuses(() => call(Symbol("x")), `${expected}Symbol(x)`);
    refuses(() => call(1n), `${expected}1n`);
    refuses(() => call(() => 1), `${expected}a function`);
    refuses(() => call(class Model {}), `${expected}a function`);
    refuses(() => call(new Map()), `${expected}Map`);
    refuses(() => call(Promise.resolve(f32(1))), `${expected}Promise`);
  });

  it("x that can be converted: the message says how", () => {
    const expected = `TypeError: ${op}: ${x} expected ${KINDS}, got `;

    refuses(() => call([1, 2, 3, 4]), `${expected}Array of 4 elements ${HINT}`);
    refuses(() => call([1]), `${expected}Array of 1 element ${HINT}`);
    refuses(() => call(new Int32Array(4)), `${expected}Int32Array of 4 elements ${HINT}`);
    refuses(() => call(new Uint8ClampedArray(2)), `${expected}Uint8ClampedArray of 2 elements ${HINT}`);
    refuses(() => call(new Int8Array(4)), `${expected}Int8Array of 4 elements ${HINT}`);
    class Buffer extends Uint8Array {}
    refuses(() => call(new Buffer(4)), `${expected}Buffer of 4 elements ${HINT}`);
    // what has no numbers has no such way
    refuses(() => call(new BigInt64Array(4)), `${expected}BigInt64Array of 4 elements`);
    refuses(() => call([]), `${expected}Array of 0 elements`);
    refuses(() => call([[1, 2]]), `${expected}Array of 1 element`);
    refuses(() => call(["1"]), `${expected}Array of 1 element`);
  });

  it("cols", () => {
    const expected = `${op}: cols expected a positive integer, got`;
    for (const cols of [0, -1, 2.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
      refuses(() => call(f32(1, 2, 3, 4), { cols }), `RangeError: ${expected} ${cols}`);
    }
    // a kernel takes 32 bits of it: 2^32 + 4 would be 4
    for (const cols of [2 ** 31, 2 ** 32, 2 ** 32 + 4]) {
      refuses(
        () => call(f32(1, 2, 3, 4), { cols }),
        `RangeError: ${op}: cols expected at most 2147483647, got ${cols}`,
      );
    }
    for (const [cols, got] of [
      ["4", '"4"'],
      [null, "null"],
      [4n, "4n"],
      [[4], "Array of 1 element"],
      [{ valueOf: () => 4 }, "Object"],
    ]) {
      refuses(() => call(f32(1, 2, 3, 4), { cols }), `TypeError: ${expected} ${got}`);
    }
    for (const cols of [3, 5, 8]) {
      refuses(
        () => call(f32(1, 2, 3, 4), { cols }),
        `RangeError: ${op}: cols expected a divisor of 4, the length of ${x}, got ${cols}`,
      );
    }
  });

  it("cols beside a Tensor, which has rows of its own", () => {
    const t = tensor("f32", [2, 4], [1, 2, 3, 4, 5, 6, 7, 9]);
    for (const cols of [2, 3, 8]) {
      refuses(
        () => call(t, { cols }),
        `RangeError: ${op}: cols expected 4, the last dimension of ${x} (${x}.view({ shape }) has other rows), got ${cols}`,
      );
    }
    t.dispose();
  });

  it("nothing at all in x", () => {
    refuses(() => call(f32()), `RangeError: ${op}: ${x} expected at least one element, or cols, got none`);
  });

  it("an array whose buffer is gone", () => {
    const expected = `RangeError: ${op}: ${x} expected an array with its buffer, got one whose buffer`;
    refuses(() => call(detached(), { cols: 4 }), `${expected} is detached`);
    refuses(() => call(detached()), `${expected} is detached`);
    const less = shrunk();
    if (less !== undefined) refuses(() => call(less), `${expected} has shrunk`);
    if (less !== undefined) refuses(() => call(less, { cols: 4 }), `${expected} has shrunk`);
  });

  it("a Tensor that was disposed of, its base or its engine", () => {
    const expected = `RangeError: ${op}: ${x} expected a live Tensor, got one that was disposed of`;
    const gone = tensor("f32", [1, 4]);
    gone.dispose();
    refuses(() => call(gone), expected);
    const base = tensor("f32", [2, 4]);
    const view = base.view({ shape: [1, 4] });
    base.dispose();
    refuses(() => call(view), expected);
    const other = tensor("f32", [2, 4]);
    const ended = other.view({ shape: 4 });
    ended.dispose();
    refuses(() => call(ended), expected);
    other.dispose();
    const engine = createEngine();
    const t = engine.tensor("f32", [1, 4]);
    engine.dispose();
    refuses(() => call(t), `RangeError: ${op}: engine expected a live engine, got one that was disposed of`);
    refuses(
      () => call(f32(1, 2, 3, 4), { engine }),
      `RangeError: ${op}: engine expected a live engine, got one that was disposed of`,
    );
  });

  it("a Tensor of another engine", () => {
    const [one, two] = [createEngine(), createEngine()];
    const t = one.tensor("f32", [1, 4], [1, 2, 3, 4]);
    refuses(
      () => call(t, { engine: two }),
      `RangeError: ${op}: ${x} expected a Tensor of this call's engine, got one of another engine`,
    );
  });

  it("dtype", () => {
    const types = '"f32", "f64", "f16" or "bf16"';
    for (const dtype of ["F32", "float32", "toString", "f8"]) {
      refuses(() => call(f32(1, 2, 3, 4), { dtype }), `RangeError: ${op}: dtype expected ${types}, got "${dtype}"`);
    }
    refuses(() => call(f32(1, 2, 3, 4), { dtype: null }), `RangeError: ${op}: dtype expected ${types}, got null`);
    const has = (dtype: string) => `TypeError: ${op}: dtype expected "${dtype}", which ${x} has, got`;
    refuses(() => call(f32(1, 2, 3, 4), { dtype: "f64" }), `${has("f32")} "f64"`);
    refuses(() => call(f64(1, 2, 3, 4), { dtype: "bf16" }), `${has("f64")} "bf16"`);
    const half = tensor("f16", 4);
    refuses(() => call(half, { dtype: "bf16" }), `${has("f16")} "bf16"`);
    half.dispose();
    const bits = u16(1, 2, 3, 4);
    const halves = `TypeError: ${op}: dtype expected "f16" or "bf16" for a Uint16Array, got `;
    refuses(() => call(bits), `${halves}undefined`);
    refuses(() => call(bits, { dtype: "f32" }), `${halves}"f32"`);
  });

  it("engine", () => {
    const expected = `TypeError: ${op}: engine expected an Engine, got`;
    refuses(() => call(f32(1, 2, 3, 4), { engine: {} }), `${expected} Object`);
    refuses(() => call(f32(1, 2, 3, 4), { engine: null }), `${expected} null`);
    refuses(() => call(f32(1, 2, 3, 4), { engine: createEngine }), `${expected} a function`);
    refuses(() => call(f32(1, 2, 3, 4), { engine: "simd" }), `${expected} "simd"`);
  });
});
