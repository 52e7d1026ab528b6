/**
 * Today's build over the baseline's in several processes: V8 compiles a small call one way in one process and another way in
 * the next, so that even equal builds may differ twofold in a single one.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { root } from "../command.js";
import { round } from "../format.js";
import { quartiles } from "../measure.js";
import type { Case } from "../problem.js";

/** What one process prints: nanoseconds per call, and the median over the rounds of their ratio. */
export interface Pair {
  today: number;
  baseline: number;
  ratio: number;
}

export interface Compared extends Pair {
  /** The ratio of each process, of which `ratio` is the median. */
  ratios: number[];
  /** Do the quartiles of the ratios lie further apart than `most`? */
  noisy: boolean;
}

/** Of the ratio: then the median of ten processes has a standard error of 0.93 · 0.2/√10, 6 %. */
export const most = 0.2;

/** A script of this folder or of one beside it, in a process of its own; what it prints, which is JSON. */
export function runProcess<Result>(script: URL, args: readonly (string | number)[]): Result {
  const command = ["--import", "tsx", fileURLToPath(script), ...args.map(String)];
  return JSON.parse(execFileSync(process.execPath, command, { encoding: "utf8", cwd: root }));
}

/** So many processes, each timing for so many seconds; every other begins with the baseline. */
export function compare(
  { op, dtype, rows, cols }: Case,
  contestant: string,
  { processes, seconds = 0.5 }: { processes: number; seconds?: number },
): Compared {
  const script = new URL("pair.ts", import.meta.url);
  const pairs = Array.from({ length: processes }, (_, i) => {
    const first = i % 2 === 0 ? "today" : "baseline";
    return runProcess<Pair>(script, [op, dtype, rows, cols, contestant, seconds, first]);
  });
  return medianOf(pairs);
}

export function medianOf(pairs: readonly Pair[]): Compared {
  const ratios = pairs.map(({ ratio }) => ratio);
  return {
    today: round(quartiles(pairs.map(({ today }) => today)).median),
    baseline: round(quartiles(pairs.map(({ baseline }) => baseline)).median),
    ratio: round(quartiles(ratios).median),
    ratios: ratios.map(round),
    noisy: scattered(ratios),
  };
}

/** Do the quartiles lie further apart than is to be believed? */
export function scattered(ratios: readonly number[]): boolean {
  const { median, lowerQuartile, upperQuartile } = quartiles(ratios);
  return (upperQuartile - lowerQuartile) / median > most;
}
