import fc from "fast-check";
import { createEngine } from "orthonorm";
import * as reference from "orthonorm/reference";
import { describe, expect, test } from "vitest";
import { elementsPrint, lengthsPrint, lowerRange } from "../study/src/measure/fingerprint.js";
import { columnsOf } from "../study/src/measure/measures.js";
import { binOf } from "../study/src/measure/norm-bin.js";
import { chanceSd, chanceTilt } from "../study/src/measure/null-model.js";
import { SampleSums } from "../study/src/measure/sample.js";
import { SiteSums } from "../study/src/measure/site.js";
import { BottomK } from "../study/src/summary/bottom-k.js";
import { ExactSum } from "../study/src/summary/exact-sum.js";
import { Histogram, resolution } from "../study/src/summary/histogram.js";
import { RunningStats } from "../study/src/summary/running-stats.js";
import { normals } from "./support/random.js";

/** The double nearest to a sum, by whole numbers of 2⁻¹⁰⁷⁴. */
function trueSum(values: readonly number[]): number {
  const view = new DataView(new ArrayBuffer(8));
  let sum = 0n;
  for (const value of values) {
    view.setFloat64(0, value);
    const bits = view.getBigUint64(0);
    const exponent = Number((bits >> 52n) & 2047n);
    const fraction = bits & ((1n << 52n) - 1n);
    const size = exponent === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(exponent - 1);
    sum += value < 0 ? -size : size;
  }
  // Halves until it fits in a double, remembering whether anything was lost: to nearest, ties to even.
  const negative = sum < 0n;
  let size = negative ? -sum : sum;
  let shift = 0;
  const bits = size.toString(2).length;
  if (bits > 53) {
    shift = bits - 53;
    const rest = size & ((1n << BigInt(shift)) - 1n);
    const half = 1n << BigInt(shift - 1);
    size >>= BigInt(shift);
    if (rest > half || (rest === half && (size & 1n) === 1n)) size += 1n;
  }
  let value = Number(size);
  for (let left = shift - 1074; left !== 0; ) {
    const step = Math.max(-1000, Math.min(1000, left));
    value *= 2 ** step;
    left -= step;
  }
  return negative ? -value : value;
}

const finite = fc.double({ min: -1e100, max: 1e100, noNaN: true, noDefaultInfinity: true });

