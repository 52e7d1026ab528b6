/** The marks of one panel: what chance gives, the ticks, then of each series its spread, its line and its points. */
import * as Plot from "@observablehq/plot";
import type { Chance, Panel, Point, Series, Ticks } from "./panels.js";

/** The panel that a mark stands in. */
type Place = { fx?: number; fy?: number };

interface Room {
  place: Place;
  /** Where the sites end, half a site beyond the last. */
  end: number;
  /** How many sites there are, and how many pixels each has. */
  count: number;
  siteWidth: number;
}

export function panelMarks({ series, chance, ticks }: Panel, room: Room): Plot.Markish[] {
  const several = series.some(({ points }, at) => at > 0 && points.length > 1 && points[0].low !== undefined);
  const joined = series.some(({ line }) => line);
  return [
    ...(chance === null ? [] : chanceMarks(chance, room.end, room.place)),
    ...(ticks === undefined ? [] : tickMarks(ticks, room)),
    ...series.flatMap((one) => spreadMarks(one, { ...room, several, joined })),
    ...series.flatMap((one) => lineMarks(one, room)),
    ...series.flatMap((one) => pointMarks(one, room)),
  ];
}

/** Rows where they are few, else what lies between low and high. @param several whether other series have a spread too */
function spreadMarks(
  { points, color, line, interval = false, part }: Series,
  { place, count, several, joined }: Room & { several: boolean; joined: boolean },
): Plot.Markish[] {
  const rows = points.flatMap(({ x, rows: values = [] }) => values.map((y) => ({ x, y })));
  const single =
    rows.length === 0
      ? []
      : [dots(rows, { ...place, ariaDescription: part, stroke: color, strokeWidth: 3.2, strokeOpacity: 0.4 })];
  const banded = points.filter(({ low }) => low !== undefined);
  if (banded.length === 0) return single;
  const bandOf = { ...place, ariaDescription: part, x: "x", y1: "low", y2: "high" };
  if (!joined || (interval && count <= 40)) {
    return [...single, ...whiskers(banded, color, Math.min(0.12, count / 100), { ...place, ariaDescription: part })];
  }
  // Bands of norms that alternate would cover each other. One bar per site does not, where there is room.
  const bars = !line || banded.length === 1 || (count <= 24 && several);
  return [
    ...single,
    bars
      ? Plot.ruleX(banded, { ...bandOf, stroke: color, strokeOpacity: 0.32, strokeWidth: 5 })
      : Plot.areaY(banded, { ...bandOf, fill: color, fillOpacity: 0.16 }),
  ];
}

/** Many dots as one path, of lines without length whose ends are round: an element for each would be most of the page. */
export function dots(points: readonly { x: number; y: number }[], look: object): Plot.Markish {
  const ends = points.flatMap((point) => [point, point, { x: Number.NaN, y: Number.NaN }]);
  return Plot.line(ends, { ...look, x: "x", y: "y", strokeLinecap: "round" });
}

function lineMarks({ points, color, dash, line, part }: Series, { place }: Room): Plot.Markish[] {
  if (!line || points.length < 2) return [];
  const look = { stroke: color, strokeWidth: 1.75, strokeDasharray: dash };
  return [Plot.line(points, { ...place, ariaDescription: part, x: "x", y: "y", ...look })];
}

function pointMarks(
  { points, color, symbol, hollow, ring, line, part }: Series,
  { place, count, siteWidth }: Room,
): Plot.Markish[] {
  const r = (count > 40 ? 2.2 : 3.4) * (ring ? 1.5 : 1);
  const paint =
    symbol === "times"
      ? { stroke: color, strokeWidth: 2 }
      : { fill: ring ? "none" : hollow ? "var(--paper)" : color, stroke: color };
  // Marks that are close together would hide their line; they stay to be pointed at.
  const crowded = line && points.length > 1 && siteWidth < 5 ? { fillOpacity: 0, strokeOpacity: 0 } : {};
  const at = { ...place, ariaDescription: part, x: "x", y: "y", title: "title" };
  return [Plot.dot(points, { ...at, symbol, r, ...paint, ...crowded })];
}

/** So many values at a site are short lines; where there are more sites, or less room, a bar from the least to the greatest. */
function tickMarks({ color, part, sites }: Ticks, { place, count, siteWidth }: Room): Plot.Markish[] {
  // One path for all of them too.
  const look = { ...place, ariaDescription: part, stroke: color, strokeLinecap: "butt" as const };
  const gap = { x: Number.NaN, y: Number.NaN };
  if (count > 24 || siteWidth < 16) {
    const bars = sites.flatMap(({ x, values }) => [{ x, y: Math.min(...values) }, { x, y: Math.max(...values) }, gap]);
    const strokeWidth = Math.max(2, Math.min(10, siteWidth / 2));
    return [Plot.line(bars, { ...look, x: "x", y: "y", strokeWidth, strokeOpacity: 0.45 })];
  }
  const ends = sites.flatMap(({ x, values }) => values.flatMap((y) => [{ x: x - 0.28, y }, { x: x + 0.28, y }, gap]));
  return [Plot.line(ends, { ...look, x: "x", y: "y", strokeWidth: 1, strokeOpacity: 0.55 })];
}

/** The quartiles of sites that nothing joins: a line between them with a cap at each end. @param cap half its length, in sites */
function whiskers(points: readonly Point[], color: string, cap: number, place: object): Plot.Markish[] {
  const drawn = { ...place, stroke: color, strokeWidth: 1.25 };
  const x1 = ({ x }: Point) => x - cap;
  const x2 = ({ x }: Point) => x + cap;
  return [
    Plot.ruleX(points, { ...drawn, x: "x", y1: "low", y2: "high" }),
    ...(["low", "high"] as const).map((y) => Plot.ruleY(points, { ...drawn, x1, x2, y })),
  ];
}

function chanceMarks({ points }: Chance, end: number, place: Place): Plot.Markish[] {
  if (points.length === 0) return [];
  // From edge to edge, half a site beyond the first and the last. Between sites of another d it steps, and does not slope.
  const [first, last] = [points[0], points[points.length - 1]];
  const steps = points.slice(1).flatMap((point, i) => {
    const before = points[i];
    if (point.low === before.low && point.high === before.high) return [];
    const x = (before.x + point.x) / 2;
    return [
      { ...before, x },
      { ...point, x },
    ];
  });
  const wide = [{ ...first, x: -0.5 }, ...steps, { ...last, x: Math.min(end, last.x + 0.5) }];
  const band = wide.some(({ low, high }) => low !== high);
  const of = { ...place, ariaDescription: "chance" };
  const middle = { ...of, x: "x", y: (point: { low: number; high: number }) => (point.low + point.high) / 2 };
  return [
    ...(band
      ? [Plot.areaY(wide, { ...of, x: "x", y1: "low", y2: "high", fill: "var(--null)", fillOpacity: 0.18 })]
      : []),
    Plot.line(wide, { ...middle, stroke: "var(--null)", strokeWidth: 1.25, strokeDasharray: band ? undefined : "2 3" }),
  ];
}
