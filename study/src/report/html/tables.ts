/** The report's tables as data without markup: what stands in which column, and with how many decimals. */

import { decimalsFor, fixed, scientific } from "../../text.js";
import type { Group, Population, Report, Sample, Site, Spread, SwapEffect } from "../../types.js";
import { inShort } from "../reasons.js";
import { judgedSites, type Verdict, verdictOf } from "../verdict.js";

export interface Column {
  /** The heading over columns that belong together; empty for a single column. */
  over: string;
  name: string;
  kind: "mean" | "sd" | "number" | "text";
}

export interface Row {
  site: string;
  /** Which excluded rows of the site the line is about; null for the ordinary ones. */
  apart: string | null;
  cells: string[];
}

export interface Table {
  id: string;
  title: string;
  caption: string;
  columns: Column[];
  groups: { group: Group; rows: Row[] }[];
}

type Cell = number | string | null | undefined;

interface Line {
  site: Site;
  /** The rows of which the figures are: the site's ordinary ones or its massive ones. */
  of: Population | null;
  sample: Sample | null;
}

interface Draft {
  over: string;
  name: string;
  kind?: Column["kind"];
  /** The decimals of the column: their number, or how many significant digits its middle value has, or an exponent. */
  digits?: { decimals: number } | { significant: number } | "scientific";
  value: (line: Line) => Cell;
}

export const nothing = "–";

/** All tables for which the report has data: the paper’s table 2 and what its answer rests on, tables 3 and 4, then what goes beyond it. */
export function tablesOf(report: Report): Table[] {
  const sites = report.groups.flatMap((group) => group.sites);
  const scaled = sites.some(({ ordinary }) => ordinary.scaled !== null);
  const sampled = sites.some(({ sample }) => sample !== null);
  return [
    angles(report, scaled),
    ...(sampled ? [verdicts(report)] : []),
    norms(report, scaled),
    rotations(report, scaled),
    ...(sampled ? [swaps(report)] : []),
    outputs(report),
    ...(sampled ? [losses(report)] : []),
    apart(report),
  ].filter((table) => table.groups.length > 0);
}

/** Mean, spread over vectors, quartiles and median of one quantity. */
function spread(
  over: string,
  of: (population: Population) => Spread | null,
  digits: Draft["digits"],
  names: readonly Exclude<keyof Spread, "histogram" | "values">[] = ["mean", "sd", "q1", "median", "q3"],
): Draft[] {
  return names.map((name) => ({
    over,
    name,
    kind: name === "mean" || name === "sd" ? name : "number",
    digits,
    value: ({ of: population }) => (population === null ? null : (of(population)?.[name] ?? null)),
  }));
}

const degrees = { decimals: 2 } as const;

function angles(report: Report, scaled: boolean): Table {
  const drafts: Draft[] = [
    ...spread("before the norm", ({ angle }) => angle, degrees),
    { over: "random", name: "sd", kind: "sd", digits: degrees, value: ({ site }) => site.null.sd },
    ...spread("standardized", ({ angleStandardized }) => angleStandardized, degrees, ["mean", "sd"]),
    ...(scaled ? spread("after scale and shift", ({ angleAfter }) => angleAfter, degrees) : []),
    ...spread("|90° − θ|", ({ deviation }) => deviation, degrees, ["mean", "median"]),
    { over: "|90° − θ|", name: "random", digits: degrees, value: ({ site }) => site.null.deviation },
    { over: "d·cos²θ", name: "mean", digits: { significant: 3 }, value: ({ of }) => of?.dCos2.mean },
  ];
  return table(report, withMassive, {
    id: "table-angle",
    title: "Angle to the uniform vector, in degrees",
    caption: "The paper’s table 2. Random directions have 90° ± the sd given, and mean d·cos²θ 1.",
    drafts,
  });
}

