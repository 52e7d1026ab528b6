/** What was found: the answer beside its picture, then the table and the other figures. */
import { counted, printable } from "@orthonorm/files";
import type { Report } from "@orthonorm/study";
import { showValues } from "@orthonorm/study/values";
import { make } from "../page.js";
import { toCsv } from "./csv.js";
import type { Answer, Drawn } from "./messages.js";
import { table } from "./table.js";
import { litWords } from "./words.js";

type Done = Extract<Answer, { kind: "done" }>;

/** From this width on there is room for two columns, as states.css has it. */
const twoColumns = 1040;
const between = 48;

/** How wide a figure is drawn, in pixels; narrow ones are drawn for a phone. */
export function figureWidth({ clientWidth }: HTMLElement): number {
  return Math.min(760, clientWidth >= twoColumns ? (clientWidth - between) / 2 : clientWidth);
}

/** Takes away what is shown, and what its links hold. */
export function forget(host: HTMLElement): void {
  for (const { href } of host.querySelectorAll<HTMLAnchorElement>("a[download]")) URL.revokeObjectURL(href);
  host.replaceChildren();
}

/** A piece at a time, so that the page never stops for long. @param milliseconds what measuring and drawing took */
export async function showResult(host: HTMLElement, done: Done, milliseconds: number): Promise<void> {
  const { report, json, finding, notes, figures } = done;
  const [picture, ...others] = figures;
  // in an element of its own, which is gone when other files are taken meanwhile
  const whole = host.appendChild(make("div", { class: "found" }));
  const [answer, more] = [make("div", { class: "answer" }), make("div", { class: "figures" })];
  const words = answer.appendChild(make("div", { class: "words" }));
  const parts = [
    () => words.append(make("p", { class: "finding", role: "status" }, ...litWords(finding, report, host))),
    () => words.append(make("p", { class: "beside" }, measured(report, milliseconds))),
    () => picture && answer.append(drawn(picture)),
    () => words.append(...notes.map((note) => make("p", { class: "beside" }, note)), downloads(report, json)),
    () => whole.append(table(report)),
    () => whole.append(more),
    ...others.map((figure) => () => more.append(drawn(figure))),
  ];
  whole.append(answer);
  for (const part of parts) {
    part();
    await new Promise((resolve) => setTimeout(resolve));
  }
}

function measured({ groups }: Report, milliseconds: number): string {
  const sites = groups.flatMap((group) => group.sites);
  const rows = sites.reduce((sum, { read }) => sum + read, 0);
  const seconds = (milliseconds / 1000).toFixed(1);
  return `Measured in this tab just now: ${rows.toLocaleString("en")} states at ${counted(sites.length, "site")} in ${seconds} s, figures and all. A site is a place in a model where states were taken: a tensor of the file, such as the input of a norm.`;
}

function downloads(report: Report, json: string): HTMLElement {
  const links = [
    file("All figures (JSON)", "states.json", "application/json", json),
    file("The table (CSV)", "states.csv", "text/csv", toCsv(report)),
  ];
  for (const link of links) link.className = "button";
  return make("p", { class: "actions" }, ...links);
}

/** A link that saves a text. */
function file(text: string, name: string, type: string, content: string): HTMLElement {
  const href = URL.createObjectURL(new Blob([content], { type }));
  return make("a", { href, download: name }, text);
}

function drawn({ id, title, caption, svg }: Drawn): HTMLElement {
  const picture = make("div", { class: "scroll" });
  picture.innerHTML = svg;
  const save = file("SVG", `${id}.svg`, "image/svg+xml", svg);
  save.setAttribute("aria-label", `${title}, as SVG`);
  const figure = make("figure", {}, make("h3", {}, title), picture, make("figcaption", {}, caption, " ", save));
  showValues(picture, printable(title));
  return figure;
}
