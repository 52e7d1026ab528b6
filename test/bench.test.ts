// The benches time right answers only, say when a time cannot be believed, and take no figure that was not asked for.

import { describe, expect, it } from "vitest";
import { check, reference } from "../bench/check.js";
import { dtypes, read } from "../bench/command.js";
import { contestants, plain, resident } from "../bench/contestants/index.js";
import { figures, overheads, padding, ratios, zeros } from "../bench/figures.js";
import { type BenchmarkClass, measure } from "../bench/measure.js";
import { drift, isDrifting, isNoisy, limits, noiseOf, spread, warning } from "../bench/noise.js";
import { opNames, ops } from "../bench/ops.js";
import { makeProblem } from "../bench/problem.js";
import { uniforms } from "../bench/random.js";
import { openEnvironment, type Row } from "../bench/suite.js";
import { drawFigure, drawTable } from "../bench/table.js";

const environment = openEnvironment();

describe("every op of bench/ops.ts", () => {
  describe.each(opNames)("%s", (op) => {
    it.each(dtypes)("in %s: every contestant agrees with the oracle", async (dtype) => {
      for (const shape of [
        { rows: 1, cols: 64 },
        { rows: 5, cols: 67 },
      ]) {
        const which = { op, dtype, ...shape };
        const problem = makeProblem(which, environment);
        const expected = reference(problem);
        const names: string[] = [];
        for (const { name, where, setup } of contestants) {
          if (where?.(environment, which) === false) continue;
          const prepared = await setup(problem);
          await check(prepared, problem, expected);
          await prepared.teardown?.();
          names.push(name);
        }
        const loop = plain.where?.(environment, which) === false ? [] : [plain.name]; // an op may lack it
        expect(names).toEqual(expect.arrayContaining([resident.name, ...loop, "engine, arrays, new result"]));
        problem.dispose();
      }
    });

    it("a wrong element of any result is refused", async () => {
      const problem = makeProblem({ op, dtype: "f32", rows: 3, cols: 8 }, environment);
      const prepared = await resident.setup(problem);
      const expected = reference(problem);
      for (const name of ops[op].outputs) {
        const wrong = () => {
          const answer = prepared.answer();
          const changed = answer[name].slice();
          changed[changed.length - 1] += 0.01;
          return { ...answer, [name]: changed };
        };
        const refused = check({ ...prepared, answer: wrong }, problem, expected);
        await expect(refused).rejects.toThrow(name === "y" ? /^disagrees with the reference/ : `${name} disagrees`);
        await expect(check({ ...prepared, answer: () => ({}) }, problem, expected)).rejects.toThrow(
          /expected \d+ elements, got none$/,
        );
      }
      problem.dispose();
    });
  });

  it("a number where the oracle has none is refused, as is none where it has one", async () => {
    const which = { op: "geometry", dtype: "f32", rows: 3, cols: 8 } as const;
    for (const [distribution, wrong] of [
      [zeros, 0],
      [undefined, Number.NaN],
    ] as const) {
      const problem = makeProblem(which, environment, distribution);
      const prepared = await resident.setup(problem);
      await check(prepared, problem, reference(problem));
      const { angle, ...rest } = prepared.answer();
      const answer = () => ({ ...rest, angle: angle.map(() => wrong) });
      await expect(check({ ...prepared, answer }, problem, reference(problem))).rejects.toThrow("angle disagrees");
      problem.dispose();
    }
  });

  it("leaves no tensor behind", () => {
    const before = environment.engine.bytesInUse;
    for (const op of opNames) makeProblem({ op, dtype: "f32", rows: 4, cols: 16 }, environment).dispose();
    expect(environment.engine.bytesInUse).toBe(before);
  });
});

