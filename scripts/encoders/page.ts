/**
 * docs/where-it-holds.md: its tables and what else the record says stand between marks, each by its name, and its figure beside it;
 * and what the explorer shows of it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { explorerFile, forExplorer } from "./explorer.js";
import { figure } from "./figure.js";
import type { Record } from "./record.js";
import { additionsTable, inputsTable, normsTable, outputsTable, provenance, summary, weightsTable } from "./table.js";

/** What stands between the marks of these names. */
const blocks = {
  summary,
  norms: normsTable,
  inputs: inputsTable,
  additions: additionsTable,
  weights: weightsTable,
  outputs: outputsTable,
  provenance,
} as const;

/** The page with these made anew. @throws Error naming the marks that are not there */
export function filled(page: string, record: Record): string {
  return Object.entries(blocks).reduce((text, [name, linesOf]) => {
    const [open, close] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
    const [start, end] = [text.indexOf(open), text.indexOf(close)];
    if (start < 0 || end < start) throw new Error(`page: expected ${open.trim()} … ${close}, got a page without them`);
    return `${text.slice(0, start)}${open}\n${linesOf(record).join("\n")}\n\n${text.slice(end)}`;
  }, page);
}

/** The files that are made of the record, by their paths in the repository. */
export function pages(record: Record): { [path: string]: string } {
  return {
    "docs/where-it-holds.md": filled(readFileSync(inRepository("docs/where-it-holds.md"), "utf8"), record),
    "docs/where-it-holds.svg": figure(record),
    [explorerFile]: forExplorer(record),
  };
}

/** @returns the paths written */
export function writePages(record: Record): string[] {
  const written = Object.entries(pages(record));
  for (const [path, text] of written) writeFileSync(inRepository(path), text);
  return written.map(([path]) => path);
}

function inRepository(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
