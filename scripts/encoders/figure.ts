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
  const names = models.map(({ name }) => name);
  const spans = names.map((model) => {
    const ratios = dots.filter((dot) => dot.model === model).map(({ ratio }) => ratio);
    return { model, low: Math.min(...ratios), high: Math.max(...ratios) };
  });
  const [left, right] = [0.3, 30];
  const element = Plot.plot({
    document: document as unknown as Document,
    width: 480,
    height: 70 + 46 * names.length,
    marginLeft: 14,
    marginRight: 14,
    marginTop: 44,
    marginBottom: 30,
    style: { background: "transparent", fontSize: "13px", fontFamily: "system-ui, sans-serif" },
    x: {
      type: "log",
      domain: [left, right],
      ticks: [0.3, 1, 3, 10, 30],
      tickFormat: (value: number) => String(value),
      label: null,
      tickSize: 0,
    },
    y: { type: "band", domain: names, axis: null },
    marks: [
      Plot.ruleX([0.3, 3, 10, 30], { stroke: "currentColor", strokeOpacity: 0.12 }),
      Plot.ruleX([1], { stroke: "var(--chance)", strokeWidth: 1.5, strokeDasharray: "5 4" }),
      Plot.text(["mean |90° − θ|, in units of what random directions have"], {
        frameAnchor: "top-left",
        dy: -40,
        textAnchor: "start",
      }),
      Plot.text([1], {
        x: (value: number) => value,
        frameAnchor: "top",
        dy: -18,
        text: () => "chance",
        fill: "var(--chance)",
      }),
      Plot.text(names, {
        y: (name: string) => name,
        x: left,
        dx: 2,
        dy: -8,
        textAnchor: "start",
        fontWeight: 600,
        text: (name: string) => name,
      }),
      Plot.link(spans, {
        y1: "model",
        y2: "model",
        x1: "low",
        x2: "high",
        stroke: "var(--layernorm)",
        strokeOpacity: 0.4,
        dy: 10,
      }),
      Plot.dot(dots, {
        y: "model",
        x: "ratio",
        dy: 10,
        r: 4.5,
        fill: ({ trainedWith }: Dot) => (trainedWith === "LayerNorm" ? "var(--layernorm)" : "var(--rmsnorm)"),
        fillOpacity: 0.75,
      }),
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
