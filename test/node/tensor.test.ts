// Tensors in Node's own tools: console.log, node:assert, node:util.

import { deepEqual, deepStrictEqual, notDeepStrictEqual } from "node:assert";
import { inspect } from "node:util";
import { createEngine, type DType, tensor } from "orthonorm";
import { expect, it } from "vitest";

const make = (dtype: DType, shape: number | number[], data: number[]) => createEngine().tensor(dtype, shape, data);

it("console.log prints one line", () => {
  const x = tensor("f32", [2, 4], [1, 2, 3, 4, 5, 6, 7, 8]);
  expect(inspect(x)).toBe("Tensor f32 [2, 4] [1, 2, 3, 4, 5, 6, …]");
  expect(inspect({ x })).toBe("{ x: Tensor f32 [2, 4] [1, 2, 3, 4, 5, 6, …] }");
  expect(inspect(createEngine())).toBe("Engine simd, 0 bytes in use");
  x.dispose();
  expect(inspect(x)).toBe("Tensor f32 [2, 4], disposed of");
});

it("node:assert compares content", () => {
  const x = make("f32", [2, 2], [1, 2, Number.NaN, 4]);
  deepStrictEqual(x, make("f32", [2, 2], [1, 2, Number.NaN, 4]));
  deepEqual(x, make("f32", [2, 2], [1, 2, Number.NaN, 4]));
  deepStrictEqual({ x }, { x: make("f32", [2, 3], [1, 2, 9, Number.NaN, 4, 9]).view({ shape: [2, 2], rowStride: 3 }) });
  for (const other of [
    make("f64", [2, 2], [1, 2, Number.NaN, 4]),
    make("f32", 4, [1, 2, Number.NaN, 4]),
    make("f32", [2, 2], [1, 2, Number.NaN, 5]),
    make("f32", [2, 2], [1, 2, 3, 4]),
  ]) {
    notDeepStrictEqual(x, other);
  }
  notDeepStrictEqual(make("f16", 1, [1]), make("bf16", 1, [1]));
});

it("of four million elements too, without going over its engine", () => {
  const engine = createEngine();
  const [x, y] = [engine.tensor("f32", [2 ** 11, 2 ** 11]), engine.tensor("f32", [2 ** 11, 2 ** 11])];
  const start = performance.now();
  deepStrictEqual(x, y);
  y.data[2 ** 22 - 1] = 1;
  notDeepStrictEqual(x, y);
  // 5 s and a wrong answer when a Tensor's properties led to its engine; 0.1 s is usual
  expect(performance.now() - start).toBeLessThan(5000);
});
