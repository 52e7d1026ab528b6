/** "Inside a model": a text that is typed, read by models in workers; their maps, and the vectors that are chosen in them. */

import { printable } from "@orthonorm/files";
import ln from "@orthonorm/study/data/twins/ln/model.safetensors?url";
import rms from "@orthonorm/study/data/twins/rms/model.safetensors?url";
import { ends, paints } from "@orthonorm/study/over-chance";
import { fixed } from "../geometry/numbers.js";
import { byId, make } from "../page.js";
import { say, startWork, type Work } from "../work.js";
import { detailOf } from "./detail.js";
import { droppedFiles, type Given, givenFiles } from "./files.js";
import "./inside.css";
import { clamped } from "./map.js";
import type { Place } from "./messages.js";
import { otherNorm, Reader } from "./reader.js";
import { sitesTable } from "./sites-table.js";
import { placeWords, siteWords, tokenWords, unitOf } from "./words.js";

const twin = (from: string, name: string): Given => ({ files: [{ from, name }], folder: "" });
const twins: readonly [string, Given][] = [
  ["Trained with LayerNorm", twin(ln, "ln/model.safetensors")],
  ["Trained with RMSNorm", twin(rms, "rms/model.safetensors")],
];

const firstText = "export function max<T>(a: T, b: T): T {\n  return a";
/** Milliseconds after the last key until the text is read. */
const patience = 150;

const section = byId("inside");
const text = make("textarea", { id: "inside-text", rows: "3", spellcheck: "false", autocomplete: "off" });
const status = make("div", { id: "inside-status" });
const finding = make("p", { class: "finding", role: "status" });
const pictures = make("div", { class: "readers maps" });
const words = make("div", { class: "readers" });
const over = make("p", { class: "over" });
const detail = make("div", { class: "detail" });
const table = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Norms" });
const tableHost = make("details", {}, make("summary", {}, "The map as a table"), table);
const back = make("button", { type: "button", hidden: "" }, "Back to the two models");

let readers: Reader[] = [];
/** Of the model that the reader gave. */
let givenName: string | undefined;
let place: Place = { token: 0, site: 2 };
/** The last token was chosen, and the next one that is typed takes its place. */
let following = true;
let work: Work | undefined;
let waiting: ReturnType<typeof setTimeout> | undefined;

export function startInside(): void {
  text.value = firstText;
  const help =
    "Arrow keys move to another square, Home and End to the first and the last, Enter to the vector taken apart.";
  byId("inside-live").replaceChildren(
    make("label", { for: "inside-text", class: "text-label" }, "Type a text"),
    text,
    status,
    finding,
    pictures,
    make("p", { id: "inside-help", class: "unseen" }, help),
    legend(),
    over,
    words,
    detail,
    tableHost,
    dropZone(),
  );
  text.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(readAll, patience);
  });
  tableHost.addEventListener("toggle", showTable);
  back.addEventListener("click", openTwins);
  openTwins();
}

function openTwins(): void {
  work?.end();
  back.hidden = true;
  status.replaceChildren();
  givenName = undefined;
  open(twins);
}

function openGiven(given: Given): void {
  if (given.files.length === 0 && given.folder === "") return;
  const file = given.files.find(({ name }) => !name.endsWith(".json")) ?? given.files[0];
  const name = printable(given.folder || file.name);
  work?.end();
  givenName = name;
  open([[name, given]]);
  back.hidden = false;
  work = startWork(status, readers[0].worker, openTwins);
  work.progress(`Opening ${name}`, 0);
}

/** Models in the place of those that were there. */
function open(models: readonly [string, Given][]): void {
  for (const reader of readers) reader.end();
  detail.replaceChildren();
  table.replaceChildren();
  finding.replaceChildren();
  readers = models.map(
    ([name, given]) =>
      new Reader(name, given, "inside-help", {
        opening: (share) => work?.progress(`Opening ${name}`, share),
        opened: settle,
        changed,
        chosen: choose,
        entered: () => detail.querySelector<HTMLElement>("h3")?.focus(),
        over: hover,
        looked: showDetail,
        failed,
      }),
  );
  pictures.replaceChildren(...readers.map((reader) => reader.picture));
  words.replaceChildren(...readers.map((reader) => reader.words));
  readAll();
}

/** The model is there: what said how far it was is no longer needed. */
function settle(): void {
  if (readers.some(({ opened }) => opened === undefined)) return;
  status.replaceChildren();
  work = undefined;
}

function failed(message: string, opened: boolean): void {
  if (!opened) {
    work?.end();
    work = undefined;
    back.hidden = false;
    for (const reader of readers) reader.end();
  }
  say(status, "error", message);
}

function readAll(): void {
  for (const reader of readers) reader.start(text.value);
}

function changed(reader: Reader): void {
  if (status.querySelector("[role=alert]") !== null) status.replaceChildren();
  if (reader !== readers[0]) reader.look(place);
  else if (reader.read !== undefined && reader.opened !== undefined) {
    const { length } = reader.read.tokens;
    show(clamped(following ? { ...place, token: length - 1 } : place, length, reader.opened.sites));
  }
  showTable();
  // Said at once, for it is read out.
  if (readers.every(({ settled }) => settled)) finding.textContent = findingOf();
}

