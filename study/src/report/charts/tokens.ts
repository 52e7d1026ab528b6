/**
 * The heat map of |90° − θ| over chance, token × site. Colours diverge from chance: towards the uniform vector's on one side and
 * towards the orthogonal one on the other, in steps of a factor of two, so that a cell can be read off the legend. The
 * two hues differ for colour-blind readers, and the paint gets stronger outwards on light and dark paper alike.
 */
import { printable } from "@orthonorm/files";
import { fixed, shorten } from "../../text.js";
import type { Group, Site } from "../../types.js";
import { widthOf } from "./panels.js";
import { type Drawn, nameOf, sitesOf, titleOf } from "./series.js";

/** Where the classes of the ratio end. The middle one is within √2 of chance. */
const ends = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5].map((power) => 2 ** power);
const paints = [
  { fill: "var(--orthogonal)", opacity: 1 },
  { fill: "var(--orthogonal)", opacity: 0.6 },
  { fill: "var(--orthogonal)", opacity: 0.25 },
  { fill: "var(--rule)", opacity: 0.35 },
  { fill: "var(--uniform)", opacity: 0.25 },
  { fill: "var(--uniform)", opacity: 0.6 },
  { fill: "var(--uniform)", opacity: 1 },
];

const classOf = (ratio: number) => ends.filter((end) => ratio >= end).length;

/** The rows in their order, over chance; null where a row has no direction. */
function ratiosOf(site: Site): (number | null)[] | null {
  return site.tokens?.map((tilt) => tilt && tilt / site.null.deviation) ?? null;
}

interface Line {
  site: Site;
  ratios: (number | null)[];
}

/** A model's sites, where all have the same tokens in order: in other files rows are no tokens of one text. */
function linesOf(group: Group): Line[] {
  const lines = sitesOf(group).flatMap((site) => {
    const ratios = site.centred ? null : ratiosOf(site);
    return ratios === null ? [] : [{ site, ratios }];
  });
  return lines.every(({ ratios }) => ratios.length === lines[0].ratios.length) ? lines : [];
}

/** Means of `join` tokens each, so that no cell is too narrow to see. */
function joined(ratios: readonly (number | null)[], join: number): (number | null)[] {
  return Array.from({ length: Math.ceil(ratios.length / join) }, (_, i) => {
    const part = ratios.slice(i * join, (i + 1) * join).filter((ratio) => ratio !== null);
    return part.length === 0 ? null : part.reduce((sum, ratio) => sum + ratio, 0) / part.length;
  });
}

/** What a row says when it is pointed at. */
function summary(site: Site, ratios: readonly (number | null)[]): string {
  const largest = ratios.reduce((at: number, ratio, i) => ((ratio ?? 0) > (ratios[at] ?? 0) ? i : at), 0);
  return `${shorten(printable(site.site), 60)}\nmean ${fixed(site.ordinary.deviation.mean / site.null.deviation, 2)} of chance, largest ${fixed(ratios[largest] ?? 0, 2)} at token ${largest}`;
}

const size = 12;

