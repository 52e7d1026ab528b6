/**
 * The map of a text: a square per token and norm, in the colours of |90° − θ| over chance. Tokens run along the text, left to right;
 * on a narrow page they run down, so that each has a line of its own.
 */
import { classOf, paints } from "@orthonorm/study/over-chance";
import { fixed } from "../geometry/numbers.js";
import { make } from "../page.js";
import type { Place, Read } from "./messages.js";
import { placeWords, shortSiteLabel, shownToken, siteLabel } from "./words.js";

export interface MapEvents {
  /** A cell was chosen by a hand. */
  chosen(place: Place): void;
  /** The pointer is over a cell; null where it has left. */
  over(place: Place | null): void;
  /** Enter: what is chosen is to be looked at. */
  entered(): void;
}

/** Narrower than this, tokens run down. */
const narrow = 480;
/** Heights and widths in pixels. */
const fontSize = 11;
const lineHeight = 14;

/** Where the cells are, and how large. */
interface Layout {
  down: boolean;
  left: number;
  top: number;
  token: number;
  site: number;
}

const element = (name: string, attributes: Record<string, string | number>, text?: string): SVGElement => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
};

export class HeatMap {
  /** A slider in two directions: what assistive technology calls what arrow keys change. */
  readonly host: HTMLElement;
  private readonly svg = element("svg", { "aria-hidden": "true" });
  private readonly marker = element("g", { class: "marker", fill: "none" });
  private layout: Layout = { down: false, left: 0, top: 0, token: 1, site: 1 };
  private width = 0;
  private read: Read | undefined;
  private sites = 0;
  private place: Place = { token: 0, site: 0 };

