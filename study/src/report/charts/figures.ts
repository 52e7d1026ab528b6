/**
 * The figures of a report, as SVG. They are functions of the report and a document, which may be a page's or Node's (linkedom).
 *
 * Colours are the variables of theme.css, so that light and dark switch inside the figure too.
 */
import type { Report } from "../../types.js";
import { common } from "./common.js";
import { toldApart } from "./labels.js";
import { ranks } from "./rank.js";
import { ratios } from "./ratio.js";
import { losses, recoveries, swaps } from "./samples.js";
import { angles, histograms, norms, rotations, shares } from "./states.js";
import { tokens } from "./tokens.js";

export interface Figure {
  id: string;
  title: string;
  /** A first sentence says what the figure shows, the others how to read it. */
  caption: string;
  svg: SVGSVGElement;
}

/** @param width in pixels. Below 500, panels are stacked, and labels are as short as a phone needs them */
export function figuresOf(report: Report, document: Document, width = 760): Figure[] {
  const groups = toldApart(report.groups).filter(({ sites }) => sites.some(({ ordinary }) => ordinary.rows > 0));
  if (groups.length === 0) return [];
  const drawings = [
    ratios,
    angles,
    histograms,
    ranks,
    common,
    shares,
    swaps,
    norms,
    rotations,
    tokens,
    losses,
    recoveries,
  ];
  return drawings.flatMap((draw) => {
    const drawn = draw(groups, document, width);
    if (drawn === null) return [];
    // Plot names its marks for style sheets and scripts. In a picture nobody hears a part, and groups may have no such name.
    for (const mark of drawn.svg.querySelectorAll("[aria-label]")) {
      mark.setAttribute("data-mark", mark.getAttribute("aria-label") as string);
      mark.removeAttribute("aria-label");
    }
    for (const mark of drawn.svg.querySelectorAll("[aria-description]")) {
      mark.setAttribute("data-part", mark.getAttribute("aria-description") as string);
      mark.removeAttribute("aria-description");
    }
    roundPlaces(drawn.svg);
    drawn.svg.setAttribute("role", "img");
    drawn.svg.setAttribute("aria-label", `${drawn.title}. ${drawn.finding}`);
    const { id, title, finding, reading, svg } = drawn;
    return [{ id, title, caption: `${finding} ${reading}`, svg }];
  });
}

/** Plot writes places to the last digit of a double. A hundredth of a pixel is enough, and takes a third of the bytes. */
function roundPlaces(svg: SVGSVGElement): void {
  for (const name of ["cx", "cy", "x1", "x2", "y1", "y2", "transform"]) {
    for (const element of svg.querySelectorAll(`[data-mark] [${name}]`)) {
      const value = element.getAttribute(name) as string;
      const rounded = value.replace(/\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(2))));
      if (rounded !== value) element.setAttribute(name, rounded);
    }
  }
}
