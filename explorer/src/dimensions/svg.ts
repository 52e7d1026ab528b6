/** Drawing: SVG elements, and paths of points. */

export type Point = readonly [number, number];

export function shape<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number> = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** A text at a place; `end` and `middle` say which part of it is there. */
export function words(
  text: string,
  [x, y]: Point,
  look = "",
  anchor: "start" | "middle" | "end" = "start",
): SVGTextElement {
  return shape("text", { x: x.toFixed(1), y: y.toFixed(1), class: look, "text-anchor": anchor }, text);
}

export const line = ([x1, y1]: Point, [x2, y2]: Point, look: string) =>
  shape("line", { x1: x1.toFixed(1), y1: y1.toFixed(1), x2: x2.toFixed(1), y2: y2.toFixed(1), class: look });

export const through = (points: readonly Point[]) =>
  `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;
