/** "Your states": takes files or a sample, has them measured by a worker, and shows the finding, a table and the figures. */

import { printable } from "@orthonorm/files";
import type { Report, Site } from "@orthonorm/study";
import ln from "@orthonorm/study/data/twins/ln/states.safetensors?url";
import rms from "@orthonorm/study/data/twins/rms/states.safetensors?url";
import { aligned, fixed } from "../geometry/numbers.js";
import { tellMeasured } from "../measured.js";
import { byId, every, make } from "../page.js";
import { say, startWork } from "../work.js";
import { toCsv } from "./csv.js";
import type { Answer, Drawn, Order } from "./messages.js";

const samples = {
  ln: { from: ln, name: "ln/states.safetensors" },
  rms: { from: rms, name: "rms/states.safetensors" },
};

const [status, result, drop] = [byId("states-status"), byId("states-result"), byId("drop")];
const chooser = byId<HTMLInputElement>("file");

/** Lets go of the work that is going on. */
let stopBefore = () => {};

export function startStates(): void {
  chooser.addEventListener("change", () => {
    take([...(chooser.files ?? [])]);
    // the same file may be chosen again
    chooser.value = "";
  });
  takeDropped();
  for (const button of every("[data-sample]")) {
    button.addEventListener("click", () => measure([samples[button.dataset.sample as keyof typeof samples]]));
  }
}

/**
 * Files may be dropped anywhere: beside the place that is drawn for them, the browser would leave the page for the file. What is no
 * file, as text that is dragged, remains the browser's.
 */
function takeDropped(): void {
  // What another part of the page takes is prevented already.
  const files = (event: DragEvent) => !event.defaultPrevented && event.dataTransfer?.types.includes("Files") === true;
  addEventListener("dragover", (event) => {
    if (event.defaultPrevented) delete drop.dataset.over;
    if (!files(event)) return;
    event.preventDefault();
    drop.dataset.over = "";
  });
  addEventListener("dragleave", (event) => {
    // from one element to another it leaves too; out of the page, it goes to none
    if (event.relatedTarget === null) delete drop.dataset.over;
  });
  addEventListener("drop", (event) => {
    delete drop.dataset.over;
    if (!files(event)) return;
    event.preventDefault();
    take([...(event.dataTransfer?.files ?? [])]);
    byId("states").scrollIntoView();
  });
}

function take(files: readonly File[]): void {
  if (files.length > 0) measure(files.map((file) => ({ from: file, name: file.name })));
}

function measure(files: Order["files"]): void {
  stopBefore();
  for (const { href } of result.querySelectorAll<HTMLAnchorElement>("a[download]")) URL.revokeObjectURL(href);
  result.replaceChildren();
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const work = startWork(status, worker, () => say(status, "note", "Cancelled. Nothing was kept."));
  const fail = (message: string) => {
    work.end();
    say(status, "error", message);
  };
  stopBefore = work.end;
  worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
    if (data.kind === "progress") work.progress(printable(data.what), data.share);
    else if (data.kind === "error") fail(data.message);
    else {
      work.end();
      // the samples are known elsewhere
      if (files.some(({ from }) => typeof from !== "string")) tellMeasured(data.report);
      show(data);
    }
  });
  worker.addEventListener("error", (event) => fail(event.message || "the worker expected to load, and did not"));
  // as wide as a figure of the page gets; narrow ones are drawn for a phone
  worker.postMessage({ files, width: Math.min(760, result.clientWidth) } satisfies Order);
}

/** A piece at a time, so that the page never stops for long. */
async function show({ report, json, finding, notes, figures }: Extract<Answer, { kind: "done" }>): Promise<void> {
  const parts = [
    () => make("p", { class: "finding", role: "status" }, finding),
    ...notes.map((note) => () => make("p", { class: "beside" }, note)),
    () => table(report),
    () => downloads(report, json),
    ...figures.map((figure) => () => drawn(figure)),
  ];
  // in an element of its own, which is gone when other files are taken meanwhile
  const whole = result.appendChild(make("div"));
  for (const part of parts) {
    whole.append(part());
    await new Promise((resolve) => setTimeout(resolve));
  }
}

function table({ groups }: Report): HTMLElement {
  const names = ["site", "d", "rows", "mean angle", "mean |90° − θ|", "chance", "d·cos²θ", "median norm"];
  const head = make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, name)));
  const all = groups.flatMap(({ sites }) => sites);
  const norms = aligned(all.map(({ ordinary }) => ordinary.norm.median));
  const line = (which: Site) => {
    const { site, cols, rows, ordinary, null: chance } = which;
    const cells = [
      String(cols),
      String(rows),
      `${fixed(ordinary.angle.mean, 2)}° ± ${fixed(ordinary.angle.sd, 2)}`,
      `${fixed(ordinary.deviation.mean, 2)}°`,
      `${fixed(chance.deviation, 2)}°`,
      fixed(ordinary.dCos2.mean, 3),
      norms[all.indexOf(which)],
    ];
    return make("tr", {}, make("th", { scope: "row" }, printable(site)), ...cells.map((cell) => make("td", {}, cell)));
  };
  /** Sites of several files may have the same names. */
  const whose = (label: string) =>
    make("tr", {}, make("th", { scope: "rowgroup", colspan: String(names.length) }, printable(label)));
  const bodies = groups.map(({ label, sites }) =>
    make("tbody", {}, ...(groups.length > 1 ? [whose(label)] : []), ...sites.map(line)),
  );
  const whole = make("table", { class: "sites" }, make("thead", {}, head), ...bodies);
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Sites" }, whole);
}

function downloads(report: Report, json: string): HTMLElement {
  const links = [
    file("All figures (JSON)", "states.json", "application/json", json),
    file("This table (CSV)", "states.csv", "text/csv", toCsv(report)),
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
  return make("figure", {}, make("h3", {}, title), picture, make("figcaption", {}, caption, " ", save));
}
