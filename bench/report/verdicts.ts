/** The targets of targets.json, held against the records. */
import { readFileSync } from "node:fs";
import { digits } from "../format.js";
import { isDrifting } from "../noise.js";
import type { OpName } from "../ops.js";
import { isDoubtful, major, names, type Record, type Records, rowOf, shapeOf, tableOf, tablesOf } from "./records.js";

/** What is measured. */
type Measure =
  /** A contestant's ratio. */
  | { kind: "ratio"; op: OpName; rows: number; cols: number; contestant: string; ratio: Ratio }
  /** The same over native C's in its place. */
  | { kind: "overNative"; op: OpName; rows: number; cols: number; contestant: string; divisor: number }
  /** The least or the greatest of all shapes of so many elements: a ratio, or that over native C. */
  | {
      kind: "extreme";
      op: OpName;
      end: "least" | "greatest";
      elements: Range;
      contestant: string;
      ratio: Ratio | "overNative";
    }
  /** The same as a ratio over the copy, beside what it would be if memory cost nothing. */
  | { kind: "beyondCache"; op: OpName; rows: number; cols: number; contestant: string; copy: string }
  /** The greatest single figure that begins so. */
  | { kind: "figure"; begins: string }
  /** What a page loads, in KB. */
  | { kind: "size"; name: string };

type Ratio = "timesPlain" | "overCopy" | "overEngine";

interface Range {
  least?: number;
  most?: number;
}

export interface Target {
  what: string;
  records: "engine" | "peers" | "size";
  /** One for all runtimes, or one for each major version of Node that has to reach it. */
  limit: number | { [major: string]: number };
  side: "≥" | "≤";
  unit: "×" | "ns" | "ms" | "KB";
  measure: Measure;
  /** Which of the causes stands in the way. */
  cause?: string;
}

export interface Verdict {
  what: string;
  bar: string;
  measured: string;
  result: "reached" | "not reached" | "too noisy to judge" | "no record";
  /** What stands in the way, if it is not reached. */
  cause: string | undefined;
  /** The same of native C of the same width and algorithm. */
  native?: string;
  /** The same of the arithmetic alone, at the pace that it has in cache. */
  arithmetic?: string;
}

/** A number, whether it can be believed, of which shape it is, and what others have in its place. */
interface Value {
  value: number;
  doubtful?: boolean;
  where?: string;
  native?: number;
  arithmetic?: number;
}

interface Targets {
  causes: { [name: string]: string };
  targets: Target[];
}

export function verdicts(records: Records): Verdict[] {
  const file = new URL("targets.json", import.meta.url);
  const { causes, targets }: Targets = JSON.parse(readFileSync(file, "utf8"));
  return targets.flatMap((target) =>
    judge(target, records, target.cause === undefined ? undefined : causes[target.cause]),
  );
}

function judge({ what, records, limit, side, unit, measure }: Target, all: Records, cause?: string): Verdict[] {
  const verdict = (name: string, bar: number, got: Value | undefined): Verdict => {
    const show = (value: number) => (unit === "×" ? `${digits(value)}×` : `${value.toFixed(1)} ${unit}`);
    const result = { what: name, bar: `${side} ${bar}${unit === "×" ? "×" : ` ${unit}`}`, cause };
    if (got === undefined || !Number.isFinite(got.value)) return { ...result, measured: "–", result: "no record" };
    const reached = side === "≥" ? got.value >= bar : got.value <= bar;
    return {
      ...result,
      measured: show(got.value) + (got.where === undefined ? "" : ` (${got.where})`),
      result: got.doubtful ? "too noisy to judge" : reached ? "reached" : "not reached",
      native: got.native && show(got.native),
      arithmetic: got.arithmetic && show(got.arithmetic),
    } as Verdict;
  };
  if (records === "size") return [verdict(what, limit as number, sizeOf(all, measure))];
  return all[records].flatMap((record) => {
    const bar = typeof limit === "number" ? limit : limit[major(record)];
    if (bar === undefined) return [];
    return [verdict(`${what}, Node ${major(record)}`, bar, measured(measure, record, all))];
  });
}