function verdicts(report: Report): Table {
  const judged = judgedSites(report);
  const draft = (
    over: string,
    name: string,
    digits: Draft["digits"],
    of: (verdict: Verdict) => number | undefined | null,
  ): Draft => ({ over, name, digits, value: ({ site }) => of(verdictOf(site, { judged })) });
  const text = (over: string, name: string, of: (verdict: Verdict) => string): Draft => ({
    over,
    name,
    kind: "text",
    value: ({ site }) => of(verdictOf(site, { judged })),
  });
  return table(report, plain(sampledOnly), {
    id: "table-verdict",
    title: "Held against random directions",
    caption:
      "Over chance: the mean |90° − θ| over that of random directions, with an interval; in nineteen of twenty reports the intervals of all sites hold the true ratios. Random directions: to how many of them the states are nearer to orthogonal than to the uniform vector. Rows that are alike say as much as the independent ones given; their cosine is the mean of two rows. In the mean: the share of ‖x‖² that LayerNorm’s mean subtraction removes, mean cos²θ.",
    drafts: [
      draft("over chance", "|90° − θ|", { decimals: 2 }, ({ ratio }) => ratio),
      draft("over chance", "from", { decimals: 2 }, ({ interval }) => interval?.low),
      draft("over chance", "to", { decimals: 2 }, ({ interval }) => interval?.high),
      text("random directions", "nearer 90°", ({ rank }) =>
        rank === null ? nothing : `${rank.lower} of ${rank.directions}`,
      ),
      draft("rows", "mean cosine", { decimals: 2 }, ({ alike }) => alike),
      draft("rows", "as independent", { decimals: 1 }, ({ effectiveRows }) => effectiveRows),
      draft("‖x‖² in the mean", "%", { significant: 2 }, ({ meanShare }) => 100 * meanShare),
      text("verdict", "", inShort),
    ],
  });
}

function norms(report: Report, scaled: boolean): Table {
  const digits = { significant: 4 } as const;
  return table(report, withMassive, {
    id: "table-norm",
    title: "Norm of the vectors, step by step",
    caption:
      "The paper’s table 3. Projection removes the component along the uniform vector (under RMSNorm there is none); standardization scales to √d.",
    drafts: [
      ...spread("before the norm", ({ norm }) => norm, digits, ["mean", "sd", "q1", "median", "q3", "max"]),
      ...spread("after projection", ({ projected }) => projected, digits, ["mean", "sd", "median"]),
      ...spread("after standardization", ({ standardized }) => standardized, digits, ["mean", "sd", "median"]),
      ...(scaled ? spread("after scale and shift", ({ scaled: after }) => after, digits) : []),
      { over: "√d", name: "", digits, value: ({ site }) => Math.sqrt(site.cols) },
    ],
  });
}

function rotations(report: Report, scaled: boolean): Table {
  return table(report, withMassive, {
    id: "table-rotation",
    title: "Rotation by the norm, in degrees",
    caption:
      "The paper’s table 4, split: standardization turns a vector by exactly |90° − θ| under LayerNorm and by nothing under RMSNorm; the rest is the work of weight and bias.",
    drafts: [
      ...spread("by standardization", ({ rotation }) => rotation.standardization, degrees),
      ...(scaled ? spread("by weight and bias", ({ rotation }) => rotation.affine, degrees) : []),
      ...(scaled ? spread("by both", ({ rotation }) => rotation.total, degrees) : []),
      { over: "random", name: "|90° − θ|", digits: degrees, value: ({ site }) => site.null.deviation },
    ],
  });
}

const sampledOnly = ({ sample }: Site) => sample !== null;

function swaps(report: Report): Table {
  const digits = { significant: 3 } as const;
  const percent = (over: string, name: string, of: (sample: Sample) => number): Draft => ({
    over,
    name,
    kind: name === "mean" ? "mean" : "number",
    digits,
    value: ({ sample }) => sample && 100 * of(sample),
  });
  return table(report, plain(sampledOnly), {
    id: "table-swap",
    title: "RMSNorm in LayerNorm’s place",
    caption:
      "‖RMSNorm(x) − LN(x)‖/√d in per cent: measured by running both norms on a sample of the vectors, and predicted as 2 sin(|90° − θ|/2). Identity: the largest |Δ|/max(1, |y|) of RMSNorm = sin θ · LN + cos θ · 1. Engine: the same of both norms against an f64 reference.",
    drafts: [
      { over: "sample", name: "rows", digits: { decimals: 0 }, value: ({ sample }) => sample?.rows },
      percent("measured, %", "mean", ({ swap }) => swap.mean),
      percent("measured, %", "max", ({ swap }) => swap.max),
      percent("predicted, %", "mean", ({ swap }) => swap.predicted.mean),
      percent("predicted, %", "max", ({ swap }) => swap.predicted.max),
      {
        over: "all rows, predicted, %",
        name: "mean",
        kind: "mean",
        digits,
        value: ({ of }) => of && 100 * of.swapPredicted.mean,
      },
      {
        over: "all rows, predicted, %",
        name: "max",
        digits,
        value: ({ of }) => of && 100 * of.swapPredicted.max,
      },
      { over: "error", name: "identity", digits: "scientific", value: ({ sample }) => sample?.identityError },
      { over: "error", name: "engine", digits: "scientific", value: ({ sample }) => sample?.engineError.max },
    ],
  });
}

