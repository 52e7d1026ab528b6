/** The report as one HTML file: answer, key numbers, figures, tables, methods, provenance. It loads nothing. */

import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { counted, printable } from "@orthonorm/files";
import { parseHTML } from "linkedom";
import { decimalsFor, fixed, scientific, shorten } from "../../text.js";
import type { Group, Report, Speed } from "../../types.js";
import { type Figure, figuresOf } from "../charts/figures.js";
import { nameOf } from "../charts/series.js";
import { fonts, script, styles, theme } from "./assets.js";
import { type Make, maker } from "./element.js";
import { extentOf, grouped, keyNumbers } from "./key.js";
import { methods } from "./methods.js";
import { nothing, type Table, tablesOf } from "./tables.js";

export interface ReportOptions {
  /** The answer in one sentence, which is the first of the page. */
  finding: string;
  /** What a reader has to know beside the finding. */
  notes: string[];
  /** The command line that made the report. */
  command?: string;
  /** The SHA-256 of each source file, by its name. */
  hashes?: Record<string, string>;
  /** The day of the measurement, as it is printed. */
  date?: string;
}

/** The size of the file stays below this. What is least missed is left out first. */
const mostBytes = 1_000_000;

export function htmlReport(report: Report, options: ReportOptions): string {
  const whole = page(report, options, { data: true, narrow: true });
  if (Buffer.byteLength(whole) < mostBytes) return whole;
  const withoutData = page(report, options, { data: false, narrow: true });
  if (Buffer.byteLength(withoutData) < mostBytes) return withoutData;
  return page(report, options, { data: false, narrow: false });
}

/** What the page carries besides its text and figures. */
interface Extras {
  /** The report as JSON. */
  data: boolean;
  /** The figures drawn again for narrow windows. */
  narrow: boolean;
}

