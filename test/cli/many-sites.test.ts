// Files of thousands of small tensors.

import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { drawTable } from "../../cli/src/terminal/table.js";
import { htmlReport } from "../../study/src/report/html/page.js";
import { thinned } from "../../study/src/report/html/thinned.js";
import type { Group } from "../../study/src/types.js";
import {
  cli,
  type Figures,
  f32,
  figures,
  folder,
  orthonorm,
  random,
  study,
  write,
  writeRaw,
} from "../support/study-runs.js";

test("a table of many sites is one table, and says how many more there are", async () => {
  write("one.safetensors", { "h.0": random(8, 16), "h.1": random(9, 16) });
  const [{ sites, ...group }] = (await study([join(folder, "one.safetensors")], { withSpeed: false })).groups;
  const many = (count: number): Group => ({
    ...group,
    sites: Array.from({ length: count }, (_, at) => ({ ...sites[at % 2], site: `h.${1000 + at}` })),
  });
  const table = (groups: Group[]) => drawTable(groups, "geometry", { width: 100, color: false }).split("\n");
  const few = table([many(250)]);
  // Two lines of titles, a rule, the heading, the sites, a rule.
  expect(few.length).toBe(250 + 5);
  expect(new Set(few.slice(4, -1).map((line) => line.replace(/^ *h\.\d+/, ""))).size).toBe(2);

  const all = table([many(1500), many(700), many(1)]);
  expect(all.filter((line) => /^ {2}h\./.test(line)).length).toBe(2000);
  expect(all.at(-2)).toBe("  … and 201 sites more, which --json and --csv have");
});

test("hundreds of small tensors are measured, each as it is alone", () => {
  const tensors = Object.fromEntries(Array.from({ length: 210 }, (_, at) => [`t.${at}`, random(1 + (at % 70), 4)]));
  write("many.safetensors", tensors);
  expect(orthonorm(["study", "many.safetensors", "--json", "many.json"]).status).toBe(0);
  const { sites } = JSON.parse(readFileSync(join(folder, "many.json"), "utf8")) as Figures;
  expect(sites.length).toBe(210);
  for (const at of [0, 3, 62, 63, 64, 69]) {
    write("alone.safetensors", { [`t.${at}`]: tensors[`t.${at}`] });
    const [{ source: _, verdict: own, ...alone }] = figures("alone.safetensors").sites;
    const { source: _s, verdict, ...among } = sites.find(({ site }) => site === `t.${at}`) as (typeof sites)[0];
    expect(among).toEqual({ ...alone, model: "many" });
    // the interval holds for all sites of a report at once, and is wider for more of them; its own does not change
    const { interval, ...rest } = verdict;
    expect(rest).toEqual({ ...own, interval: undefined, claim: rest.claim, doubt: rest.doubt });
    if (own.interval !== null) expect(interval?.high).toBeGreaterThan(own.interval.high);
  }
  const same = Array.from({ length: 3 }, () => [1, 2, 3, 4]).flat();
  write("same.safetensors", { few: f32(4, 4, [...same, 4, 3, 2, 2]), none: f32(2, 4, new Float32Array(8)) });
  expect(figures("same.safetensors").sites[0]).toMatchObject({ counted: 2, apart: { repeated: 2 } });
  expect(orthonorm(["study", "same.safetensors"]).stdout.replace(/\s+/g, " ")).toContain("none (no row has an angle");
});

test("a reader that closes standard output early gets its part, and the other files are written whole", () => {
  write("long.safetensors", Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`t.${at}`, random(8, 16)])));
  rmSync(join(folder, "long.csv"), { force: true });
  const run = `"${process.execPath}" "${cli}" study long.safetensors --json - --csv long.csv | head -c 100`;
  const { stdout, stderr } = spawnSync("sh", ["-c", run], { cwd: folder, encoding: "utf8" });
  expect({ length: stdout.length, stderr }).toEqual({ length: 100, stderr: "" });
  expect(readFileSync(join(folder, "long.csv"), "utf8").split("\r\n")).toHaveLength(302);
});

describe("the report of many sites", () => {
  const models = async (...counts: number[]) => {
    write("few.safetensors", { "h.0": random(8, 16), "h.1": random(9, 16) });
    const report = await study([join(folder, "few.safetensors")], { withSpeed: false });
    const [{ sites, ...group }] = report.groups;
    const groups = counts.map((count, model) => ({
      ...group,
      label: `m${model}`,
      sites: Array.from({ length: count }, (_, at) => ({ ...sites[at % 2], site: `h.${at}` })),
    }));
    return { ...report, groups };
  };

  test("keeps the first and the last of each model, and small models whole", async () => {
    const { report, note } = thinned(await models(3, 1000, 200), 103);
    const names = report.groups.map(({ sites }) => sites.map(({ site }) => site));
    expect(names.map((group) => [group.length, group[0], group.at(-1)])).toEqual([
      [3, "h.0", "h.2"],
      [50, "h.0", "h.999"],
      [50, "h.0", "h.199"],
    ]);
    expect(names.map((group) => new Set(group).size)).toEqual([3, 50, 50]);
    expect(note).toBe(
      "Figures and tables show 103 of 1203 sites, spread evenly over the depth of each model; --json and --csv have all.",
    );
    const small = await models(3, 4);
    expect(thinned(small, 7)).toEqual({ report: small, note: null });
  });

  test("is a page below its size, which says what it leaves out", async () => {
    const report = await models(450, 450);
    const html = htmlReport(report, {
      finding: "Found.",
      notes: ["Noted."],
      command: "orthonorm",
      hashes: {},
      date: "2026-01-01",
    });
    expect(Buffer.byteLength(html)).toBeLessThan(1_000_000);
    const shown = Number(/show (\d+) of 900 sites/.exec(html)?.[1]);
    expect([400, 200, 100]).toContain(shown);
    expect(html).toContain("Noted.");
  });
});

test("more tensors than memory has room for are refused before one is read", () => {
  const count = 100_001;
  const header = Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      `t.${at}`,
      { dtype: "F32", shape: [1, 2], data_offsets: [8 * at, 8 * at + 8] },
    ]),
  );
  writeRaw("crowd.safetensors", JSON.stringify(header), Buffer.alloc(8 * count));
  expect(orthonorm(["study", "crowd.safetensors"])).toMatchObject({
    status: 1,
    stdout: "",
    stderr:
      "study: the study expected at most 100000 tensors at a time, got 100001 (choose some by --sites, and merge what --save writes)\n",
  });
});
