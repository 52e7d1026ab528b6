// The targets that are held against the baseline: what is compared, how it is judged, and what the page says of it.

import { afterEach, describe, expect, it, vi } from "vitest";
import { baselineContestants } from "../bench/baseline/contestants.js";
import { arrays, arraysOut, kernel, resident } from "../bench/contestants/index.js";
import { ops } from "../bench/ops.js";
import { beforeAndAfter } from "../bench/report/contributor.js";
import { readerPage } from "../bench/report/reader.js";
import { readRecords, type TargetsRecord } from "../bench/report/records.js";
import { openEnvironment } from "../bench/suite.js";
import { groupNames, targetsOf } from "../bench/targets/comparisons.js";
import { cellsOf, type Line, lineOf, verdictOf } from "../bench/targets/line.js";
import { sizeLines } from "../bench/targets/loading.js";
import { readTargets, sections } from "../bench/targets/request.js";
import { threadLines } from "../bench/targets/threads.js";

const baseline = baselineContestants(openEnvironment(), ops);

describe("comparisons", () => {
  const all = groupNames.flatMap((name) => targetsOf(name, baseline));

  it("are the targets, each once", () => {
    const limits = all.flatMap(({ what, limit }) => (limit === undefined ? [] : [`${what}: ${limit}`]));
    expect(limits).toEqual([
      "layerNorm bf16 128×768, resident, over f32: 1.8",
      "layerNorm bf16 128×768, resident, over the baseline: 0.8",
      "layerNorm f16 128×768, resident, over f32: 2.3",
      "layerNorm f16 128×768, resident, over the baseline: 0.5",
      "rmsNorm bf16 128×768, resident, over f32: 1.3",
      "rmsNorm f16 128×768, resident, over f32: 1.9",
      "layerNorm bf16 2048×4096, resident, over f32: 1",
      "layerNorm 2048×4096, arrays, out given, over resident: 1.4",
      "layerNorm 1×64, raw export, over the baseline's: 0.75",
      "layerNorm 1×768, raw export, over the baseline's: 0.9",
      "layerNorm 128×768, arrays, out given, over resident: 1.65",
      "layerNorm 512×768, arrays, out given, over resident: 1.5",
      "layerNorm 128×768, rows of zeros over ordinary rows: 1.3",
      "layerNorm bf16 128×768, rows of zeros over ordinary rows: 1.3",
      "rmsNorm 128×768, rows of zeros over ordinary rows: 1.3",
      "rmsNorm bf16 128×768, rows of zeros over ordinary rows: 1.3",
      "layerNorm 1×64, arrays, out given, over resident: 5",
      "layerNorm 1×64, arrays, new result, over resident: 5",
    ]);
    expect(new Set(all.map(({ what }) => what)).size).toBe(all.length);
  });

  it("compare what they say", () => {
    const contestants = {
      "resident, over f32": [resident, resident],
      "resident, over the baseline": [resident, baseline.resident],
      "raw export, over the baseline's": [kernel, baseline.kernel],
      "arrays, out given, over resident": [arraysOut, resident],
      "arrays, new result, over resident": [arrays, resident],
      "rows of zeros over ordinary rows": [resident, resident],
    };
    for (const { what, first, second } of all) {
      const [, expected] = Object.entries(contestants).find(([end]) => what.endsWith(end)) ?? expect.fail(what);
      expect([first.contestant, second.contestant], what).toEqual(expected);
      expect(second.case, what).toEqual(what.includes("over f32") ? { ...first.case, dtype: "f32" } : first.case);
      expect(first.distribution, what).toEqual(what.includes("zeros") ? { mean: 0, deviation: 0 } : undefined);
      expect(second.distribution, what).toBeUndefined();
      const { op, dtype, rows, cols } = first.case;
      expect(what).toMatch(new RegExp(`^${op} ${dtype === "f32" ? "" : `${dtype} `}${rows}×${cols}, `));
    }
  });
});

