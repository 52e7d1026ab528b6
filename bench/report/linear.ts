/** The tables of docs/linear.md, from the records of `npm run bench:linear`: what stands between its two marks. */
import type { Variant } from "../../bindings/engine/variants.js";
import { digits, duration } from "../format.js";
import { nameOf } from "../linear/problem.js";
import type { Limit, Quartiles, Table } from "../linear/suite.js";
import { median } from "../measure.js";
import { isDrifting, isNoisy } from "../noise.js";
import { listed, table } from "./markdown.js";
import { builds, type LinearRecord, major } from "./records.js";

const marks = { start: "<!-- linear -->\n", end: "<!-- /linear -->" };

/** The page with its tables anew. */
export function linearPage(page: string, records: readonly LinearRecord[]): string {
  const [start, end] = [page.indexOf(marks.start), page.indexOf(marks.end)];
  if (start < 0 || end < start) throw new Error("performance: docs/linear.md expected its two marks, got none");
  const text = [...records.flatMap(tablesOf), ...provenanceOf(records)].join("\n");
  return `${page.slice(0, start)}${marks.start}\n${text}\n${page.slice(end)}`;
}

/** What the pages call the peers, by what the bench calls them. */
const peers: [title: string, start: string][] = [
  ["onnxruntime-web", "onnxruntime-web,"],
  ["tfjs-wasm", "tfjs-wasm,"],
  ["jax-js", "jax-js,"],
];

/** A table for each variant that the engine was timed in. */
function tablesOf(record: LinearRecord): string[] {
  const variants = (["simd", "relaxed"] as const).filter((variant) =>
    record.results.some((one) => ownRow(one, variant) !== undefined),
  );
  return variants.flatMap((variant) => [
    `Node ${major(record)}, ${variant}; the peak is ${peakOf(record, variant)}:`,
    "",
    ...table(
      ["rows × cols → k", "orthonorm", ...peers.map(([title]) => title), "of the peak", "of reading W"],
      record.results.map((one) => cells(one, variant)),
    ),
  ]);
}

/** The median of the tables in which it can be believed, or else of all. */
function peakOf({ results }: LinearRecord, variant: Variant): string {
  const peaks = results.flatMap(({ limits, noise }) => {
    const limit = limits.peak[variant];
    return limit === undefined ? [] : [{ rate: limit.rate, noisy: isNoisy(limit) || isDrifting(noise) }];
  });
  const believed = peaks.filter(({ noisy }) => !noisy);
  const rates = (believed.length > 0 ? believed : peaks).map(({ rate }) => rate);
  return `${believed.length > 0 ? "" : "~ "}${median(rates).toFixed(0)} GFLOP/s`;
}

function cells(one: Table, variant: Variant): string[] {
  const own = ownRow(one, variant);
  if (own === undefined) return [nameOf(one), ...Array(peers.length + 3).fill("–")];
  const share = (value: number | null, limit: Limit | null | undefined) =>
    value === null || !limit ? "" : `${tilde(one, own, limit)}${(100 * value).toFixed(0)} %`;
  return [
    nameOf(one),
    `${tilde(one, own)}${duration(own.nanoseconds)}`,
    ...peers.map(([, start]) => {
      const row = one.contestants.find(({ name }) => name.startsWith(start));
      const over = row?.over[variant];
      return row === undefined || over === undefined ? "–" : `${tilde(one, own, row)}${digits(over)}×`;
    }),
    // one row waits for W, not for arithmetic
    one.rows === 1 ? "" : share(own.ofPeak, one.limits.peak[variant]),
    share(own.ofReading, one.limits.reading),
  ];
}

const ownRow = ({ contestants }: Table, variant: Variant) =>
  contestants.find(({ name }) => name === `orthonorm, ${variant}, f32`);

/** Before what cannot be believed, for one of its times or for the whole table. */
const tilde = (one: Table, ...times: Quartiles[]) => (times.some(isNoisy) || isDrifting(one.noise) ? "~ " : "");

function provenanceOf(records: readonly LinearRecord[]): string[] {
  const [{ machine }] = records;
  const versions = new Set(records.flatMap(({ peers }) => Object.entries(peers).map((one) => one.join(" "))));
  const absent = records.flatMap((record) =>
    record.absent.map(({ name, reason }) => `Node ${major(record)} was without ${name}: ${reason}.`),
  );
  const leftOut = records.flatMap((record) =>
    record.results.flatMap((one) =>
      one.leftOut.map(({ name, reason }) => `Node ${major(record)}, ${nameOf(one)}, left out: ${name}: ${reason}.`),
    ),
  );
  const files = records.map(({ file, runtime }) => `[Node ${runtime.node}](../bench/record/${file})`);
  return [
    `${machine.cpu}, ${machine.cores} cores; ${listed(files)}; ${listed([...versions])}; ${builds(records)}.`,
    "`~`: too noisy to be believed, for half of the samples lie more than 50 % of the median apart, or the peak changed meanwhile.",
    ...absent,
    ...leftOut,
    "",
  ];
}
