/** The report as one HTML file: answer, key numbers, figures, tables, methods, provenance. It loads nothing. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { parseHTML } from "linkedom";
import { decimalsFor, fixed, scientific } from "../../text.js";
import type { Report, Speed } from "../../types.js";
import { type Figure, figuresOf } from "../charts/figures.js";
import { toldApart } from "../charts/labels.js";
import { nameOf } from "../charts/series.js";
import { fonts, script, styles, theme } from "./assets.js";
import { differences } from "./differences.js";
import { fragment, type Make, maker, named } from "./element.js";
import { extentOf, keyNumbers } from "./key.js";
import { methods } from "./methods.js";
import { type Origin, provenance } from "./provenance.js";
import { tableElement } from "./table-element.js";
import { nothing, tablesOf } from "./tables.js";
import { thinned } from "./thinned.js";

export interface ReportOptions extends Origin {
  /** The answer in one sentence, which is the first of the page. */
  finding: string;
  /** What a reader has to know beside the finding. */
  notes: string[];
}

/** The size of the file stays below this. What is least missed is left out first. */
const mostBytes = 1_000_000;

/** More sites than this are not tried: the page has some two kilobytes of each, and takes two milliseconds for it. */
const mostSites = 400;

/** Of fewer sites the fonts and the style are most of the file. */
const fewestSites = 25;

export function htmlReport(report: Report, options: ReportOptions): string {
  const sites = report.groups.reduce((sum, group) => sum + group.sites.length, 0);
  const all = [
    { data: true, narrow: true, values: true },
    { data: false, narrow: true, values: true },
    { data: false, narrow: false, values: true },
    least,
  ];
  for (const extras of sites <= mostSites ? all : []) {
    const html = page(report, options, extras);
    if (Buffer.byteLength(html) < mostBytes) return html;
  }
  for (let most = mostSites; ; most >>= 1) {
    const { report: fewer, note } = thinned(report, most);
    const notes = note === null ? options.notes : [note, ...options.notes];
    const html = page(fewer, { ...options, notes }, least);
    if (Buffer.byteLength(html) < mostBytes || most < 2 * fewestSites) return html;
  }
}

/** What the page carries besides its text and figures. */
interface Extras {
  /** The report as JSON. */
  data: boolean;
  /** The figures drawn again for narrow windows. */
  narrow: boolean;
  /** The values of single marks, to be pointed at. */
  values: boolean;
}

const least: Extras = { data: false, narrow: false, values: false };

/** Takes the titles of marks away, and the marks that are there for their titles alone. */
function withoutValues({ svg }: Figure): void {
  for (const mark of svg.querySelectorAll("[data-mark=dot]")) {
    if (mark.querySelector('[fill-opacity="0"]') !== null) mark.remove();
  }
  for (const title of svg.querySelectorAll("[data-mark] title")) title.remove();
}

function page(report: Report, options: ReportOptions, { data, narrow, values }: Extras): string {
  const { document } = parseHTML("<!doctype html><html lang='en'><head></head><body></body></html>");
  const h = maker(document);
  const groups = toldApart(report.groups);
  const shown = { ...report, groups };
  const wide = figuresOf(report, document, 760);
  if (!values) wide.forEach(withoutValues);
  const small = narrow ? figuresOf(report, document, 358) : [];
  const tables = [...tablesOf(shown), ...differences(shown)];

  document.head.append(
    h("meta", { charset: "utf-8" }),
    h("meta", { "http-equiv": "Content-Security-Policy", content: policy }),
    h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
    h("meta", { name: "generator", content: `Orthonorm ${report.version}` }),
    h("title", {}, `LayerNorm and RMSNorm on ${groups.map(nameOf).slice(0, 3).join(", ")}`),
    h("style", {}, `${fontFaces}\n${theme}\n${styles}`),
  );
  const main = h(
    "main",
    {},
    stopped(h, report),
    h("h1", {}, options.finding),
    h("div", { class: "notes" }, ...options.notes.map((note) => h("p", {}, note))),
    keyTable(h, shown),
    h("h2", { id: "figures" }, "Figures"),
    ...wide.map((figure, index) => figureElement(h, figure, small[index], index + 1)),
    h("h2", { id: "tables" }, "Tables"),
    h(
      "p",
      {},
      "A site is a place in the model where states were taken: a tensor of the file, such as the input of a norm. " +
        "Means with their standard deviation over the vectors (±), quartiles q1 and q3, medians. A dash: not measured. ",
      h("span", { class: "scripted", hidden: "" }, "A site’s name copies its row."),
    ),
    ...tables.flatMap((table, index) => [
      tableElement(h, table, index + 1),
      ...(table.id === "table-swap" ? report.speed.map((speed) => speedParagraph(h, speed)) : []),
    ]),
    tables.some(({ id }) => id === "table-apart")
      ? null
      : h("p", {}, "No row was left out: none is zero, not finite, massive or a repetition of another."),
    h("h2", { id: "methods" }, "Methods"),
    methodsElement(h),
    h("h2", { id: "provenance" }, "Provenance"),
    ...provenance(h, shown, options),
  );
  document.body.append(header(h, data), main, h("p", { id: "said", role: "status", "aria-live": "polite" }));
  if (data) {
    const packed = gzipSync(JSON.stringify(report, null, 2), { level: 9 }).toString("base64");
    document.body.append(h("script", { type: "application/octet-stream", id: "data" }, packed));
  }
  document.body.append(h("script", {}, script));
  return `${document.toString()}\n`;
}

