import { defaultEngine, linear, tensor } from "orthonorm";
import { describe, expect, it } from "vitest";
import { decode, encode } from "../../support/dtypes.js";
import { testOp } from "../../support/op-suite.js";
import { description, linearWithin } from "../../support/ops/linear.js";
import { normals, uniforms } from "../../support/random.js";

testOp(description);

const shapes = [
  ...[1, 2, 3, 4, 5, 7, 8, 9, 31, 70].flatMap((n) => [
    [n, 5, 6],
    [3, n, 7],
    [6, 9, n],
  ]),
  ...[
    [5, 255, 3],
    [5, 256, 5],
    [4, 257, 70],
    [9, 769, 10],
    [2, 4097, 2],
    [70, 70, 70],
    [6, 30001, 5],
  ],
];

describe.each(["f32", "f64", "f16", "bf16"] as const)("linear %s", (dtype) => {
  const numbers = (n: number, seed: number) => encode(dtype as "f32", normals(n, 0.5, 1, seed));

  it.each(shapes)("%i × %i → %i is the oracle's, with a bias and without", (rows, cols, k) => {
    const [x, weight] = [numbers(rows * cols, 1), numbers(k * cols, 2)];
    const bias = encode(dtype === "f64" ? "f64" : ("f32" as "f64"), normals(k, 0, 1, 3));
    const numbersOf = { x: decode(dtype, x), weight: decode(dtype, weight) };
    linearWithin("y", dtype, linear(x, weight, { cols, dtype }), numbersOf, cols);
    linearWithin(
      "y",
      dtype,
      linear(x, weight, { cols, dtype, bias }),
      { ...numbersOf, bias: Float64Array.from(bias) },
      cols,
    );
  });

  it("gives a row the same bits alone and among others, with every row of W or one", () => {
    const [rows, cols, k] = [7, 515, 9];
    const [x, weight] = [numbers(rows * cols, 4), numbers(k * cols, 5)];
    const y = linear(x, weight, { cols, dtype });
    for (let i = 0; i < rows; i++) {
      const row = x.slice(i * cols, (i + 1) * cols);
      expect(linear(row, weight, { cols, dtype })).toEqual(y.slice(i * k, (i + 1) * k));
      expect(linear(row, weight.slice(8 * cols), { cols, dtype })[0]).toBe(y[i * k + 8]);
    }
  });
});

describe.each(["f32", "f16", "bf16"] as const)("x of %s", (dtype) => {
  it.each(["f32", "f16", "bf16"] as const)(
    "by a weight of %s is the oracle's on the numbers that both have",
    (other) => {
      const engine = defaultEngine();
      for (const [rows, cols, k] of [
        [1, 9, 5],
        [3, 300, 6],
        [13, 70, 11],
      ]) {
        const x = engine.tensor(dtype, [rows, cols], encode(dtype as "f32", normals(rows * cols, 0.5, 1, 1)));
        const weight = engine.tensor(other, [k, cols], encode(other as "f32", normals(k * cols, 0.5, 1, 2)));
        const bias = engine.tensor("f32", k, normals(k, 0, 1, 3));
        const y = linear(x, weight, { bias });
        expect([y.dtype, y.shape]).toEqual([dtype, [rows, k]]);
        const numbersOf = { x: decode(dtype, x.toArray()), weight: decode(other, weight.toArray()) };
        linearWithin(`${rows} rows`, dtype, y.toArray(), { ...numbersOf, bias: decode("f32", bias.toArray()) }, cols);
        // one row by itself has the bits that it has among others
        const alone = linear(x.view({ shape: [1, cols], offset: (rows - 1) * cols }), weight, { bias });
        expect(alone.toArray()).toEqual(y.toArray().slice((rows - 1) * k));
        for (const t of [x, weight, bias, y, alone]) t.dispose();
      }
    },
  );
});

