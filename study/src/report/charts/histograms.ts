/** Histograms of the angle, one small panel per site. Models with the same sites share their panels. */

import * as Plot from "@observablehq/plot";
import { printable } from "@orthonorm/files";
import type { Group, Site, Spread } from "../../types.js";
import { labelOf } from "./labels.js";
import { dots } from "./marks.js";
import { facets, normColor, svgOf, widthOf } from "./panels.js";

type Counts = NonNullable<Spread["histogram"]>;

interface Cell {
  low: number;
  high: number;
  /** The share of the vectors per degree. */
  density: number;
}

interface Outline {
  color: string;
  dash?: string;
  cells: Cell[];
  /** The angles of single rows, of a site with few of them: each is a dot. */
  rows: readonly number[] | null;
  part: string;
}

interface Tile {
  title: string;
  outlines: Outline[];
  sd: number;
}

/** How many panels there are at most, for nobody looks at more one by one. Beyond that, every n-th site is drawn. */
const mostTiles = { wide: 25, narrow: 15 };

export function drawHistograms(
  document: Document,
  width: number,
  all: readonly Group[],
): { svg: SVGSVGElement; every: number } | null {
  const groups = all
    .map((group) => ({ ...group, sites: group.sites.filter(drawable) }))
    .filter(({ sites }) => sites.length > 0);
  if (groups.length === 0) return null;
  const narrow = width < 500;
  const { tiles, every } = tilesOf(groups, narrow ? mostTiles.narrow : mostTiles.wide);

  const [low, high] = extent(tiles);
  const [peak, chancePeak] = [
    Math.max(
      ...tiles.flatMap(({ outlines }) =>
        outlines.flatMap(({ cells, rows }) =>
          rows === null ? cells.map(({ density }) => density) : stacked(rows, low, high).map(({ y }) => y),
        ),
      ),
    ),
    Math.max(...tiles.map(({ sd }) => 1 / (sd * Math.sqrt(2 * Math.PI)))),
  ];
  // A spike, such as centred states have, would flatten everything else.
  const top = Math.min(Math.max(peak, chancePeak), 12 * chancePeak) * 1.05;
  // Per so many degrees that no share is above 100 %.
  const per = top > 1 ? Number(`1e${-Math.ceil(Math.log10(top))}`) : 1;
  const tickLabel = (density: number) => `${Number((100 * density * per).toPrecision(2))} %`;

  const legend = groups
    .filter((group, i) => groups.findIndex(({ norm }) => norm === group.norm) === i)
    .map(({ norm }) => ({ text: norm ?? "states", paint: normColor(norm) }));
  const words = [...legend, { text: "random", paint: "var(--null)" }];
  const margin = {
    top: narrow ? 62 : 44,
    right: 4,
    bottom: 44,
    left: Math.max(46, 10 + widthOf([tickLabel(top)], 12)),
  };
  const columns = Math.min(tiles.length, narrow ? 3 : 5);
  const rows = Math.ceil(tiles.length / columns);
  const tileHeight = 84;
  const gap = { x: 12, y: 26 };
  const tileWidth = (width - margin.left - margin.right - (columns - 1) * gap.x) / columns;
  const place = (index: number) => ({ fx: index % columns, fy: Math.floor(index / columns) });

  const marks: Plot.Markish[] = tiles.flatMap(({ title, outlines, sd }, i) => {
    const grid = Array.from({ length: 41 }, (_, n) => 90 + sd * (n / 6 - 10 / 3)).filter((x) => x >= low && x <= high);
    const chance = grid.map((x) => ({ x, y: Math.exp(-(((x - 90) / sd) ** 2) / 2) / (sd * Math.sqrt(2 * Math.PI)) }));
    return [
      Plot.areaY(chance, { ...place(i), ...ofChance, x: "x", y1: 0, y2: "y", fill: "var(--null)", fillOpacity: 0.3 }),
      ...outlines.map(({ color, dash, cells, rows: few, part }) => {
        const of = { ...place(i), ariaDescription: part };
        if (few !== null)
          return dots(stacked(few, low, high), { ...of, stroke: color, strokeWidth: 3.4, strokeOpacity: 0.7 });
        return Plot.areaY(outlineOf(cells, low, high, top), {
          ...of,
          x: "x",
          y1: 0,
          y2: "y",
          fill: color,
          fillOpacity: 0.12,
          stroke: color,
          strokeWidth: 1.25,
          strokeDasharray: dash,
        });
      }),
      Plot.ruleY([0], { ...place(i), stroke: "var(--muted)" }),
      Plot.text([title], { ...place(i), frameAnchor: "top-left", dy: -14 }),
    ];
  });

  const caption = `share of the vectors per ${per === 1 ? "degree" : `${per}°`}${narrow ? "" : ":"}`;
  const heading = (text: string, x: number, line: number, fill: string, fontWeight: number) =>
    Plot.text([text], {
      fx: 0,
      fy: 0,
      frameAnchor: "top-left",
      dx: x - margin.left + 2,
      dy: line * 17 - margin.top + 5,
      fill,
      fontWeight,
    });
  marks.push(heading(caption, 0, 0, "var(--muted)", 400));
  // On a phone the legend has a line of its own.
  let x = narrow ? 0 : widthOf([caption], 12);
  for (const { text, paint } of words) {
    marks.push(heading(text, x, narrow ? 1 : 0, paint, 600));
    x += widthOf([text], 12) + 14;
  }

  const plot = Plot.plot({
    document,
    width,
    height: margin.top + rows * tileHeight + (rows - 1) * gap.y + margin.bottom,
    className: "orthonorm",
    marginTop: margin.top,
    marginRight: margin.right,
    marginBottom: margin.bottom,
    marginLeft: margin.left,
    style: { background: "transparent", color: "var(--ink)", fontFamily: "var(--font)", fontSize: "12px" },
    fx: facets(columns, tileWidth, gap.x),
    fy: facets(rows, tileHeight, gap.y),
    x: { domain: [low, high], axis: null },
    y: { domain: [0, top], axis: null },
    marks: [
      Plot.axisX({
        ticks: ticksOf(low, high, Math.floor(tileWidth / 42)),
        tickFormat: (value: number) => `${value}°`,
        tickSize: 4,
        label: "angle to 1, degrees",
        labelArrow: "none",
        labelAnchor: "center",
        labelOffset: 38,
        fill: "var(--muted)",
        stroke: "var(--muted)",
      }),
      Plot.axisY({
        ticks: 2,
        tickSize: 0,
        tickFormat: tickLabel,
        label: null,
        fill: "var(--muted)",
      }),
      ...marks,
    ],
  });
  return { svg: svgOf(plot), every };
}

