/** The heat map of |90° − θ| over chance, row × site; where the file holds a text, a row is a token. */
import { printable } from "@orthonorm/files";
import { fixed, shorten } from "../../text.js";
import type { Group, Site } from "../../types.js";
import { labelOf } from "./labels.js";
import { classOf, ends, paints } from "./over-chance.js";
import { widthOf } from "./panels.js";
import { type Drawn, nameOf, sitesOf, titleOf } from "./series.js";

/** The rows in their order, over chance; null where a row has no direction. */
function ratiosOf(site: Site): (number | null)[] | null {
  return site.tokens?.map((tilt) => tilt && tilt / site.null.deviation) ?? null;
}

interface Line {
  site: Site;
  label: string;
  ratios: (number | null)[];
}

/** A model's sites, where all have as many rows: else the rows of one are not those of another. */
function linesOf(group: Group, width: number): Line[] {
  const sites = sitesOf(group);
  const label = labelOf(
    sites.map(({ site }) => site),
    width,
  );
  const lines = sites.flatMap((site) => {
    const ratios = site.centred ? null : ratiosOf(site);
    return ratios === null ? [] : [{ site, label: label(site.site), ratios }];
  });
  return lines.every(({ ratios }) => ratios.length === lines[0].ratios.length) ? lines : [];
}

/** Means of `join` rows each, so that no cell is too narrow to see. */
function joined(ratios: readonly (number | null)[], join: number): (number | null)[] {
  return Array.from({ length: Math.ceil(ratios.length / join) }, (_, i) => {
    const part = ratios.slice(i * join, (i + 1) * join).filter((ratio) => ratio !== null);
    return part.length === 0 ? null : part.reduce((sum, ratio) => sum + ratio, 0) / part.length;
  });
}

/** What a site's line says where no script shows the value of a cell. Its name stands first, alone in its line. */
function summary({ site, ratios }: Line): string {
  const largest = ratios.reduce((at: number, ratio, i) => ((ratio ?? 0) > (ratios[at] ?? 0) ? i : at), 0);
  const mean = fixed(site.ordinary.deviation.mean / site.null.deviation, 2);
  return `${shorten(printable(site.site), 60)}\nmean ${mean} of chance, largest ${fixed(ratios[largest] ?? 0, 2)} in row ${largest}`;
}

const size = 12;

export function tokens(all: readonly Group[], document: Document, width: number): Drawn {
  const panels = all
    .map((group) => ({ group, lines: linesOf(group, width < 500 ? 9 : 16) }))
    .filter(({ lines }) => lines.length > 0);
  const count = Math.max(0, ...panels.map(({ lines }) => lines[0].ratios.length));
  if (count < 2) return null;

  const element = (name: string, attributes: Record<string, string | number>, text?: string) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const labels = panels.flatMap(({ lines }) => lines.map(({ label }) => label));
  const left = Math.ceil(widthOf(labels, size) + 8);
  const inner = width - left - 4;
  const join = Math.ceil((3 * count) / inner);
  const wide = (inner * join) / count;
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
    const rows = lines.map((line) => ({ line, cells: joined(line.ratios, join) }));
    for (const [i, { line }] of rows.entries()) {
      if (i % lineEvery > 0) continue;
      text(left - 6, y + i * tall + Math.min(tall, 12), line.label, { "text-anchor": "end" });
    }
    parts.push(
      painted(
        rows.map(({ cells }) => cells),
        y,
      ),
    );
    const targets = element("g", { fill: "none", "pointer-events": "all" });
    targets.append(...rows.map(({ line, cells }, i) => target(line, cells, y + i * tall)));
    parts.push(targets);
    y += lines.length * tall + 26;
  }

  /**
   * The cells of a model: a path for each class, whose strokes are the cells. An element or pixels for each cell would make a large
   * page, so the unit is a cell.
   */
  function painted(rows: readonly (readonly (number | null)[])[], top: number): Element {
    const paths = paints.map(() => "");
    const kindOf = (cell: number | null) => (cell === null ? null : classOf(cell));
    for (const [i, cells] of rows.entries()) {
      for (let from = 0, to = 0; from < cells.length; from = to) {
        const kind = kindOf(cells[from]);
        while (to < cells.length && kindOf(cells[to]) === kind) to++;
        if (kind !== null) paths[kind] += `M${from} ${i}H${Number(Math.min(to, count / join).toFixed(2))}`;
      }
    }
    const map = element("g", {
      transform: `translate(${left} ${top + (tall - 1) / 2}) scale(${wide} ${tall})`,
      "stroke-width": (tall - 1) / tall,
    });
    for (const [i, d] of paths.entries()) {
      if (d !== "") map.append(element("path", { d, stroke: paints[i].fill, "stroke-opacity": paints[i].opacity }));
    }
    return map;
  }

  /** A site's line under the pointer, and the values that a script shows one by one, in per cent of chance. */
  function target(line: Line, cells: readonly (number | null)[], top: number): Element {
    const values = cells.map((cell) => (cell === null ? "" : Math.round(100 * cell))).join(" ");
    const rect = element("rect", { x: left, y: top, width: inner, height: tall, "data-cells": values });
    rect.append(element("title", {}, summary(line)));
    return rect;
  }
  const bottom = y - 12;
  const step = [1, 2, 5, 10, 20, 50, 100].find((n) => (count / n) * 44 <= inner) ?? 200;
  // A number at the very end would be cut.
  for (let token = 0; token === 0 || (token / count) * inner < inner - 14; token += step) {
    text(left + (token / count) * inner, bottom, String(token), { "text-anchor": token === 0 ? "start" : "middle" });
  }
  text(left + inner / 2, bottom + 18, "row, in the order of the file", { "text-anchor": "middle" });

  const height = Math.ceil(bottom + 26);
  const svg = element("svg", {
    class: "orthonorm",
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    "font-size": size,
    style: "font-family: var(--font); background: transparent",
    "data-cell-width": wide,
    "data-rows-per-cell": join,
  }) as SVGSVGElement;
  svg.append(...parts);

  const extremes = panels.map(({ group, lines }) => {
    const cells = lines.flatMap(({ site, ratios }) => ratios.map((ratio, row) => ({ site, row, ratio: ratio ?? 0 })));
    const largest = cells.reduce((a, b) => (b.ratio > a.ratio ? b : a));
    const beyond = cells.filter(({ ratio }) => ratio >= 2).length / cells.length;
    const who = panels.length > 1 ? ` of ${nameOf(group)}` : "";
    const share = beyond === 0 ? `No state${who} lies` : `${fixed(100 * beyond, 1)} % of the states${who} lie`;
    return `${share} at twice chance or more; the largest is row ${largest.row} at ${shorten(printable(largest.site.site), 40)}, ${fixed(largest.ratio, 1)} times chance.`;
  });
  return {
    id: "tokens",
    title: "Each row at each site",
    finding: extremes.join(" "),
    reading:
      "|90° − θ| of single rows, which are tokens where the file holds a text, over the mean of random directions. " +
      "The scale is logarithmic: grey is chance within a factor of √2, blue is nearer to orthogonal, orange nearer to the uniform vector. " +
      `The first ${count} rows of each tensor${join > 1 ? `, ${join} to a cell by their mean` : ""}.`,
    svg,
  };
}