function sizeOf({ size }: Records, measure: Measure): Value | undefined {
  const found = measure.kind === "size" ? size.sizes.find(({ name }) => name === measure.name) : undefined;
  return found && { value: found.gzipped / 1024 };
}

function measured(measure: Measure, record: Record, all: Records): Value | undefined {
  switch (measure.kind) {
    case "ratio": {
      const { op, rows, cols, contestant, ratio } = measure;
      return ratioOf(record, all, op, rows, cols, contestant, ratio);
    }
    case "overNative": {
      const over = overNative(record, measure.op, measure.rows, measure.cols, measure.contestant);
      return over && { ...over, value: over.value / measure.divisor };
    }
    case "extreme": {
      const { op, end, elements, contestant, ratio } = measure;
      const { least = 0, most = Number.POSITIVE_INFINITY } = elements;
      const values = tablesOf(record, op).flatMap(({ rows, cols }) => {
        if (rows * cols < least || rows * cols > most) return [];
        const got =
          ratio === "overNative"
            ? overNative(record, op, rows, cols, contestant)
            : ratioOf(record, all, op, rows, cols, contestant, ratio);
        return got === undefined ? [] : [{ ...got, where: shapeOf({ rows, cols }) }];
      });
      return values.sort((a, b) => (end === "least" ? a.value - b.value : b.value - a.value))[0];
    }
    case "beyondCache": {
      const { op, rows, cols, contestant, copy } = measure;
      const got = ratioOf(record, all, op, rows, cols, contestant, "overCopy");
      const inCache = rowOf(tableOf(record, op, 128, 768), contestant)?.nanoseconds;
      const copied = rowOf(tableOf(record, op, rows, cols), copy)?.nanoseconds;
      if (got === undefined || !inCache || !copied) return got;
      return { ...got, arithmetic: (inCache * rows * cols) / (128 * 768) / copied };
    }
    case "figure": {
      const found = record.lines.filter(({ what }) => what.startsWith(measure.begins));
      const [greatest] = found.sort((a, b) => b.value - a.value);
      const noise = greatest?.noise;
      return greatest && { value: greatest.value, doubtful: noise && (noise.noisy.length > 0 || isDrifting(noise)) };
    }
    case "size":
      return sizeOf(all, measure);
  }
}

function ratioOf(
  record: Record,
  all: Records,
  op: OpName,
  rows: number,
  cols: number,
  name: string,
  ratio: Ratio,
): Value | undefined {
  const table = tableOf(record, op, rows, cols);
  const row = rowOf(table, name);
  const value = row?.[ratio];
  if (table === undefined || row === undefined || typeof value !== "number") return undefined;
  const other = { timesPlain: names.plain, overEngine: names.engine, overCopy: copyOf(name) }[ratio];
  const beside = rowOf(table, other);
  return {
    value,
    doubtful: isDoubtful(table, row) || (beside !== undefined && isDoubtful(table, beside)),
    native: name === names.inPlace ? undefined : nativeRatio(record, all, op, rows, cols, ratio, value),
  };
}

const copyOf = (name: string) => (name === names.inPlace ? names.copyInPlace : names.copy);

/** What a ratio would be for native C in the engine's place, by the peers' record of the same runtime. */
function nativeRatio(
  record: Record,
  { peers }: Records,
  op: OpName,
  rows: number,
  cols: number,
  ratio: Ratio,
  value: number,
) {
  const beside = peers.find((one) => major(one) === major(record));
  const row = beside && rowOf(tableOf(beside, op, rows, cols), names.native);
  if (ratio === "overCopy") return row?.overCopy ?? undefined;
  return ratio === "overEngine" && row?.overEngine ? value / row.overEngine : undefined;
}

/** One of the engine's contestants over native C. */
function overNative(record: Record, op: OpName, rows: number, cols: number, name: string): Value | undefined {
  const table = tableOf(record, op, rows, cols);
  const [mine, native] = [rowOf(table, name), rowOf(table, names.native)];
  if (table === undefined || !mine?.overEngine || !native?.overEngine) return undefined;
  return { value: mine.overEngine / native.overEngine, doubtful: isDoubtful(table, mine) || isDoubtful(table, native) };
}
