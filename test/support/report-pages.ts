/** The reports of sample-report.ts as pages, and how tests read them. */

import { parseHTML } from "linkedom";
import { expect } from "vitest";
import { htmlReport } from "../../study/src/report/html/page.js";
import { sampleReports } from "./sample-report.js";

export const reports = await sampleReports();

export const options = { finding: "The states lie closer to orthogonal than chance.", notes: ["A note <b>."] };

export const pages = Object.fromEntries(
  Object.entries(reports).map(([name, report]) => [
    name,
    htmlReport(report, { ...options, command: "orthonorm study a" }),
  ]),
);

export const documentOf = (html: string) => parseHTML(html).document;

export const blank = () => documentOf("<!doctype html><html><body></body></html>") as unknown as Document;

export const figureIds = (html: string) =>
  [...documentOf(html).querySelectorAll("figure")].map(({ id }) => id.slice(7));

export const everyFigure = [
  "ratio",
  "angle",
  "histograms",
  "rank",
  "common",
  "share",
  "swap",
  "norm",
  "rotation",
  "tokens",
  "lost",
  "recovered",
];

/** The cells of a table's row, by the heads that a CSV gives them. */
export function cellsOf(html: string, table: string, site: string, model?: string): Record<string, string> {
  const section = documentOf(html).querySelector(`#${table}`) as Element;
  const heads = [...section.querySelectorAll("thead [data-csv]")].map(
    (head) => head.getAttribute("data-csv") as string,
  );
  const bodies = [...section.querySelectorAll("tbody")].filter(
    (body) => model === undefined || body.getAttribute("data-model") === model,
  );
  const row = bodies
    .flatMap((body) => [...body.querySelectorAll("tr")])
    .find((tr) => tr.querySelector("th")?.textContent === site) as Element;
  const cells = [...row.querySelectorAll("td")].map((cell) => cell.textContent ?? "");
  expect(cells.length).toBe(heads.length);
  return Object.fromEntries(heads.map((head, i) => [head, cells[i]]));
}
