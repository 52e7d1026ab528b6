/** The figures as a table: one line per site, a heading per model, aligned decimal points, no frame. */
import { counted, printable } from "@orthonorm/files";
import {
  decimalsFor,
  fixed,
  type Group,
  inShort,
  judgedSites,
  type Norm,
  range,
  type Site,
  type Spread,
  scientific,
  shorten,
  shortenSite,
  type Verdict,
  verdictOf,
} from "@orthonorm/study";
import Table from "cli-table3";
import { createColors } from "picocolors";
import type { Look } from "./look.js";

/** A column: its title, and the cell of a site. */
interface Column {
  title: string;
  cell: (site: Site) => string;
  /** Whether it is chance, which is grey as in every figure of the project. */
  isNull?: boolean;
  /** Whether it is words, which begin under each other. */
  isText?: boolean;
}

/** What a table is about: where the states lie, how that is against chance, or what the norm makes of them. */
export type Subject = "geometry" | "verdict" | "norm";

/** How many lines are laid out at a time, and how many are shown: nobody reads more, and laying one out takes a millisecond. */
const pieceLines = 200;
const shownLines = 2000;

/** The table, without a newline at its end. */
export function drawTable(groups: readonly Group[], subject: Subject, { width, color }: Look): string {
  const paint = createColors(color);
  const hue: Record<Norm, (text: string) => string> = { LayerNorm: paint.cyan, RMSNorm: paint.yellow };
  const { columns, shapeInHeading, namesCut, siteWidth, widths, total } = fit(groups, subject, width);

  const head = ["site", ...columns.map(({ title }) => title)];
  const lines = groups.flatMap((group) => {
    const names = siteNames(group, namesCut);
    return group.sites.map((site, at) => [
      `  ${shortenSite(names[at], siteWidth - 2)}`,
      ...columns.map(({ cell, isNull }) => (isNull ? paint.gray(cell(site)) : cell(site))),
    ]);
  });
  // The library takes time with the square of the lines: 200 s for 20 000. The columns have the same widths in all pieces.
  const pieces: string[][] = [];
  for (let from = 0; from < Math.min(lines.length, shownLines); from += pieceLines) {
    const table = new Table({
      head,
      colWidths: [siteWidth, ...widths],
      colAligns: ["left", ...columns.map(({ isText }) => (isText ? ("left" as const) : ("right" as const)))],
      // No frame, and no colour but ours.
      chars: borderless,
      style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    });
    table.push(...lines.slice(from, from + pieceLines));
    pieces.push(table.toString().split("\n"));
  }

  // The headings are inserted afterwards. As cells across all columns they would widen some, since the library ignores the gaps.
  const [titles, units] = pieces[0];
  const rows = pieces.flatMap((piece) => piece.slice(2));
  const rule = paint.gray("─".repeat(total));
  const body = groups.flatMap((group, at) => {
    if (rows.length === 0) return [];
    const heading = groupHeading(group, shapeInHeading, namesCut, width);
    const tint = group.norm === null ? heading : hue[group.norm](heading);
    return [...(at > 0 ? [""] : []), paint.bold(tint), ...rows.splice(0, group.sites.length)];
  });
  const left = lines.length - shownLines;
  const more = left > 0 ? [`  … and ${counted(left, "site")} more, which --json and --csv have`] : [];
  return [titles, units, rule, ...body, ...more, rule].map((line) => line.trimEnd()).join("\n");
}

/** A column of numbers, with as many decimals as give the middle one `significant` digits. */
function numbers(
  sites: readonly Site[],
  title: string,
  of: (site: Site) => number | null,
  significant: number,
  least: number,
): Column {
  const values = sites.map(of).filter((value) => value !== null);
  const decimals = decimalsFor(values, significant, least);
  return {
    title,
    cell: (site) => {
      const value = of(site);
      return value === null ? "–" : fixed(value, decimals);
    },
  };
}