describe("the exact sum", () => {
  test("is the sum rounded once, one by one, many at once and in parts, in any order", () => {
    fc.assert(
      fc.property(fc.array(finite, { maxLength: 60 }), fc.nat(60), (values, cut) => {
        const expected = trueSum(values);
        const one = ExactSum.of(values.slice().reverse());
        const many = ExactSum.of();
        many.addMany(Float64Array.from(values), values.length);
        const parts = ExactSum.from(JSON.parse(JSON.stringify(ExactSum.of(values.slice(0, cut)))));
        parts.addAll(ExactSum.of(values.slice(cut)));
        for (const sum of [one, many, parts]) expect(sum.value === expected).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("many at once, of one size, as the study adds", () => {
    for (const scale of [1e-300, 1e-3, 1, 90, 1e30, 1e290]) {
      const values = Float64Array.from(normals(512), (value) => value * scale);
      const sum = ExactSum.of();
      sum.addMany(values, 500);
      expect(sum.value).toBe(trueSum([...values.subarray(0, 500)]));
    }
  });

  test("takes back what was added so many times", () => {
    fc.assert(
      fc.property(finite, finite, fc.nat(1e6), (x, y, times) => {
        const sum = ExactSum.of([y]);
        sum.addTimes(x, times);
        sum.addTimes(x, -times);
        expect(sum.value === y).toBe(true);
      }),
    );
  });
});

describe("the histogram and the running statistics", () => {
  test.each(["angle", "length"] as const)("a quantile of the %s grid is within its resolution", (grid) => {
    const values = Float64Array.from(normals(5001), (value) => (grid === "angle" ? 90 + 5 * value : Math.exp(value)));
    const histogram = new Histogram(grid);
    histogram.addMany(values, values.length, Math.min(...values), Math.max(...values));
    const sorted = values.slice().sort();
    for (const share of [0.01, 0.25, 0.5, 0.75, 0.99]) {
      const expected = sorted[Math.round(share * 5000)];
      const cell = 2 * resolution[grid] * (grid === "angle" ? 1 : expected);
      expect(Math.abs(histogram.quantile(share) - expected)).toBeLessThan(1.5 * cell);
    }
  });

  test("a length lies in its cell, at every edge too", () => {
    const near = fc.constantFrom(-2, -1, 0, 1, 2).map((steps) => 1 + steps * 2 ** -19);
    const edges = fc
      .tuple(fc.integer({ min: -1021 * 128, max: 1023 * 128 }), near)
      .map(([cell, by]) => 2 ** (cell / 128) * by);
    const lengths = fc.oneof(edges, fc.double({ min: 2 ** -1021, max: 2 ** 1023, noNaN: true }));
    fc.assert(
      fc.property(lengths, (length) => {
        const histogram = new Histogram("length");
        histogram.addMany(Float64Array.of(length), 1, length, length);
        const [low, high] = [histogram.quantile(0), histogram.quantile(1)];
        expect(high / low).toBeCloseTo(2 ** (1 / 128), 12);
        expect(low / length).toBeLessThan(1 + 2 ** -20);
        expect(high / length).toBeGreaterThan(1 - 2 ** -20);
      }),
      { numRuns: 2000 },
    );
    const smallest = new Histogram("length");
    smallest.addMany(Float64Array.of(0, 2 ** -1074, 2 ** -1022), 3, 0, 2 ** -1022);
    expect(smallest.total).toBe(3);
    const saved = JSON.parse(JSON.stringify(smallest));
    expect(saved).toEqual([[-894 * 128, 3]]);
    expect(JSON.parse(JSON.stringify(Histogram.from("length", saved)))).toEqual(saved);
  });

  test("what is saved comes back, and what is broken does not", () => {
    const stats = new RunningStats("angle");
    stats.addMany(
      Float64Array.from(normals(100), (value) => 90 + value),
      100,
    );
    const again = RunningStats.from("angle", JSON.parse(JSON.stringify(stats)));
    expect(again.spread(true)).toEqual(stats.spread(true));
    for (const broken of [null, 5, {}, { sum: ["1"] }, { ...JSON.parse(JSON.stringify(stats)), range: [1] }]) {
      expect(() => RunningStats.from("angle", broken)).toThrow();
    }
  });

  test("the deviation of values that are all the same is 0, and of others what it is", () => {
    const same = new RunningStats("length");
    same.addMany(new Float64Array(100).fill(0.1), 100);
    expect(same.spread()).toMatchObject({ mean: 0.1, sd: 0, min: 0.1, median: 0.1, max: 0.1 });
    const two = new RunningStats("length");
    two.addMany(Float64Array.of(3, 5), 2);
    expect(two.spread()).toMatchObject({ mean: 4, sd: 1, min: 3, max: 5 });
  });

  test("a figure's cells hold every value, sixty at most", () => {
    const angles = fc.oneof(fc.constantFrom(0, 180), fc.double({ min: 0, max: 180, noNaN: true }));
    fc.assert(
      fc.property(fc.array(angles, { minLength: 1, maxLength: 50 }), (values) => {
        const stats = new RunningStats("angle");
        stats.addMany(Float64Array.from(values), values.length);
        const drawn = stats.spread(true).histogram as NonNullable<ReturnType<RunningStats["spread"]>["histogram"]>;
        expect(drawn.counts.reduce((sum, count) => sum + count, 0)).toBe(values.length);
        expect(drawn.counts.length).toBeLessThanOrEqual(60);
        expect(drawn.low).toBeLessThanOrEqual(Math.min(...values));
        expect(drawn.high + 0.02).toBeGreaterThanOrEqual(Math.max(...values));
        expect(drawn.high).toBeLessThanOrEqual(180);
      }),
    );
  });
});

describe("the bottom-k sample of distinct rows", () => {
  test("keeps the smallest fingerprints with exact counts, in any order and in parts", () => {
    const prints = fc.array(fc.nat(40), { maxLength: 200 });
    fc.assert(
      fc.property(prints, fc.nat(200), (rows, cut) => {
        const bottomK = (some: readonly number[]) => {
          const kept = new BottomK<number>(8);
          for (const print of some) kept.add(print, () => print);
          return kept;
        };
        const counts = new Map<number, number>();
        for (const print of rows) counts.set(print, (counts.get(print) ?? 0) + 1);
        const expected = [...counts].sort(([a], [b]) => a - b).slice(0, 8);
        const merged = bottomK(rows.slice(cut));
        merged.addAll(bottomK(rows.slice(0, cut)));
        for (const one of [bottomK(rows), bottomK(rows.slice().reverse()), merged]) {
          expect(one.entries().map(([print, { count }]) => [print, count])).toEqual(expected);
          expect(one.complete).toBe(counts.size <= 8);
        }
      }),
    );
  });
});

test("fingerprints of rows that are nearly the same are as good as random, and of the same rows the same", () => {
  const cols = 64;
  const row = Float32Array.from(normals(cols));
  const fingerprint = (row: Float32Array) => {
    const norm = Math.fround(Math.hypot(...row));
    const words = (value: number) => new Uint32Array(Float64Array.of(Math.fround(value)).buffer);
    const upper = lengthsPrint(words(norm), words(norm / 9), 0);
    return upper + elementsPrint(upper, new Uint32Array(row.buffer), 0, cols);
  };
  const seen = new Set<number>();
  for (let i = 0; i < 6400; i++) {
    row[i % cols] += 2 ** -16;
    const print = fingerprint(row);
    expect(print).toBe(fingerprint(row.slice()));
    expect(print >= 0 && print < 2 ** 53).toBe(true);
    seen.add(print);
  }
  // No two rows are the same. About every fourth has lengths of its own, and those make the upper bits.
  expect(seen.size).toBe(6400);
  const uppers = new Set([...seen].map((print) => Math.floor(print / lowerRange)));
  expect(uppers.size).toBeGreaterThan(1600);
  const buckets = new Array<number>(64).fill(0);
  for (const upper of uppers) buckets[Math.floor(upper / 2 ** 26)]++;
  const even = uppers.size / 64;
  // χ² with 63 degrees of freedom: above 114 once in ten thousand times, and the rows are always these.
  expect(buckets.reduce((sum, count) => sum + (count - even) ** 2 / even, 0)).toBeLessThan(114);
});

test("rows of the same lengths are told apart by their elements, of every width", () => {
  const length = new Uint32Array(Float64Array.of(8).buffer);
  const upper = lengthsPrint(length, length, 0);
  for (const wordsOf of [(words: number[]) => Uint16Array.from(words), (words: number[]) => Uint32Array.from(words)]) {
    const prints = new Set<number>();
    // f64 rows that were f32: every other word is 0 but for three bits.
    for (let i = 0; i < 1000; i++) {
      const words = Array.from({ length: 64 }, (_, at) => (at % 2 === 0 ? 0 : (i * (at + 1)) & 0xffff));
      prints.add(elementsPrint(upper, wordsOf(words), 0, 64));
    }
    expect(prints.size).toBeGreaterThan(995);
    expect(Math.max(...prints)).toBeLessThan(lowerRange);
  }
});

test("rows of the same lengths are told apart by where their elements stand, wherever they differ", () => {
  const length = new Uint32Array(Float64Array.of(1).buffer);
  const upper = lengthsPrint(length, length, 0);
  const cols = 768;
  const one = new Uint32Array(Float32Array.of(1).buffer)[0];
  for (const [Words, hot] of [
    [Uint32Array, one],
    [Uint16Array, one >>> 16],
  ] as const) {
    const prints = new Set<number>();
    for (let at = 0; at < cols; at++) {
      const row = new Words(cols);
      row[at] = hot;
      prints.add(elementsPrint(upper, row, 0, cols));
    }
    // Of 21 bits, 0.14 of all pairs of rows are expected to share them.
    expect(prints.size).toBeGreaterThan(cols - 3);
  }
});

test("bins of norms begin at powers of two, exactly", () => {
  for (const [norm, bin] of [
    [1, 0],
    [1.999, 0],
    [2, 1],
    [0.5, -1],
    [1 - 2 ** -53, -1],
    [2 ** 100, 100],
    [2 ** -1022, -1022],
    [2 ** -1022 - 2 ** -1074, -1023],
    [2 ** -1074, -1074],
  ]) {
    expect(binOf(norm)).toBe(bin);
  }
});

test("a site's figures do not depend on which bin came first", () => {
  const key = { site: "s", dtype: "F32", cols: 4, norm: "LayerNorm", eps: 0, affine: null } as const;
  const site = (which: readonly number[]) => {
    const sums = new SiteSums(key);
    for (const bin of which) {
      const row = columnsOf(sums.terms, 1);
      row.length[0] = row.orthogonal[0] = 2 ** bin;
      // More distinct rows than are kept: the share that repeats is estimated.
      for (let i = 0; i < 1000; i++) sums.bin(bin).add(row, 0, i % (600 + 31 * bin));
      sums.settle(row);
    }
    return sums.figures();
  };
  const bins = [0, 1, 2, 3, 4, 5, 6, 7];
  const expected = site(bins);
  expect(expected.repeatsKnown).toBe(false);
  for (let turn = 1; turn < bins.length; turn++) {
    expect(site([...bins.slice(turn), ...bins.slice(0, turn)])).toEqual(expected);
  }
});

describe.each(["f32", "f64"] as const)("a sample of %s", (dtype) => {
  const Kind = dtype === "f32" ? Float32Array : Float64Array;
  const eps = 1e-5;

  /** The share of Σ(x − x̄)² that the best line of each column leaves unexplained, column by column. */
  function recovered(x: ArrayLike<number>, y: ArrayLike<number>, cols: number): number {
    const n = x.length / cols;
    let total = 0;
    let left = 0;
    for (let at = 0; at < cols; at++) {
      const [a, b] = [x, y].map((all) => {
        const column = Array.from({ length: n }, (_, row) => all[row * cols + at]);
        const mean = column.reduce((sum, value) => sum + value, 0) / n;
        return column.map((value) => value - mean);
      });
      const dot = (p: readonly number[], q: readonly number[]) => p.reduce((sum, value, i) => sum + value * q[i], 0);
      const factor = dot(b, b) === 0 ? 0 : dot(a, b) / dot(b, b);
      total += dot(a, a);
      left += a.reduce((sum, value, i) => sum + (value - factor * b[i]) ** 2, 0);
    }
    return 1 - left / total;
  }

  test.each([
    [16, 1, 1],
    [17, 5, 1],
    [100, 33, 1e-12],
    [340, 768, 30],
    [1024, 768, 1],
    [65, 129, 1e25],
  ])("%i × %i at %f: what a scale and shift recover is what a regression a dimension says", (n, cols, scale) => {
    const x = new Kind(normals(n * cols, 0.1, 1, n).map((value, i) => value * scale * (1 + (i % 3))));
    // One dimension is always the same, one always 0.
    if (cols > 4) for (let i = 0; i < x.length; i += cols) [x[i + 1], x[i + 3]] = [scale, 0];
    // An engine of its own for each: its memory grows in the middle, and views of before are empty.
    const engine = createEngine();
    const { recovered: found, lost } = SampleSums.measure(engine, x, new Array(n).fill(1), cols, eps).figures();
    engine.dispose();
    const tolerance = dtype === "f32" ? 2e-6 : 1e-12;
    const near = (a: number | undefined, b: number) => expect(Math.abs((a as number) - b)).toBeLessThan(tolerance);
    near(found?.layerNorm, recovered(x, reference.layerNorm(x, { cols, eps }).y, cols));
    near(found?.rmsNorm, recovered(x, reference.rmsNorm(x, { cols, eps }).y, cols));
    near(found?.batchNorm, 1);
    for (const share of Object.values(lost ?? { none: Number.NaN })) expect(share).toBeGreaterThanOrEqual(0);
  });
});

test("the null is what random directions really give", () => {
  const d = 64;
  const n = 4000;
  const x = normals(n * d);
  const leans = Array.from({ length: n }, (_, row) => {
    const values = x.subarray(row * d, (row + 1) * d);
    const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    const mean = values.reduce((sum, value) => sum + value, 0) / d;
    return (Math.asin((mean * Math.sqrt(d)) / length) * 180) / Math.PI;
  });
  const square = leans.reduce((sum, lean) => sum + lean * lean, 0) / n;
  expect(Math.sqrt(square) / chanceSd(d)).toBeCloseTo(1, 1);
  expect(leans.reduce((sum, lean) => sum + Math.abs(lean), 0) / n / chanceTilt(d)).toBeCloseTo(1, 1);
});
