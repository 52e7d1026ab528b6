// Files of thousands of small tensors.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { drawTable } from "../../cli/src/terminal/table.js";
import type { Group } from "../../study/src/types.js";
import {
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
  expect(all.at(-2)).toBe("  … and 201 sites more, which --json and --html have");
});

test("hundreds of small tensors are measured, each as it is alone", () => {
  const tensors = Object.fromEntries(Array.from({ length: 210 }, (_, at) => [`t.${at}`, random(1 + (at % 70), 4)]));
  write("many.safetensors", tensors);
  expect(orthonorm(["study", "many.safetensors", "--json", "many.json"]).status).toBe(0);
  const { sites } = JSON.parse(readFileSync(join(folder, "many.json"), "utf8")) as Figures;
  expect(sites.length).toBe(210);
  for (const at of [0, 3, 62, 63, 64, 69]) {
    write("alone.safetensors", { [`t.${at}`]: tensors[`t.${at}`] });
    const [{ source: _, ...alone }] = figures("alone.safetensors").sites;
    const { source: _s, ...among } = sites.find(({ site }) => site === `t.${at}`) as (typeof sites)[0];
    expect(among).toEqual({ ...alone, model: "many" });
  }
  const same = Array.from({ length: 3 }, () => [1, 2, 3, 4]).flat();
  write("same.safetensors", { few: f32(4, 4, [...same, 4, 3, 2, 2]), none: f32(2, 4, new Float32Array(8)) });
  expect(figures("same.safetensors").sites[0]).toMatchObject({ counted: 2, apart: { repeated: 2 } });
  expect(orthonorm(["study", "same.safetensors"]).stdout.replace(/\s+/g, " ")).toContain("none (no row has an angle");
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
