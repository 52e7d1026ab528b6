/** The first figure: the angle of random directions at one d, and under it, on the same axis, the angles of real states. */
import { chanceSd } from "@orthonorm/study";
import { fixed } from "../geometry/numbers.js";
import { density } from "./chance.js";
import type { Drawn } from "./directions.js";
import { type Mark, Marks } from "./marks.js";
import type { Model } from "./models.js";
import { line, type Point, shape, through, words } from "./svg.js";
import { lookOf, symbol } from "./symbol.js";
import { ratios, shortName, statesText } from "./words.js";

/** In pixels: the room beside the axis, the top and the foot of the density, and where the real states begin. */
const side = 16;
const top = 30;
const foot = 190;
const rowsFrom = foot + 62;
/** From this d on, the density is so narrow that there is room for it magnified, beside it. */
const magnified = 128;
/** The magnified part reaches so many standard deviations to either side of 90°. */
const lensReach = 4;
/** The room for a model's norms, also while they are being measured: nothing moves when they come. */
const rowsHeight = 60;
/** Models have more norms than can be told apart: from so many on, some are left out. */
const mostRows = 48;

export class Angles {
  private readonly svg = shape("svg", { role: "group", "aria-label": "Angles to the uniform vector" });
  private readonly fixedParts = shape("g");
  private readonly bars = shape("path", { class: "bars-of" });
  private readonly curve = shape("path", { class: "exact" });
  private readonly peak = words("", [0, top - 12], "small", "middle");
  private readonly lens = shape("g", { class: "lens" });
  private readonly marks: Marks;
  private width = 0;

  constructor(host: HTMLElement, chosen: (id: string | null) => void) {
    this.svg.append(this.fixedParts, this.bars, this.curve, this.peak, this.lens);
    host.append(this.svg);
    this.marks = new Marks(host, this.svg, chosen);
  }

  light(id: string | null): void {
    this.marks.light(id);
  }

  private x(theta: number): number {
    return side + (theta / 180) * (this.width - 2 * side);
  }

  /** Draws what does not change with d. */
  layout(width: number, models: readonly Model[]): void {
    this.width = width;
    const parts: SVGElement[] = [];
    const marks: Mark[] = [];
    let y = rowsFrom;
    for (const [m, model] of models.entries()) {
      const every = Math.ceil(model.states.length / mostRows);
      const states = model.states.filter((_, i) => i % every === 0);
      const pitch = Math.max(2.5, Math.min(9, rowsHeight / Math.max(1, states.length)));
      const dimensions = [...new Set(states.map(({ d }) => d))];
      const shown = width < 480 ? shortName(model.name) : model.name;
      const text = words("", [side, y], "row");
      text.append(shape("tspan", { class: `name ${lookOf(model)}` }, shown), `, d = ${several(dimensions)}`);
      const beside = states.length === 0 ? "being measured" : `${ratios(model)} × chance`;
      parts.push(text, words(beside, [width - side, y], "row quiet", "end"));
      y += 12;
      for (const [i, one] of states.entries()) {
        const middle = y + (i + 0.5) * pitch;
        const across = (from: number, to: number, look: string, wide: number) => {
          const drawn = line([this.x(from), middle], [this.x(to), middle], look);
          drawn.setAttribute("stroke-width", wide.toFixed(1));
          parts.push(drawn);
        };
        const chance = chanceSd(one.d);
        across(90 - chance, 90 + chance, "chance", pitch);
        const { mean, sd } = one.angle;
        across(Math.max(0, mean - sd), Math.min(180, mean + sd), `span ${lookOf(model)}`, Math.min(2, pitch * 0.5));
        const at: Point = [this.x(mean), middle];
        const element = symbol(model, at, Math.min(3.5, pitch * 0.55));
        marks.push({ id: `${m} ${one.name}`, at, element, text: statesText(model, one) });
      }
      y += (states.length === 0 ? rowsHeight : states.length * pitch) + 24;
    }
    const height = models.length === 0 ? rowsFrom - 14 : y - 12;
    const ticks = width < 480 ? [0, 45, 90, 135, 180] : [0, 30, 60, 90, 120, 150, 180];
    this.fixedParts.replaceChildren(
      line([this.x(90), top], [this.x(90), height], "orthogonal-line"),
      line([side, foot], [width - side, foot], "axis"),
      ...ticks.flatMap((tick) => [
        line([this.x(tick), foot], [this.x(tick), foot + 5], "axis"),
        words(`${tick}°`, [this.x(tick), foot + 20], "small", "middle"),
      ]),
      words("angle θ to the uniform vector", [this.x(90), foot + 38], "small", "middle"),
      ...parts,
    );
    size(this.svg, width, height);
    this.marks.replace(marks);
  }