/** A long formula scrolls on a phone, and so has to be reached by keyboard. */
function methodsElement(h: Make): HTMLElement {
  const section = fragment(h, "section", "methods", methods);
  for (const formula of section.querySelectorAll("math[display=block]")) formula.setAttribute("tabindex", "0");
  return section;
}

/** The policy of the page: nothing is loaded from anywhere, and no script runs but its own. */
const policy = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "font-src data:",
  `script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const fontFaces = `/* Inter, copyright The Inter Project Authors, SIL Open Font License 1.1 */\n${fonts
  .map(
    ({ range, base64 }) =>
      `@font-face{font-family:"Inter Variable";font-weight:100 900;font-display:swap;src:url(data:font/woff2;base64,${base64}) format("woff2");unicode-range:${range}}`,
  )
  .join("\n")}`;

function header(h: Make, data: boolean): HTMLElement {
  const link = (to: string) => h("a", { href: `#${to.toLowerCase()}` }, to);
  const choice = (name: string) => h("button", { type: "button", "data-choose": name, "aria-pressed": "false" }, name);
  return h(
    "header",
    {},
    h("p", { class: "kicker" }, "Orthonorm study"),
    h("nav", { "aria-label": "Parts of the report" }, ...["Figures", "Tables", "Methods", "Provenance"].map(link)),
    h(
      "div",
      { class: "tools scripted", hidden: "" },
      data ? h("button", { type: "button", "data-save": "json" }, "JSON") : null,
      h(
        "span",
        { class: "choice", role: "group", "aria-label": "Colours" },
        choice("system"),
        choice("light"),
        choice("dark"),
      ),
    ),
  );
}

function stopped(h: Make, report: Report): HTMLElement | null {
  if (report.complete) return null;
  const sites = report.groups.flatMap((group) => group.sites);
  const [read, rows] = [sites.reduce((sum, { read }) => sum + read, 0), sites.reduce((sum, { rows }) => sum + rows, 0)];
  // Of a model that was stopped while it ran, nobody knows how many rows there would have been.
  const of = rows === read ? "" : ` of ${rows.toLocaleString("en")}`;
  return h(
    "p",
    { class: "stopped", role: "note" },
    h("strong", {}, "Incomplete. "),
    `The study was stopped when ${read.toLocaleString("en")}${of} rows had been read` +
      `${of === "" ? "" : ` (${((100 * read) / rows).toFixed(1)} %)`}: every number below is of those rows only.`,
  );
}

function keyTable(h: Make, report: Report): HTMLElement {
  const { groups } = report;
  const head = h(
    "tr",
    {},
    h("td"),
    ...groups.map((group) =>
      h(
        "th",
        { scope: "col" },
        named(h, group.label, 24),
        h("small", {}, group.norm ?? "norm not known"),
        ...extentOf(group).map((line) => h("small", {}, line)),
      ),
    ),
    h("th", { scope: "col", class: "null" }, "chance"),
  );
  const rows = keyNumbers(report).map(({ name, unit, values, chance }) => {
    const space = unit === "%" ? "\u00a0" : "";
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      ...values.map(({ middle, range }) => h("td", {}, h("b", {}, `${middle}${space}${unit}`), h("small", {}, range))),
      h("td", { class: "null" }, chance === nothing ? chance : `${chance}${space}${unit}`),
    );
  });
  return h(
    "section",
    { class: "key" },
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Key numbers" },
      h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows)),
    ),
    h("p", { class: "small" }, "Medians over the sites; below them the range, lowest to highest site."),
  );
}

function figureElement(h: Make, wide: Figure, narrow: Figure | undefined, number: number): HTMLElement {
  wide.svg.setAttribute("class", `${wide.svg.getAttribute("class")} wide${narrow === undefined ? " only" : ""}`);
  narrow?.svg.setAttribute("class", `${narrow.svg.getAttribute("class")} narrow`);
  // A wide figure scrolls on a phone where it was not drawn again, and so has to be reached by keyboard.
  const scrolls: Record<string, string> =
    narrow === undefined ? { tabindex: "0", role: "group", "aria-label": wide.title } : {};
  const drawing = h("div", { class: "drawing", ...scrolls }, wide.svg, narrow?.svg);
  return h(
    "figure",
    { id: `figure-${wide.id}` },
    drawing,
    h(
      "figcaption",
      {},
      h("b", {}, `Figure ${number}. ${wide.title}. `),
      wide.caption,
      h(
        "button",
        { type: "button", class: "scripted save", hidden: "", "data-save": "svg", "data-name": wide.id },
        "SVG",
      ),
    ),
  );
}

function speedParagraph(h: Make, speed: Speed): HTMLElement {
  const { rows, cols, microseconds, difference } = speed;
  const shape = `${rows} × ${cols} f32`;
  if (microseconds === null) {
    return h(
      "p",
      { class: "after" },
      `The kernels were not timed: engine and plain JavaScript differ by ${scientific(difference)} on ${shape}.`,
    );
  }
  const { layerNorm, rmsNorm, javascript } = microseconds;
  const time = (value: number) => `${fixed(value, decimalsFor([value], 3))} µs`;
  return h(
    "p",
    { class: "after" },
    `The two kernels on ${shape} of these states: LayerNorm ${time(layerNorm)}, RMSNorm ${time(rmsNorm)}, ` +
      `${(layerNorm / rmsNorm).toFixed(2)} to 1; LayerNorm in plain JavaScript takes ${time(javascript)}.`,
  );
}
