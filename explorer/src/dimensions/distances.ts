/** The second figure: how far from 90° random directions are in mean against d, and the states of models at their d. */
import { chanceTilt } from "@orthonorm/study";
import { fixed } from "../geometry/numbers.js";
import { size } from "./angles.js";
import { tiltOf } from "./chance.js";
import type { Drawn } from "./directions.js";
import { Marks } from "./marks.js";
import type { Model, States } from "./models.js";
import { fewest, most, steps } from "./steps.js";
import { line, type Point, shape, through, words } from "./svg.js";
import { lookOf, symbol } from "./symbol.js";
import { shortName, statesText } from "./words.js";

const margin = { left: 44, right: 50, top: 40, bottom: 50 };
const plotHeight = 330;
/** Degrees from 90°: the ends of the axis, both logarithmic. */
const [lowest, highest] = [0.3, 90];
const tilts = [0.3, 1, 3, 10, 30, 90];
/** The same axis in what the two norms are apart by that angle. */
const aparts = [0.01, 0.03, 0.1, 0.3, 1];
const dimensions = [3, 10, 32, 128, 768, 4096];
/** About as many pixels as a name is wide, in letters of the figure's size. */
const widthOf = (name: string) => 7.2 * name.length;
/** Pixels from one model's name to another's. */
const lineHeight = 16;

const chance = steps.map((d): readonly [number, number] => [d, chanceTilt(d)]);

export class Distances {
  private readonly svg = shape("svg", { role: "group", "aria-label": "Mean distance from 90° against d" });
  private readonly fixedParts = shape("g");
  private readonly guide = shape("line", { class: "guide" });
  private readonly dot = shape("circle", { class: "here", r: 5.5 });
  private readonly here = words("", [0, 0], "here-text", "middle");
  private readonly marks: Marks;
  private width = 0;

  /** @param goTo told of the d that a pointer drags to */
  constructor(host: HTMLElement, chosen: (id: string | null) => void, goTo: (d: number) => void) {
    this.svg.append(this.fixedParts, this.guide, this.dot, this.here);
    host.append(this.svg);
    this.marks = new Marks(host, this.svg, chosen);
    const follow = ({ clientX }: PointerEvent) => goTo(this.dAt(clientX - this.svg.getBoundingClientRect().left));
    let held = false;
    this.svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !event.isPrimary) return;
      held = true;
      this.svg.setPointerCapture(event.pointerId);
      follow(event);
    });
    this.svg.addEventListener("pointermove", (event) => {
      if (held && event.isPrimary) follow(event);
    });
    for (const kind of ["pointerup", "pointercancel"] as const) {
      this.svg.addEventListener(kind, () => {
        held = false;
      });
    }
  }

  light(id: string | null): void {
    this.marks.light(id);
  }

  private get plotWidth(): number {
    return this.width - margin.left - margin.right;
  }

  private x(d: number): number {
    return margin.left + (Math.log(d / fewest) / Math.log(most / fewest)) * this.plotWidth;
  }

  private y(tilt: number): number {
    const share = Math.log(Math.max(lowest, tilt) / lowest) / Math.log(highest / lowest);
    return margin.top + (1 - share) * plotHeight;
  }

  private dAt(x: number): number {
    return fewest * (most / fewest) ** Math.min(1, Math.max(0, (x - margin.left) / this.plotWidth));
  }

  /** Draws what does not change with d. */
  layout(width: number, models: readonly Model[]): void {
    this.width = width;
    const [left, right, foot] = [margin.left, width - margin.right, margin.top + plotHeight];
    const nameEnd = left + 6 + widthOf("random directions");
    const at = ({ d, tilt }: States): Point => [this.x(Math.min(most, Math.max(fewest, d))), this.y(tilt)];
    this.fixedParts.replaceChildren(
      ...tilts.flatMap((tilt) => [
        line([left, this.y(tilt)], [right, this.y(tilt)], "grid"),
        words(`${tilt}°`, [left - 6, this.y(tilt) + 4], "small", "end"),
      ]),
      ...aparts.flatMap((apart) => {
        const y = this.y(tiltOf(apart));
        return [
          line([right, y], [right + 5, y], "axis"),
          words(`${fixed(100 * apart, 0)} %`, [right + 8, y + 4], "small"),
        ];
      }),
      ...dimensions.flatMap((d) => [
        line([this.x(d), foot], [this.x(d), foot + 5], "axis"),
        words(String(d), [this.x(d), foot + 20], "small", "middle"),
      ]),
      line([left, foot], [right, foot], "axis"),
      words("mean |90° − θ|", [0, 16], "small"),
      words("the two norms apart", [width, 16], "small", "end"),
      words("dimensions, d", [(left + right) / 2, foot + 40], "small", "middle"),
      shape("path", { class: "exact", d: through(chance.map(([d, tilt]) => [this.x(d), this.y(tilt)])) }),
      words("random directions", [nameEnd, this.y(chanceTilt(this.dAt(nameEnd))) + 20], "chance-name", "end"),
      ...this.names(
        models.filter(({ states }) => states.length > 0),
        at,
      ),
    );
    size(this.svg, width, foot + margin.bottom);
    this.marks.replace(
      models.flatMap((model, m) =>
        model.states.map((states) => {
          const point = at(states);
          const element = symbol(model, point, 4);
          return { id: `${m} ${states.name}`, at: point, element, text: statesText(model, states) };
        }),
      ),
    );
  }

  /**
   * A model's name beside the middle of its marks, on the side where the plot has more room, or else above them. Names of one side
   * keep apart from each other.
   */
  private names(models: readonly Model[], at: (states: States) => Point): SVGElement[] {
    const placed = models.map((model) => {
      const points = model.states.map(at);
      const xs = points.map(([x]) => x);
      const ys = points.map(([, y]) => y);
      const name = shortName(model.name);
      const wanted = model.from !== "given" || Math.max(...xs) < margin.left + 0.45 * this.plotWidth;
      const look = `name ${lookOf(model)}`;
      const y = ys.reduce((sum, one) => sum + one, 0) / ys.length;
      if (!wanted) return { name, look, anchor: "start" as const, x: Math.max(...xs) + 10, y };
      const x = Math.min(...xs) - 10;
      if (x - widthOf(name) > margin.left) return { name, look, anchor: "end" as const, x, y };
      return { name, look, anchor: "middle" as const, x: Math.min(...xs), y: Math.min(...ys) - 14 };
    });
    for (const anchor of ["start", "end"] as const) {
      let free = margin.top;
      for (const one of placed.filter((one) => one.anchor === anchor).sort((a, b) => a.y - b.y)) {
        one.y = Math.max(one.y, free);
        free = one.y + lineHeight;
      }
    }
    return placed.map(({ name, look, anchor, x, y }) => words(name, [x, y + 4], look, anchor));
  }

  /** Draws what changes with d. */
  show(d: number, drawn: Drawn | undefined): void {
    const x = this.x(d).toFixed(1);
    const tilt = drawn?.tilt ?? chanceTilt(d);
    const y = this.y(tilt);
    for (const [name, value] of Object.entries({ x1: x, x2: x, y1: margin.top, y2: margin.top + plotHeight })) {
      this.guide.setAttribute(name, String(value));
    }
    this.dot.setAttribute("cx", x);
    this.dot.setAttribute("cy", y.toFixed(1));
    this.here.setAttribute("x", x);
    this.here.setAttribute("y", String(margin.top - 8));
    this.here.textContent = `d = ${d}`;
  }
}