/** What the finding rests on. */
function verdictColumns(sites: readonly Site[], judged: number): Column[] {
  const verdicts = new Map(sites.map((site) => [site, verdictOf(site, { judged })]));
  const of = (site: Site) => verdicts.get(site) as Verdict;
  return [
    numbers(sites, "|90°−θ| over\nchance", (site) => of(site).ratio, 2, 2),
    {
      title: "its\ninterval",
      cell: (site) => {
        const { interval } = of(site);
        return interval === null ? "–" : range([interval.low, interval.high], 2);
      },
    },
    {
      title: "rank\n",
      cell: (site) => {
        const { rank } = of(site);
        return rank === null ? "–" : `${rank.lower} of ${rank.directions}`;
      },
    },
    { title: "rows\n", cell: ({ ordinary }) => String(ordinary.rows) },
    numbers(sites, "as inde-\npendent", (site) => of(site).effectiveRows, 3, 1),
    { title: "verdict\n", cell: (site) => inShort(of(site)), isText: true },
  ];
}

function geometryColumns(sites: readonly Site[], withSpread: boolean): Column[] {
  const spreadWidth = Math.max(...sites.map(({ ordinary }) => ordinary.angle.sd.toFixed(2).length));
  return [
    {
      title: withSpread ? "angle θ\nmean ± sd, °" : "angle θ\nmean, °",
      cell: ({ ordinary: { angle } }) =>
        angle.mean.toFixed(2) + (withSpread ? ` ± ${angle.sd.toFixed(2).padStart(spreadWidth)}` : ""),
    },
    numbers(sites, "|90°−θ|\nmean, °", ({ ordinary }) => ordinary.deviation.mean, 2, 2),
    { ...numbers(sites, "chance\nmean, °", (site) => site.null.deviation, 2, 2), isNull: true },
    numbers(sites, "d·cos²θ\nmean", ({ ordinary }) => ordinary.dCos2.mean, 2, 3),
    numbers(sites, "norm\nmedian", ({ ordinary }) => ordinary.norm.median, 3, 0),
    numbers(sites, "LN−RMS\n%", ({ ordinary }) => 100 * ordinary.swapPredicted.mean, 2, 2),
    { title: "engine\nerror", cell: ({ sample }) => (sample === null ? "–" : scientific(sample.engineError.max)) },
  ];
}

/** The paper's tables 2 to 4: lengths on the way through the norm, the angle after it, the rotation split in two. */
function normColumns(sites: readonly Site[]): Column[] {
  const medians = (title: string, of: (site: Site) => Spread | null, significant: number, least: number) =>
    numbers(sites, title, (site) => of(site)?.median ?? null, significant, least);
  const bare = sites.every(({ affine }) => affine === null);
  const columns = [
    medians("norm\nbefore", ({ ordinary }) => ordinary.norm, 3, 0),
    medians("pro-\njected", ({ ordinary }) => ordinary.projected, 3, 0),
    medians("standard-\nized", ({ ordinary }) => ordinary.standardized, 3, 0),
    medians("scaled,\nshifted", ({ ordinary }) => ordinary.scaled, 3, 0),
    // weights of zeros leave no angle
    medians(
      "θ after\n°",
      ({ affine, ordinary }) => (affine === null ? ordinary.angleStandardized : ordinary.angleAfter),
      3,
      2,
    ),
    medians("rotation by\nstandard., °", ({ ordinary }) => ordinary.rotation.standardization, 2, 2),
    medians("weight,\nbias, °", ({ ordinary }) => ordinary.rotation.affine, 2, 2),
    medians("in all\n°", ({ ordinary }) => ordinary.rotation.total, 2, 2),
  ];
  return bare ? columns.filter((_, at) => ![3, 6, 7].includes(at)) : columns;
}

/** The norm before, the angle after, and the rotation. */
function narrowNormColumns(sites: readonly Site[]): Column[] {
  const columns = normColumns(sites);
  return columns.filter(({ title }) => /^(norm|θ after|rotation|in all)/.test(title));
}

const shape: Column = { title: "rows × d", cell: ({ rows, cols }) => `${rows} × ${cols}` };
const gap = 2;
const leastSiteWidth = 14;

interface Selection {
  columns: Column[];
  shapeInHeading: boolean;
}

/**
 * The first layout that fits the width: all columns; else the shape moves to the group's heading, where all sites share one; else
 * what the names of a group have in common moves there; else the spread is left out (the JSON has it) and names are shortened;
 * else, on a narrow terminal, only the columns that answer the question are left.
 */
