/** docs/where-it-holds.svg: a dot per norm, over how far its states are from orthogonal to the uniform vector, beside chance. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { type MeasuredModel, overChance, type Record } from "./record.js";

interface Dot {
  model: string;
  trainedWith: MeasuredModel["trainedWith"];
  ratio: number;
}

export function figure({ models }: Record): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const dots: Dot[] = models.flatMap(({ name, trainedWith, norms }) =>
    norms.map((norm) => ({ model: name, trainedWith, ratio: overChance(norm) })),
  );
  const spans = models.map(({ name, trainedWith, norms }) => {
    const ratios = norms.map(overChance);
    return { model: name, trainedWith, low: Math.min(...ratios), high: Math.max(...ratios) };
  });
  const [left, right] = [0.3, 30];
  // The label of a band is above its dots. What marks values is drawn beside the dots alone, for it would cross the labels.
  const below = { insetTop: 20, insetBottom: 4 };
  const marked = (values: readonly number[]) => values.flatMap((value) => models.map(({ name }) => ({ value, name })));
  const colour = ({ trainedWith }: Pick<Dot, "trainedWith">) => `var(--${trainedWith.toLowerCase()})`;
  const element = Plot.plot({
    document: document as unknown as Document,
    width: 480,
    height: 66 + 44 * models.length,
    marginLeft: 14,
    marginRight: 14,
    marginTop: 40,
    marginBottom: 26,
    style: { background: "transparent", fontSize: "13px", fontFamily: "system-ui, sans-serif" },
    x: {
      type: "log",
      domain: [left, right],
      ticks: [0.3, 1, 3, 10, 30],
      tickFormat: String,
      label: null,
      tickSize: 0,
    },
    y: { type: "band", domain: models.map(({ name }) => name), axis: null, padding: 0 },
    marks: [
      Plot.text(["mean |90° − θ| per norm, over that of random directions"], {
        frameAnchor: "top-left",
        dy: -38,
        textAnchor: "start",
      }),
      Plot.text([1], { x: Number, frameAnchor: "top", dy: -16, text: () => "chance", fill: "var(--chance)" }),
      Plot.text(models, { y: "name", x: left, dy: -11, textAnchor: "start", fontWeight: 600, text: "name" }),
      Plot.text(models, { y: "name", x: right, dy: -11, textAnchor: "end", fill: colour, text: "trainedWith" }),
      Plot.tickX(marked([0.3, 3, 10, 30]), { x: "value", y: "name", strokeOpacity: 0.15, ...below }),
      Plot.tickX(marked([1]), { x: "value", y: "name", stroke: "var(--chance)", strokeWidth: 2, ...below }),
      Plot.link(spans, { y1: "model", y2: "model", x1: "low", x2: "high", stroke: colour, strokeOpacity: 0.5, dy: 8 }),
      Plot.dot(dots, { y: "model", x: "ratio", dy: 8, r: 4.5, fill: colour, fillOpacity: 0.75 }),
    ],
  });
  const svg = (element.tagName.toLowerCase() === "svg" ? element : element.querySelector("svg")) as Element;
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  svg.setAttribute("role", "img");
  svg.setAttribute("class", "holds");
  const title =
    "Mean |90° − θ| over chance at each norm: below chance in a LayerNorm language model, far above it in encoders";
  // the colours of the study's report (study/src/report/charts/theme.css), which a picture cannot import
  const style = `<title>${title}</title><style>
svg.holds { color: #1b1d21; --layernorm: #00734f; --rmsnorm: #a0437a; --chance: #696e76; }
@media (prefers-color-scheme: dark) { svg.holds { color: #e8e8e4; --layernorm: #3dcca0; --rmsnorm: #ee9fca; --chance: #9a9fa8; } }
</style>`;
  return `${svg.outerHTML.replace(/^(<svg[^>]*>)/, `$1${style}`)}\n`;
}