function page(report: Report, options: ReportOptions, { data, narrow }: Extras): string {
  const { document } = parseHTML("<!doctype html><html lang='en'><head></head><body></body></html>");
  const h = maker(document);
  const wide = figuresOf(report, document, 760);
  const small = narrow ? figuresOf(report, document, 358) : [];
  const tables = tablesOf(report);

  document.head.append(
    h("meta", { charset: "utf-8" }),
    h("meta", { "http-equiv": "Content-Security-Policy", content: policy }),
    h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
    h("meta", { name: "generator", content: `Orthonorm ${report.version}` }),
    h("title", {}, `LayerNorm and RMSNorm on ${report.groups.map(nameOf).slice(0, 3).join(", ")}`),
    h("style", {}, `${fontFaces}\n${theme}\n${styles}`),
  );
  const main = h(
    "main",
    {},
    stopped(h, report),
    h("h1", {}, options.finding),
    h("div", { class: "notes" }, ...options.notes.map((note) => h("p", {}, note))),
    keyTable(h, report),
    h("h2", { id: "figures" }, "Figures"),
    ...wide.map((figure, index) => figureElement(h, figure, small[index], index + 1)),
    h("h2", { id: "tables" }, "Tables"),
    h(
      "p",
      {},
      "Means with their standard deviation over the vectors (±), quartiles q1 and q3, medians. A dash: not measured. ",
      h("span", { class: "scripted", hidden: "" }, "A site’s name copies its row."),
    ),
    ...tables.flatMap((table, index) => [
      tableElement(h, table, index + 1),
      ...(table.id === "table-swap" ? report.speed.map((speed) => speedParagraph(h, speed)) : []),
    ]),
    tables.some(({ id }) => id === "table-apart")
      ? null
      : h("p", {}, "No row was set apart: none is zero, not finite, massive or a repetition of another."),
    h("h2", { id: "methods" }, "Methods"),
    fragment(h, "section", "methods", methods),
    h("h2", { id: "provenance" }, "Provenance"),
    ...provenance(h, report, options),
  );
  document.body.append(header(h, data), main, h("p", { id: "said", role: "status", "aria-live": "polite" }));
  if (data) {
    const packed = gzipSync(JSON.stringify(report, null, 2), { level: 9 }).toString("base64");
    document.body.append(h("script", { type: "application/octet-stream", id: "data" }, packed));
  }
  document.body.append(h("script", {}, script));
  return `${document.toString()}\n`;
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

/** An element around constant markup. */
function fragment(h: Make, tag: string, className: string, markup: string): HTMLElement {
  const element = h(tag, { class: className });
  element.innerHTML = markup;
  return element;
}

/** A name of unknown origin. Control characters are shown, its writing direction stays its own, and a long one is shortened. */
function named(h: Make, name: string, width = 56): HTMLElement {
  const whole = printable(name);
  return whole.length > width ? h("bdi", { title: whole }, shorten(whole, width)) : h("bdi", {}, whole);
}

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
  return h(
    "p",
    { class: "stopped", role: "note" },
    h("strong", {}, "Incomplete. "),
    `The study was stopped when ${read.toLocaleString("en")} of ${rows.toLocaleString("en")} rows had been read` +
      `${rows > 0 ? ` (${((100 * read) / rows).toFixed(1)} %)` : ""}: every number below is of those rows only.`,
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
    { class: "key", "aria-label": "Key numbers" },
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
  const drawing = h("div", { class: "drawing" }, wide.svg, narrow?.svg);
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

function tableElement(h: Make, { id, title, caption, columns, groups }: Table, number: number): HTMLElement {
  const over: { name: string; span: number }[] = [];
  for (const column of columns) {
    const last = over[over.length - 1];
    if (last?.name === column.over) last.span++;
    else over.push({ name: column.over, span: 1 });
  }
  // The first column of each heading has a rule to its left.
  const first = columns.map((column, i) => column.over !== columns[i - 1]?.over);
  const classed = columns.map(({ kind }, i): Record<string, string> => {
    const classes = [...(kind === "number" ? [] : [kind]), ...(first[i] ? ["first"] : [])];
    return classes.length === 0 ? {} : { class: classes.join(" ") };
  });
  const several = groups.length > 1;
  const bodies = groups.map(({ group, rows }) =>
    h(
      "tbody",
      { "data-model": printable(group.label) },
      several || group.norm !== null
        ? h(
            "tr",
            { class: "model" },
            h(
              "th",
              { colspan: String(columns.length + 1), scope: "rowgroup" },
              h("span", {}, named(h, group.label, 40), group.norm === null ? "" : ` · ${group.norm}`),
            ),
          )
        : null,
      ...rows.map(({ site, apart, cells }) =>
        h(
          "tr",
          apart === null ? {} : { class: "apart" },
          h("th", { scope: "row" }, named(h, site, 28), apart === null ? null : ` (${apart})`),
          ...cells.map((cell, i) => h("td", classed[i], cell)),
        ),
      ),
    ),
  );
  const region = { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": `${id}-title` };
  return h(
    "section",
    { class: groups.reduce((sum, { rows }) => sum + rows.length, 0) > 24 ? "table long" : "table", id },
    h(
      "p",
      { class: "caption" },
      h("b", { id: `${id}-title` }, `Table ${number}. ${title}. `),
      caption,
      h("button", { type: "button", class: "scripted save", hidden: "", "data-save": "csv", "data-name": id }, "CSV"),
    ),
    h(
      "div",
      region,
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("td"),
            ...over.map(({ name, span }) =>
              h(
                "th",
                span > 1 ? { colspan: String(span), scope: "colgroup", class: "first" } : { class: "first" },
                name,
              ),
            ),
          ),
          h(
            "tr",
            {},
            h("th", { scope: "col" }, "site"),
            ...columns.map((column, i) =>
              h(
                "th",
                { scope: "col", "data-csv": `${column.over} ${column.name}`.trim(), ...classed[i] },
                column.kind === "sd" ? "± sd" : column.name,
              ),
            ),
          ),
        ),
        ...bodies,
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

function provenance(h: Make, report: Report, { command, hashes = {}, date }: ReportOptions): HTMLElement[] {
  const fact = (name: string, ...value: (Node | string)[]) => [h("dt", {}, name), h("dd", {}, ...value)];
  const saysNorm = ({ norm, normFrom }: Group) =>
    norm === null
      ? "norm not known, measured as under LayerNorm"
      : `${norm}${normFrom === null ? "" : ` (says ${normFrom})`}`;
  const files = report.groups.flatMap((group) =>
    group.sources.map(({ name, bytes }) =>
      h(
        "tr",
        {},
        h("td", {}, named(h, group.label, 24)),
        h("td", {}, saysNorm(group)),
        h("td", { class: "file" }, named(h, name, 72)),
        h("td", { class: "bytes" }, bytes === null ? nothing : grouped(bytes)),
        h("td", { class: "hash" }, Object.hasOwn(hashes, name) ? hashes[name] : nothing),
      ),
    ),
  );
  const heads = ["model", "norm", "file", "bytes", "SHA-256"].map((name) =>
    h("th", name === "bytes" ? { scope: "col", class: name } : { scope: "col" }, name),
  );
  const sites = report.groups.flatMap((group) => group.sites);
  const affine = sites.filter((site) => site.affine !== null).length;
  return [
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Files" },
      h("table", { class: "files" }, h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...files)),
    ),
    h(
      "dl",
      {},
      ...(command === undefined ? [] : fact("Command", h("code", {}, printable(command)))),
      ...fact("Version", `Orthonorm ${report.version}, engine variant ${report.engine.variant}`),
      ...fact("eps", String(report.eps)),
      ...fact(
        "Weights",
        affine === 0
          ? "none given: nothing is said of scale and shift"
          : `for ${affine} of ${counted(sites.length, "site")}`,
      ),
      ...fact(
        "Rows",
        report.complete ? "complete: all rows of all sites were read" : "incomplete: stopped before all rows were read",
      ),
      ...(date === undefined ? [] : fact("Date", date)),
      ...(report.skipped.length === 0 ? [] : fact("Skipped", skippedList(h, report))),
      ...fact("Typeface", "Inter, SIL Open Font License 1.1"),
    ),
  ];
}

/** Lists a few only: where a checkpoint was given for states, the whole list would be longer than the report. */
const mostSkipped = 40;

function skippedList(h: Make, { skipped }: Report): HTMLElement {
  const shown = skipped
    .slice(0, mostSkipped)
    .map(({ source, tensor, reason }) =>
      h("li", {}, named(h, tensor), " in ", named(h, source), `: ${printable(reason)}`),
    );
  const more = skipped.length - shown.length;
  return h("ul", {}, ...shown, more > 0 ? h("li", {}, `and ${counted(more, "tensor")} more`) : null);
}