const ofChance = { ariaDescription: "chance" };

/** How many stacks of dots there are on the axis: as many as stand beside each other in a small panel. */
const stacks = 28;

/** A dot per row, stacked where rows have nearly the same angle: together they have the area of a histogram. */
function stacked(rows: readonly number[], low: number, high: number): { x: number; y: number }[] {
  const wide = (high - low) / stacks;
  const counts = new Array<number>(stacks).fill(0);
  return rows
    .filter((angle) => angle >= low && angle <= high)
    .map((angle) => {
      const at = Math.min(stacks - 1, Math.floor((angle - low) / wide));
      return { x: low + (at + 0.5) * wide, y: (counts[at]++ + 0.5) / (rows.length * wide) };
    });
}

function drawable({ ordinary }: Site): boolean {
  return ordinary.rows > 0 && ordinary.angle.histogram !== null;
}

function tilesOf(groups: readonly Group[], most: number): { tiles: Tile[]; every: number } {
  const names = groups.map(({ sites }) => JSON.stringify(sites.map(({ site, cols }) => [site, cols])));
  const norms = new Set(groups.map(({ norm }) => norm));
  // Models are drawn over each other only where their colours differ.
  const together = groups.length > 1 && norms.size === groups.length && names.every((of) => of === names[0]);
  const sites = together ? groups[0].sites.length : groups.reduce((sum, group) => sum + group.sites.length, 0);
  const every = Math.ceil(sites / most);
  const chosen = (of: readonly Site[]) => of.filter((_, i) => i % every === 0);
  const outline = ({ norm, label }: Group, { ordinary }: Site): Outline => ({
    rows: ordinary.angle.values,
    part: printable(label),
    color: normColor(norm),
    dash: together && norm === "RMSNorm" ? "3 2" : undefined,
    cells: cellsOf(ordinary.angle.histogram as Counts),
  });
  const room = most === mostTiles.narrow ? 14 : 19;
  const several = groups.length > 1 && !together;
  const forModel = Math.floor(room / 3);
  const model = labelOf(
    groups.map(({ label }) => label),
    forModel,
  );
  /** What stands over a site's panel: its name, after its model's where there are several. */
  const titler = ({ label, sites }: Group) => {
    const name = labelOf(
      sites.map(({ site }) => site),
      several ? room - forModel - 1 : room,
    );
    return ({ site }: Site) => (several ? `${model(label)} ${name(site)}` : name(site));
  };
  if (together) {
    const title = titler(groups[0]);
    const tiles = chosen(groups[0].sites).map((site, i) => ({
      title: title(site),
      outlines: groups.map((group) => outline(group, chosen(group.sites)[i])),
      sd: site.null.sd,
    }));
    return { tiles, every };
  }
  const tiles = groups.flatMap((group) => {
    const title = titler(group);
    return chosen(group.sites).map((site) => ({
      title: title(site),
      outlines: [outline(group, site)],
      sd: site.null.sd,
    }));
  });
  return { tiles, every };
}

