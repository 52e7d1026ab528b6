/** The chosen vectors taken apart: a picture of each, and a table of both. */
import { fixed } from "../geometry/numbers.js";
import { make } from "../page.js";
import type { Cell } from "./messages.js";

export interface Shown {
  /** The model's. */
  name: string;
  cell: Cell;
}

/** @param where which vector it is, in words */
export function detailOf(where: string, shown: readonly Shown[]): HTMLElement[] {
  const pictures = shown.map(({ name, cell }) =>
    make("figure", { class: "vector" }, make("h4", {}, name), triangle(name, cell), components(name, cell)),
  );
  return [
    make("h3", { tabindex: "-1" }, `One vector: ${where}`),
    make("div", { class: "vectors" }, ...pictures),
    make(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "The vector in numbers" },
      table(shown),
    ),
  ];
}

function table(shown: readonly Shown[]): HTMLTableElement {
  const digits = (value: number) => fixed(value, Math.abs(value) >= 100 ? 1 : 3);
  const rows: [string, (cell: Cell) => string, string?][] = [
    ["length, ‖x‖", ({ norm }) => digits(norm)],
    ["uniform part, x·1̂", ({ uniform }) => digits(uniform), "uniform"],
    ["the rest, orthogonal to 1", ({ orthogonal }) => digits(orthogonal), "orthogonal"],
    ["uniform part of ‖x‖²", ({ uniform, norm }) => `${fixed(100 * (uniform / norm) ** 2, 2)} %`, "uniform"],
    ["mean of its numbers", ({ mean }) => fixed(mean, 4), "uniform"],
    ["angle to 1, θ", ({ angle }) => `${fixed(angle, 2)}°`],
    ["|90° − θ|", ({ angle }) => `${fixed(Math.abs(90 - angle), 2)}°`],
    ["the same, over chance", ({ ratio }) => fixed(ratio, 2)],
    ["norm that reads it", ({ turned }) => turned.by],
    ["turned by it alone", ({ turned }) => `${fixed(turned.itself, 2)}°`],
    ["with its weight and bias", ({ turned }) => `${fixed(turned.whole, 2)}°`],
  ];
  const head = make("tr", {}, make("td", {}), ...shown.map(({ name }) => make("th", { scope: "col" }, name)));
  const body = rows.map(([label, value, color]) =>
    make(
      "tr",
      color === undefined ? {} : { class: color },
      make("th", { scope: "row" }, label),
      ...shown.map(({ cell }) => make("td", {}, value(cell))),
    ),
  );
  return make("table", { class: "parts" }, make("thead", {}, head), make("tbody", {}, ...body));
}

/** x as the sum of its two parts, to scale: the uniform direction is up, everything orthogonal to it to the right. */
function triangle(name: string, { norm, uniform, orthogonal, angle }: Cell): HTMLElement {
  const [width, height, left] = [300, 150, 16];
  const middle = height / 2;
  // So long that neither part leaves the picture.
  const scale = Math.min((width - left - 40) / orthogonal, (middle - 22) / Math.abs(uniform)) || 0;
  const [x, y] = [left + orthogonal * scale, middle - uniform * scale];
  const side = uniform < 0 ? 1 : -1;
  const words = `${name}: x is ${fixed(norm, 2)} long, at ${fixed(angle, 1)}° to the uniform direction; uniform part ${fixed(uniform, 2)}, the rest ${fixed(orthogonal, 2)}.`;
  return picture(
    words,
    width,
    height,
    `<path d="M${left} ${middle}H${x.toFixed(1)}" stroke="var(--orthogonal)" stroke-width="3"/>
    <path d="M${x.toFixed(1)} ${middle}V${y.toFixed(1)}" stroke="var(--uniform)" stroke-width="3"/>
    <path d="M${left} ${middle}L${x.toFixed(1)} ${y.toFixed(1)}" stroke="var(--ink)" stroke-width="2"/>
    <circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4" fill="var(--ink)"/>
    <text x="${left + (x - left) / 2}" y="${middle - side * 17}" text-anchor="middle" fill="var(--orthogonal)">the rest, ${fixed(orthogonal, 2)}</text>
    <text x="${Math.min(x, width - 8)}" y="${y + side * 12 + (side > 0 ? 8 : 0)}" text-anchor="end" fill="var(--uniform)">uniform part, ${fixed(uniform, 2)}</text>`,
  );
}

/** The numbers of x one beside the other, and their mean: the uniform part is what is left where all are that. */
function components(name: string, { x, mean }: Cell): HTMLElement {
  const [width, height, left, right] = [300, 96, 4, 76];
  const most = x.reduce((size, value) => Math.max(size, Math.abs(value)), 0) || 1;
  const at = (value: number) => (height / 2 - (value / most) * (height / 2 - 4)).toFixed(1);
  const step = (width - left - right) / x.length;
  const bars = Array.from(x, (value, i) => `M${(left + (i + 0.5) * step).toFixed(2)} ${at(0)}V${at(value)}`).join("");
  const words = `${name}: the ${x.length} numbers of x, from ${fixed(Math.min(...x), 2)} to ${fixed(Math.max(...x), 2)}; their mean is ${fixed(mean, 3)}.`;
  return picture(
    words,
    width,
    height,
    `<path d="${bars}" stroke="var(--orthogonal)" stroke-width="${Math.max(0.4, step - 0.4).toFixed(2)}"/>
    <path d="M${left} ${at(0)}H${width - right}" stroke="var(--muted)" stroke-width="1"/>
    <path d="M${left} ${at(mean)}H${width - right + 4}" stroke="var(--uniform)" stroke-width="2" stroke-dasharray="5 3"/>
    <text x="${width - right + 8}" y="${Number(at(mean)) + 4}" fill="var(--uniform)">mean ${fixed(mean, 3)}</text>`,
  );
}

function picture(words: string, width: number, height: number, inside: string): HTMLElement {
  const host = make("div", { role: "img", "aria-label": words });
  host.innerHTML = `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" fill="none" aria-hidden="true">${inside}</svg>`;
  return host;
}
