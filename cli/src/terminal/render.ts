/** The study as text for a terminal: two tables, the finding and notes under them, how to read them, and the speed. */

import { listed, printable } from "@orthonorm/files";
import {
  chanceSd,
  decimalsFor,
  epsOf,
  finding,
  fixed,
  type Group,
  notes,
  type Report,
  type Speed,
  scientific,
} from "@orthonorm/study";
import { createColors } from "picocolors";
import type { Look } from "./look.js";
import { swapLines } from "./swaps.js";
import { drawTable } from "./table.js";
import { wrap } from "./wrap.js";

/** The whole output of a study, ending in a newline. */
export function render(report: Report, look: Look): string {
  const paint = createColors(look.color);
  const paragraph = (text: string) => wrap(text, look.width, "  ");
  const { groups } = report;
  const sites = groups.flatMap((group) => group.sites);
  const name = "The geometry of LayerNorm and RMSNorm";
  const setting = `engine ${report.engine.variant}, eps ${epsOf(report)}`;
  const oneLine = name.length + setting.length + 5 <= look.width;
  const title = paint.bold(name);
  const facts = paint.gray(oneLine ? `  ·  ${setting}` : `\n${setting}`);
  if (sites.length === 0) return `${title}${facts}\n\n${notes(report).map(paragraph).join("\n\n")}\n`;
  const parts = [
    title + facts,
    drawTable(groups, "geometry", look),
    paint.bold("Held against random directions"),
    drawTable(groups, "verdict", look),
    `${paint.bold("What the norm does to them")}${paint.gray("  ·  medians")}`,
    drawTable(groups, "norm", look),
    ...swapParts(groups),
    paint.bold(wrap(finding(report), look.width)),
    ...notes(report).map(paragraph),
    paint.gray(key(groups).map(paragraph).join("\n")),
    ...report.speed.map((speed) => paragraph(speedLine(speed, report.engine.variant))),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** What the models' own outputs change, where they were run with their norms swapped. */
function swapParts(groups: readonly Group[]): string[] {
  return groups.flatMap(({ label, swap = null }) => {
    if (swap === null) return [];
    return [groups.length > 1 ? `${printable(label)}: ${swapLines(swap)}` : swapLines(swap)];
  });
}

/** How to read the columns. */
function key(groups: readonly Group[]): string[] {
  const sites = groups.flatMap((group) => group.sites);
  const cols = [...new Set(sites.map((site) => site.cols))].sort((a, b) => a - b);
  const at = cols.slice(0, 3).map((d) => `${chanceSd(d).toFixed(2)}° at d = ${d}`);
  const partly = sites.some(({ sample, ordinary }) => sample !== null && sample.engineError.rows < ordinary.rows);
  const sampled = partly ? ", of large sites in random rows" : "";
  return [
    "site: a place in the model where states were taken, a tensor of the file, such as the input of a norm. θ is the angle between a state and the uniform vector 1 = [1, …, 1].",
    `chance: the mean |90°−θ| of random directions of the same d. Their angle is 90° with sd ${at.join(", ")}, near 57.3°/√d, their mean d·cos²θ 1.`,
    "interval: where the true ratio to chance lies; in 19 of 20 reports those of all sites hold it. rank: to how many of the random directions the states are nearer to orthogonal than to the uniform vector. as independent: rows that are alike say as much as so many independent ones.",
    `LN−RMS: ‖RMSNorm(x) − LN(x)‖/√d without weights in per cent, mean: 2 sin(|90°−θ|/2)${swapChecked(groups)}.`,
    `engine error: largest |Δ|/max(1, |y|) of both norms against an f64 reference${sampled}.`,
  ];
}

/** From this share of it on, what the norms give as run is another number than what the angle says. */
const swapApart = 0.01;

/**
 * What running both norms says of the column, which is by the angle: how far it is off at the worst site, as a share of it, which is
 * what the report says too. Sites that eps, or rounding, makes differ are named with both numbers.
 */
function swapChecked(groups: readonly Group[]): string {
  const checked = groups.flatMap(({ label, sites }) =>
    sites.flatMap(({ site, sample, centred }) => {
      if (sample === null || centred) return [];
      const { mean: run, predicted } = sample.swap;
      const name = printable(groups.length > 1 ? `${label} ${site}` : site);
      return [{ name, run, byAngle: predicted.mean, difference: Math.abs(run / predicted.mean - 1) || 0 }];
    }),
  );
  if (checked.length === 0) return "";
  const [apart, alike] = [true, false].map((wanted) =>
    checked.filter(({ difference }) => difference > swapApart === wanted),
  );
  const within = (sites: typeof checked) => {
    const largest = 100 * Math.max(...sites.map(({ difference }) => difference));
    return `(to within ${fixed(largest, decimalsFor([largest], 1))} % of it)`;
  };
  if (apart.length === 0) return `, and so much when both are run ${within(alike)}`;
  const percent = (share: number) => `${fixed(100 * share, decimalsFor([100 * share], 3))} %`;
  const named = apart.map(({ name, run, byAngle }) => `${name} ${percent(run)} (by the angle ${percent(byAngle)})`);
  const others = alike.length === 0 ? "" : `; at the other sites it is so much ${within(alike)}`;
  return `, which leaves eps out. Both norms run, with eps, differ by another amount, in the sampled rows: ${listed(named)}${others}`;
}

function speedLine({ rows, cols, microseconds, difference }: Speed, variant: string): string {
  const what = `${rows} × ${cols} f32, resident`;
  if (microseconds === null) {
    return `Speed: not measured, since engine and plain JavaScript differ by ${scientific(difference)} on ${what}.`;
  }
  const { layerNorm, rmsNorm, javascript } = microseconds;
  return (
    `Speed: ${what}, by the engine (${variant}): LayerNorm ${significant(layerNorm)} µs, RMSNorm ${significant(rmsNorm)} µs; ` +
    `LayerNorm in plain JavaScript ${significant(javascript)} µs, ${significant(javascript / layerNorm)} times as long.`
  );
}

function significant(value: number): string {
  return fixed(value, decimalsFor([value], 3));
}
