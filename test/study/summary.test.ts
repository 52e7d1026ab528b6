// The summaries that merge: exact sums, histograms, running statistics, bottom-k samples.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BottomK } from "../../study/src/summary/bottom-k.js";
import { ExactSum } from "../../study/src/summary/exact-sum.js";
import { HeavyHitters } from "../../study/src/summary/heavy-hitters.js";
import { Histogram, resolution } from "../../study/src/summary/histogram.js";
import { RunningStats } from "../../study/src/summary/running-stats.js";
import { normals } from "../support/random.js";

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
      const expected = sorted[Math.ceil(share * 5001) - 1];
      // The edges of lengths are rounded to 1e-6.
      const cell = resolution[grid] * (grid === "angle" ? 1 : 1.001 * expected);
      expect(Math.abs(histogram.quantiles([share])[0] - expected)).toBeLessThan(cell);
    }
  });

  test.each(["angle", "length"] as const)(
    "quartiles on the %s grid are off by less than a cell, of any values",
    (grid) => {
      const bounds = grid === "angle" ? { min: 0, max: 180 } : { min: 1e-300, max: 1e150 };
      const values = fc.array(fc.double({ ...bounds, noNaN: true }), { minLength: 1, maxLength: 60 });
      fc.assert(
        fc.property(values, (some) => {
          const stats = new RunningStats(grid);
          stats.addMany(Float64Array.from(some), some.length);
          stats.coarsen();
          const { q1, median, q3 } = stats.spread();
          const sorted = Float64Array.from(some).sort();
          for (const [found, share] of [
            [q1, 0.25],
            [median, 0.5],
            [q3, 0.75],
          ]) {
            const expected = sorted[Math.ceil(share * some.length) - 1];
            expect(Math.abs(found - expected)).toBeLessThanOrEqual(
              resolution[grid] * (grid === "angle" ? 1.000001 : 1.001 * expected),
            );
          }
        }),
        { numRuns: 1000 },
      );
    },
  );

  test("up to 1024 values have quartiles among them, to the last bit, and merge to one state whatever the order and the parts", () => {
    const lengths = fc.array(fc.double({ min: 0, max: 1e150, noNaN: true }), { minLength: 1, maxLength: 50 });
    const statsOf = (values: readonly number[]) => {
      const stats = new RunningStats("length");
      stats.addMany(Float64Array.from(values), values.length);
      return stats;
    };
    // Some lists cross the limit: each value is there so often.
    fc.assert(
      fc.property(lengths, fc.constantFrom(1, 20, 21, 40), fc.nat(), (some, often, cut) => {
        const all = some.flatMap((value) => Array<number>(often).fill(value));
        const at = cut % all.length;
        const one = statsOf(all);
        const merged = RunningStats.from("length", JSON.parse(JSON.stringify(statsOf(all.slice(at).reverse()))));
        merged.addAll(statsOf(all.slice(0, at)));
        const kept = ({ sum: _, squares: _s, ...state }: ReturnType<RunningStats["toJSON"]>) => JSON.stringify(state);
        expect(kept(merged.toJSON())).toBe(kept(one.toJSON()));
        expect(merged.spread()).toEqual(one.spread());
        if (all.length > 1024) return;
        const sorted = Float64Array.from(all).sort();
        const { q1, median, q3 } = one.spread();
        const expected = [0.25, 0.5, 0.75].map((share) => sorted[Math.ceil(share * all.length) - 1]);
        expect([q1, median, q3]).toEqual(expected);
      }),
      { numRuns: 500 },
    );
    const taken = statsOf([3, 1, 3, 3, 2]);
    taken.remove(3, 2);
    expect(taken.spread()).toMatchObject({ mean: 2, min: 1, q1: 1, median: 2, q3: 3, max: 3 });
    expect(taken.count).toBe(3);
  });

  test.each(["angle", "length"] as const)("values of one cell of the %s grid have quartiles of their own", (grid) => {
    // Centered states are at 1e-7° to 9e-7° from orthogonal, in a cell of 0.01°: its edge is no median of theirs.
    const { base, step } = grid === "angle" ? { base: 0, step: 1e-9 } : { base: 1, step: 1e-6 };
    const values = Float64Array.from({ length: 801 }, (_, i) => base + step * (100 + i));
    const stats = new RunningStats(grid);
    stats.addMany(values, values.length);
    stats.coarsen();
    const { min, q1, median, q3, max } = stats.spread();
    expect([min, max]).toEqual([values[0], values[800]]);
    for (const [found, at] of [
      [q1, 200],
      [median, 400],
      [q3, 600],
    ]) {
      expect(Math.abs(found - values[at])).toBeLessThan(2 * step);
    }
  });

  test("quartiles lie within the exact range, in their order, and where all values are one they are it", () => {
    const values = fc.array(fc.double({ min: 0, max: 1e308, noNaN: true }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(values, (some) => {
        const stats = new RunningStats("length");
        stats.addMany(Float64Array.from(some), some.length);
        for (const coarse of [false, true]) {
          if (coarse) stats.coarsen();
          const { min, q1, median, q3, max } = stats.spread();
          expect([min, q1, median, q3, max]).toEqual([min, q1, median, q3, max].sort((a, b) => a - b));
        }
        const same = new RunningStats("length");
        same.addMany(Float64Array.of(some[0], some[0], some[0]), 3);
        expect(same.spread()).toMatchObject({ q1: some[0], median: some[0], q3: some[0] });
      }),
    );
  });

  test("a length lies in its cell, at every edge too", () => {
    const near = fc.constantFrom(-2, -1, 0, 1, 2).map((steps) => 1 + steps * 2 ** -19);
    const edges = fc
      .tuple(fc.integer({ min: -1021 * 256, max: 1023 * 256 }), near)
      .map(([cell, by]) => 2 ** (cell / 256) * by);
    const lengths = fc.oneof(edges, fc.double({ min: 2 ** -1021, max: 2 ** 1023, noNaN: true }));
    fc.assert(
      fc.property(lengths, (length) => {
        const histogram = new Histogram("length");
        histogram.addMany(Float64Array.of(length), 1, length, length);
        const [low, high] = histogram.quantiles([0, 1]);
        expect(high / low).toBeCloseTo(2 ** (1 / 256), 12);
        expect(low / length).toBeLessThan(1 + 2 ** -20);
        expect(high / length).toBeGreaterThan(1 - 2 ** -20);
      }),
      { numRuns: 2000 },
    );
    const smallest = new Histogram("length");
    smallest.addMany(Float64Array.of(0, 2 ** -1074, 2 ** -1022), 3, 0, 2 ** -1022);
    expect(smallest.total).toBe(3);
    const saved = JSON.parse(JSON.stringify(smallest));
    expect(saved).toEqual([[-894 * 256, 3]]);
    expect(JSON.parse(JSON.stringify(Histogram.from("length", saved)))).toEqual(saved);
  });

  test("few values and many are counted alike, one by one, at once, and as parts", () => {
    const angles = fc.array(fc.double({ min: 0, max: 180, noNaN: true }), { maxLength: 200 });
    fc.assert(
      fc.property(angles, fc.nat(200), (values, cut) => {
        const some = (from: number, to: number) => {
          const histogram = new Histogram("angle");
          const part = Float64Array.from(values.slice(from, to));
          histogram.addMany(part, part.length, Math.min(...part), Math.max(...part));
          return histogram;
        };
        const singly = new Histogram("angle");
        for (const value of values.slice().reverse()) singly.add(value, 1);
        const parts = some(cut, values.length);
        parts.addAll(some(0, cut));
        const cells = new Map<number, number>();
        for (const value of values) {
          const cell = Math.min(17999, Math.floor(value * 100));
          cells.set(cell, (cells.get(cell) ?? 0) + 1);
        }
        const expected = [...cells].sort(([a], [b]) => a - b);
        for (const one of [some(0, values.length), singly, parts]) {
          const runs = JSON.parse(JSON.stringify(one)) as number[][];
          const found = runs.flatMap(([from, ...counts]) => counts.map((count, i) => [from + i, count]));
          expect(found).toEqual(expected);
          expect(one.total).toBe(values.length);
        }
      }),
    );
  });

  test("what is saved comes back, and what is broken does not", () => {
    const stats = new RunningStats("angle");
    stats.addMany(
      Float64Array.from(normals(100), (value) => 90 + value),
      100,
    );
    for (const coarse of [false, true]) {
      if (coarse) stats.coarsen();
      const saved = JSON.parse(JSON.stringify(stats));
      expect(Object.keys(saved)).toContain(coarse ? "histogram" : "values");
      const again = RunningStats.from("angle", saved);
      expect(again.spread(true)).toEqual(stats.spread(true));
      const values = Array(1025).fill(90);
      const others = [
        { range: [1] },
        { values: [-1] },
        { values },
        { values: "90" },
        { histogram: [[-1, 1]], values: undefined },
      ];
      for (const broken of [null, 5, {}, { sum: ["1"] }, ...others.map((other) => ({ ...saved, ...other }))]) {
        expect(() => RunningStats.from("angle", broken)).toThrow();
      }
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

describe("the heavy hitters", () => {
  const k = 8;
  /** In batches, of which what occurs once is not told by name where it would not be kept. */
  const summary = (items: readonly number[], batch: number) => {
    const heavy = new HeavyHitters(k);
    for (let from = 0; from < items.length; from += batch) {
      const some = items.slice(from, from + batch);
      const kept = new Set(heavy.fingerprints());
      const alone = (item: number) => !kept.has(item) && some.indexOf(item) === some.lastIndexOf(item);
      for (const item of some) if (!alone(item)) heavy.add(item, () => [item]);
      const singles = some.filter(alone);
      if (heavy.size + singles.length <= k) for (const item of singles) heavy.add(item, () => [item]);
      else heavy.trim(singles.length);
    }
    return heavy;
  };
  // Some items are frequent, as powers of two are here.
  const items = fc.array(
    fc.nat(2 ** 20 - 1).map((x) => Math.clz32(x) * 7 + (x % 7) * (x % 2)),
    { maxLength: 400, size: "max" },
  );

  test("bound every count, from both sides, in batches and in parts, whatever their order", () => {
    fc.assert(
      fc.property(items, fc.nat(400), fc.integer({ min: 1, max: 90 }), fc.boolean(), (all, cut, batch, saved) => {
        const counts = new Map<number, number>();
        for (const item of all) counts.set(item, (counts.get(item) ?? 0) + 1);
        const last = summary(all.slice(cut), 7);
        const merged = summary(all.slice(0, cut), batch);
        merged.addAll(saved ? HeavyHitters.from(k, 1, JSON.parse(JSON.stringify(last))) : last);
        for (const heavy of [summary(all, batch), summary(all.slice().reverse(), batch), merged]) {
          const kept = new Map(heavy.atLeast(0));
          const { dropped } = heavy.toJSON();
          expect(kept.size).toBeLessThanOrEqual(k);
          expect(dropped * (k + 1)).toBeLessThanOrEqual(all.length);
          expect(heavy.complete).toBe(counts.size <= k);
          for (const [item, times] of counts) {
            const { count, missed } = kept.get(item) ?? { count: 0, missed: dropped };
            expect(count <= times && times <= count + missed).toBe(true);
            expect(missed <= dropped).toBe(true);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("an item that is frequent from the first batch on is counted exactly, beside any number of others", () => {
    const all = Array.from({ length: 5000 }, (_, i) => (i % 8 === 0 ? 1 : 1000 + i));
    expect(summary(all, 32).atLeast(100)).toEqual([[1, { count: 625, missed: 0, values: [1] }]]);
    const parts = summary(all.slice(0, 1600), 32);
    parts.addAll(summary(all.slice(1600), 32));
    expect(parts.atLeast(100)).toEqual([[1, { count: 625, missed: 0, values: [1] }]]);
    // One that comes later has at least so many, and may have been among what was dropped before.
    const late = summary([...all.slice(1, 8), ...all.slice(9, 16), ...all], 32).atLeast(100);
    expect(late.map(([item, { count, missed }]) => [item, count, missed])).toEqual([[1, 625, 0]]);
    const afterwards = summary([...Array.from({ length: 320 }, (_, i) => 9000 + i), ...all], 32).atLeast(100);
    expect(afterwards).toEqual([[1, { count: 625, missed: 10, values: [1] }]]);
  });

  test("what is broken does not come back", () => {
    const saved = summary([1, 1, 2], 8).toJSON();
    for (const broken of [
      null,
      { ...saved, dropped: -1 },
      { ...saved, kept: [[1, 2, 0]] },
      { ...saved, kept: [[1, 0, 0, 1]] },
      { ...saved, kept: [[1, 2, 0.5, 1]] },
      { ...saved, kept: Array.from({ length: 9 }, (_, i) => [i, 1, 0, 1]) },
    ]) {
      expect(() => HeavyHitters.from(k, 1, broken)).toThrow();
    }
  });
});