  /** Draws what changes with d. */
  show(d: number, drawn: Drawn | undefined): void {
    const highest = density(d, 90);
    const room = foot - top;
    // bars may be higher than the density by the chance of the draw
    const y = (share: number) => foot - (share / highest) * room * 0.88;
    const all = { x: (theta: number) => this.x(theta), y, from: 0, to: 180, foot };
    this.curve.setAttribute("d", curvePath(d, all));
    this.bars.setAttribute("d", drawn === undefined ? "" : barsPath(drawn, all));
    this.peak.setAttribute("x", this.x(90).toFixed(1));
    this.peak.textContent = `${fixed(100 * highest, highest < 0.1 ? 1 : 0)} % per degree`;
    this.magnify(d, drawn, highest);
  }

  private magnify(d: number, drawn: Drawn | undefined, highest: number): void {
    const sd = chanceSd(d);
    const [left, wide] = [side, Math.min(220, 0.37 * (this.width - 2 * side))];
    this.lens.replaceChildren();
    if (d < magnified) return;
    const [from, to] = [90 - lensReach * sd, 90 + lensReach * sd];
    const [head, base] = [top + 22, foot - 32];
    const plane = {
      x: (theta: number) => left + ((theta - from) / (to - from)) * wide,
      y: (share: number) => base - (share / highest) * (base - head) * 0.86,
      from,
      to,
      foot: base,
    };
    const times = (wide / (to - from)) * (180 / (this.width - 2 * side));
    const end = (theta: number) => angleTick(theta, sd);
    this.lens.append(
      words(`${fixed(times, 0)} × as wide`, [left, head - 6], "small"),
      shape("path", { class: "bars-of", d: drawn === undefined ? "" : barsPath(drawn, plane) }),
      shape("path", { class: "exact", d: curvePath(d, plane) }),
      line([left, base], [left + wide, base], "axis"),
      words(end(from), [left, base + 16], "small"),
      words("90°", [left + wide / 2, base + 16], "small", "middle"),
      words(end(to), [left + wide, base + 16], "small", "end"),
    );
  }
}

const several = (dimensions: readonly number[]) =>
  dimensions.length === 0 ? "…" : dimensions.length > 2 ? "several" : dimensions.join(" and ");

const angleTick = (theta: number, sd: number) => `${fixed(theta, sd < 2 ? 1 : 0)}°`;

/** A part of the axis, and where it is drawn. */
interface Plane {
  x: (theta: number) => number;
  y: (share: number) => number;
  from: number;
  to: number;
  /** Where a share of 0 is. */
  foot: number;
}

/** The density, by points that lie close where it is steep. */
function curvePath(d: number, { x, y, from, to }: Plane): string {
  const half = Math.min(90, 6 * chanceSd(d));
  const points = Array.from({ length: 161 }, (_, i) => 90 + half * (i / 80 - 1)).filter(
    (theta) => theta >= from && theta <= to,
  );
  const drawn: Point[] = points.map((theta) => [x(theta), y(density(d, theta))]);
  const ends: Point[] = half < 90 && from === 0 ? [[x(from), y(0)]] : [];
  const rest: Point[] = half < 90 && to === 180 ? [[x(to), y(0)]] : [];
  return through([...ends, ...drawn, ...rest]);
}

/** The cells of the directions drawn, as shares per degree. */
function barsPath({ counts, low, wide, rows }: Drawn, { x, y, from, to, foot: base }: Plane): string {
  return counts
    .flatMap((count, i) => {
      const [start, end] = [Math.max(from, low + i * wide), Math.min(to, low + (i + 1) * wide)];
      if (count === 0 || end <= start) return [];
      const [left, right] = [x(start).toFixed(1), x(end).toFixed(1)];
      return `M${left} ${base}V${y(count / rows / (end - start)).toFixed(1)}H${right}V${base}Z`;
    })
    .join("");
}

export function size(svg: SVGSVGElement, width: number, height: number): void {
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", height.toFixed(0));
  svg.setAttribute("viewBox", `0 0 ${width} ${height.toFixed(0)}`);
}
