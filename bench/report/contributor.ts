/** docs/contributing/performance-targets.md: the targets, which are reached, and what stands in the way of the others. */
import { table } from "./markdown.js";
import { builds, type Records } from "./records.js";
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
    "## To move one of them",
    "",
    "```sh",
    "npm run bench:baseline                                        # is today's build faster than the baseline's, with the same bits?",
    "npm run bench -- --json bench/record/node20.json              # two to four minutes; on Linux under taskset -c 1",
    "npm run bench:peers -- --json bench/record/peers-node20.json  # installs the peers on first use, half a gigabyte",
    "npm run bench:relaxed -- --shapes 1x768,128x64,128x768,512x768 --dtype f32,f64,bf16,f16 --json bench/record/relaxed-node24.json",
    "npm run size -- --json bench/record/size.json",
    "npm run performance                                           # this page, docs/performance.md and its figure",
    "```",
    "",
  ].join("\n");
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
