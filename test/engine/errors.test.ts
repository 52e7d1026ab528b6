// Misuse of every public function: the class of the error and its words (argument, expected, got), nothing written, and
// everything that was alive works after it.

import {
  angle,
  type CommonOptions,
  center,
  createEngine,
  decompose,
  geometry,
  invertLayerNorm,
  layerNorm,
  meanVector,
  moments,
  type Operand,
  orthonormalize,
  project,
  reject,
  rmsNorm,
  type Tensor,
  tensor,
} from "orthonorm";
import { afterEach, describe, expect, it } from "vitest";

/** Anything in place of anything: what a caller without types may give. */
// biome-ignore lint/suspicious/noExplicitAny: the tests are about wrong kinds
type Any = any;

const f32 = (...values: number[]) => new Float32Array(values);
const f64 = (...values: number[]) => new Float64Array(values);
const u16 = (...values: number[]) => new Uint16Array(values);

/** An array whose buffer has been transferred away. */
function detached(length = 4): Float32Array {
  const array = new Float32Array(length);
  structuredClone(array, { transfer: [array.buffer] });
  return array;
}

/** The call throws exactly this: "TypeError: layerNorm: …". */
function refuses(call: () => unknown, message: string): void {
  let said = "none";
  try {
    call();
  } catch (error) {
    said = String(error);
  }
  expect(said).toBe(message);
}

type Call = (x: Any, options?: Any) => unknown;

/** Every op as (x, options), with a second operand where it takes one. */
const ops: Record<string, Call> = {
  layerNorm: (x, options) => layerNorm(x, options),
  rmsNorm: (x, options) => rmsNorm(x, options),
  moments: (x, options) => moments(x, options),
  center: (x, options) => center(x, options),
  meanVector: (x, options) => meanVector(x, options),
  decompose: (x, options) => decompose(x, options),
  geometry: (x, options) => geometry(x, options),
  project: (x, options) => project(x, like(x), options),
  reject: (x, options) => reject(x, like(x), options),
  angle: (x, options) => angle(x, like(x), options),
  orthonormalize: (x, options) => orthonormalize(x, options),
  invertLayerNorm: (z, options) => invertLayerNorm(z, withSaved(z, options)),
};

/** One row of the same kind as x, for those ops: whatever is wrong with the call is not its fault. */
function like(x: unknown): Operand {
  if (x instanceof Float64Array) return f64(1, 0, 0, 0);
  return x instanceof Uint16Array ? u16(0x3c00, 0, 0, 0) : f32(1, 0, 0, 0);
}

/** Options with a mean and a rstd, for the op that must have them; what are no options as they are. */
function withSaved(z: unknown, options: Any): Any {
  if (options !== undefined && Object.getPrototypeOf(options ?? 0) !== Object.prototype) return options;
  const one = z instanceof Float64Array ? f64(1) : f32(1);
  return { mean: one, rstd: one, ...options };
}

const first = (op: string) => ({ orthonormalize: "vectors", invertLayerNorm: "z" })[op] ?? "x";

afterEach(() => {
  // the default engine is none the worse
  expect(layerNorm(f32(-1, 1), { eps: 0 })).toEqual(f32(-1, 1));
  expect(reject(f32(3, 4), f32(2, 0))).toEqual(f32(0, 4));
});

