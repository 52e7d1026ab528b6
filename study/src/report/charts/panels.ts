/** Draws lines against depth, in one panel per model. All figures against depth are drawn with it. */
import * as Plot from "@observablehq/plot";
import { shorten } from "../../text.js";
import type { Norm } from "../../types.js";
import type { Depth } from "./depth.js";
import { panelMarks } from "./marks.js";
import type { Panel } from "./panel.js";

export interface Axis {
  label: string;
  log: boolean;
  /** Values that the axis must reach. */
  include: number[];
  /** Stands behind the numbers of the ticks: "°", " %". */
  unit: string;
}

export const normColor = (norm: Norm | null) =>
  norm === "LayerNorm" ? "var(--layernorm)" : norm === "RMSNorm" ? "var(--rmsnorm)" : "var(--ink)";

const fontSize = 13;
const edge = { top: 46, left: 46, right: 4 };
/** What a character takes at most on average, bold ones too, so that nothing is cut. */
const perCharacter = 0.61;
const gap = { x: 20, y: 50 };

/** The plot, whose panels stand side by side where they fit, and else are stacked. */
export function drawPanels(
  document: Document,
  width: number,
  depth: Depth,
  axis: Axis,
  panels: readonly Panel[],
): SVGSVGElement {
  const domain = domainOf(axis, panels);
  const ticks = axis.log ? logTicks(domain) : linearTicks(domain);
  const tickLabel = (value: number) => `${plain(value)}${axis.unit}`;
  const margin = { ...edge, left: Math.max(edge.left, 10 + widthOf(ticks.map(tickLabel))) };

  const abreast = panels.length > 1 && width / panels.length >= 300;
  const columns = abreast ? panels.length : 1;
  const rows = abreast ? 1 : panels.length;
  const panelWidth = (width - margin.left - margin.right - (columns - 1) * gap.x) / columns;
  const panelHeight = panels.length > 3 ? 130 : width < 500 ? 190 : 250;
  const bottom = depth.named ? 106 : 44;
  const height = margin.top + rows * panelHeight + (rows - 1) * gap.y + bottom;
  const place = (index: number) => (abreast ? { fx: index } : { fy: index });

  const labelled = widthOf(panels.flatMap(labelsOf).map(({ text }) => text));
  const labelWidth = labelled === 0 ? 0 : labelled + 8;
  // The labels stand to the right of the last site, in the panel.
  const right = depth.count - 0.5 + (depth.count * labelWidth) / Math.max(40, panelWidth - labelWidth);
  const end = depth.count - 0.5;

  const marks: Plot.Markish[] = [
    Plot.text([0], {
      ...place(0),
      text: () => axis.label,
      frameAnchor: "top-left",
      dx: -margin.left + 2,
      dy: -margin.top + 5,
      fill: "var(--muted)",
    }),
    ...panels.map(({ title }, i) =>
      Plot.text([shorten(title, Math.floor((panelWidth + edge.right) / (fontSize * perCharacter)))], {
        ...place(i),
        frameAnchor: "top-left",
        dy: -17,
        fontWeight: 600,
      }),
    ),
  ];
  for (const [i, panel] of panels.entries()) {
    marks.push(
      ...panelMarks(panel, { place: place(i), end, count: depth.count, siteWidth: panelWidth / depth.count }),
      ...spaced(labelsOf(panel), axis.log, domain, panelHeight).map(({ text, color, y, part }) =>
        Plot.text([text], {
          ...place(i),
          ariaDescription: part,
          x: () => end,
          y: () => y,
          fill: color,
          textAnchor: "start",
          dx: 6,
        }),
      ),
    );
  }

  const plot = Plot.plot({
    document,
    width,
    height,
    className: "orthonorm",
    marginTop: margin.top,
    marginLeft: margin.left,
    marginRight: margin.right,
    marginBottom: bottom,
    style: { background: "transparent", color: "var(--ink)", fontFamily: "var(--font)", fontSize: `${fontSize}px` },
    fx: facets(columns, panelWidth, gap.x),
    fy: facets(rows, panelHeight, gap.y),
    x: { domain: [-0.5, right], axis: null },
    y: { type: axis.log ? "log" : "linear", domain, axis: null },
    marks: [
      Plot.gridY({ ticks, stroke: "var(--rule)", strokeOpacity: 1 }),
      Plot.axisY({
        ticks,
        tickSize: 0,
        label: null,
        fill: "var(--muted)",
        tickFormat: tickLabel,
      }),
      Plot.axisX(depth.ticks, {
        tickFormat: depth.format,
        tickSize: 4,
        label: depth.label,
        labelArrow: "none",
        labelAnchor: "center",
        labelOffset: bottom - 8,
        fill: "var(--muted)",
        stroke: "var(--muted)",
        ...(depth.named ? { tickRotate: -40 } : {}),
      }),
      ...marks,
    ],
  });
  return svgOf(plot);
}