/** The table, where it is to be seen. */
function showTable(): void {
  if (tableHost.open && readers.every(({ read }) => read !== undefined)) table.replaceChildren(sitesTable(readers));
}

/** What is to be seen in one sentence each: the states of each model, and what the other norm costs it. */
function findingOf(): string {
  const { tokens, skipped } = readers[0].read as NonNullable<Reader["read"]>;
  const unit = unitOf(tokens);
  const cut = skipped > 0 ? `, the last of ${tokens.length + skipped},` : "";
  const means = readers.map(({ mean, name, swapped, norm }) => {
    const who = name === givenName ? `in ${name}` : `in the model ${name[0].toLowerCase()}${name.slice(1)}`;
    return `${fixed(mean, 2)} of chance ${who}${swapped ? `, run with ${norm}` : ""}`;
  });
  const states = `Over these ${tokens.length} ${unit}s${cut} |90° − θ| is ${means.join(" and ")}.`;
  const costs = readers.flatMap(({ opened, read, other, swapped }) => {
    if (opened === undefined || typeof other !== "number" || typeof read?.loss !== "number") return [];
    const [own, foreign] = swapped ? [other, read.loss] : [read.loss, other];
    const change = 100 * (foreign / own - 1);
    return [
      `${otherNorm(opened.norm)} in ${opened.norm}’s place changes the loss by ${change < 0 ? "" : "+"}${fixed(change, 1)} %`,
    ];
  });
  return costs.length === readers.length ? `${states} ${costs.join("; ")}.` : states;
}

/** A hand chose it. */
function choose(chosen: Place): void {
  following = chosen.token + 1 === readers[0].read?.tokens.length;
  show(chosen);
}

function show(chosen: Place): void {
  place = chosen;
  for (const reader of readers) reader.look(place);
  hover(readers[0], null);
}

/** Says the value of the square under the pointer; else that of the one that is chosen. */
function hover(reader: Reader, at: Place | null): void {
  const { read, opened } = reader;
  if (read === undefined || opened === undefined) return;
  const one = at ?? clamped(place, read.tokens.length, opened.sites);
  const values = readers.map((each) => each.map.ratioWords(one));
  over.textContent = `${placeWords(read.tokens, one, opened.sites)}: ${values.join(" and ")}`;
}

/** When all have taken their vector apart: else the two would stand beside each other for a moment with different places. */
function showDetail(): void {
  const cells = readers.map(({ cell }) => cell);
  const { token, site } = place;
  if (!cells.every((cell) => cell?.place.token === token && cell.place.site === site)) return;
  const { read, opened } = readers[0];
  if (read === undefined || opened === undefined) return;
  const focused = detail.contains(document.activeElement);
  const where = `${tokenWords(read.tokens, token)}, ${siteWords(site, opened.sites)}`;
  const shown = readers.flatMap(({ name, cell }) => (cell === undefined ? [] : [{ name, cell }]));
  detail.replaceChildren(...detailOf(where, shown));
  if (focused) detail.querySelector<HTMLElement>("h3")?.focus();
}

function legend(): HTMLElement {
  const swatches = paints.map(({ fill, opacity }, i) => {
    const swatch = make("span", { class: "swatch" });
    swatch.style.background = `color-mix(in srgb, ${fill} ${100 * opacity}%, var(--paper))`;
    return make("span", { class: "class" }, swatch, i === 0 ? "" : fixed(ends[i - 1], ends[i - 1] < 1 ? 2 : 1));
  });
  return make(
    "p",
    { class: "legend" },
    make("span", {}, "|90° − θ| over chance; 1 = chance. Nearer to orthogonal"),
    make("span", { class: "classes", "aria-hidden": "true" }, ...swatches),
    make("span", {}, "nearer to uniform"),
  );
}

function dropZone(): HTMLElement {
  const input = (id: string, attributes: Record<string, string>) => {
    const chooser = make("input", { type: "file", id, class: "unseen", ...attributes });
    chooser.addEventListener("change", () => {
      openGiven(givenFiles([...(chooser.files ?? [])]));
      // the same files may be chosen again
      chooser.value = "";
    });
    return chooser;
  };
  section.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    // taken here: what takes files elsewhere on the page sees that, and lets them be
    event.preventDefault();
    zone.dataset.over = "";
  });
  section.addEventListener("dragleave", (event) => {
    if (!section.contains(event.relatedTarget as Node | null)) delete zone.dataset.over;
  });
  section.addEventListener("drop", (event) => {
    delete zone.dataset.over;
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    droppedFiles(event.dataTransfer).then(openGiven, (error: Error) =>
      say(status, "error", `what was dropped expected to be read, got: ${error.message}`),
    );
  });
  const zone = make(
    "div",
    { class: "drop" },
    make("span", {}, "Your own model: drop a folder as on a hub, a checkpoint of llama2.c with its tokenizer, or"),
    make("label", { class: "button", for: "inside-folder" }, "Choose a folder"),
    input("inside-folder", { webkitdirectory: "" }),
    make("label", { class: "button", for: "inside-files" }, "Choose files"),
    input("inside-files", { multiple: "", accept: ".safetensors,.json,.bin" }),
    back,
  );
  return zone;
}
