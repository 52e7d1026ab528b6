// project, reject and orthonormalize against the oracle: all tails, gaps, directions of any length, and what is refused.

import { describe, expect, it } from "vitest";
import * as reference from "../../bindings/reference/index.js";
import type { ElementType } from "../support/dtypes.js";
import { type Block, dtypes, Ground, wideOf } from "../support/ground.js";
import { normals } from "../support/random.js";
import { rowCount, rowsOf, tails } from "../support/rows.js";
import { allWithin, promise, sameBits } from "../support/within.js";

const names = ["project", "reject"] as const;
const oracle = { project: reference.project, reject: reference.reject };
const tolerance = 1e-5;

describe.each(dtypes)("%s", (dtype) => {
  const { norm, smallest } = promise[dtype];
  const wide = wideOf(dtype);

  it.each([1, 2, 3])("project and reject, %i directions", (k) => {
    const ground = new Ground();
    const scales = dtype === "f16" ? [1, 0.01, 100] : [1, 1e-20, 1e20];
    for (const cols of tails.slice(k - 1)) {
      const rows = rowCount(cols, k);
      const gap = (cols + k) % 3;
      const x = ground.put(dtype, rowsOf(dtype, rows, cols, cols + 3000), { rows, gap });
      const exact = x.exact();
      const vectors = normals(k * cols, 0.3, 1, cols * 3 + k).map((value) => value * scales[cols % 3]);
      const directions = k === 1 ? vectors : reference.orthonormalize(vectors, { cols });
      for (const name of names) {
        const what = `${name} ${dtype} ${rows}×${cols} k=${k}`;
        const direction = ground.put(wide, directions);
        const given = direction.exact();
        const out = name === "reject" && cols & 1 ? x : ground.put(dtype, rows * cols, { rows, gap: cols % 2 });
        const coefficients = ground.put(wide, rows * k);
        const result = callProjection(ground, name, dtype, { out, coefficients, x, direction }, { rows, cols, k });
        expect(result, what).toBe(0);
        const expected = oracle[name](exact, given, { cols });
        const size = reference.geometry(exact, { cols }).norm;
        const length = k === 1 ? Math.sqrt(reference.dot(given, given).hi) : 1;
        const [values, bits, found] = [out.exact(), out.read(), coefficients.read()];
        for (let r = 0; r < rows; r++) {
          const [from, to] = [r * cols, (r + 1) * cols];
          if (Number.isNaN(size[r])) {
            // NaN goes through the row, and an infinity leaves nothing finite
            expect(values.subarray(from, to).some(Number.isFinite)).toBe(false);
            continue;
          }
          allWithin(
            what,
            dtype,
            bits.slice(from, to),
            expected.y.subarray(from, to),
            () => norm * size[r] + 2 * smallest,
          );
          allWithin(
            `${what}: coefficients`,
            wide,
            found.slice(r * k, (r + 1) * k),
            expected.coefficients.subarray(r * k, (r + 1) * k),
            () => norm * (size[r] / length) + smallest,
          );
        }
      }
      ground.clear();
    }
  });

  it("orthonormalize", () => {
    const ground = new Ground();
    for (const cols of tails) {
      for (const k of [1, 2, 3]) {
        // with room to spare no vector comes near the span of the others
        if (k > 1 && cols < 3 * k) continue;
        const scale = dtype === "f16" ? 1 : [1, 1e-20, 1e20][cols % 3];
        const values = normals(k * cols, 0.3, 1, cols + 6000 + k).map((value) => value * scale);
        const vectors = ground.put(dtype, values, { rows: k, gap: cols % 3 });
        const out = ground.put(dtype, k * cols, { rows: k, gap: cols % 2 });
        const work = ground.put("f64", k * cols, { rows: k });
        const numbers = { rows: k, cols, tolerance: 2 ** -21 };
        expect(ground.call("orthonormalize", dtype, { out, work, vectors }, numbers)).toBe(-1);
        const expected = reference.orthonormalize(vectors.exact(), { cols });
        allWithin(`orthonormalize ${dtype} ${k}×${cols}`, dtype, out.read(), expected, () => 1e-13);
        ground.clear();
      }
    }
  });

  it("dependent vectors, vectors of 0 and of NaN are told, and nothing is written", () => {
    const ground = new Ground();
    const refused = [
      [1, 2, 3, 2, 4, 6],
      [1, 2, 3, 0, 0, 0],
      [1, 2, 3, 0, Number.NaN, 0],
    ];
    for (const values of refused) {
      const vectors = ground.put(dtype, values, { rows: 2 });
      const out = ground.put(dtype, 6, { rows: 2 });
      const work = ground.put("f64", 6, { rows: 2 });
      const before = out.read();
      const numbers = { rows: 2, cols: 3, tolerance: 2 ** -21 };
      expect(ground.call("orthonormalize", dtype, { out, work, vectors }, numbers)).toBe(1);
      sameBits("out", dtype, out.read(), before);
    }
  });

  it.each(names)("%s refuses a direction of 0 or NaN, and several that are not orthonormal", (name) => {
    const ground = new Ground();
    const x = ground.put(dtype, [1, 2, 3, 4], { rows: 2 });
    const refused: [values: number[], result: (value: unknown) => void][] = [
      [[0, 0], (value) => expect(value).toBe(-1)],
      [[Number.NaN, 1], (value) => expect(value).toBe(-1)],
      [[Number.POSITIVE_INFINITY, 1], (value) => expect(value).toBe(-1)],
      [[1, 0, 0.5, 1], (value) => expect(value).toBe(0.5)],
      [[1, 0, Number.NaN, 1], (value) => expect(value).toBeNaN()],
    ];
    for (const [values, expectResult] of refused) {
      const k = values.length / 2;
      const direction = ground.put(wide, values);
      const [out, coefficients] = [ground.put(dtype, 4, { rows: 2 }), ground.put(wide, 2 * k)];
      const [y, c] = [out.read(), coefficients.read()];
      const numbers = { rows: 2, cols: 2, k };
      expectResult(callProjection(ground, name, dtype, { out, coefficients, x, direction }, numbers));
      sameBits("out", dtype, out.read(), y);
      sameBits("coefficients", wide, coefficients.read(), c);
    }
  });
});