/** What the model's own output changes, where it was run with the norms swapped. */
function outputs(report: Report): Table {
  const effect = (name: string, of: (effect: SwapEffect) => number | null): Draft => ({
    over: "model’s output",
    name,
    digits: { significant: 3 },
    value: ({ site: { swapOutput = null } }) => swapOutput && of(swapOutput),
  });
  const together = report.groups.flatMap(({ label, swap = null }) => {
    if (swap === null || swap.together === null || swap.sites.size < 2) return [];
    const model = report.groups.length > 1 ? ` of ${label}` : "";
    const { relative, loss = null } = swap.together;
    const cost =
      loss === null ? "" : `, and the loss from ${fixed(loss.before, 4)} to ${fixed(loss.after, 4)} nats a token`;
    return ` All ${swap.sites.size}${model} at once change it by ${fixed(100 * relative, 2)} %${cost}.`;
  });
  return table(
    report,
    plain(({ swapOutput = null }) => swapOutput !== null),
    {
      id: "table-output",
      title: "RMSNorm in LayerNorm’s place, in the model’s own output",
      caption: `The model was run with RMSNorm in the place of each LayerNorm by itself, weights as they are. Δ: what its output changes, over all inputs; the share of rows whose largest element is the same one; the mean KL divergence of softmax where the output is logits.${together.join("")}`,
      drafts: [
        effect("‖Δ‖/‖y‖, %", ({ relative }) => 100 * relative),
        effect("same largest, %", ({ agreement }) => agreement && 100 * agreement),
        effect("KL, nats", ({ divergence }) => divergence),
      ],
    },
  );
}

function losses(report: Report): Table {
  const share = (over: string, name: string, of: (sample: Sample) => number | undefined, decimals?: number): Draft => ({
    over,
    name,
    digits: decimals === undefined ? { significant: 3 } : { decimals },
    value: ({ sample }) => (sample === null ? null : (of(sample) ?? null)),
  });
  return table(report, plain(sampledOnly), {
    id: "table-lost",
    title: "Irreversibility: what the norms forget, and what a scale and shift bring back",
    caption:
      "Lost: variance of the uniform component and of the norm as shares of the states’ total variance. Recovered: R² of the best scale and shift per dimension back to x, in-sample: fitted to the very rows that it is measured on. Inverse: the largest |Δ|/RMS(x) of invertLayerNorm with the saved mean and rstd.",
    drafts: [
      share("LayerNorm loses, %", "uniform", ({ lost }) => (lost ? 100 * lost.uniform : undefined)),
      share("LayerNorm loses, %", "norm", ({ lost }) => (lost ? 100 * lost.norm : undefined)),
      share("RMSNorm loses, %", "norm", ({ lost }) => (lost ? 100 * lost.rmsNorm : undefined)),
      share("recovered, R² in-sample", "LayerNorm", ({ recovered }) => recovered?.layerNorm, 4),
      share("recovered, R² in-sample", "RMSNorm", ({ recovered }) => recovered?.rmsNorm, 4),
      share("recovered, R² in-sample", "BatchNorm", ({ recovered }) => recovered?.batchNorm, 4),
      { over: "inverse", name: "error", digits: "scientific", value: ({ sample }) => sample?.inverseError },
    ],
  });
}

function isApart({
  apart: { masked, zero, notFinite, massive, repeated },
  repeatsKnown,
  repeatedShare,
}: Site): boolean {
  return masked + zero + notFinite + massive + repeated > 0 || (!repeatsKnown && repeatedShare > 0);
}

