/** A line of the table of targets, and how it is judged: the same for the terminal and for the page. */
import { scattered } from "../baseline/processes.js";
import { digits, round } from "../format.js";
import { median } from "../measure.js";

export interface Line {
  what: string;
  side: "≤" | "≥";
  /** null: there is no target, the figure is shown beside those that have one. */
  limit: number | null;
  unit: "×" | "KB";
  /** null: it was not measured, and `of` says why. */
  value: number | null;
  /** What it was made of, and the like. */
  of: string;
  /** The ratio in each of several processes or rounds, whose median is the value. */
  ratios?: number[];
}

export type Verdict = "" | "reached" | "not reached" | "too noisy to judge" | "not measured";

export function verdictOf({ side, limit, value, ratios }: Line): Verdict {
  if (value === null) return "not measured";
  if (limit === null) return "";
  const reaches = (one: number) => (side === "≤" ? one <= limit : one >= limit);
  // however far they lie apart, all of them on one side of the limit do tell
  const divided = ratios?.some((one) => reaches(one) !== reaches(value));
  if (ratios !== undefined && divided && scattered(ratios)) return "too noisy to judge";
  return reaches(value) ? "reached" : "not reached";
}

/** The median of ratios as a line. */
export function lineOf(what: string, limit: number | null, ratios: readonly number[], side: Line["side"] = "≤"): Line {
  const rounded = ratios.map(round);
  const [least, greatest] = [Math.min(...rounded), Math.max(...rounded)];
  const of = `${digits(least)} to ${digits(greatest)}`;
  return { what, side, limit, unit: "×", value: median(rounded), of, ratios: rounded };
}

const number = (value: number, unit: Line["unit"]) => (unit === "×" ? `${digits(value)}×` : `${value.toFixed(1)} KB`);

/** What, target, measured, spread, verdict. */
export const cellsOf = (line: Line): [string, string, string, string, Verdict] => [
  line.what,
  line.limit === null ? "" : `${line.side} ${line.unit === "×" ? `${line.limit}×` : number(line.limit, line.unit)}`,
  line.value === null ? "–" : number(line.value, line.unit),
  line.of,
  verdictOf(line),
];
