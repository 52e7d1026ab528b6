/** Today's build over the baseline's, cell by cell: which ratios one process does not settle, and the table of all. */
import { isDrifting, isNoisy, mark } from "../noise.js";
import type { Row, Table } from "../suite.js";
import { compare, scattered } from "./processes.js";

/** A ratio up to this counts as equal: no bench on a shared machine tells it from 1. */
export const tolerance = 1.03;

/**
 * Of fewer numbers, 1×64 to 1×4096 in the suite, a call takes a few microseconds at most, and how V8 has compiled it in this
 * process is more of that than the tolerance.
 */
const short = 2 ** 13;

/** Another ratio may be off by the noise of this process; to look again at the slow ones alone would favour today's build. */
const settled = (ratio: number) => ratio <= tolerance && ratio >= 1 / tolerance;

/** The same table, with medians over so many processes for ratios that its own process does not settle. */
export function settle(
  table: Table,
  { processes, again = compare }: { processes: number; again?: typeof compare },
): Table {
  const contestants = table.contestants.map((row): Row => {
    if (row.overBaseline === null) return row;
    if (table.rows * table.cols >= short && settled(row.overBaseline)) return row;
    const { ratio, ratios } = again(table, row.name, { processes });
    return { ...row, overBaseline: ratio, processes: ratios };
  });
  return { ...table, contestants };
}

interface Cell {
  table: Table;
  name: string;
  ratio: number;
  noisy: boolean;
}

/** Can the ratio not be believed? Several processes judge themselves; of one, both times and the control do. */
function isNoisyCell(table: Table, row: Row): boolean {
  if (row.processes !== undefined) return scattered(row.processes);
  const before = table.contestants.find(({ counterpart }) => counterpart === row.name);
  return isDrifting(table.noise) || isNoisy(row) || (before !== undefined && isNoisy(before));
}

const titleOf = ({ op, dtype, rows, cols }: Table) => `${op} ${dtype} ${rows}×${cols}`;

/** The table of all ratios, a line per op, element type and shape, and what of them is above the tolerance. */
export function summary(tables: readonly Table[], commit: string): string[] {
  const cells = tables.flatMap((table) =>
    table.contestants.flatMap((row): Cell[] =>
      row.overBaseline === null
        ? []
        : [{ table, name: row.name, ratio: row.overBaseline, noisy: isNoisyCell(table, row) }],
    ),
  );
  if (cells.length === 0) return [`${commit} has none of these ops`];
  const names = [...new Set(cells.map(({ name }) => name))];
  const cellOf = (table: Table, name: string) => {
    const found = cells.find((cell) => cell.table === table && cell.name === name);
    return found === undefined ? "" : `${mark(found.noisy)} ${found.ratio.toFixed(3)}`;
  };
  const line = (first: string, rest: readonly string[]) =>
    (first.padEnd(26) + rest.map((cell, i) => cell.padStart(names[i].length + 2)).join("")).trimEnd();
  const had = tables.filter((table) => cells.some((cell) => cell.table === table));
  const slower = cells.filter(({ ratio }) => ratio > tolerance).sort((a, b) => b.ratio - a.ratio);
  const listed = slower.map(
    ({ table, name, ratio, noisy }) => `${mark(noisy)} ${ratio.toFixed(3)}  ${titleOf(table)}, ${name}`,
  );
  return [
    line(`today ÷ ${commit}`, names),
    ...had.map((table) =>
      line(
        titleOf(table),
        names.map((name) => cellOf(table, name)),
      ),
    ),
    "",
    slower.length === 0
      ? `None of ${cells.length} ratios is above ${tolerance}.`
      : `Above ${tolerance} are ${slower.length} of ${cells.length} ratios:`,
    ...listed,
  ];
}
