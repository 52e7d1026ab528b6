// The earlier build takes part as today's does, on the same numbers; and a ratio that one process does not settle is taken in several.

import Benchmark from "benchmark";
import { describe, expect, it } from "vitest";
import { buildBaseline } from "../bench/baseline/build.js";
import { baselineContestants } from "../bench/baseline/contestants.js";
import { medianOf } from "../bench/baseline/processes.js";
import { settle, summary } from "../bench/baseline/settle.js";
import { check, reference } from "../bench/check.js";
import { dtypes, read } from "../bench/command.js";
import { type Contestant, copy, resident } from "../bench/contestants/index.js";
import { zeros } from "../bench/figures.js";
import { measure, ratio } from "../bench/measure.js";
import { opNames, ops } from "../bench/ops.js";
import { makeProblem } from "../bench/problem.js";
import { openEnvironment, type Row, runCase, type Table } from "../bench/suite.js";
import { drawTable } from "../bench/table.js";

const environment = openEnvironment();
/** Today's build in the baseline's place: the contestants do not know which it is. Its exports take other arguments. */
const before = openEnvironment();
const { kernel, ...calls } = baselineContestants(before, ops);

describe("the baseline's contestants", () => {
  describe.each(opNames)("%s", (op) => {
    it.each(dtypes)("in %s: agree with the oracle of the problem that they are given", async (dtype) => {
      const which = { op, dtype, rows: 5, cols: 67 };
      for (const distribution of [undefined, zeros]) {
        const problem = makeProblem(which, environment, distribution);
        const used = before.engine.bytesInUse;
        const names: string[] = [];
        for (const { name, where, setup } of Object.values(calls)) {
          if (where?.(environment, which) === false) continue;
          const prepared = await setup(problem);
          expect(before.engine.bytesInUse).toBeGreaterThan(used);
          await check(prepared, problem, reference(problem));
          await prepared.teardown?.();
          expect(before.engine.bytesInUse).toBe(used);
          names.push(name);
        }
        const arrays = ops[op].outputs.includes("y") ? "out given" : "new result";
        expect(names).toEqual(["baseline, resident", `baseline, arrays, ${arrays}`]);
        problem.dispose();
      }
    });
  });

  it("are absent where the earlier package has no such op", () => {
    const { geometry: _, ...without } = before.package;
    const earlier = baselineContestants({ ...before, package: without as typeof before.package }, ops);
    const has = (op: "geometry" | "moments") =>
      earlier.resident.where?.(environment, { op, dtype: "f32", rows: 1, cols: 8 });
    expect([has("geometry"), has("moments")]).toEqual([false, true]);
  });

  it("call the raw exports with their own arguments, which have no strides", async () => {
    const got: number[][] = [];
    const record = (...args: number[]) => got.push(args);
    const earlier = { ...before, kernels: { layerNorm_f32: record, rmsNorm_f32: record } };
    const contestant = baselineContestants(earlier, ops).kernel;
    for (const op of ["layerNorm", "rmsNorm"] as const) {
      const problem = makeProblem({ op, dtype: "f32", rows: 3, cols: 8 }, environment);
      const prepared = await contestant.setup(problem);
      prepared.run();
      await prepared.teardown?.();
      problem.dispose();
    }
    const [[y, sum, mean, rstd, x, residual, weight, bias, ...sizes], rms] = got;
    expect([sum, mean, rstd, residual, ...sizes]).toEqual([0, 0, 0, 0, 3, 8, 1e-5]);
    expect(new Set([0, y, x, weight, bias]).size).toBe(5);
    expect([rms.length, ...rms.slice(6)]).toEqual([11, 0, 3, 8, 0, 1e-5]);
  });

  it("leave no tensor behind when they cannot take part", async () => {
    const problem = makeProblem({ op: "moments", dtype: "f32", rows: 3, cols: 8 }, environment);
    const used = before.engine.bytesInUse;
    await expect(async () => kernel.setup(problem)).rejects.toThrow("the bench does not call the kernel of moments");
    expect(before.engine.bytesInUse).toBe(used);
    problem.dispose();
  });

  it("stand in the table, and today's beside them has a ratio", async () => {
    const which = { op: "layerNorm", dtype: "f32", rows: 2, cols: 64 } as const;
    const takes = (seconds: number, one: Contestant): Contestant => ({
      ...one,
      setup: async (problem) => ({ ...(await one.setup(problem)), sample: async () => seconds }),
    });
    const contestants = [takes(2, resident), takes(1, copy), takes(4, calls.resident)];
    const table = await runCase(Benchmark, environment, which, contestants, { seconds: 0 });
    expect(table.contestants.map(({ name, counterpart, overBaseline }) => [name, counterpart, overBaseline])).toEqual([
      ["engine, resident", undefined, 0.5],
      ["v128 copy", undefined, null],
      ["baseline, resident", "engine, resident", null],
    ]);
    const [engine] = table.contestants;
    const [, line] = drawTable({ ...table, contestants: [{ ...engine, overBaseline: 1.234 }] }).split("\n");
    expect(line).toMatch(/ 1\.23$/);
  });
});

const row = (name: string, overBaseline: number | null, more: Partial<Row> = {}) =>
  ({ name, nanoseconds: 100, lowerQuartile: 95, upperQuartile: 105, overBaseline, ...more }) as Row;
