/** The tables of the page: times over shapes, single figures, and what relaxed SIMD wins. */
import { digits, duration } from "../format.js";
import { isDrifting } from "../noise.js";
import type { OpName } from "../ops.js";
import { table } from "./markdown.js";
import {
  isDoubtful,
  major,
  names,
  type Record,
  type RecordedTable,
  type RelaxedRecord,
  rowOf,
  type SizeRecord,
  shapeOf,
  shortCommit,
  tablesOf,
  titleOf,
} from "./records.js";

/** Every contestant's time at every shape, and three ratios of the engine's. */
export function engineTable(record: Record, op: OpName): string[] {
  const tables = tablesOf(record, op);
  const ratios = (label: string, name: string, key: "timesPlain" | "overCopy" | "overBaseline") => [
    `*${label}*`,
    ...tables.map((one) => {
      const value = rowOf(one, name)?.[key];
      return typeof value === "number" ? digits(value) : "–";
    }),
  ];
  return [
    `### ${titleOf(op)}, f32, Node ${major(record)}`,
    "",
    ...table(
      ["", ...tables.map(shapeOf)],
      [
        ...everyoneIn(tables).map((name) => [name, ...tables.map((one) => timeOf(one, name))]),
        ratios("× plain, resident", names.engine, "timesPlain"),
        ratios("÷ copy, resident", names.engine, "overCopy"),
        ratios("÷ copy, in place", names.inPlace, "overCopy"),
        ...[names.engine, names.arraysOut, names.kernel].flatMap((name) =>
          tables.some((one) => typeof rowOf(one, name)?.overBaseline === "number")
            ? [ratios(`${name} ÷ baseline`, name, "overBaseline")]
            : [],
        ),
      ],
    ),
    ...leftOut(record, tables),
  ];
}

/** Of the engine's suite, what the comparison with others does without. */
const engineOnly = new Set([
  names.arraysOut,
  names.arrays,
  names.inPlace,
  names.best,
  names.plain,
  names.copy,
  names.copyInPlace,
]);

/** Everybody's time at every shape, and how many times as long as the engine's it is. */
export function peersTable(record: Record, op: OpName): string[] {
  const tables = tablesOf(record, op);
  const cell = (one: RecordedTable, name: string) => {
    const over = rowOf(one, name)?.overEngine;
    return timeOf(one, name) + (name === names.engine || typeof over !== "number" ? "" : `<br>${digits(over)}×`);
  };
  return [
    `### ${titleOf(op)} beside others, Node ${major(record)}`,
    "",
    ...table(
      ["", ...tables.map(shapeOf)],
      everyoneIn(tables)
        .filter((name) => !engineOnly.has(name))
        .map((name) => [name, ...tables.map((one) => cell(one, name))]),
    ),
    ...leftOut(record, tables),
  ];
}

const everyoneIn = (tables: readonly RecordedTable[]) => [
  ...new Set(tables.flatMap(({ contestants }) => contestants.map(({ name }) => name))),
];

function timeOf(one: RecordedTable, name: string): string {
  const row = rowOf(one, name);
  if (row === undefined) return "left out";
  return (isDoubtful(one, row) ? "~ " : "") + duration(row.nanoseconds);
}

/** Who was left out, and why. */
function leftOut(record: Record, tables: readonly RecordedTable[]): string[] {
  const shapes = new Map<string, string[]>();
  for (const one of tables) {
    for (const { name, reason } of one.leftOut) {
      const key = `${name}: ${reason}`;
      shapes.set(key, [...(shapes.get(key) ?? []), shapeOf(one)]);
    }
  }
  const said = [...shapes].map(([key, at]) => `Left out on Node ${major(record)}, ${at.join(", ")}: ${key}.`);
  return said.length === 0 ? [] : [...said, ""];
}

/** The single figures, a column per runtime. */
export function figureTable(records: readonly Record[]): string[] {
  const everything = [...new Set(records.flatMap(({ lines }) => lines.map(({ what }) => what)))];
  const cell = (record: Record, what: string) => {
    const found = record.lines.find((one) => one.what === what);
    if (found === undefined) return "–";
    const noisy = found.noise !== undefined && (found.noise.noisy.length > 0 || isDrifting(found.noise));
    const number = found.unit === "×" ? `${digits(found.value)}×` : `${found.value.toFixed(1)} ${found.unit}`;
    return `${noisy ? "~ " : ""}${number} <sub>${found.of}</sub>`;
  };
  return table(
    ["", ...records.map((record) => `Node ${major(record)}`)],
    everything.map((what) => [what, ...records.map((record) => cell(record, what))]),
  );
}

/** The time of kernels compiled for relaxed SIMD over the same for simd. */
export function relaxedTable(record: RelaxedRecord): string[] {
  const { results } = record;
  const shapes = [...new Set(results.map(shapeOf))];
  const kinds = [...new Set(results.map(({ op, dtype }) => `${op} ${dtype}`))];
  return [
    ...table(
      ["", ...shapes],
      kinds.map((kind) => [
        kind,
        ...shapes.map((at) => {
          const found = results.find((one) => `${one.op} ${one.dtype}` === kind && shapeOf(one) === at);
          return found === undefined ? "–" : `${digits(found.ratio)}×`;
        }),
      ]),
    ),
    `Node ${record.runtime.node}, ${record.machine.cpu}, ${record.date.slice(0, 10)}: ${recordLink(record)}.`,
    "",
  ];
}

export function sizeTable({ sizes }: SizeRecord): string[] {
  const shown = (name: string) => (name.includes("import") ? `\`${name}\`` : name);
  return table(
    ["", "KB"],
    sizes.map(({ name, gzipped }) => [shown(name), (gzipped / 1024).toFixed(1)]),
  );
}

export function provenanceTable(records: readonly Record[]): string[] {
  return table(
    ["record", "processor", "runtime", "date", "commit", "command"],
    records.map((record) => [
      recordLink(record),
      `${record.machine.cpu}, ${record.machine.cores} cores, ${record.machine.platform}`,
      `Node ${record.runtime.node}, V8 ${record.runtime.v8}`,
      record.date.slice(0, 10),
      shortCommit(record),
      `\`${record.command}\``,
    ]),
    ["left", "left", "left", "left", "left", "left"],
  );
}

const recordLink = ({ file }: { file: string }) => `[${file}](../bench/record/${file})`;