describe("linear", () => {
  it.each([255, 256, 257, 1024, 4096, 16384])(
    "keeps its bound on constant rows of %i columns, whose roundings do not cancel",
    (cols) => {
      const uniform = uniforms(cols);
      const constant = (rows: number) =>
        Float32Array.from({ length: rows }, () => uniform() + 0.5).reduce(
          (all, value, row) => {
            all.fill(value, row * cols, (row + 1) * cols);
            return all;
          },
          new Float32Array(rows * cols),
        );
      const [x, weight] = [constant(9), constant(12)];
      const numbersOf = { x: Float64Array.from(x), weight: Float64Array.from(weight) };
      linearWithin("y", "f32", linear(x, weight, { cols }), numbersOf, cols);
    },
  );

  it.each(["f32", "f64"] as const)("%s: keeps its worst bound on rows whose roundings all go one way", (dtype) => {
    const [Numbers, lanes, unit] =
      dtype === "f32" ? ([Float32Array, 4, 2 ** -24] as const) : ([Float64Array, 2, 2 ** -53] as const);
    for (const cols of [64, 256, 1024, 16384]) {
      // 1 in every lane, and then what is just less than half a unit of 1, or in later chains of their sum
      const x = new Numbers(cols);
      const lost = (i: number) => Math.sqrt(unit * (i < 256 ? 1 : lanes / 256)) * 0.999;
      for (let i = 0; i < cols; i++) x[i] = i < lanes ? 1 : lost(i);
      let small = 0;
      for (let i = lanes; i < cols; i++) small += x[i] * x[i];
      const roundings = Math.abs(linear(x, x)[0] - lanes - small) / (unit * (lanes + small));
      const most = Math.min(cols / lanes, 256 / lanes) + Math.ceil(cols / 256) + (dtype === "f32" ? 1 : 0);
      expect(roundings).toBeLessThanOrEqual(most);
      expect(roundings).toBeGreaterThan(0.8 * most);
    }
  });

  it("refuses a weight of f64 beside x of another type, the other way round, and bits that nobody says the type of", () => {
    const [x, wide, bits] = [new Float32Array(4), new Float64Array(4), new Uint16Array(4)];
    expect(() => linear(x, wide)).toThrow(
      "linear: weight expected f32 or f16 or bf16 elements, for x is f32, got Float64Array of 4 elements",
    );
    expect(() => linear(wide, x)).toThrow(
      "linear: weight expected f64 elements, for x is f64, got Float32Array of 4 elements",
    );
    expect(() => linear(x, bits)).toThrow(
      "linear: weight expected f32 or f16 or bf16 elements, for x is f32, got Uint16Array of 4 elements",
    );
  });

  it("keeps NaN and infinity to their row", () => {
    const x = new Float32Array(6 * 5).fill(1);
    x[7] = Number.NaN;
    x[12] = Number.POSITIVE_INFINITY;
    x[15] = 1e30;
    const y = linear(x, new Float32Array(3 * 5).fill(1), { cols: 5 });
    expect([...y]).toEqual([
      5,
      5,
      5,
      NaN,
      NaN,
      NaN,
      ...Array(3).fill(Infinity),
      ...Array(3).fill(y[9]),
      5,
      5,
      5,
      5,
      5,
      5,
    ]);
    expect(y[9]).toBe(Math.fround(1e30));
  });

  it("gives a Tensor of k columns for a Tensor, and reads a view as its copy", () => {
    const engine = defaultEngine();
    const all = Float32Array.from(normals(6 * 10, 0, 1, 6));
    const weight = Float32Array.from(normals(3 * 4, 0, 1, 7));
    const whole = tensor("f32", [2, 3, 10], all);
    const y = linear(whole, Float32Array.from(normals(30, 0, 1, 8)), { engine });
    expect(y.shape).toEqual([2, 3, 3]);
    const part = whole.view({ offset: 2, shape: [6, 4], rowStride: 10 });
    const rows = Float32Array.from({ length: 24 }, (_, i) => all[Math.floor(i / 4) * 10 + 2 + (i % 4)]);
    expect(linear(part, weight).toArray()).toEqual(linear(rows, weight, { cols: 4 }));
    for (const t of [y, part, whole]) t.dispose();
  });

  it("refuses what does not fit, and an out that shares elements", () => {
    const x = new Float32Array(8);
    expect(() => linear(x, new Float32Array(6), { cols: 4 })).toThrow(
      "linear: weight expected a positive multiple of 4 elements, got 6",
    );
    expect(() => linear(x, new Float32Array(12), { cols: 4, bias: new Float32Array(2) })).toThrow(
      "linear: bias expected 3 elements, got 2",
    );
    expect(() => linear(x, new Float32Array(16), { cols: 4, out: x })).toThrow(
      "linear: out expected no element of x, got x",
    );
  });
});
