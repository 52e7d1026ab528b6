/** docs/contributing/performance-targets.md: the targets, which are reached, and what stands in the way of the others. */
import { cellsOf, type Line } from "../targets/line.js";
import { table } from "./markdown.js";
import { builds, major, type Records, type TargetsRecord } from "./records.js";
import { type Verdict, verdicts } from "./verdicts.js";

export function contributorPage(records: Records): string {
  const all = verdicts(records);
  const count = (result: Verdict["result"]) => all.filter((one) => one.result === result).length;
  const noisy = count("too noisy to judge");
  return [
    "# Performance targets",
    "",
    "<!-- Written by `npm run performance` from the records in bench/record/. Change bench/report/targets.json instead. -->",
    "",
    "For those who work on the kernels. [docs/performance.md](../performance.md) says how fast the engine is; here are the ratios that",
    "it is meant to have, in f32 unless said, each of one run.",
    "",
    `Of ${all.length} targets, ${count("reached")} are reached, ${count("not reached")} are not` +
      `${noisy === 0 ? "" : `, and ${noisy} cannot be judged, for their times are too noisy to be believed`}.`,
    "",
    `Judged by the times of ${builds([...records.engine, ...records.peers])}, and the sizes of ${builds([records.size])}: a build`,
    "that has changed since may reach more or fewer.",
    "",
    ...table(
      ["", "target", "measured", ""],
      all.map(({ what, bar, measured, result }) => [
        what,
        bar,
        measured,
        result === "reached" ? result : `**${result}**`,
      ]),
      ["left", "right", "right", "left"],
    ),
    ...hindrances(all),
    ...beforeAndAfter(records.targets),
    "## To move one of them",
    "",
    "```sh",
    "npm run bench:baseline                                        # is today's build faster than the baseline's, with the same bits?",
    "npm run bench -- --json bench/record/node20.json              # about seven minutes, with `--alone` two to four; on Linux under taskset -c 1",
    "npm run bench:peers -- --json bench/record/peers-node20.json  # installs the peers on first use, half a gigabyte",
    "npm run bench:relaxed -- --shapes 1x768,128x64,128x768,512x768 --dtype f32,f64,bf16,f16 --json bench/record/relaxed-node24.json",
    "npm run size -- --json bench/record/size.json",
    "npm run performance                                           # this page, docs/performance.md and its figure",
    "```",
    "",
  ].join("\n");
}

/** The targets that are held against an earlier build, a column per runtime; nothing where there is no record yet. */
export function beforeAndAfter(records: readonly TargetsRecord[]): string[] {
  if (records.length === 0) return [];
  const [{ baseline }] = records;
  const all = new Map(records.flatMap(({ lines }) => lines.map((line) => [line.what, line] as const)));
  const cell = ({ lines }: TargetsRecord, what: string) => {
    const found = lines.find((line) => line.what === what);
    if (found === undefined) return "–";
    const [, , measured, of, verdict] = cellsOf(found);
    return `${measured} <sub>${of}</sub>${verdict === "reached" || verdict === "" ? "" : ` **${verdict}**`}`;
  };
  const bar = (line: Line) => cellsOf(line)[1];
  return [
    "## Before and after",
    "",
    `The targets that are held against the build of ${baseline}, or against another way of doing the same. A time is the median of several`,
    "processes, by the processor's time; beside it stands from where to where it went. A line without a target is there to be compared.",
    "",
    ...table(
      ["", "target", ...records.map((record) => `Node ${major(record)}`)],
      [...all.values()].map((line) => [line.what, bar(line), ...records.map((record) => cell(record, line.what))]),
    ),
    `Of ${builds(records)}: ${records.map(({ command }) => `\`${command}\``).join("; ")}.`,
    "",
  ];
}

/** What stands in the way of the targets that are not reached, cause by cause. */
function hindrances(all: readonly Verdict[]): string[] {
  const causes = new Map<string, string[]>();
  for (const { what, result, measured, native, arithmetic, cause = "" } of all) {
    if (result !== "not reached") continue;
    const beside = [native && `native C ${native}`, arithmetic && `arithmetic alone ${arithmetic}`].filter(Boolean);
    causes.set(cause, [...(causes.get(cause) ?? []), [`${what}: ${measured}`, ...beside].join("; ")]);
  }
  if (causes.size === 0) return [];
  const items = [...causes].flatMap(([cause, misses]) => [`- ${cause}`, ...misses.map((miss) => `  - ${miss}`)]);
  return ["## What stands in the way", "", ...items, ""];
}
