/** The end of the report: which files were measured, by which command, and what was left out. */
import { counted, printable } from "@orthonorm/files";
import type { Group, Report } from "../../types.js";
import { epsOf } from "../setting.js";
import { type Make, named } from "./element.js";
import { grouped } from "./key.js";
import { nothing } from "./tables.js";

/** Where a report comes from. */
export interface Origin {
  /** The command line that made the report. */
  command?: string;
  /** The SHA-256 of each source file, by its name. */
  hashes?: Record<string, string>;
  /** The day of the measurement, as it is printed. */
  date?: string;
}

export function provenance(h: Make, report: Report, { command, hashes = {}, date }: Origin): HTMLElement[] {
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
      ...fact("eps", epsOf(report)),
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
      h("li", {}, ...(tensor === null ? [] : [named(h, tensor), " in "]), named(h, source), `: ${printable(reason)}`),
    );
  const more = skipped.length - shown.length;
  return h("ul", {}, ...shown, more > 0 ? h("li", {}, `and ${counted(more, "tensor")} more`) : null);
}