function apart(report: Report): Table {
  const count = (name: string, value: (site: Site) => Cell): Draft => ({
    over: "rows",
    name,
    digits: { decimals: 0 },
    value: ({ site }) => value(site),
  });
  const frequent = (
    name: string,
    decimals: number,
    of: (most: NonNullable<Site["mostRepeated"]>) => number,
  ): Draft => ({
    over: "most frequent row",
    name,
    digits: { decimals },
    value: ({ site }) => site.mostRepeated && of(site.mostRepeated),
  });
  return table(report, plain(isApart), {
    id: "table-apart",
    title: "Rows left out, and why",
    caption:
      "Each row is counted once, for the first reason that holds: masked; all zeros; NaN or an infinity; massive; a copy of a row that makes up 5 % of the rows or more (2.5 % where a site of the model has one of 5 %). The other tables and the figures are of the ordinary rows, and of the massive ones by themselves. All: every row with a direction, as the paper counts them.",
    drafts: [
      count("read", ({ read }) => read),
      count("ordinary", ({ ordinary }) => ordinary.rows),
      count("masked", ({ apart: { masked } }) => masked),
      count("zero", ({ apart: { zero } }) => zero),
      count("not finite", ({ apart: { notFinite } }) => notFinite),
      count("massive", ({ apart: { massive } }) => massive),
      count("repeated", ({ apart: { repeated }, repeatedExactly }) =>
        repeatedExactly ? repeated : `at least ${repeated}`,
      ),
      {
        over: "repeated",
        name: "share, %",
        kind: "text",
        value: ({ site: { repeatedShare, repeatsKnown } }) =>
          `${repeatsKnown ? "" : "about "}${fixed(100 * repeatedShare, 2)}`,
      },
      { over: "massive", name: "‖x‖ from", digits: { significant: 4 }, value: ({ site }) => site.massiveAbove },
      frequent("times", 0, (most) => most.count),
      frequent("norm", 2, (most) => most.norm),
      frequent("angle, °", 2, (most) => most.angle),
      { over: "all", name: "angle, °", kind: "mean", digits: degrees, value: ({ site }) => site.all.angle.mean },
      { over: "all", name: "sd", kind: "sd", digits: degrees, value: ({ site }) => site.all.angle.sd },
      { over: "all", name: "norm", kind: "mean", digits: { significant: 4 }, value: ({ site }) => site.all.norm.mean },
      { over: "all", name: "max", digits: { significant: 4 }, value: ({ site }) => site.all.norm.max },
    ],
  });
}

/** A line for the ordinary rows of a site and, where it has massive ones, another for those. */
function withMassive(site: Site): { line: Line; apart: string | null }[] {
  const ordinary = { site, of: site.ordinary.rows > 0 ? site.ordinary : null, sample: site.sample };
  const lines: { line: Line; apart: string | null }[] = [{ line: ordinary, apart: null }];
  if (site.massive !== null && site.massive.rows > 0) {
    lines.push({ line: { site, of: site.massive, sample: null }, apart: `massive, ${site.massive.rows}` });
  }
  return lines;
}

function plain(wanted: (site: Site) => boolean) {
  return (site: Site) => (wanted(site) ? withMassive(site).slice(0, 1) : []);
}

function table(
  { groups }: Report,
  linesOf: (site: Site) => { line: Line; apart: string | null }[],
  { drafts, ...rest }: { id: string; title: string; caption: string; drafts: Draft[] },
): Table {
  const lines = groups
    .map((group) => ({ group, lines: group.sites.flatMap(linesOf) }))
    .filter(({ lines: of }) => of.length > 0);
  const everything = lines.flatMap(({ lines: of }) => of.map(({ line }) => line));
  const numbersOf = ({ value }: Draft) => everything.map(value).filter((cell) => typeof cell === "number");
  const writers = drafts.map(({ over, digits, value, kind }, at) => {
    if (digits === undefined || digits === "scientific") return (line: Line) => written(value(line), scientific);
    // A standard deviation has as many decimals as its mean.
    const alike = drafts.filter((draft) => draft.over === over && draft.kind !== "sd");
    const numbers = (kind === "sd" ? alike : [drafts[at]]).flatMap(numbersOf);
    const decimals = "decimals" in digits ? digits.decimals : decimalsFor(numbers, digits.significant, 0, 5);
    const tiny = "decimals" in digits || kind === "sd";
    return (line: Line) =>
      written(value(line), (cell) => (tiny && Math.abs(cell) < 1e7 ? cell.toFixed(decimals) : fixed(cell, decimals)));
  });
  return {
    ...rest,
    columns: drafts.map(({ over, name, kind = "number" }) => ({ over, name, kind })),
    groups: lines.map(({ group, lines: of }) => ({
      group,
      rows: of.map(({ line, apart: why }) => ({
        site: line.site.site,
        apart: why,
        cells: writers.map((write) => write(line)),
      })),
    })),
  };
}

function written(cell: Cell, number: (value: number) => string): string {
  if (cell === null || cell === undefined) return nothing;
  return typeof cell === "string" ? cell : number(cell);
}