function fit(groups: readonly Group[], subject: Subject, width: number) {
  const sites = groups.flatMap((group) => group.sites);
  const oneShape = groups.every((group) => commonShape(group) !== null);
  const of: Record<Subject, () => { selections: Selection[]; narrow: Column[] }> = {
    geometry: () => ({
      selections: [
        { columns: [shape, ...geometryColumns(sites, true)], shapeInHeading: false },
        ...(oneShape ? [{ columns: geometryColumns(sites, true), shapeInHeading: true }] : []),
        { columns: [shape, ...geometryColumns(sites, false)], shapeInHeading: false },
      ],
      narrow: geometryColumns(sites, false).slice(0, 4),
    }),
    verdict: () => {
      const columns = verdictColumns(sites, judgedSites({ groups: [...groups] }));
      const [ratio, interval, , , , verdict] = columns;
      return { selections: [{ columns, shapeInHeading: false }], narrow: [ratio, interval, verdict] };
    },
    norm: () => ({
      selections: [{ columns: normColumns(sites), shapeInHeading: oneShape }],
      narrow: narrowNormColumns(sites),
    }),
  };
  const { selections, narrow } = of[subject]();
  const layout = (namesCut: boolean, all: readonly Selection[]) => {
    const names = groups.flatMap((group) => siteNames(group, namesCut));
    const wanted = Math.max("site".length, ...names.map((name) => 2 + name.length));
    return all.map(({ columns, shapeInHeading }) => {
      const widths = columns.map(({ title, cell }) =>
        Math.max(...title.split("\n").map((line) => line.length), ...sites.map((site) => cell(site).length)),
      );
      const numbers = widths.reduce((sum, one) => sum + gap + one, 0);
      const siteWidth = Math.min(wanted, Math.max(leastSiteWidth, width - numbers));
      const whole = siteWidth === wanted;
      return { columns, shapeInHeading, namesCut, siteWidth, widths, whole, total: siteWidth + numbers };
    });
  };
  const layouts = [
    ...layout(false, selections),
    ...layout(true, selections),
    ...layout(true, [{ columns: narrow, shapeInHeading: subject !== "verdict" && oneShape }]),
  ];
  const fitting = layouts.filter(({ total }) => total <= width);
  return fitting.find(({ whole }) => whole) ?? fitting.at(-1) ?? layouts[layouts.length - 1];
}

/** The names of a group's sites. @param cut whether to leave out the beginning and the end that all of them share */
function siteNames({ sites }: Group, cut: boolean): string[] {
  const names = sites.map(({ site }) => printable(site));
  const [before, after] = cut ? sharedEnds(names) : ["", ""];
  return names.map((name) => name.slice(before.length, name.length - after.length));
}

/** The beginning and the end that all names share, in whole words between dots: "model.layers." and ".input". */
function sharedEnds(names: readonly string[]): [before: string, after: string] {
  const [first, ...others] = names;
  const words = first.split(".");
  let before = "";
  for (const word of words.slice(0, -1)) {
    const longer = `${before}${word}.`;
    if (!others.every((name) => name.startsWith(longer))) break;
    before = longer;
  }
  let after = "";
  for (const word of words.slice(1).reverse()) {
    const longer = `.${word}${after}`;
    if (!others.every((name) => name.endsWith(longer) && name.length > before.length + longer.length)) break;
    after = longer;
  }
  // A single name shares all of its words with itself.
  return others.length === 0 ? ["", ""] : [before, after];
}

function commonShape({ sites }: Group): string | null {
  const [first] = sites;
  return sites.every(({ rows, cols }) => rows === first.rows && cols === first.cols) ? shape.cell(first) : null;
}

function groupHeading(group: Group, withShape: boolean, namesCut: boolean, width: number): string {
  const facts: string[] = group.norm === null ? [] : [group.norm];
  if (withShape) facts.push(`${commonShape(group)} each`);
  const [before, after] = namesCut ? sharedEnds(group.sites.map(({ site }) => printable(site))) : ["", ""];
  const names = before + after === "" ? [] : [`${before}…${after}`];
  const label = printable(group.label);
  // The norm and the shape stay whole. What is left is for the model's name and what its sites' names have in common, half each
  // at least.
  const between = "  ·  ";
  const room = [...facts, ...names].reduce((left) => left - between.length, width - facts.join("").length);
  const namesWidth = Math.max(Math.floor(room / 2), room - label.length);
  const shortNames = names.map((name) => shorten(name, namesWidth));
  const labelWidth = room - shortNames.join("").length;
  return [shorten(label, labelWidth), ...facts, ...shortNames].join(between);
}

const borderless = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: " ".repeat(gap),
};
