// What center, project, angle and orthonormalize refuse in their own arguments and options.

import { angle, createEngine, orthonormalize, project, reject, tensor } from "orthonorm";
import { describe, expect, it } from "vitest";
import {
  type Any,
  callOf,
  detached,
  expectDefaultEngineUnharmed,
  f32,
  f64,
  HINT,
  KINDS,
  refuses,
  u16,
} from "../../support/errors.js";

expectDefaultEngineUnharmed();

describe("options of the projections", () => {
  it.each(["center", "meanVector"] as const)("%s: out", (op) => {
    const call = callOf(op);
    refuses(() => call(f32(1, 2), { out: f32(1) }), `RangeError: ${op}: out expected 2 elements, got 1`);
    refuses(() => call(f32(1, 2), { out: null }), `TypeError: ${op}: out expected ${KINDS}, got null`);
    refuses(
      () => call(f32(1, 2), { out: f64(1, 2) }),
      `TypeError: ${op}: out expected f32 elements, for x is f32, got Float64Array of 2 elements`,
    );
  });

  const both: [string, (x: Any, direction: Any, options?: Any) => unknown][] = [
    ["project", (x, direction, options) => project(x, direction, options)],
    ["reject", (x, direction, options) => reject(x, direction, options)],
  ];

  it.each(both)("%s: direction", (op, call) => {
    const expected = `TypeError: ${op}: direction expected ${KINDS}, got `;
    refuses(() => call(f32(1, 2), undefined), `${expected}undefined`);
    refuses(() => call(f32(1, 2), null), `${expected}null`);
    refuses(() => call(f32(1, 2), [1, 0]), `${expected}Array of 2 elements ${HINT}`);
    refuses(() => call(f32(1, 2), { cols: 2 }), `${expected}Object`);
    refuses(
      () => call(f32(1, 2, 3, 4), f32(1, 2, 3), { cols: 2 }),
      `RangeError: ${op}: direction expected a positive multiple of 2 elements, got 3`,
    );
    refuses(
      () => call(f32(1, 2, 3, 4), f32(), { cols: 2 }),
      `RangeError: ${op}: direction expected a positive multiple of 2 elements, got 0`,
    );
    refuses(
      () => call(f32(1, 2, 3, 4), f32(1, 2, 3)),
      `RangeError: ${op}: direction expected a length that divides x's 4, got 3 elements`,
    );
    refuses(
      () => call(f32(1, 2), detached(2), { cols: 2 }),
      `RangeError: ${op}: direction expected an array with its buffer, got one whose buffer is detached`,
    );
    refuses(
      () => call(f32(1, 2), u16(1, 2)),
      `TypeError: ${op}: direction expected f32 or f64 elements, for x is f32, got Uint16Array of 2 elements`,
    );
  });

  it.each(both)("%s: a direction that is none, and nothing is written", (op, call) => {
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
    for (const direction of [f32(0, 0), f32(-0, 0), f32(nan, 1), f32(1, infinity), f32(-infinity, 0)]) {
      for (const x of [f32(1, 2), tensor("f32", [1, 2], [1, 2])]) {
        const out = f32(7, 7);
        const coefficients = f32(7);
        refuses(
          () => call(x, direction, { out, coefficients }),
          `RangeError: ${op}: direction expected a finite vector other than 0, got one without a direction`,
        );
        refuses(
          () => call(x, direction, { out: x, coefficients }),
          `RangeError: ${op}: direction expected a finite vector other than 0, got one without a direction`,
        );
        expect([out, coefficients]).toEqual([f32(7, 7), f32(7)]);
        if (x instanceof Float32Array) expect(x).toEqual(f32(1, 2));
        else {
          expect(x.toArray()).toEqual(f32(1, 2));
          x.dispose();
        }
      }
    }
  });

  it.each(both)("%s: rows that are not orthonormal, and nothing is written", (op, call) => {
    const wrong: [Float32Array, string][] = [
      [f32(1, 0, 1, 0), "1.0"],
      [f32(2, 0, 0, 1), "3.0"],
      [f32(1, 0, 0, 0), "1.0"],
      // three directions in the plane
      [f32(1, 0, 0, 1, 0.6, 0.8), "0.80"],
      [f32(1, 0, Number.NaN, 1), "NaN"],
    ];
    for (const [direction, off] of wrong) {
      const out = f32(7, 7, 7, 7);
      const coefficients = new Float32Array(direction.length).fill(7);
      refuses(
        () => call(f32(1, 2, 3, 4), direction, { cols: 2, out, coefficients }),
        `RangeError: ${op}: direction expected one vector, or orthonormal rows (see orthonormalize), ` +
          `got rows whose products are off by ${off}`,
      );
      expect(out).toEqual(f32(7, 7, 7, 7));
      expect(coefficients.every((value) => value === 7)).toBe(true);
    }
  });

  it.each(both)("%s: coefficients", (op, call) => {
    const x = f32(1, 2, 3, 4);
    const [one, two] = [f32(1, 0), f32(1, 0, 0, 1)];
    refuses(
      () => call(x, one, { cols: 2, coefficients: f32(1) }),
      `RangeError: ${op}: coefficients expected 2 elements, got 1`,
    );
    refuses(
      () => call(x, two, { cols: 2, coefficients: f32(1, 2) }),
      `RangeError: ${op}: coefficients expected 4 elements, got 2`,
    );
    refuses(
      () => call(x, one, { coefficients: f64(1, 2) }),
      `TypeError: ${op}: coefficients expected f32 elements, got Float64Array of 2 elements`,
    );
    refuses(
      () => call(x, one, { coefficients: [1, 2] }),
      `TypeError: ${op}: coefficients expected ${KINDS}, got Array of 2 elements ${HINT}`,
    );
  });

  it.each(both)("%s: null for coefficients", (op, call) => {
    refuses(
      () => call(f32(1, 2), f32(1, 0), { coefficients: null }),
      `TypeError: ${op}: coefficients expected ${KINDS}, got null`,
    );
  });

  it("a direction of f64 beyond f32, which has a direction all the same", () => {
    expect(project(f32(3, 4), f64(2 ** -200, 0))).toEqual(f32(3, 0));
    expect(reject(f32(3, 4), f64(1e60, 0))).toEqual(f32(0, 4));
    // 0 times whatever scale brought the direction into range is 0
    const coefficients = f32(7);
    expect(project(f32(0, 4), f64(2 ** -1074, 0), { coefficients })).toEqual(f32(0, 0));
    expect(coefficients).toEqual(f32(0));
    project(f32(3, 4), f64(2 ** 100, 0), { coefficients });
    expect(coefficients).toEqual(f32(3 * 2 ** -100));
    expect(angle(f32(3, 0), f64(1e60, 0))[0]).toBeCloseTo(0, 6);
    expect(angle(f32(3, 0), f64(0, 1e-60))[0]).toBeCloseTo(Math.PI / 2, 6);
  });

  it("angle: y", () => {
    const call = angle as (x: Any, y: Any, options?: Any) => unknown;
    const expected = `TypeError: angle: y expected ${KINDS}, got `;
    refuses(() => call(f32(1, 2), undefined), `${expected}undefined`);
    refuses(() => call(f32(1, 2), [1, 2]), `${expected}Array of 2 elements ${HINT}`);
    refuses(
      () => call(f32(1, 2, 3, 4, 5, 6), f32(1, 2, 3, 4), { cols: 2 }),
      "RangeError: angle: y expected 6 elements like x, or one row of 2, got 4",
    );
    refuses(
      () => call(f32(1, 2), f32(1, 2, 3, 4), { cols: 2 }),
      "RangeError: angle: y expected 2 elements like x, or one row of 2, got 4",
    );
    refuses(
      () => call(f32(1, 2, 3, 4), f32(1, 2, 3)),
      "RangeError: angle: y expected a length that divides x's 4, got 3 elements",
    );
  });

  it("orthonormalize: dependent, zero and infinite vectors, more of them than columns", () => {
    const said = (row: number) =>
      "RangeError: orthonormalize: vectors expected linearly independent rows, " +
      `got row ${row}, which is 0, not finite, or in the span of those before it`;
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
    const wrong: [number[], number, number][] = [
      [[1, 2, 2, 4], 2, 1],
      [[1, 2, -1, -2], 2, 1],
      [[0, 0, 1, 2], 2, 0],
      [[1, 2, 0, 0], 2, 1],
      [[1, nan], 2, 0],
      [[1, 0, infinity, 1], 2, 1],
      [[1, 0, 0, 1, 1, 1], 2, 2],
      [[1, 1], 1, 1],
      [[1, 0, 0, 0, 1, 0, 3, -5, 0], 3, 2],
    ];
    for (const [values, cols, row] of wrong) {
      refuses(() => orthonormalize(f32(...values), { cols }), said(row));
      refuses(() => orthonormalize(f64(...values), { cols }), said(row));
      const engine = createEngine();
      const vectors = engine.tensor("bf16", [values.length / cols, cols], values);
      const before = vectors.toArray();
      const used = engine.bytesInUse;
      refuses(() => orthonormalize(vectors), said(row));
      expect(engine.bytesInUse).toBe(used);
      expect(vectors.toArray()).toEqual(before);
    }
  });
});