export function tokens(all: readonly Group[], document: Document, width: number): Drawn {
  const panels = all.map((group) => ({ group, lines: linesOf(group) })).filter(({ lines }) => lines.length > 0);
  const count = Math.max(0, ...panels.map(({ lines }) => lines[0].ratios.length));
  if (count < 2) return null;

  const element = (name: string, attributes: Record<string, string | number>, text?: string) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const names = panels.flatMap(({ lines }) =>
    lines.map(({ site }) => shorten(printable(site.site), width < 500 ? 9 : 16)),
  );
  const left = widthOf(names, size) + 8;
  const inner = width - left - 4;
  const join = Math.ceil((3 * count) / inner);
  const most = Math.max(...panels.map(({ lines }) => lines.length));
  const tall = most > 30 ? 6 : 16;
  const lineEvery = Math.ceil(15 / tall);

  const parts: Element[] = [];
  const text = (x: number, y: number, words: string, more: Record<string, string | number> = {}) =>
    parts.push(element("text", { x, y, fill: "var(--muted)", ...more }, words));
  text(2, 12, "|90° − θ| over chance");
  const swatch = Math.min(48, (width - 8) / paints.length);
  for (const [i, { fill, opacity }] of paints.entries()) {
    parts.push(element("rect", { x: i * swatch, y: 20, width: swatch - 1, height: 10, fill, "fill-opacity": opacity }));
    if (i > 0) text(i * swatch, 43, fixed(ends[i - 1], ends[i - 1] < 1 ? 2 : 1), { "text-anchor": "middle" });
  }

  let y = 62;
  for (const { group, lines } of panels) {
    text(left, y, shorten(titleOf(group), Math.floor(inner / 8)), { fill: "var(--ink)", "font-weight": 600 });
    y += 8;
    for (const [i, { site, ratios }] of lines.entries()) {
      if (i % lineEvery === 0) {
        text(left - 6, y + Math.min(tall, 12), shorten(printable(site.site), width < 500 ? 9 : 16), {
          "text-anchor": "end",
        });
      }
      const line = element("g", {});
      line.append(element("title", {}, summary(site, ratios)), ...row(joined(ratios, join), y));
      parts.push(line);
      y += tall;
    }
    y += 26;
  }
  function row(cells: readonly (number | null)[], top: number): Element[] {
    const paths = paints.map(() => "");
    const wide = (inner * join) / count;
    const at = (cell: number) => Number(Math.min(left + inner, left + cell * wide).toFixed(1));
    for (let from = 0; from < cells.length; ) {
      const kind = cells[from] === null ? -1 : classOf(cells[from] as number);
      let to = from + 1;
      while (to < cells.length && (cells[to] === null ? -1 : classOf(cells[to] as number)) === kind) to++;
      if (kind >= 0) paths[kind] += `M${at(from)},${top}H${at(to)}v${tall - 1}H${at(from)}z`;
      from = to;
    }
    return paths.flatMap((d, i) =>
      d === "" ? [] : [element("path", { d, fill: paints[i].fill, "fill-opacity": paints[i].opacity })],
    );
  }
  const bottom = y - 12;
  const step = [1, 2, 5, 10, 20, 50, 100].find((n) => (count / n) * 44 <= inner) ?? 200;
  // A number at the very end would be cut.
  for (let token = 0; token === 0 || (token / count) * inner < inner - 14; token += step) {
    text(left + (token / count) * inner, bottom, String(token), { "text-anchor": token === 0 ? "start" : "middle" });
  }
  text(left + inner / 2, bottom + 18, "token, in the order of the file", { "text-anchor": "middle" });

  const height = Math.ceil(bottom + 26);
  const svg = element("svg", {
    class: "orthonorm",
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    "font-size": size,
    style: "font-family: var(--font); background: transparent",
  }) as SVGSVGElement;
  svg.append(...parts);

  const extremes = panels.map(({ group, lines }) => {
    const cells = lines.flatMap(({ site, ratios }) =>
      ratios.map((ratio, token) => ({ site, token, ratio: ratio ?? 0 })),
    );
    const farthest = cells.reduce((a, b) => (b.ratio > a.ratio ? b : a));
    const beyond = cells.filter(({ ratio }) => ratio >= 2).length / cells.length;
    const of = panels.length > 1 ? `In ${nameOf(group)} ` : "";
    return `${of}${fixed(100 * beyond, 1)} % of the states lie at twice chance or more; the farthest is token ${farthest.token} at ${shorten(printable(farthest.site.site), 24)}, ${fixed(farthest.ratio, 1)} times.`;
  });
  return {
    id: "tokens",
    title: "Each token at each site",
    finding: extremes.join(" "),
    reading: `|90° − θ| of single tokens over the mean of random directions, on a logarithmic scale: grey is chance within a factor of √2, blue is nearer to orthogonal, orange nearer to the uniform vector. The first ${count} rows of each tensor${join > 1 ? `, ${join} to a cell by their mean` : ""}.`,
    svg,
  };
}