  constructor(name: string, help: string, events: MapEvents) {
    this.host = make("div", {
      class: "map",
      role: "slider",
      tabindex: "0",
      "aria-label": `Vector of ${name}`,
      "aria-describedby": help,
      "aria-valuemin": "1",
      "aria-valuenow": "1",
    });
    this.host.append(this.svg);
    this.host.addEventListener("click", (event) => {
      const place = this.placeAt(event);
      if (place !== null) events.chosen(place);
    });
    this.host.addEventListener("pointermove", (event) => events.over(this.placeAt(event)));
    this.host.addEventListener("pointerleave", () => events.over(null));
    this.host.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || this.read === undefined) return;
      if (event.key === "Enter") events.entered();
      else {
        const place = this.moved(event.key);
        if (place === null) return;
        events.chosen(place);
      }
      event.preventDefault();
    });
    new ResizeObserver(([{ contentRect }]) => {
      if (Math.round(contentRect.width) === this.width) return;
      this.width = Math.round(contentRect.width);
      this.draw();
    }).observe(this.host);
  }

  show(read: Read, sites: number): void {
    this.read = read;
    this.sites = sites;
    this.host.setAttribute("aria-valuemax", String(read.tokens.length * sites));
    this.draw();
    this.host.dataset.drawn = String(read.turn);
  }

  choose(place: Place): void {
    this.place = place;
    const { read, sites } = this;
    if (read === undefined) return;
    this.host.setAttribute("aria-valuenow", String(place.token * sites + place.site + 1));
    this.host.setAttribute("aria-valuetext", `${placeWords(read.tokens, place, sites)}: ${this.ratioWords(place)}`);
    this.mark();
  }

  /** "0.45 of chance" */
  ratioWords({ token, site }: Place): string {
    const ratio = this.read?.ratios[site * this.read.tokens.length + token] ?? Number.NaN;
    return Number.isNaN(ratio) ? "no direction" : `${fixed(ratio, 2)} of chance`;
  }

  private draw(): void {
    const { read, sites, width } = this;
    if (read === undefined || width === 0) return;
    const labels = read.tokens.map(shownToken);
    this.layout = layoutOf(labels, sites, width);
    const { down, left, top, token, site } = this.layout;
    const [across, along] = down ? [sites * site, labels.length * token] : [labels.length * token, sites * site];
    const [w, h] = [left + across, top + along];
    for (const [name, value] of Object.entries({ width: w, height: h, viewBox: `0 0 ${w} ${h}` })) {
      this.svg.setAttribute(name, String(value));
    }
    this.svg.replaceChildren(...this.labels(labels), ...this.cells(read), this.marker);
    this.choose(clamped(this.place, labels.length, sites));
  }

  /** A path for each class of colour, whose strokes are the cells: an element per cell would be thousands. */
  private cells({ tokens: { length }, ratios }: Read): SVGElement[] {
    const { down, left, top, token, site } = this.layout;
    const paths = paints.map(() => "");
    for (let s = 0; s < this.sites; s++) {
      for (let t = 0; t < length; t++) {
        const ratio = ratios[s * length + t];
        if (!Number.isNaN(ratio)) paths[classOf(ratio)] += down ? `M${s} ${t}h1` : `M${t} ${s}h1`;
      }
    }
    const [wide, tall] = down ? [site, token] : [token, site];
    const transform = `translate(${left} ${top + tall / 2}) scale(${wide} ${tall})`;
    const map = element("g", { transform, "stroke-width": (tall - 1) / tall });
    for (const [i, d] of paths.entries()) {
      if (d !== "") map.append(element("path", { d, stroke: paints[i].fill, "stroke-opacity": paints[i].opacity }));
    }
    return [map];
  }

  private labels(tokens: readonly string[]): SVGElement[] {
    const { down, left, top, token, site } = this.layout;
    const made: SVGElement[] = [];
    const text = (x: number, y: number, words: string, anchor: string, more: Record<string, string> = {}) =>
      made.push(element("text", { x, y, "text-anchor": anchor, ...more }, words));
    const mono = { class: "token" };
    if (down) {
      for (const [t, label] of tokens.entries())
        text(left - 6, top + (t + 0.5) * token + 4, cut(label, 8), "end", mono);
      for (let s = 0; s < this.sites; s++) {
        if (this.sites * lineHeight <= this.sites * site || s === this.sites - 1) {
          text(left + (s + 0.5) * site, top - 5, shortSiteLabel(s, this.sites), "middle");
        }
      }
      return made;
    }
    const every = Math.ceil(lineHeight / site / 2) * 2;
    for (let s = 0; s < this.sites; s++) {
      if (site < lineHeight && s % every > 0) continue;
      text(left - 6, top + (s + 0.5) * site + 4, siteLabel(s, this.sites), "end");
    }
    for (const [t, label] of tokens.entries()) {
      const x = left + (t + 0.5) * token;
      if (!upright(tokens)) text(x, top - 5, label, "middle", mono);
      else if (token >= fontSize) {
        text(x + 4, top - 5, cut(label, 9), "start", { ...mono, transform: `rotate(-90 ${x + 4} ${top - 5})` });
      }
    }
    return made;
  }

  private mark(): void {
    const { down, left, top, token, site } = this.layout;
    const [x, y] = down ? [this.place.site, this.place.token] : [this.place.token, this.place.site];
    const [width, height] = down ? [site, token] : [token, site];
    const box = { x: left + x * width - 0.5, y: top + y * height, width, height: height - 0.5 };
    this.marker.replaceChildren(
      element("rect", { ...box, stroke: "var(--paper)", "stroke-width": 5 }),
      element("rect", { ...box, stroke: "var(--ink)", "stroke-width": 2 }),
    );
  }

  private placeAt({ clientX, clientY }: MouseEvent): Place | null {
    if (this.read === undefined) return null;
    const box = this.svg.getBoundingClientRect();
    const { down, left, top, token, site } = this.layout;
    const [x, y] = [clientX - box.left - left, clientY - box.top - top];
    const place = {
      token: Math.floor((down ? y : x) / token),
      site: Math.floor((down ? x : y) / site),
    };
    const inside = clamped(place, this.read.tokens.length, this.sites);
    return inside.token === place.token && inside.site === place.site ? place : null;
  }

  private moved(key: string): Place | null {
    const { token, site } = this.place;
    const { down } = this.layout;
    const steps: Readonly<Record<string, [number, number]>> = {
      ArrowRight: down ? [0, 1] : [1, 0],
      ArrowLeft: down ? [0, -1] : [-1, 0],
      ArrowDown: down ? [1, 0] : [0, 1],
      ArrowUp: down ? [-1, 0] : [0, -1],
      PageDown: [10, 0],
      PageUp: [-10, 0],
      Home: [Number.NEGATIVE_INFINITY, 0],
      End: [Number.POSITIVE_INFINITY, 0],
    };
    if (!Object.hasOwn(steps, key) || this.read === undefined) return null;
    const [tokens, sites] = steps[key];
    return clamped({ token: token + tokens, site: site + sites }, this.read.tokens.length, this.sites);
  }
}

/** The nearest cell that there is. */
export function clamped({ token, site }: Place, tokens: number, sites: number): Place {
  return { token: Math.max(0, Math.min(tokens - 1, token)), site: Math.max(0, Math.min(sites - 1, site)) };
}

/** Tokens of several characters stand upright over their columns, for which there is no room side by side. */
const upright = (labels: readonly string[]) => labels.some((label) => label.length > 1);

function layoutOf(labels: readonly string[], sites: number, width: number): Layout {
  const longest = Math.max(...labels.map((label) => label.length));
  if (width < narrow) {
    const left = 12 + 6.7 * Math.min(8, longest);
    return {
      down: true,
      left,
      top: 20,
      token: lineHeight,
      site: Math.max(4, Math.min(26, (width - left - 2) / sites)),
    };
  }
  const left = 78;
  const token = Math.min(26, (width - left - 2) / labels.length);
  const top = longest === 1 ? 20 : token >= fontSize ? 10 + 6.7 * Math.min(9, longest) : 4;
  return { down: false, left, top, token, site: Math.max(7, Math.min(22, 260 / sites)) };
}

const cut = (label: string, length: number) => (label.length <= length ? label : `${label.slice(0, length - 1)}…`);
