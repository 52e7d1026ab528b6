/** docs/performance.svg: gigabytes per second over shapes, the engine between the copy and plain JavaScript. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { major, names, opsOf, type Record, shapeOf, titleOf } from "./records.js";

interface Point {
  op: string;
  node: string;
  shape: string;
  name: string;
  rate: number;
}

export function plot(records: readonly Record[]): string {
  const titles = opsOf(records[0]).map(titleOf);
  const series = [
    { name: names.copyInPlace, label: "copy, in place", colour: "var(--copy)", dash: "5 3", symbol: "diamond" },
    { name: names.copy, label: "copy", colour: "var(--copy)", dash: undefined, symbol: "square" },
    { name: names.inPlace, label: "engine, in place", colour: "var(--engine)", dash: "5 3", symbol: "diamond" },
    { name: names.engine, label: "engine", colour: "var(--engine)", dash: undefined, symbol: "circle" },
    { name: names.plain, label: "plain JavaScript", colour: "var(--plain)", dash: undefined, symbol: "triangle" },
  ] as const;
  const points: Point[] = records.flatMap((record) =>
    record.results
      .filter(({ dtype }) => dtype === "f32")
      .flatMap((one) =>
        one.contestants.map((row) => ({
          op: titleOf(one.op),
          node: `Node ${major(record)}`,
          shape: shapeOf(one),
          name: row.name,
          rate: row.gigabytesPerSecond,
        })),
      ),
  );
  const shapes = [...new Set(points.map((point) => point.shape))];
  const drawn = points.filter(({ name }) => series.some((one) => one.name === name));
  const rates = drawn.map(({ rate }) => rate);
  const domain = [Math.min(1, ...rates) / 1.25, Math.max(...rates) * 1.6];
  const height = 108 + 250 * records.length;
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const last = shapes[shapes.length - 1];
  const spaced = labels(
    drawn.filter(({ shape }) => shape === last),
    Math.log(domain[1] / domain[0]) * (15 / 210),
  );
  const element = Plot.plot({
    document: document as unknown as Document,
    width: 940,
    height,
    marginLeft: 54,
    marginRight: 130,
    marginTop: 34,
    marginBottom: 74,
    insetRight: 8,
    style: { background: "transparent", fontSize: "13px", fontFamily: "system-ui, sans-serif" },
    fx: { axis: null, domain: titles, padding: 0.3 },
    fy: { axis: null, padding: 0.16 },
    x: {
      type: "point",
      domain: shapes,
      label: "rows × columns",
      labelAnchor: "center",
      labelOffset: 70,
      tickRotate: -40,
    },
    y: {
      type: "log",
      domain,
      label: "GB/s",
      grid: true,
      ticks: [1, 3, 10, 30, 100],
      tickFormat: (value: number) => String(value),
    },
    marks: [
      Plot.text(
        records.flatMap((record) => titles.map((op) => ({ op, node: `Node ${major(record)}` }))),
        {
          fx: "op",
          fy: "node",
          text: ({ op, node }: { op: string; node: string }) => `${op}, ${node}`,
          frameAnchor: "top-left",
          dx: 8,
          dy: 4,
          fontWeight: 600,
        },
      ),
      ...series.map(({ name, colour, dash }) =>
        Plot.line(
          drawn.filter((point) => point.name === name),
          { fx: "op", fy: "node", x: "shape", y: "rate", stroke: colour, strokeWidth: 2, strokeDasharray: dash },
        ),
      ),
      ...series.map(({ name, colour, symbol }) =>
        Plot.dot(
          drawn.filter((point) => point.name === name),
          { fx: "op", fy: "node", x: "shape", y: "rate", fill: colour, symbol, r: 3.5 },
        ),
      ),
      ...series.map(({ name, label, colour }) =>
        Plot.text(
          spaced.filter((point) => point.name === name),
          {
            fx: "op",
            fy: "node",
            x: "shape",
            y: "rate",
            text: () => label,
            fill: colour,
            textAnchor: "start",
            dx: 10,
            clip: false,
          },
        ),
      ),
    ],
  });
  const svg = (element.tagName.toLowerCase() === "svg" ? element : element.querySelector("svg")) as Element;
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  svg.setAttribute("role", "img");
  svg.setAttribute("class", "performance");
  const title = "Gigabytes per second over shapes: the engine between the v128 copy and plain JavaScript";
  // Okabe and Ito's colours, the paler of each pair on dark
  const style = `<title>${title}</title><style>
svg.performance { color: #1a1a1a; --engine: #0072b2; --plain: #b84a00; --copy: #6b6b6b; }
@media (prefers-color-scheme: dark) { svg.performance { color: #e6e6e6; --engine: #56b4e9; --plain: #e69f00; --copy: #a0a0a0; } }
</style>`;
  return `${svg.outerHTML.replace(/^(<svg[^>]*>)/, `$1${style}`)}\n`;
}

/** The points with labels that do not overlap: in each panel, at least so far apart on the logarithmic axis. */
function labels(points: readonly Point[], apart: number): Point[] {
  const panels = new Map<string, Point[]>();
  for (const point of points) {
    const key = `${point.op} ${point.node}`;
    panels.set(key, [...(panels.get(key) ?? []), { ...point }]);
  }
  for (const panel of panels.values()) {
    panel.sort((a, b) => a.rate - b.rate);
    for (let i = 1; i < panel.length; i++) {
      const least = Math.log(panel[i - 1].rate) + apart;
      if (Math.log(panel[i].rate) < least) panel[i].rate = Math.exp(least);
    }
  }
  return [...panels.values()].flat();
}
