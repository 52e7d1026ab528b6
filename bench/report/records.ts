/** The records of bench/record, read, and asked for single numbers. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Figure } from "../figures.js";
import type { Table as LinearTable } from "../linear/suite.js";
import { isDrifting, isNoisy } from "../noise.js";
import type { OpName } from "../ops.js";
import type { Size } from "../size.js";
import type { Row, Table } from "../suite.js";
import type { Line } from "../targets/line.js";

export const folder = fileURLToPath(new URL("../record/", import.meta.url));

interface Provenance {
  /** Its name in bench/record. */
  file: string;
  commit: string | null;
  date: string;
  command: string;
}

interface Measured extends Provenance {
  machine: { cpu: string; cores: number; platform: string };
  runtime: { node: string; v8: string };
}

/** A row as records keep it: those older than the baseline's part in the suite do not tell of it. */
export type RecordedRow = Omit<Row, "overBaseline"> & Partial<Pick<Row, "overBaseline">>;

/** A table as records keep it: those older than the noise do not tell of it. */
export type RecordedTable = Omit<Table, "noise" | "contestants"> &
  Partial<Pick<Table, "noise">> & { contestants: RecordedRow[] };

export interface Record extends Measured {
  results: RecordedTable[];
  /** The commit of the earlier build that took part. */
  baseline?: string;
  lines: (Omit<Figure, "noise"> & Partial<Pick<Figure, "noise">>)[];
  /** Versions of the peers, and of the compiler of native C. */
  peers?: { [name: string]: string };
  /** Peers that did not get as far as a table. */
  absent?: { name: string; reason: string }[];
}

export interface RelaxedRecord extends Measured {
  results: { op: OpName; dtype: string; rows: number; cols: number; ratio: number }[];
}

export interface LinearRecord extends Measured {
  results: LinearTable[];
  peers: { [name: string]: string };
  absent: { name: string; reason: string }[];
}

/** Of `npm run bench:targets`. */
export interface TargetsRecord extends Measured {
  baseline: string;
  lines: Line[];
}

export interface SizeRecord extends Provenance {
  sizes: Size[];
}

export interface Records {
  engine: Record[];
  peers: Record[];
  relaxed: RelaxedRecord;
  linear: LinearRecord[];
  /** None, until a build is held against the baseline. */
  targets: TargetsRecord[];
  size: SizeRecord;
}

/** Every record, by the beginning of its name; those of several runtimes in the order of their versions. */
export function readRecords(): Records {
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  const read = (pattern: RegExp) =>
    files
      .filter((file) => pattern.test(file))
      .sort()
      .map((file) => ({ file, ...JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) }));
  const [relaxed] = read(/^relaxed-/);
  const [size] = read(/^size\.json$/);
  const records = {
    engine: read(/^node\d+\.json$/),
    peers: read(/^peers-node\d+\.json$/),
    relaxed,
    linear: read(/^linear-node\d+\.json$/),
    targets: read(/^targets-node\d+\.json$/),
    size,
  };
  for (const [kind, found] of Object.entries(records)) {
    if (kind !== "targets" && (found === undefined || found.length === 0)) {
      throw new Error(`performance: bench/record expected a record of the kind ${kind}, got none`);
    }
  }
  return records;
}

/** The contestants that pages speak of. */
export const names = {
  engine: "engine, resident",
  inPlace: "engine, resident, in place",
  arraysOut: "engine, arrays, out given",
  arrays: "engine, arrays, new result",
  kernel: "engine's kernel alone",
  best: "best JavaScript",
  plain: "plain JavaScript",
  copy: "v128 copy",
  copyInPlace: "v128 copy, in place",
  native: "native C, -msse4.2",
  widest: "native C, -march=native",
};

const opTitles: Partial<{ [op in OpName]: string }> = { layerNorm: "LayerNorm", rmsNorm: "RMSNorm" };
export const titleOf = (op: OpName) => opTitles[op] ?? op;

/** The ops that a record has, in its order. */
export const opsOf = ({ results }: Pick<Record, "results">) => [...new Set(results.map(({ op }) => op))];

export const tablesOf = ({ results }: Record, op: OpName) =>
  results.filter((one) => one.op === op && one.dtype === "f32");

export const major = ({ runtime }: Pick<Measured, "runtime">) => runtime.node.split(".")[0];

export const shapeOf = ({ rows, cols }: { rows: number; cols: number }) => `${rows}×${cols}`;

export function tableOf(record: Record, op: OpName, rows: number, cols: number): RecordedTable | undefined {
  return tablesOf(record, op).find((one) => one.rows === rows && one.cols === cols);
}

export const rowOf = (table: RecordedTable | undefined, name: string): RecordedRow | undefined =>
  table?.contestants.find((row) => row.name === name);

/** Can this contestant's time not be believed, for its own spread or for the table's drift? */
export const isDoubtful = (table: RecordedTable, row: RecordedRow) =>
  isNoisy(row) || (table.noise !== undefined && isDrifting(table.noise));

/** "commit 4a95e98, 2026-11-25": what was timed, each build once. */
export function builds(records: readonly Provenance[]): string {
  const named = records.map((record) => `commit ${shortCommit(record)}, ${record.date.slice(0, 10)}`);
  return [...new Set(named)].join("; ");
}

export function shortCommit({ commit }: Provenance): string {
  if (commit === null) return "–";
  const [hash, ...rest] = commit.split(" ");
  return [hash.slice(0, 7), ...rest].join(" ");
}
