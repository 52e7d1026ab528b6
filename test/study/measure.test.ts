// What is measured of rows: fingerprints, bins of norms, samples, the null.

import { createEngine } from "orthonorm";
import * as reference from "orthonorm/reference";
import { describe, expect, test } from "vitest";
import { elementsPrint, lengthsPrint, lowerRange } from "../../study/src/measure/fingerprint.js";
import { columnsOf } from "../../study/src/measure/measures.js";
import { binOf } from "../../study/src/measure/norm-bin.js";
import { chanceSd, chanceTilt, degrees } from "../../study/src/measure/null-model.js";
import { SampleSums } from "../../study/src/measure/sample.js";
import { SiteSums } from "../../study/src/measure/site.js";
import { normals } from "../support/random.js";

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
      for (let i = 0; i < 1000; i++) {
        sums.sums.bin(bin).add(0);
        // More distinct rows than are kept: the share that repeats is estimated.
        sums.sums.repeats.add(1000 * bin + (i % (600 + 31 * bin)));
      }
      sums.sums.settle(row);
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
  ])("%i × %i at %f: what a scale and shift recover is what a regression per dimension says", (n, cols, scale) => {
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

/** The sd of θ and the mean |90° − θ| of random directions, by Simpson's rule over the density of the tilt, ∝ cos^{d−2}. */
function integrated(d: number): { sd: number; tilt: number } {
  const steps = 20_000;
  // beyond 40 sd there is nothing left to add
  const end = Math.min(Math.PI / 2, 40 / Math.sqrt(d));
  let whole = 0;
  let first = 0;
  let second = 0;
  for (let i = 0; i <= steps; i++) {
    const tilt = (end * i) / steps;
    const weight = (i === 0 || i === steps ? 1 : i % 2 === 0 ? 2 : 4) * Math.cos(tilt) ** (d - 2);
    whole += weight;
    first += weight * tilt;
    second += weight * tilt * tilt;
  }
  return { sd: Math.sqrt(second / whole) * degrees, tilt: (first / whole) * degrees };
}

test.each([2, 3, 4, 8, 16, 63, 199, 200, 768, 4096, 1e6])("the null at d = %i is what integration gives", (d) => {
  const { sd, tilt } = integrated(d);
  expect(Math.abs(chanceSd(d) / sd - 1)).toBeLessThan(1e-12);
  expect(Math.abs(chanceTilt(d) / tilt - 1)).toBeLessThan(1e-12);
});

test("the null where it is known without integration", () => {
  // One dimension has the directions 0° and 180°; two have all angles alike; three have all cosines alike (Archimedes).
  expect([chanceSd(1), chanceTilt(1)].map((value) => value.toFixed(9))).toEqual(["90.000000000", "90.000000000"]);
  expect(chanceSd(2)).toBeCloseTo(180 / Math.sqrt(12), 10);
  expect(chanceTilt(2)).toBeCloseTo(45, 10);
  expect(chanceTilt(3)).toBeCloseTo((Math.PI / 2 - 1) * degrees, 10);
  expect([2, 3, 4, 8, 16, 128].map((d) => chanceTilt(d).toFixed(2))).toEqual([
    "45.00",
    "32.70",
    "26.76",
    "17.44",
    "11.86",
    "4.06",
  ]);
  // Of many dimensions it is the normal distribution's.
  expect(chanceSd(1e9) * Math.sqrt(1e9)).toBeCloseTo(degrees, 6);
  expect(chanceTilt(1e9) / chanceSd(1e9)).toBeCloseTo(Math.sqrt(2 / Math.PI), 8);
});
