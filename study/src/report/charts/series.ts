/** What the figures of sites against depth share: series, points and chance from a group, and numbers in words. */
import { counted, listed, printable } from "@orthonorm/files";
import { decimalsFor, fixed, range, shorten } from "../../text.js";
import type { Group, Site, Spread } from "../../types.js";
import { depthOf, type Run, runsOf } from "./depth.js";
import type { Chance, Panel, Point, Series } from "./panel.js";
import { type Axis, drawPanels, normColor } from "./panels.js";

export type Drawn = { id: string; title: string; finding: string; reading: string; svg: SVGSVGElement } | null;

export const nameOf = ({ label }: Group) => shorten(printable(label), 36);

export const titleOf = (group: Group) => (group.norm === null ? nameOf(group) : `${nameOf(group)} · ${group.norm}`);

const symbols = ["circle", "square", "triangle", "diamond"] as const;
const glyphs = ["●", "□", "△", "◇"];

export const sitesOf = (group: Group) => group.sites.filter(({ ordinary }) => ordinary.rows > 0);
export const tellingOf = (group: Group) => sitesOf(group).filter(({ centred }) => !centred);

/** One point per site, for the sites of a run that have the value. */
export function pointsOf(run: Run, value: Value, unit: string): Point[] {
  return run.places.flatMap(({ site, index }) => {
    const found = value(site);
    if (found === null) return [];
    const { also = spreadOf(found), ...point } = found;
    const number = fixed(point.y, decimalsFor([point.y], 4));
    return [{ x: index, ...point, title: `${shorten(printable(site.site), 60)}\n${number}${unit}${also}` }];
  });
}

/** What is drawn of a site, and what its title says beside the number itself; left out, that is the spread. */
export type Value = (site: Site) => (Omit<Point, "x" | "title"> & { also?: string }) | null;

function spreadOf({ y, low, high, rows = [] }: Omit<Point, "x" | "title">): string {
  const decimals = decimalsFor([y], 4);
  const between = (from: number, to: number) => `${fixed(from, decimals)} to ${fixed(to, decimals)}`;
  if (rows.length > 0) return `, ${counted(rows.length, "row")} from ${between(rows[0], rows[rows.length - 1])}`;
  return low === undefined || high === undefined ? "" : `, quartiles ${between(low, high)}`;
}

/** The median, within the band of the quartiles; of few rows with each of them instead. */
export function quartiles({ median, q1, q3, values }: Spread, oneByOne = true): Omit<Point, "x" | "title"> {
  return values === null || !oneByOne ? { y: median, low: q1, high: q3 } : { y: median, rows: values };
}

export const middle = ({ median }: Spread) => median;

/** One series per kind of norm, in the group's colour. The first kind is filled, the others are hollow. */
export function byKind(
  group: Group,
  value: Value,
  unit: string,
  { label, color = normColor(group.norm), dash }: { label?: string; color?: string; dash?: string } = {},
): Series[] {
  const runs = runsOf(group);
  const kinds = [...new Set(runs.map(({ kind }) => kind).filter((kind) => kind !== ""))];
  return runs
    .map((run, i) => {
      const kind = Math.max(0, kinds.indexOf(run.kind));
      const text = label === undefined ? run.kind : i === 0 ? label : "";
      return {
        label: text,
        color,
        dash: dash ?? (kind % 2 === 1 ? "5 3" : undefined),
        symbol: symbols[kind],
        hollow: kind > 0,
        line: run.joined,
        part: printable(group.label),
        points: pointsOf(run, value, unit),
      };
    })
    .filter(({ points }) => points.length > 0);
}

/** A series beside the site instead of over it. Where no line joins the sites, marks of several series stand beside each other so. */
export function shifted(series: Series, by: number): Series {
  return { ...series, points: series.points.map((point) => ({ ...point, x: point.x + by })) };
}

/** Where there are more sites than these, single rows would be a grey cloud. */
const mostWithRows = 24;

/** Whether each row is drawn at all of the sites, or at some of them, or at none. */
export function rowsShown(groups: readonly Group[]): "all" | "some" | "none" {
  if (groups.some((group) => group.sites.length > mostWithRows)) return "none";
  const each = groups.flatMap(sitesOf).map(({ ordinary }) => ordinary.angle.values !== null);
  return each.every((one) => one) ? "all" : each.some((one) => one) ? "some" : "none";
}

/** What quartiles are drawn as. Sites that nothing joins have whiskers of their own. */
export function spreadsRead(groups: readonly Group[]): string {
  const joined = groups.map((group) => runsOf(group).some((run) => run.joined));
  if (joined.every((one) => one)) return "bar or band";
  return joined.some((one) => one) ? "bar, band or whiskers" : "whiskers";
}

/** A sentence that says which symbol is which kind of norm, where the labels say something else. */
export function kindsRead(groups: readonly Group[]): string {
  const kinds = [...new Set(groups.flatMap(runsOf).flatMap(({ kind }) => kind || []))];
  if (kinds.length < 2 || kinds.length > symbols.length) return "";
  return ` Marks: ${kinds.map((kind, i) => `${glyphs[i]}\u00a0${kind}`).join(", ")}.`;
}

export function chanceOf(group: Group, label: string, at: (site: Site) => readonly [number, number]): Chance {
  return {
    label,
    points: group.sites.map((site, x) => {
      const [low, high] = at(site);
      return { x, low, high };
    }),
  };
}

/** "0.21–0.46 (ln) and 0.94–1.30 (rms)", all with the same number of decimals. */
export function perGroup(
  groups: readonly Group[],
  valuesOf: (group: Group) => number[],
  unit: string,
  significant = 2,
): string {
  const decimals = decimalsFor(groups.flatMap(valuesOf), significant, 0, 4);
  const parts = groups
    .map((group) => ({ group, values: valuesOf(group) }))
    .filter(({ values }) => values.length > 0)
    .map(({ group, values }) => `${range(values, decimals)}${unit}${groups.length > 1 ? ` (${nameOf(group)})` : ""}`);
  if (parts.length > 4) return listed(parts, 3);
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts[parts.length - 1]}`;
}

/** Two models with different norms compare best in one panel; others have a panel each. */
export function compared(
  groups: readonly Group[],
  seriesOf: (group: Group) => Series[],
  chance: (group: Group) => Chance,
): Panel[] {
  const shared = groups.length === 2 && groups[0].norm !== groups[1].norm;
  const one = shared && JSON.stringify(chance(groups[0])) === JSON.stringify(chance(groups[1]));
  if (!one) return groups.map((group) => ({ title: titleOf(group), series: seriesOf(group), chance: chance(group) }));
  const series = groups.flatMap((group) =>
    seriesOf(group).map((of, i) => ({
      ...of,
      label: i > 0 && of.label === "" ? "" : shorten(`${nameOf(group)} ${of.label}`.trim(), 22),
    })),
  );
  const [whole, short] = [titleOf, nameOf].map((title) => groups.map(title).join("  and  "));
  return [{ title: whole.length > 44 ? short : whole, series, chance: chance(groups[0]) }];
}

export function draw(
  document: Document,
  width: number,
  groups: readonly Group[],
  axis: Axis,
  panels: readonly Panel[],
) {
  return drawPanels(
    document,
    width,
    depthOf(groups, width / (panels.length === 2 && width >= 600 ? 2 : 1)),
    axis,
    panels,
  );
}