const tableOf = (rows: number, cols: number, contestants: Row[], drift = 1): Table => ({
  ...{ op: "layerNorm", dtype: "f32", rows, cols, contestants, leftOut: [] },
  noise: { noisy: [], drift },
});

describe("ratios that one process does not settle", () => {
  const asked: string[] = [];
  const again: NonNullable<Parameters<typeof settle>[1]["again"]> = ({ rows, cols }, name, { processes }) => {
    asked.push(`${rows}×${cols} ${name} ${processes}`);
    return medianOf([0.9, 0.8, 1].map((ratio) => ({ today: 1, baseline: 1, ratio })));
  };
  const settled = (rows: number, cols: number, ratio: number | null) => {
    asked.length = 0;
    return settle(tableOf(rows, cols, [row("a", ratio)]), { processes: 3, again }).contestants[0];
  };

  it("are those of short calls, and those that are off either way: they become a median", () => {
    for (const [rows, cols, ratio] of [
      [1, 4096, 1],
      [128, 64, 1.031],
      [128, 768, 0.97],
    ]) {
      expect(settled(rows, cols, ratio)).toMatchObject({ overBaseline: 0.9, processes: [0.9, 0.8, 1] });
      expect(asked).toEqual([`${rows}×${cols} a 3`]);
    }
  });

  it("are not those near 1 of longer calls, and not of those who have no counterpart", () => {
    for (const [rows, cols, ratio] of [
      [128, 64, 1.03],
      [128, 768, 0.971],
      [1, 64, null],
    ] as const) {
      expect(settled(rows, cols, ratio)).toEqual(row("a", ratio));
      expect(asked).toEqual([]);
    }
  });
});

describe("today ÷ baseline", () => {
  const lines = (...tables: Table[]) => summary(tables, "abc").map((line) => line.replace(/ +/g, " "));

  it("has a line per table and a column per contestant, and names what is slower", () => {
    const tables = [
      tableOf(1, 64, [row("engine, resident", 0.8), row("v128 copy", null), row("engine, arrays", 1.05)]),
      tableOf(128, 768, [row("engine, resident", 1.2)]),
    ];
    expect(lines(...tables)).toEqual([
      "today ÷ abc engine, resident engine, arrays",
      "layerNorm f32 1×64 0.800 1.050",
      "layerNorm f32 128×768 1.200",
      "",
      "Above 1.03 are 2 of 3 ratios:",
      " 1.200 layerNorm f32 128×768, engine, resident",
      " 1.050 layerNorm f32 1×64, engine, arrays",
    ]);
    expect(lines(tableOf(1, 64, [row("a", 1.03)])).at(-1)).toBe("None of 1 ratios is above 1.03.");
    expect(lines(tableOf(1, 64, [row("a", null)]))).toEqual(["abc has none of these ops"]);
  });

  it("marks what cannot be believed: by its processes, or else by both times and the control", () => {
    const of = (one: Partial<Row>, beside: Partial<Row> = {}, drift = 1) =>
      lines(tableOf(128, 768, [row("a", 1, one), row("b", null, { counterpart: "a", ...beside })], drift))[1];
    expect(of({})).toBe("layerNorm f32 128×768 1.000");
    expect(of({ upperQuartile: 200 })).toBe("layerNorm f32 128×768 ~ 1.000");
    expect(of({}, { upperQuartile: 200 })).toBe("layerNorm f32 128×768 ~ 1.000");
    expect(of({}, { upperQuartile: 200, counterpart: "c" })).toBe("layerNorm f32 128×768 1.000");
    expect(of({}, {}, 2)).toBe("layerNorm f32 128×768 ~ 1.000");
    expect(of({ upperQuartile: 200, processes: [1, 1, 1.1] }, {}, 2)).toBe("layerNorm f32 128×768 1.000");
    expect(of({ processes: [0.5, 1, 1.5] })).toBe("layerNorm f32 128×768 ~ 1.000");
  });

  it("of several processes is the median of their ratios", () => {
    const pairs = [
      { today: 30, baseline: 10, ratio: 3 },
      { today: 20, baseline: 20, ratio: 1 },
      { today: 10, baseline: 30, ratio: 1.1 },
    ];
    expect(medianOf(pairs)).toEqual({ today: 20, baseline: 20, ratio: 1.1, ratios: [3, 1, 1.1], noisy: true });
    expect(medianOf([pairs[1], pairs[1], pairs[2]]).noisy).toBe(false);
  });
});

it("samples by another clock hear nothing of the time that passes meanwhile", async () => {
  let spent = 0;
  const works = (seconds: number) => ({
    run() {
      spent += seconds;
    },
  });
  const budget = { seconds: 0, clock: () => spent };
  const [a, b] = await measure(Benchmark, [works(2 ** -12), works(2 ** -11)], budget);
  expect([a.median, b.median, ratio(a, b)]).toEqual([2 ** -12, 2 ** -11, 0.5]);
});

it("a clone without the baseline's commit is told so", () => {
  expect(() => buildBaseline("0000000")).toThrow(
    "baseline: git expected to know commit 0000000, got none of that name",
  );
});

it("--alone and --cpu-time are options", () => {
  expect(read("bench", "", { args: [] })).toMatchObject({ alone: false, cpuTime: false });
  expect(read("bench", "", { args: ["--alone", "--cpu-time"] })).toMatchObject({ alone: true, cpuTime: true });
});
