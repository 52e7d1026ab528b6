/** The two norms of one random direction, as arrows from one point: they close as d grows. */
import { size } from "./angles.js";
import { line, type Point, shape, words } from "./svg.js";

const from: Point = [6, 92];
const long = 128;
const [width, height] = [252, 112];

export class Fan {
  private readonly svg = shape("svg", { "aria-hidden": "true", class: "fan" });

  constructor(host: HTMLElement) {
    size(this.svg, width, height);
    host.append(this.svg);
  }

  /** @param tilt the angle between the two, in degrees */
  show(tilt: number): void {
    const angle = (tilt * Math.PI) / 180;
    const tip: Point = [from[0] + long * Math.cos(angle), from[1] - long * Math.sin(angle)];
    const flat: Point = [from[0] + long, from[1]];
    this.svg.replaceChildren(
      arrow(flat, 0, "layernorm"),
      arrow(tip, angle, "rmsnorm"),
      line(flat, tip, "between"),
      words("LayerNorm(x)", [flat[0] + 10, flat[1] + 14], "name layernorm"),
      words("RMSNorm(x)", [Math.max(flat[0], tip[0]) + 10, tip[1] - 5], "name rmsnorm"),
    );
  }
}

function arrow([x, y]: Point, angle: number, look: string): SVGElement {
  const corner = (turn: number): Point => [x - 11 * Math.cos(angle + turn), y + 11 * Math.sin(angle + turn)];
  const [a, b] = [corner(0.35), corner(-0.35)];
  return shape("g", { class: `arrow ${look}` }, line(from, [x, y], ""), shape("path", { d: `M${x} ${y}L${a}L${b}Z` }));
}