describe("a line", () => {
  const line = (change: Partial<Line>): Line => ({ ...lineOf("a over b", 0.9, [0.8, 0.7, 1]), ...change });

  it("is the median of its ratios", () => {
    expect(cellsOf(line({}))).toEqual(["a over b", "≤ 0.9×", "0.80×", "0.70 to 1.00", "too noisy to judge"]);
  });

  it("is judged from its own side, and not where it is noisy, missing or without a target", () => {
    const calm = (value: number, side: "≤" | "≥" = "≤") => verdictOf(lineOf("", 0.9, [value, value, value], side));
    expect([calm(0.9), calm(0.91), calm(0.9, "≥"), calm(0.89, "≥")]).toEqual([
      "reached",
      "not reached",
      "reached",
      "not reached",
    ]);
    expect(verdictOf(line({}))).toBe("too noisy to judge");
    expect(verdictOf(line({ limit: 0.6 }))).toBe("not reached");
    expect(verdictOf(line({ limit: 1 }))).toBe("reached");
    expect(verdictOf(line({ value: null }))).toBe("not measured");
    expect(verdictOf(line({ limit: null }))).toBe("");
    expect(cellsOf(line({ unit: "KB", limit: 15.5, value: 15.44 })).slice(1, 3)).toEqual(["≤ 15.5 KB", "15.4 KB"]);
    expect(cellsOf(line({ value: null, limit: null })).slice(1, 3)).toEqual(["", "–"]);
  });

  it("of threads is that of two, at their best, and at the median where they decline", () => {
    const figures = (best: number, median: number) => [
      { threads: 2, median, best },
      { threads: 3, median: 9, best: 9 },
    ];
    const result = { op: "layerNorm", dtype: "f32" };
    const lines = threadLines({
      results: [
        { ...result, rows: 512, cols: 768, figures: figures(1.7, 1.5) },
        { ...result, rows: 1, cols: 64, figures: figures(1.2, 0.9) },
      ],
    });
    expect(lines.map(({ value }) => value)).toEqual([1.7, null, null, 0.9]);
    expect(lines.map(verdictOf)).toEqual(["reached", "not measured", "not measured", "not reached"]);
    expect(threadLines(undefined).map(verdictOf)).toEqual(Array(4).fill("not measured"));
  });

  it("of sizes is of the entry that it names", async () => {
    const lines = await sizeLines();
    expect(lines.map(({ what, limit }) => [what, limit])).toEqual([
      ['import { layerNorm } from "orthonorm/f32", gzipped', 15.5],
      ['import { layerNorm } from "orthonorm", gzipped', 26.5],
    ]);
    expect(lines[1].value).toBeGreaterThan(10);
    expect(lines[1].value).toBeLessThan(40);
  });
});

describe("options", () => {
  afterEach(() => {
    vi.restoreAllMocks();
    process.exitCode = undefined;
  });

  it("choose the sections and the number of processes", () => {
    expect(readTargets([])).toEqual({ only: sections, processes: 9, json: undefined });
    expect(readTargets(["--only", "row,cold", "--quick", "--json", "a.json"])).toEqual({
      ...{ only: ["row", "cold"], processes: 5, json: "a.json" },
    });
  });

  it.each([
    ["--only", "rows"],
    ["--only", ""],
    ["--seconds", "1"],
  ])("%s %s is refused", (...args) => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    expect(readTargets(args)).toBeUndefined();
    expect(error.mock.calls[0][0]).toMatch(/^bench:targets: (--only expected halves, large, .*got|Unknown option)/);
    expect(process.exitCode).toBe(2);
  });
});

describe("pages", () => {
  const record = (node: string, lines: Line[]): TargetsRecord => ({
    ...{ file: "", commit: "1234567890", date: "2026-01-02T", command: "tsx bench/targets/run.ts", baseline: "abc" },
    ...{ machine: { cpu: "", cores: 2, platform: "" }, runtime: { node, v8: "" }, lines },
  });

  it("have a column per runtime, and say what is not reached", () => {
    const [one, other] = [lineOf("one", 0.9, [0.8]), lineOf("other", 0.9, [0.95])];
    const text = beforeAndAfter([record("20.1", [one]), record("24.1", [one, other])]).join("\n");
    expect(text).toContain("|  | target | Node 20 | Node 24 |");
    const [reached, missed] = ["0.80× <sub>0.80 to 0.80</sub>", "0.95× <sub>0.95 to 0.95</sub> **not reached**"];
    expect(text).toContain(`| one | ≤ 0.9× | ${reached} | ${reached} |`);
    expect(text).toContain(`| other | ≤ 0.9× | – | ${missed} |`);
    expect(text).toContain("build of abc,");
    expect(text).toContain("Of commit 1234567, 2026-01-02: `tsx bench/targets/run.ts`");
    expect(beforeAndAfter([])).toEqual([]);
  });

  it("have rows of the baseline where a record has it", () => {
    const records = readRecords();
    for (const { results } of records.engine) {
      for (const row of results.flatMap(({ contestants }) => contestants)) delete row.overBaseline;
    }
    const without = { ...records, engine: records.engine.map(({ baseline: _, ...one }) => one) };
    expect(readerPage(without)).not.toContain("÷ baseline");
    const [first] = records.engine;
    for (const one of records.engine) one.baseline = "abc";
    const row = first.results[0].contestants.find(({ name }) => name === "engine, resident") ?? expect.fail("no row");
    row.overBaseline = 0.777;
    const page = readerPage(records);
    expect(page).toContain("*baseline*: the package of commit abc, in the same rounds.");
    expect(page).toMatch(/\| \*engine, resident ÷ baseline\* \| 0\.78 \| – \|/);
    expect(page).not.toContain("kernel alone ÷ baseline");
  });
});
