/** The figures of --json as a table: RFC 4180, one line per site, for a spreadsheet, pandas or R. */
import type { Report } from "../types.js";
import { toJson } from "./json.js";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A heading, with those under it: of "angle" they are "mean", "sd" and so on. A column has none under it. */
type Headings = Map<string, Headings>;

/**
 * Columns are named as in the JSON, "angle.mean", and stand in its order. What is an object at one site and null at another has
 * empty cells there. Lists have no column: histograms, and the values per token.
 */
export function toCsv(report: Report): string {
  const { sites } = JSON.parse(toJson(report)) as { sites: Json[] };
  const headings: Headings = new Map();
  for (const site of sites) addHeadings(headings, site);
  const columns = columnsOf(headings);
  const lines = [
    columns.map((path) => path.join(".")),
    ...sites.map((site) => columns.map((path) => cell(path.reduce(under, site)))),
  ];
  return lines.map((line) => `${line.map(quoted).join(",")}\r\n`).join("");
}

function addHeadings(headings: Headings, value: Json): void {
  if (value === null || typeof value !== "object") return;
  for (const [name, of] of Object.entries(value)) {
    // A histogram is its counts: without that list its ends say nothing.
    if (Array.isArray(of) || name === "histograms") continue;
    const there = headings.get(name) ?? new Map();
    headings.set(name, there);
    addHeadings(there, of);
  }
}

function columnsOf(headings: Headings, above: string[] = []): string[][] {
  return [...headings].flatMap(([name, under]) => {
    const path = [...above, name];
    return under.size === 0 ? [path] : columnsOf(under, path);
  });
}

function under(value: Json, name: string): Json {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  return value[name] ?? null;
}

function cell(value: Json): string {
  if (value === null) return "";
  return typeof value === "string" ? harmless(value) : JSON.stringify(value);
}

/** A spreadsheet would run a text that begins as a formula, and names come from files of any origin. "--norm" can call nothing. */
function harmless(text: string): string {
  return /^[=+@\t\r]|^-(?![\d.]|-[a-z]+$)/.test(text) ? `'${text}` : text;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