/** The scale of `count` panels, side by side or under each other. */
export function facets(count: number, size: number, between: number): Plot.PlotFacetOptions & Plot.ScaleOptions {
  return {
    axis: null,
    domain: Array.from({ length: count }, (_, i) => i),
    paddingInner: count > 1 ? between / (size + between) : 0,
    paddingOuter: 0,
    round: false,
  };
}

/** The svg in what Plot returns, which may be a figure around it. */
export function svgOf(plot: Element): SVGSVGElement {
  return (plot.tagName.toLowerCase() === "svg" ? plot : plot.querySelector("svg")) as SVGSVGElement;
}

interface Label {
  text: string;
  color: string;
  y: number;
  part?: string;
}

function labelsOf({ series, chance }: Panel): Label[] {
  const labels = series
    .filter(({ label, points }) => label !== "" && points.length > 0)
    .map(({ label, color, part, points }) => ({ text: label, color, part, y: points[points.length - 1].y }));
  if (chance !== null && chance.points.length > 0) {
    labels.push({
      text: chance.label,
      color: "var(--null)",
      part: "chance",
      y: chance.points[chance.points.length - 1].high,
    });
  }
  return labels;
}

/** Moves labels so far that none covers another, and all stay in the panel. */
function spaced(labels: readonly Label[], log: boolean, domain: readonly number[], height: number): Label[] {
  const on = (value: number) => (log ? Math.log(value) : value);
  const [low, high] = domain.map(on);
  const line = fontSize + 4;
  const placed = labels
    .map((label) => ({ ...label, at: ((high - on(label.y)) / (high - low)) * height }))
    .sort((a, b) => a.at - b.at);
  for (let i = 1; i < placed.length; i++) placed[i].at = Math.max(placed[i].at, placed[i - 1].at + line);
  let floor = height - 4;
  for (let i = placed.length - 1; i >= 0; i--) {
    placed[i].at = Math.min(placed[i].at, floor);
    floor = placed[i].at - line;
  }
  return placed.map(({ at, ...label }) => {
    const value = high - (at / height) * (high - low);
    return { ...label, y: log ? Math.exp(value) : value };
  });
}

function domainOf({ log, include }: Axis, panels: readonly Panel[]): [number, number] {
  const values = [
    ...include,
    ...panels.flatMap(({ series, chance, ticks }) => [
      ...series.flatMap(({ points }) =>
        points.flatMap(({ y, low = y, high = y, rows = [] }) => [y, low, high, ...rows]),
      ),
      ...(ticks?.sites.flatMap(({ values }) => values) ?? []),
      ...(chance?.points.flatMap(({ low, high }) => [low, high]) ?? []),
    ]),
  ];
  if (log) {
    const above = values.filter((value) => value > 0);
    return [Math.min(...above) / 1.25, Math.max(...above) * 1.25];
  }
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = (high - low || 1) * 0.06;
  return [include.includes(0) && low === 0 ? 0 : low - pad, high + pad];
}

/** The ticks of a logarithmic axis: powers of ten, fewer where there are many, and where the axis is short, values between them. */
function logTicks([low, high]: readonly number[]): number[] {
  const decades = Math.log10(high / low);
  const between =
    decades < 0.6 ? [1, 1.5, 2, 3, 4, 5, 6, 8] : decades < 1.2 ? [1, 2, 3, 5, 7] : decades < 3.5 ? [1, 3] : [1];
  const step = Math.ceil(decades / 8);
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    if (power % step === 0) for (const n of between) ticks.push(Number(`${n}e${power}`));
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}

/** About five round values. */
function linearTicks([low, high]: readonly number[]): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((n) => n * power >= rough * 0.75) ?? 10);
  const [first, last] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
  return Array.from({ length: last + 1 - first }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function plain(value: number): string {
  const size = Math.abs(value);
  return size >= 1e6 || (size < 1e-4 && size > 0) ? value.toExponential() : String(value);
}

/** The width of the longest of some texts, in pixels. */
export function widthOf(texts: readonly string[], size = fontSize): number {
  return Math.max(0, ...texts.map((text) => [...text].length)) * size * perCharacter;
}