describe("coefficients at the ends of the range", () => {
  const coefficient = (dtype: ElementType, x: number[], direction: number[], exponent = 0) => {
    const ground = new Ground();
    const wide = wideOf(dtype);
    const [out, coefficients] = [ground.put(dtype, x.length), ground.put(wide, 1)];
    const operands = { out, coefficients, x: ground.put(dtype, x), direction: ground.put(wide, direction) };
    const numbers = { rows: 1, cols: x.length, k: 1, exponent };
    expect(callProjection(ground, "project", dtype, operands, numbers)).toBe(0);
    return coefficients.exact()[0];
  };

  it("f32: neither overflow nor the loss of a subnormal's bits before the last power of two", () => {
    expect(coefficient("f32", Array(768).fill(3e37), Array(768).fill(1)) / 3e37).toBeCloseTo(1, 6);
    const [x, direction] = [Math.fround(1e-42), Math.fround(1e-30)];
    expect(Math.abs(coefficient("f32", [x], [direction]) / (x / direction) - 1)).toBeLessThanOrEqual(2 ** -23);
  });

  it("f64, at both ends", () => {
    expect(coefficient("f64", [1e300, 1e300], [1e-5, 1e-5]) / 1e305).toBeCloseTo(1, 14);
    expect(coefficient("f64", [5e-324], [2 ** -1000]) * 2 ** 74).toBeCloseTo(1, 14);
    expect(coefficient("f64", [2 ** -1000], [2 ** 74])).toBe(2 ** -1074);
  });

  it("a direction that came times 2^exponent", () => {
    expect(coefficient("f32", [3, 4], [1, 0], 70)).toBe(3 * 2 ** 70);
    expect(coefficient("f32", [3, 4], [1, 0], -70)).toBe(3 * 2 ** -70);
  });
});

function callProjection(
  ground: Ground,
  name: (typeof names)[number],
  dtype: ElementType,
  operands: Readonly<Record<string, Block>>,
  numbers: Readonly<Record<string, number>>,
): number | undefined {
  // a single direction is scaled where it lies: the op gives the kernel a copy
  const changes = numbers.k === 1 ? [operands.direction] : [];
  return ground.call(name, dtype, operands, { exponent: 0, tolerance, ...numbers }, { changes });
}
