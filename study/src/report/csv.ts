/** The figures of --json as a table: RFC 4180, one line per site, for a spreadsheet, pandas or R. */
import type { Report } from "../types.js";
import { sitesJson } from "./json.js";

/** A heading, with those under it: of "angle" they are "mean", "sd" and so on. A column has none under it. */
type Headings = Map<string, Headings>;

/**
 * Columns are named as in the JSON, "angle.mean", and stand in its order. What is an object at one site and null at another has
 * empty cells there. Lists have no column: histograms, and the values per token.
 */
export function toCsv(report: Report): string {
  return [...csvPieces(report)].join("");
}

/** The CSV in pieces, a line each. */
export function* csvPieces(report: Report): Generator<string> {
  const headings: Headings = new Map();
  for (const site of sitesJson(report)) addHeadings(headings, site);
  const columns = columnsOf(headings);
  yield line(columns.map((path) => path.join(".")));
  for (const site of sitesJson(report)) yield line(columns.map((path) => cell(path.reduce<unknown>(under, site))));
}

function line(cells: readonly string[]): string {
  return `${cells.map(quoted).join(",")}\r\n`;
}

function addHeadings(headings: Headings, value: unknown): void {
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

function under(value: unknown, name: string): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  return (value as Record<string, unknown>)[name] ?? null;
}

function cell(value: unknown): string {
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