function cellsOf({ low, high, counts }: Counts): Cell[] {
  const wide = (high - low) / counts.length;
  const total = counts.reduce((sum, count) => sum + count, 0) || 1;
  return counts.map((count, i) => ({ low: low + i * wide, high: low + (i + 1) * wide, density: count / total / wide }));
}

/** The range of the axis: from the lowest to the highest angle of any panel, without half a per cent at each end, and chance. */
function extent(tiles: readonly Tile[]): [number, number] {
  let [low, high] = [90, 90];
  for (const { outlines, sd } of tiles) {
    low = Math.min(low, 90 - 2.6 * sd);
    high = Math.max(high, 90 + 2.6 * sd);
    for (const { cells } of outlines) {
      let below = 0;
      for (const cell of cells) {
        const share = cell.density * (cell.high - cell.low);
        if (below + share > 0.005 && below <= 0.005) low = Math.min(low, cell.low);
        below += share;
        if (below >= 0.995 && below - share < 0.995) high = Math.max(high, cell.high);
      }
    }
  }
  return [low, high];
}

/** The steps of a histogram on the axis. There are at most 40 cells; finer ones are joined. */
function outlineOf(cells: readonly Cell[], low: number, high: number, top: number): { x: number; y: number }[] {
  const wide = cells[0].high - cells[0].low;
  const join = Math.max(1, Math.round((high - low) / 40 / wide));
  const steps: { x: number; y: number }[] = [];
  for (let i = 0; i < cells.length; i += join) {
    const part = cells.slice(i, i + join);
    const from = Math.max(low, part[0].low);
    const to = Math.min(high, part[part.length - 1].high);
    if (to <= from) continue;
    const y = Math.min(top, part.reduce((sum, { density }) => sum + density, 0) / part.length);
    if (steps.length === 0) steps.push({ x: from, y: 0 });
    steps.push({ x: from, y }, { x: to, y });
  }
  if (steps.length > 0) steps.push({ x: steps[steps.length - 1].x, y: 0 });
  return steps;
}

/** Round values, far enough from the ends of the axis that their labels stay in the panel. 90° is always among them. */
function ticksOf(low: number, high: number, room: number): number[] {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 45];
  const step = steps.find((size) => (high - low) / size <= Math.max(2, room)) ?? 90;
  const edge = (high - low) * 0.08;
  const most = Math.floor((Math.max(high - 90, 90 - low) - edge) / step);
  return Array.from({ length: 2 * most + 1 }, (_, i) => Number((90 + (i - most) * step).toFixed(1))).filter(
    (tick) => tick >= low + edge && tick <= high - edge,
  );
}