describe.each(Object.entries(ops))("%s", (op, call) => {
  const x = first(op);

  it("x of a wrong kind", () => {
    const expected = `TypeError: ${op}: ${x} expected a typed array or a Tensor, got `;
    refuses(() => call([1, 2, 3, 4]), `${expected}Array of 4 elements`);
    refuses(() => call(null), `${expected}null`);
    refuses(() => call(undefined), `${expected}undefined`);
    refuses(() => call(5), `${expected}5`);
    refuses(() => call("12"), `${expected}"12"`);
    refuses(() => call({ length: 4 }), `${expected}Object`);
    refuses(() => call(Object.create(null)), `${expected}object`);
    refuses(() => call(new Int32Array(4)), `${expected}Int32Array`);
    refuses(() => call(new ArrayBuffer(16)), `${expected}ArrayBuffer`);
    refuses(() => call(Symbol("x")), `${expected}Symbol(x)`);
    refuses(() => call(1n), `${expected}1`);
    refuses(() => call(() => 1), `${expected}a function`);
  });

  it("options that are none", () => {
    const expected = `TypeError: ${op}: options expected an object, got `;
    refuses(() => call(f32(1, 2, 3, 4), null), `${expected}null`);
    refuses(() => call(f32(1, 2, 3, 4), 768), `${expected}768`);
    refuses(() => call(f32(1, 2, 3, 4), "f32"), `${expected}"f32"`);
    refuses(() => call(f32(1, 2, 3, 4), true), `${expected}true`);
    refuses(() => call(f32(1, 2, 3, 4), f32(1)), `${expected}Float32Array of 1 elements`);
    refuses(() => call(f32(1, 2, 3, 4), new Int8Array(1)), `${expected}Int8Array`);
  });

  it("an array or a Tensor in the place of options, which would be ignored in silence", () => {
    const expected = `TypeError: ${op}: options expected an object, got `;
    refuses(() => call(f32(1, 2, 3, 4), [4]), `${expected}Array of 1 elements`);
    const weight = tensor("f32", 2, [1, 2]);
    refuses(() => call(f32(1, 2, 3, 4), weight), `${expected}Tensor`);
    weight.dispose();
  });

  it("cols", () => {
    for (const cols of [0, -1, 2.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
      refuses(
        () => call(f32(1, 2, 3, 4), { cols }),
        `RangeError: ${op}: cols expected a positive integer, got ${cols}`,
      );
    }
    for (const [cols, got] of [
      ["4", '"4"'],
      [null, "null"],
      [4n, "4"],
      [[4], "Array of 1 elements"],
    ]) {
      refuses(() => call(f32(1, 2, 3, 4), { cols }), `TypeError: ${op}: cols expected a positive integer, got ${got}`);
    }
    for (const cols of [3, 5, 8]) {
      refuses(
        () => call(f32(1, 2, 3, 4), { cols }),
        `RangeError: ${op}: cols expected a divisor of 4, the length of ${x}, got ${cols}`,
      );
    }
  });

  it("nothing at all in x", () => {
    refuses(() => call(f32()), `RangeError: ${op}: ${x} expected at least one element, or cols, got none`);
  });

  it("a detached array", () => {
    const message = `RangeError: ${op}: ${x} expected an array with its buffer, got one whose buffer is detached`;
    refuses(() => call(detached(), { cols: 4 }), message);
    refuses(() => call(detached()), message);
  });

  it("a Tensor that was disposed of", () => {
    const gone = tensor("f32", [1, 4]);
    gone.dispose();
    refuses(() => call(gone), `RangeError: ${op}: ${x} expected a live Tensor, got one that was disposed of`);
  });

  it("dtype", () => {
    const types = '"f32", "f64", "f16" or "bf16"';
    refuses(() => call(f32(1, 2, 3, 4), { dtype: "F32" }), `RangeError: ${op}: dtype expected ${types}, got "F32"`);
    refuses(
      () => call(f32(1, 2, 3, 4), { dtype: "toString" }),
      `RangeError: ${op}: dtype expected ${types}, got "toString"`,
    );
    refuses(
      () => call(f32(1, 2, 3, 4), { dtype: "f64" }),
      `TypeError: ${op}: dtype expected "f32", which ${x} has, got "f64"`,
    );
    refuses(
      () => call(f64(1, 2, 3, 4), { dtype: "bf16" }),
      `TypeError: ${op}: dtype expected "f64", which ${x} has, got "bf16"`,
    );
    const bits = u16(1, 2, 3, 4);
    const halves = `TypeError: ${op}: dtype expected "f16" or "bf16" for a Uint16Array, got `;
    refuses(() => call(bits), `${halves}undefined`);
    refuses(() => call(bits, { dtype: "f32" }), `${halves}"f32"`);
    const half = tensor("f16", 4);
    refuses(() => call(half, { dtype: "bf16" }), `TypeError: ${op}: dtype expected "f16", which ${x} has, got "bf16"`);
    half.dispose();
  });

  it("engine", () => {
    refuses(() => call(f32(1, 2, 3, 4), { engine: {} }), `TypeError: ${op}: engine expected an Engine, got Object`);
    refuses(() => call(f32(1, 2, 3, 4), { engine: null }), `TypeError: ${op}: engine expected an Engine, got null`);
  });
});

describe("options of the norms", () => {
  const norms: [string, Call][] = [
    ["layerNorm", ops.layerNorm],
    ["rmsNorm", ops.rmsNorm],
  ];

  it.each(norms)("%s: eps", (op, call) => {
    for (const eps of [-1, -Number.MIN_VALUE, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      refuses(
        () => call(f32(1, 2), { eps }),
        `RangeError: ${op}: eps expected a finite number of at least 0, got ${eps}`,
      );
    }
    refuses(
      () => call(f32(1, 2), { eps: "1e-5" }),
      `TypeError: ${op}: eps expected a number of at least 0, got "1e-5"`,
    );
    refuses(() => call(f32(1, 2), { eps: null }), `TypeError: ${op}: eps expected a number of at least 0, got null`);
    refuses(() => call(f32(1, 2), { eps: 1n }), `TypeError: ${op}: eps expected a number of at least 0, got 1`);
    // −0 is 0
    expect(call(f32(-1, 1), { eps: -0 })).toEqual(f32(-1, 1));
  });

  it("rmsNorm: weightOffset", () => {
    for (const weightOffset of [Number.NaN, Number.POSITIVE_INFINITY]) {
      refuses(
        () => rmsNorm(f32(1, 2), { weightOffset }),
        `RangeError: rmsNorm: weightOffset expected a finite number, got ${weightOffset}`,
      );
    }
    refuses(
      () => rmsNorm(f32(1, 2), { weightOffset: "1" as Any }),
      'TypeError: rmsNorm: weightOffset expected a number, got "1"',
    );
  });

  it.each(norms)("%s: operands of a wrong kind", (op, call) => {
    for (const name of ["weight", "bias", "residual", "out"]) {
      const expected = `TypeError: ${op}: ${name} expected a typed array or a Tensor, got `;
      refuses(() => call(f32(1, 2), { [name]: null }), `${expected}null`);
      refuses(() => call(f32(1, 2), { [name]: [1, 2] }), `${expected}Array of 2 elements`);
      refuses(() => call(f32(1, 2), { [name]: 1 }), `${expected}1`);
      refuses(() => call(f32(1, 2), { [name]: new Int16Array(2) }), `${expected}Int16Array`);
    }
    for (const name of op === "layerNorm" ? ["mean", "rstd"] : ["rstd"]) {
      const expected = `TypeError: ${op}: ${name} expected a typed array or a Tensor, got `;
      refuses(() => call(f32(1, 2), { [name]: [1] }), `${expected}Array of 1 elements`);
      refuses(() => call(f32(1, 2), { [name]: true }), `${expected}true`);
    }
  });

  it.each(norms)("%s: null for numbers a row", (op, call) => {
    for (const name of op === "layerNorm" ? ["mean", "rstd"] : ["rstd"]) {
      refuses(
        () => call(f32(1, 2), { [name]: null }),
        `TypeError: ${op}: ${name} expected a typed array or a Tensor, got null`,
      );
    }
  });

  it.each(norms)("%s: operands of a wrong length", (op, call) => {
    const x = f32(1, 2, 3, 4, 5, 6);
    for (const name of ["weight", "bias"]) {
      refuses(() => call(x, { cols: 3, [name]: f32(1, 2) }), `RangeError: ${op}: ${name} expected 3 elements, got 2`);
      refuses(() => call(x, { cols: 3, [name]: f32() }), `RangeError: ${op}: ${name} expected 3 elements, got 0`);
      refuses(
        () => call(x, { cols: 3, [name]: detached() }),
        `RangeError: ${op}: ${name} expected an array with its buffer, got one whose buffer is detached`,
      );
    }
    for (const name of ["residual", "out"]) {
      refuses(
        () => call(x, { cols: 3, [name]: f32(1, 2, 3) }),
        `RangeError: ${op}: ${name} expected 6 elements, got 3`,
      );
    }
    refuses(() => call(x, { cols: 3, residual: x, sum: f32(1) }), `RangeError: ${op}: sum expected 6 elements, got 1`);
    refuses(() => call(x, { cols: 3, rstd: f32(1) }), `RangeError: ${op}: rstd expected 2 elements, got 1`);
    if (op === "layerNorm") {
      refuses(() => call(x, { cols: 3, mean: f32(1, 2, 3) }), "RangeError: layerNorm: mean expected 2 elements, got 3");
    }
    // a weight says how long a row is, if nothing else does
    refuses(
      () => call(x, { weight: f32(1, 2, 3, 4) }),
      `RangeError: ${op}: weight expected a length that divides x's 6, got 4 elements`,
    );
    refuses(
      () => call(x, { weight: f32() }),
      `RangeError: ${op}: weight expected at least one element, or cols, got none`,
    );
    const t = tensor("f32", [2, 3]);
    refuses(() => call(t, { weight: f32(1, 2) }), `RangeError: ${op}: weight expected 3 elements, got 2`);
    refuses(() => call(t, { cols: 4 }), `RangeError: ${op}: cols expected a divisor of 6, the length of x, got 4`);
    t.dispose();
  });

  it.each(norms)("%s: a sum of nothing", (op, call) => {
    const sum = f32(7, 7);
    refuses(
      () => call(f32(1, 2), { sum }),
      `RangeError: ${op}: residual expected an operand beside sum, got undefined`,
    );
    expect(sum).toEqual(f32(7, 7));
  });

  it.each(norms)("%s: mixed element types", (op, call) => {
    const x = f32(1, 2);
    for (const name of ["residual", "out"]) {
      refuses(
        () => call(x, { [name]: f64(1, 2) }),
        `TypeError: ${op}: ${name} expected f32 elements, for x is f32, got Float64Array of 2 elements`,
      );
      refuses(
        () => call(f64(1, 2), { [name]: x }),
        `TypeError: ${op}: ${name} expected f64 elements, for x is f64, got Float32Array of 2 elements`,
      );
      refuses(
        () => call(x, { [name]: u16(1, 2) }),
        `TypeError: ${op}: ${name} expected f32 elements, for x is f32, got Uint16Array of 2 elements`,
      );
    }
    const bf16 = tensor("bf16", 2);
    refuses(
      () => call(u16(1, 2), { dtype: "f16", residual: bf16 }),
      `TypeError: ${op}: residual expected f16 elements, for x is f16, got a Tensor of bf16`,
    );
    refuses(
      () => call(u16(1, 2), { dtype: "f16", weight: bf16 }),
      `TypeError: ${op}: weight expected f16 or f32 or f64 elements, for x is f16, got a Tensor of bf16`,
    );
    refuses(
      () => call(x, { weight: bf16 }),
      `TypeError: ${op}: weight expected f32 or f64 elements, for x is f32, got a Tensor of bf16`,
    );
    refuses(
      () => call(x, { weight: u16(1, 2) }),
      `TypeError: ${op}: weight expected f32 or f64 elements, for x is f32, got Uint16Array of 2 elements`,
    );
    refuses(
      () => call(x, { rstd: f64(1) }),
      `TypeError: ${op}: rstd expected f32 elements, got Float64Array of 1 elements`,
    );
    refuses(
      () => call(f64(1, 2), { rstd: f32(1) }),
      `TypeError: ${op}: rstd expected f64 elements, got Float32Array of 1 elements`,
    );
    refuses(
      () => call(u16(1, 2), { dtype: "bf16", rstd: u16(1) }),
      `TypeError: ${op}: rstd expected f32 elements, got Uint16Array of 1 elements`,
    );
    bf16.dispose();
  });
});

describe("options of the projections", () => {
  it.each(["center", "meanVector"] as const)("%s: out", (op) => {
    const call = ops[op];
    refuses(() => call(f32(1, 2), { out: f32(1) }), `RangeError: ${op}: out expected 2 elements, got 1`);
    refuses(() => call(f32(1, 2), { out: null }), `TypeError: ${op}: out expected a typed array or a Tensor, got null`);
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
    const expected = `TypeError: ${op}: direction expected a typed array or a Tensor, got `;
    refuses(() => call(f32(1, 2), undefined), `${expected}undefined`);
    refuses(() => call(f32(1, 2), null), `${expected}null`);
    refuses(() => call(f32(1, 2), [1, 0]), `${expected}Array of 2 elements`);
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
      `TypeError: ${op}: coefficients expected a typed array or a Tensor, got Array of 2 elements`,
    );
  });

  it.each(both)("%s: null for coefficients", (op, call) => {
    refuses(
      () => call(f32(1, 2), f32(1, 0), { coefficients: null }),
      `TypeError: ${op}: coefficients expected a typed array or a Tensor, got null`,
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
    const expected = "TypeError: angle: y expected a typed array or a Tensor, got ";
    refuses(() => call(f32(1, 2), undefined), `${expected}undefined`);
    refuses(() => call(f32(1, 2), [1, 2]), `${expected}Array of 2 elements`);
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

describe("options of invertLayerNorm", () => {
  const call = invertLayerNorm as (z: Any, options?: Any) => unknown;
  const op = "invertLayerNorm";
  const z = () => f32(1, 2, 3, 4, 5, 6);
  const saved = () => ({ mean: f32(1, 2), rstd: f32(1, 2) });

  it("none at all", () => {
    refuses(() => call(z()), `TypeError: ${op}: options expected an object, got undefined`);
  });

  it.each(["mean", "rstd"])("%s", (name) => {
    const given = (value: Any) => call(z(), { cols: 3, ...saved(), [name]: value });
    const expected = `TypeError: ${op}: ${name} expected a typed array or a Tensor, got `;
    refuses(() => given(undefined), `${expected}undefined`);
    refuses(() => given(null), `${expected}null`);
    refuses(() => given([1, 2]), `${expected}Array of 2 elements`);
    refuses(() => given(1), `${expected}1`);
    refuses(() => given(f32(1)), `RangeError: ${op}: ${name} expected 2 elements, got 1`);
    refuses(() => given(f32(1, 2, 3)), `RangeError: ${op}: ${name} expected 2 elements, got 3`);
    refuses(
      () => given(detached(2)),
      `RangeError: ${op}: ${name} expected an array with its buffer, got one whose buffer is detached`,
    );
    refuses(() => given(f64(1, 2)), `TypeError: ${op}: ${name} expected f32 elements, got Float64Array of 2 elements`);
    refuses(
      () => call(f64(1, 2), { mean: f64(1), rstd: f64(1), [name]: f32(1) }),
      `TypeError: ${op}: ${name} expected f64 elements, got Float32Array of 1 elements`,
    );
    refuses(
      () => call(u16(1, 2), { dtype: "f16", mean: f32(1), rstd: f32(1), [name]: u16(1) }),
      `TypeError: ${op}: ${name} expected f32 elements, got Uint16Array of 1 elements`,
    );
    const bf16 = tensor("bf16", 2);
    refuses(() => given(bf16), `TypeError: ${op}: ${name} expected f32 elements, got a Tensor of bf16`);
    bf16.dispose();
    refuses(() => given(bf16), `RangeError: ${op}: ${name} expected a live Tensor, got one that was disposed of`);
    const foreign = createEngine().tensor("f32", 2);
    refuses(
      () => call(tensor("f32", [2, 3]), { ...saved(), [name]: foreign }),
      `RangeError: ${op}: ${name} expected a Tensor of this call's engine, got one of another engine`,
    );
    // without cols or weight z is one row
    refuses(() => call(z(), saved()), `RangeError: ${op}: mean expected 1 elements, got 2`);
  });

  it("weight, bias and out", () => {
    const given = (options: Any) => call(z(), { cols: 3, ...saved(), ...options });
    for (const name of ["weight", "bias", "out"]) {
      const expected = `TypeError: ${op}: ${name} expected a typed array or a Tensor, got `;
      refuses(() => given({ [name]: null }), `${expected}null`);
      refuses(() => given({ [name]: [1, 2, 3] }), `${expected}Array of 3 elements`);
    }
    for (const name of ["weight", "bias"]) {
      refuses(() => given({ [name]: f32(1, 2) }), `RangeError: ${op}: ${name} expected 3 elements, got 2`);
      refuses(
        () => given({ [name]: u16(1, 2, 3) }),
        `TypeError: ${op}: ${name} expected f32 or f64 elements, for z is f32, got Uint16Array of 3 elements`,
      );
    }
    refuses(() => given({ out: f32(1, 2) }), `RangeError: ${op}: out expected 6 elements, got 2`);
    refuses(
      () => given({ out: f64(1, 2, 3, 4, 5, 6) }),
      `TypeError: ${op}: out expected f32 elements, for z is f32, got Float64Array of 6 elements`,
    );
    refuses(
      () => call(z(), { ...saved(), weight: f32(1, 2, 3, 4) }),
      `RangeError: ${op}: weight expected a length that divides z's 6, got 4 elements`,
    );
  });

  it("a weight of 0, wherever it is, and nothing is written", () => {
    const engine = createEngine();
    for (const cols of [1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 768]) {
      for (const at of new Set([0, 1, 2, 3, 5, cols - 2, cols - 1].filter((one) => one >= 0 && one < cols))) {
        const message = `RangeError: ${op}: weight expected no zero element, got 0 at ${at}: what it scaled cannot be recovered`;
        for (const dtype of ["f32", "f64", "f16", "bf16"] as const) {
          const perRow = dtype === "f64" ? f64(1, 2) : f32(1, 2);
          const x = engine.tensor(dtype, [2, cols]);
          const weight = engine.tensor(dtype, cols, new Array(cols).fill(1));
          x.data.fill(7);
          weight.data[at] = 0;
          const before = x.toArray();
          const used = engine.bytesInUse;
          refuses(() => call(x, { mean: perRow, rstd: perRow, weight }), message);
          refuses(() => call(x, { mean: perRow, rstd: perRow, weight, out: x }), message);
          refuses(() => call(before, { dtype, mean: perRow, rstd: perRow, weight, out: before }), message);
          expect([x.toArray(), engine.bytesInUse]).toEqual([before, used]);
          if (dtype === "f32") weight.data[at] = -0;
          if (dtype === "f32") refuses(() => call(x, { mean: perRow, rstd: perRow, weight }), message);
          x.dispose();
          weight.dispose();
        }
      }
    }
    // of two the first; one that is 0 only in the f32 that layerNorm scaled with
    const weight = f64(1, 1e-60, 0);
    refuses(
      () => call(z(), { ...saved(), weight }),
      `RangeError: ${op}: weight expected no zero element, got 0 at 1: what it scaled cannot be recovered`,
    );
  });

  it("overlaps: out and z, mean, rstd, weight", () => {
    const all = Float32Array.from({ length: 16 }, (_, i) => i + 1);
    const at = (from: number, to: number) => all.subarray(from, to);
    const [mean, rstd] = [at(8, 9), at(9, 10)];
    refuses(
      () => call(at(0, 4), { mean, rstd, out: at(2, 6) }),
      `RangeError: ${op}: out expected z itself, or no element of it, got an array that overlaps z`,
    );
    for (const [name, from] of [
      ["mean", 5],
      ["rstd", 9],
    ] as const) {
      refuses(
        () => call(at(0, 4), { mean, rstd, out: at(from, from + 4) }),
        `RangeError: ${op}: out expected no element of ${name}, got an array that overlaps ${name}`,
      );
    }
    refuses(
      () => call(at(0, 4), { mean, rstd, weight: at(10, 14), out: at(10, 14) }),
      `RangeError: ${op}: out expected no element of weight, got weight`,
    );
    expect(all).toEqual(Float32Array.from({ length: 16 }, (_, i) => i + 1));
    // inputs may share what they like
    expect(call(f32(1, 3), { mean: at(1, 2), rstd: at(1, 2), weight: at(0, 2) })).toEqual(f32(2.5, 2.75));
  });
});

describe("overlaps", () => {
  /** Views of one buffer of 16 numbers, as plain arrays and as views of a Tensor. */
  const homes: [string, () => { at: (from: number, to: number) => Float32Array; all: () => number[] }][] = [
    [
      "arrays over one buffer",
      () => {
        const all = Float32Array.from({ length: 16 }, (_, i) => i);
        return { at: (from, to) => all.subarray(from, to), all: () => [...all] };
      },
    ],
    [
      "views of one Tensor",
      () => {
        const t = tensor(
          "f32",
          16,
          Array.from({ length: 16 }, (_, i) => i),
        );
        return { at: (from, to) => t.data.subarray(from, to) as Float32Array, all: () => [...t.data] };
      },
    ],
  ];
  const untouched = Array.from({ length: 16 }, (_, i) => i);

  it.each(homes)("%s: out and x, residual, weight, sum", (_, make) => {
    const { at, all } = make();
    const x = at(0, 8);
    const no = (op: string, output: string, other: string, got = `an array that overlaps ${other}`) =>
      `RangeError: ${op}: ${output} expected no element of ${other}, got ${got}`;
    const itself = (op: string, output: string, other: string) =>
      `RangeError: ${op}: ${output} expected ${other} itself, or no element of it, got an array that overlaps ${other}`;
    for (const from of [1, 4, 7]) {
      refuses(() => layerNorm(x, { out: at(from, from + 8) }), itself("layerNorm", "out", "x"));
      refuses(() => layerNorm(at(from, from + 8), { out: x }), itself("layerNorm", "out", "x"));
      refuses(() => rmsNorm(x, { cols: 4, out: at(from, from + 8) }), itself("rmsNorm", "out", "x"));
      refuses(() => center(x, { out: at(from, from + 8) }), itself("center", "out", "x"));
      refuses(() => reject(x, at(8, 16), { out: at(from, from + 8) }), itself("reject", "out", "x"));
    }
    const [y, z] = [new Float32Array(8), new Float32Array(8)];
    refuses(() => layerNorm(y, { residual: x, out: at(1, 9) }), itself("layerNorm", "out", "residual"));
    refuses(() => layerNorm(y, { residual: x, sum: at(1, 9) }), itself("layerNorm", "sum", "residual"));
    refuses(() => layerNorm(x, { weight: at(8, 16), out: at(8, 16) }), no("layerNorm", "out", "weight", "weight"));
    refuses(() => layerNorm(x, { cols: 4, weight: at(8, 12), out: at(8, 16) }), no("layerNorm", "out", "weight"));
    refuses(() => rmsNorm(x, { bias: at(8, 16), out: at(8, 16) }), no("rmsNorm", "out", "bias", "bias"));
    refuses(() => layerNorm(y, { residual: z, out: x, sum: x }), no("layerNorm", "out", "sum", "sum"));
    refuses(() => layerNorm(y, { residual: z, out: x, sum: at(7, 15) }), no("layerNorm", "out", "sum"));
    refuses(() => layerNorm(y, { out: x, mean: at(3, 4) }), no("layerNorm", "out", "mean"));
    refuses(() => layerNorm(x, { mean: at(3, 4) }), no("layerNorm", "mean", "x"));
    refuses(() => rmsNorm(x, { rstd: at(7, 8) }), no("rmsNorm", "rstd", "x"));
    refuses(() => layerNorm(y, { mean: at(3, 4), rstd: at(3, 4) }), no("layerNorm", "mean", "rstd", "rstd"));
    refuses(() => project(y, x, { out: x }), no("project", "out", "direction", "direction"));
    refuses(() => project(x, x, { out: x }), no("project", "out", "direction", "direction"));
    refuses(() => project(x, y.fill(1), { coefficients: at(0, 1) }), no("project", "coefficients", "x"));
    refuses(() => project(y, x, { coefficients: at(0, 1) }), no("project", "coefficients", "direction"));
    expect(all()).toEqual(untouched);
    // neighbours do not overlap
    layerNorm(x, { weight: y, out: at(8, 16) });
    expect(all().slice(0, 8)).toEqual(untouched.slice(0, 8));
  });

  it("Tensors: in place is allowed, another operand is not", () => {
    const engine = createEngine();
    const x = engine.tensor("f32", [1, 4], [1, 2, 3, 4]);
    const weight = engine.tensor("f32", [1, 4], [1, 1, 1, 1]);
    refuses(
      () => layerNorm(x, { weight, out: weight }),
      "RangeError: layerNorm: out expected no element of weight, got weight",
    );
    refuses(
      () => rmsNorm(x, { bias: weight, out: weight }),
      "RangeError: rmsNorm: out expected no element of bias, got bias",
    );
    refuses(
      () => layerNorm(x, { weight: x, out: x }),
      "RangeError: layerNorm: out expected no element of weight, got weight",
    );
    expect([...x.data, ...weight.data]).toEqual([1, 2, 3, 4, 1, 1, 1, 1]);
    // a Tensor and a view of it are the same place
    refuses(
      () => layerNorm(x, { out: weight.data, weight }),
      "RangeError: layerNorm: out expected no element of weight, got weight",
    );
    const expected = layerNorm(f32(1, 2, 3, 4));
    expect(layerNorm(x, { out: x.data })).toEqual(expected);
  });
});

describe("what was alive lives on", () => {
  it("outputs stay as they were, whichever check fails", () => {
    const x = f32(1, 2, 3, 4);
    const outputs = () => ({ out: f32(7, 7, 7, 7), sum: f32(7, 7, 7, 7), mean: f32(7, 7), rstd: f32(7, 7) });
    const wrong: Any[] = [
      { cols: 3 },
      { eps: -1 },
      { weight: f32(1) },
      { bias: f32(1) },
      { rstd: f32(1) },
      { rstd: f64(1, 2) },
      { engine: {} },
      { dtype: "f64" },
    ];
    for (const option of wrong) {
      const given = outputs();
      expect(() => layerNorm(x, { cols: 2, residual: x, ...given, ...option })).toThrow(/^layerNorm: /);
      expect({ ...given, x }).toEqual({ ...outputs(), x: f32(1, 2, 3, 4) });
    }
  });

  it("a call inside a call: getters of options that compute", () => {
    const inner = () => layerNorm(f32(1, 2, 3, 4, 5, 6, 7, 8), { cols: 2, weight: f32(2, 3), mean: f32(0, 0, 0, 0) });
    const right = layerNorm(f32(1, 2, 4, 8), { cols: 4, weight: f32(1, 2, 3, 4), bias: f32(1, 1, 1, 1) });
    const values: CommonOptions & Record<string, unknown> = {
      cols: 4,
      weight: f32(1, 2, 3, 4),
      bias: f32(1, 1, 1, 1),
      eps: 1e-5,
    };
    const options: Any = {};
    for (const name of ["cols", "weight", "bias", "eps", "dtype", "engine", "residual", "sum", "out", "mean", "rstd"]) {
      Object.defineProperty(options, name, {
        enumerable: true,
        get() {
          inner();
          expect(() => project(f32(1, 2), f32(0, 0))).toThrow(RangeError);
          return values[name];
        },
      });
    }
    expect(layerNorm(f32(1, 2, 4, 8), options)).toEqual(right);
    const x = tensor("f32", [1, 4], [1, 2, 4, 8]);
    const y = layerNorm(x, options) as Tensor;
    expect(y.toArray()).toEqual(right);
    x.dispose();
    y.dispose();
  });

  it("getters that throw, dispose or grow", () => {
    const engine = createEngine();
    const x = engine.tensor("f32", [1, 4], [1, 2, 3, 4]);
    expect(() =>
      layerNorm(x, {
        get weight(): Float32Array {
          throw new Error("of the caller");
        },
      }),
    ).toThrow("of the caller");
    refuses(
      () =>
        layerNorm(x, {
          get weight(): Float32Array {
            x.dispose();
            return f32(1, 1, 1, 1);
          },
        }),
      "RangeError: layerNorm: x expected a live Tensor, got one that was disposed of",
    );
    const y = engine.tensor("f32", [1, 4], [1, 2, 3, 4]);
    const result = layerNorm(y, {
      get weight(): Float32Array {
        engine.tensor("f64", 2 ** 20);
        return f32(1, 1, 1, 1);
      },
    });
    expect(result.toArray()).toEqual(layerNorm(f32(1, 2, 3, 4)));
  });
});

describe("tensor and createEngine", () => {
  it("tensor", () => {
    const engine = createEngine();
    const call = engine.tensor.bind(engine) as (dtype: Any, shape: Any, data?: Any) => unknown;
    const types = '"f32", "f64", "f16" or "bf16"';
    refuses(() => call("int8", 4), `RangeError: tensor: dtype expected ${types}, got "int8"`);
    refuses(() => call(undefined, 4), `RangeError: tensor: dtype expected ${types}, got undefined`);
    const kind = "TypeError: tensor: shape expected a length or an array of dimensions, got ";
    refuses(() => call("f32", undefined), `${kind}undefined`);
    refuses(() => call("f32", "4"), `${kind}"4"`);
    refuses(() => call("f32", []), `${kind}Array of 0 elements`);
    refuses(() => call("f32", null), `${kind}null`);
    const dimension = (i: number) =>
      `RangeError: tensor: shape[${i}] expected a dimension: an integer, positive in the last place, got `;
    refuses(() => call("f32", 0), `${dimension(0)}0`);
    refuses(() => call("f32", [2, 0]), `${dimension(1)}0`);
    refuses(() => call("f32", [-1, 4]), `${dimension(0)}-1`);
    refuses(() => call("f32", [2.5, 4]), `${dimension(0)}2.5`);
    refuses(() => call("f32", [2, Number.NaN]), `${dimension(1)}NaN`);
    refuses(() => call("f32", [2, "4"]), `${dimension(1)}"4"`);
    refuses(() => call("f32", [2, 3], [1, 2, 3]), "RangeError: tensor: data expected 6 elements, got 3");
    refuses(() => call("f32", 4, detached()), "RangeError: tensor: data expected 4 elements, got 0");
    refuses(() => call("f32", 4, 7), "TypeError: tensor: data expected an array of numbers, got 7");
    refuses(() => call("f32", 4, null), "TypeError: tensor: data expected an array of numbers, got null");
    refuses(
      () => call("f32", 4, new Int32Array(4)),
      "TypeError: tensor: data expected an array of numbers, got Int32Array",
    );
    refuses(
      () => call("f32", 2, u16(1, 2)),
      "TypeError: tensor: data expected numbers for f32, got Uint16Array of 2 elements",
    );
    expect(engine.bytesInUse).toBe(0);
  });

  it("tensor: elements that are no numbers leave nothing in use", () => {
    const engine = createEngine();
    for (const dtype of ["f32", "f64", "f16"] as const) {
      expect(() => engine.tensor(dtype, 2, [1n, 2n] as Any)).toThrow(TypeError);
      expect(() => engine.tensor(dtype, 2, [Symbol("a"), 2] as Any)).toThrow(TypeError);
      expect(engine.bytesInUse).toBe(0);
    }
  });

  it("createEngine", () => {
    const call = createEngine as (options: Any) => unknown;
    refuses(() => call(null), "TypeError: createEngine: options expected an object, got null");
    refuses(() => call(5), "TypeError: createEngine: options expected an object, got 5");
    refuses(
      () => call({ variant: "fast" }),
      'RangeError: createEngine: variant expected "auto", "simd" or "relaxed", got "fast"',
    );
    refuses(() => call({ memory: {} }), "TypeError: createEngine: memory expected a WebAssembly.Memory, got Object");
    refuses(
      () => call({ memory: new ArrayBuffer(65536) }),
      "TypeError: createEngine: memory expected a WebAssembly.Memory, got ArrayBuffer",
    );
    refuses(
      () => call({ maximumBytes: "1 MB" }),
      'TypeError: createEngine: maximumBytes expected a number of bytes, got "1 MB"',
    );
    for (const maximumBytes of [0, -1, 65535, Number.NaN]) {
      refuses(
        () => call({ maximumBytes }),
        `RangeError: createEngine: maximumBytes expected at least 65536, got ${maximumBytes}`,
      );
    }
    // what was refused does not take the memory
    const memory = new WebAssembly.Memory({ initial: 1 });
    refuses(
      () => call({ memory, maximumBytes: 1 }),
      "RangeError: createEngine: maximumBytes expected at least 65536, got 1",
    );
    expect(createEngine({ memory }).bytesInUse).toBe(0);
  });
});