describe("what is asked for", () => {
  const request = (...args: string[]) => read("bench", "", { args }) ?? expect.fail("the options were refused");
  const asked = (...args: string[]) => {
    const { ops, shapes, figureDtypes } = request(...args);
    return { ops, shapes, dtypes: figureDtypes };
  };
  const whats = (...args: string[]) =>
    [overheads(asked(...args), "now"), ratios(asked(...args)), padding(asked(...args))].flat().map(({ what }) => what);

  it("without options, the figures are those of the records", () => {
    expect(whats()).toEqual([
      "public call over the raw export, layerNorm 1×64 resident, now",
      "public call over the raw export, rmsNorm 1×64 resident, now",
      "rows that one pass cannot settle, N(1e4, 1), over N(0, 1), layerNorm 128×768",
      "typed arrays with out over resident, layerNorm 128×768",
      "f64 over f32, resident, layerNorm 128×768",
      "bf16 over f32, resident, layerNorm 128×768",
      "f16 over f32, resident, layerNorm 128×768",
      ...["layerNorm", "rmsNorm"].flatMap((op) =>
        ["", "f64 ", "bf16 ", "f16 "].map((dtype) => `rows of zeros over N(0, 1), resident, ${op} ${dtype}128×768`),
      ),
    ]);
  });

  it("--shapes, --dtype and --op hold below the tables too", () => {
    expect(whats("--shapes", "2x128,64x512", "--dtype", "bf16", "--op", "rmsNorm")).toEqual([
      "public call over the raw export, rmsNorm bf16 2×128 resident, now",
      "rows that one pass cannot settle, N(1e4, 1), over N(0, 1), rmsNorm bf16 64×512",
      "typed arrays with out over resident, rmsNorm bf16 64×512",
      "rows of zeros over N(0, 1), resident, rmsNorm bf16 64×512",
    ]);
    expect(whats("--shapes", "4x32", "--dtype", "f64,f32", "--op", "moments")).toEqual([
      "rows that one pass cannot settle, N(1e4, 1), over N(0, 1), moments f64 4×32",
      "f32 over f64, resident, moments f64 4×32",
      "rows of zeros over N(0, 1), resident, moments f64 4×32",
      "rows of zeros over N(0, 1), resident, moments 4×32",
    ]);
  });

  it("what they compare are cases of those shapes and element types", () => {
    const { shapes, dtypes: types, ...rest } = asked("--shapes", "3x48", "--dtype", "f16,bf16");
    for (const { first, second } of [
      ...overheads({ shapes, dtypes: types, ...rest }, ""),
      ...ratios({ shapes, dtypes: types, ...rest }),
      ...padding({ shapes, dtypes: types, ...rest }),
    ]) {
      for (const side of [first, second]) {
        expect(side.case).toMatchObject({ rows: 3, cols: 48 });
        expect(["f16", "bf16"]).toContain(side.case.dtype);
      }
    }
  });
});

describe("samples", () => {
  it("last as long as was asked for at least, by the clock that takes them", async () => {
    const { default: base } = await import("benchmark");
    // a page's: it moves by whole milliseconds
    const clock = { now: () => Math.floor(performance.now()) };
    const Benchmark = base.runInContext({ Date: clock, process: null }) as BenchmarkClass;
    const { run } = Benchmark.prototype;
    const lengths: number[] = [];
    Benchmark.prototype.run = function (...all) {
      const done = run.apply(this, all);
      lengths.push(this.times.cycle);
      return done;
    };
    let sink = 0;
    const work = { run: () => (sink += Math.sqrt(sink + 1)) };
    // meant to be too short
    const budget = { seconds: 0.2, sampleTime: 2e-3, leastTime: 20e-3 };
    const [{ samples }] = await measure(Benchmark, [work], budget);
    expect(samples.length).toBeGreaterThanOrEqual(5);
    expect(lengths).toHaveLength(samples.length);
    for (const length of lengths) {
      expect(length).toBeGreaterThanOrEqual(20e-3);
      expect(Math.abs(length * 1e3 - Math.round(length * 1e3))).toBeLessThan(1e-6);
    }
  });
});

