/** The page's colours, as a canvas takes them. */
import type { Part } from "./frame.js";

const names = ["raised", "ink", "muted", "uniform", "orthogonal", "layernorm", "rmsnorm"] as const;
type Name = (typeof names)[number];

/** A colour of the page on the picture's ground, so strong, and letting through what `alpha` leaves. */
export type Shade = (name: Name, share?: number, alpha?: number) => string;

/** The shade for one part of the picture, or for what no word lights up. */
export type Pen = (part?: Part) => Shade;

/** @returns the colours that the style sheet has for an element now, mixed as it mixes them */
export function coloursOf(host: HTMLElement): Shade {
  const probe = document.createElement("span");
  host.append(probe);
  const found = names.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map(Number)] as const;
  });
  probe.remove();
  const colours = new Map(found);
  const ground = colours.get("raised") as number[];
  return (name, share = 1, alpha = 1) => {
    const [r, g, b] = (colours.get(name) as number[]).map((value, i) => ground[i] + (value - ground[i]) * share);
    return `rgb(${r.toFixed(0)} ${g.toFixed(0)} ${b.toFixed(0)} / ${alpha})`;
  };
}

/** Of what is not lit, while something is. */
const faint = 0.22;

/** @returns a shade that is paler where another part is lit */
export function shadeFor(shade: Shade, part: Part | undefined, lit: Part | undefined): Shade {
  if (lit === undefined || lit === part) return shade;
  return (name, share = 1, alpha = 1) => (alpha < 1 ? shade(name, share, alpha * faint) : shade(name, share * faint));
}
