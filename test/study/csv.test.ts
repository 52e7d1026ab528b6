// The CSV: the JSON's figures, a line per site.

import { toCsv } from "@orthonorm/study";
import { describe, expect, test } from "vitest";
import { toJson } from "../../study/src/report/json.js";
import type { Report } from "../../study/src/types.js";
import { sampleReports } from "../support/sample-report.js";

const reports = await sampleReports();

/** Fields as RFC 4180 has them: quoted with doubled quotes inside, or without any quote, comma or line end. */
function parsed(text: string): string[][] {
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  const lines: string[][] = [[]];
  while (field.lastIndex < text.length) {
    const at = field.lastIndex;
    const found = field.exec(text);
    if (found === null) throw new Error(`expected a field, got ${JSON.stringify(text.slice(at, at + 40))}`);
    const [, quoted, bare, end] = found;
    lines[lines.length - 1].push(quoted?.replaceAll('""', '"') ?? bare);
    if (end !== "," && field.lastIndex < text.length) lines.push([]);
  }
  return lines;
}

type Json = { [key: string]: Json } | number | string | boolean | null | Json[];

const at = (value: Json, path: string): Json =>
  path.split(".").reduce((of, name) => (of === null ? null : ((of as { [key: string]: Json })[name] ?? null)), value);

describe.each(["twins", "one", "massive", "unweighted", "few"])("the CSV of %s", (name) => {
  const report = reports[name];
  const { sites } = JSON.parse(toJson(report)) as { sites: Json[] };
  const [columns, ...lines] = parsed(toCsv(report));

  test("has a line per site with the JSON's values", () => {
    expect(lines).toHaveLength(sites.length);
    for (const [i, line] of lines.entries()) {
      expect(line).toHaveLength(columns.length);
      for (const [j, path] of columns.entries()) {
        const value = at(sites[i], path);
        const written = value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
        expect(line[j], `${path} of line ${i}`).toBe(written);
      }
    }
  });

  test("has every number and text of the JSON outside of its lists", () => {
    const paths = new Set<string>();
    const visit = (value: Json, path: string[]) => {
      if (Array.isArray(value) || path.at(-1) === "histograms") return;
      if (value === null || typeof value !== "object") paths.add(path.join("."));
      else for (const [key, of] of Object.entries(value)) visit(of, [...path, key]);
    };
    for (const site of sites) visit(site, []);
    const leaves = [...paths].filter((path) => ![...paths].some((other) => other.startsWith(`${path}.`)));
    expect([...columns].sort()).toEqual(leaves.sort());
    expect(columns).toEqual(expect.arrayContaining(["site", "angle.mean", "null.deviation", "dCos2.mean"]));
  });
});

test("names of any characters come back, and none begins a formula", () => {
  const [group] = reports.one.groups;
  const names = ['a "quoted", name', "two\r\nlines", "=HYPERLINK(1)", "-sum", "-1", "@x", "שלום"];
  const sites = names.map((site) => ({ ...group.sites[0], site }));
  const report: Report = { ...reports.one, groups: [{ ...group, sites }] };
  const [columns, ...lines] = parsed(toCsv(report));
  const found = lines.map((line) => line[columns.indexOf("site")]);
  expect(found).toEqual(['a "quoted", name', "two\r\nlines", "'=HYPERLINK(1)", "'-sum", "-1", "'@x", "שלום"]);
});

test.each(Object.keys(reports))("the JSON of %s, made in pieces, is as JSON.stringify lays it out", (name) => {
  for (const report of [reports[name], { ...reports[name], groups: [], skipped: [] }]) {
    const text = toJson(report);
    expect(text).toBe(`${JSON.stringify(JSON.parse(text), null, 2)}\n`);
  }
});

test("a report without sites is an empty heading", () => {
  expect(toCsv({ ...reports.one, groups: [] })).toBe("\r\n");
});