describe("noise", () => {
  const row = (lowerQuartile: number, upperQuartile: number, name = "someone") => ({
    ...{ name, nanoseconds: 100, lowerQuartile, upperQuartile },
  });

  it("is a distance of the quartiles of more than half of the median", () => {
    expect(limits.spread).toBe(0.5);
    expect(spread(row(90, 115))).toBeCloseTo(0.25);
    expect(isNoisy(row(80, 130))).toBe(false);
    expect(isNoisy(row(80, 131))).toBe(true);
  });

  it("is a control that becomes faster or slower by more than a quarter", () => {
    const samples = (last: number) => Float64Array.from({ length: 30 }, (_, i) => (i < 20 ? 1 : last));
    expect(drift(samples(1.2))).toBeCloseTo(1.2);
    expect(isDrifting({ drift: drift(samples(1.2)) })).toBe(false);
    expect(isDrifting({ drift: drift(samples(1.3)) })).toBe(true);
    expect(isDrifting({ drift: drift(samples(0.75)) })).toBe(true);
    expect(isDrifting({ drift: null })).toBe(false);
  });

  it("a single slow sample is none: quartiles and medians do not see it", () => {
    const samples = Float64Array.from({ length: 31 }, (_, i) => (i === 30 ? 1000 : 1));
    expect(isDrifting({ drift: drift(samples) })).toBe(false);
  });

  it("is said in one sentence, and only where there is some", () => {
    expect(warning([noiseOf([row(95, 105)], 1.1)])).toBeUndefined();
    expect(warning([noiseOf([row(50, 150), row(10, 190)], 1), noiseOf([row(95, 105)], 2)])).toBe(
      "Lines marked ~ are too noisy to be believed: the quartiles of 2 times lie more than 50 % of the median apart, and " +
        "the control's speed changed by more than a quarter in 1 measurement. Close what else is running and run it again.",
    );
  });

  it("marks the lines", () => {
    const contestant = (name: string, lowerQuartile: number, upperQuartile: number) =>
      ({
        ...row(lowerQuartile, upperQuartile, name),
        samples: 9,
        gigabytesPerSecond: 1,
        timesPlain: 1,
        overCopy: 1,
        overBaseline: null,
      }) as Row;
    const rows = [contestant("calm", 95, 105), contestant("wild", 20, 180)];
    const table = (drift: number) =>
      drawTable({
        ...{ op: "layerNorm", dtype: "f32", rows: 1, cols: 64, contestants: rows, leftOut: [] },
        noise: noiseOf(rows, drift),
      })
        .split("\n")
        .map((line) => line.slice(0, 6));
    expect(table(1)).toEqual(["layerN", "  calm", "~ wild"]);
    expect(table(1.5)).toEqual(["layerN", "~ calm", "~ wild"]);
    const figure = { what: "a over b", value: 2, unit: "×", of: "" } as const;
    expect(drawFigure({ ...figure, noise: noiseOf(rows.slice(0, 1), 1) })).toMatch(/^ /);
    expect(drawFigure({ ...figure, noise: noiseOf(rows, 1) })).toMatch(/^~/);
  });

  it("is in what is measured", async () => {
    const { default: Benchmark } = await import("benchmark");
    const asked = { ops: ["layerNorm"], shapes: [{ rows: 1, cols: 16 }], dtypes: ["f32"] } as const;
    const [figure] = await figures(Benchmark, environment, overheads(asked, "now"), {
      seconds: 0.01,
      sampleTime: 1e-4,
    });
    expect(figure.unit).toBe("ns");
    expect(Number.isFinite(figure.value)).toBe(true);
    expect(figure.noise.drift).toBeGreaterThan(0);
  });
});

it("random numbers are the same on every machine", () => {
  const uniform = uniforms(1);
  expect([uniform(), uniform(), uniform()]).toEqual([0.6270739405881613, 0.002735721180215478, 0.5274470399599522]);
});
