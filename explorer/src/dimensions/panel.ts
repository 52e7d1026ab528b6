/** "In 768 dimensions": a slider for d, random directions drawn by the engine in a worker, and the states of models beside them. */
import { chanceTilt, type Report } from "@orthonorm/study";
import ln from "@orthonorm/study/data/twins/ln/states.safetensors?url";
import rms from "@orthonorm/study/data/twins/rms/states.safetensors?url";
import "./dimensions.css";
import { showAddress, withParameters } from "../address.js";
import { onMeasured } from "../measured.js";
import { whenNear } from "../near.js";
import { byId, every, textOf } from "../page.js";
import { Angles } from "./angles.js";
import type { Drawn } from "./directions.js";
import { Distances } from "./distances.js";
import { Fan } from "./fan.js";
import type { Answer, Measured, Samples, Wanted } from "./messages.js";
import { given, type Model, modelsOf, source } from "./models.js";
import { first, indexOf, nextAnchor, readD, steps } from "./steps.js";
import { tableOf } from "./table.js";
import { numbersAt, sentence, spokenAt } from "./words.js";

const section = byId("dimensions");
const slider = byId<HTMLInputElement>("d");
const stops = every<HTMLButtonElement>("[data-d]");
const live = every("[data-of]").map((element) => ({
  text: textOf(element),
  name: element.dataset.of as keyof ReturnType<typeof numbersAt>,
}));

let d = readD(location.search);
/** What the engine has drawn, of this d or still of the one before. */
let drawn: Drawn | undefined;
/** The page's own samples, the reader's files, and what is given. */
let samples: readonly Model[] = (["LayerNorm", "RMSNorm"] as const).map((norm) => ({
  name: `${norm} twin`,
  trainedWith: norm,
  from: "sample",
  states: [],
}));
let readers: readonly Model[] = [];
const all = (): readonly Model[] => [...samples, ...readers, ...given];

/** The figures, from when they are first near the view: the page's beginning has no time for them. */
let figures: { angles: Angles; distances: Distances; fan: Fan; worker: Worker } | undefined;

export function startDimensions(): void {
  slider.max = String(steps.length - 1);
  for (const stop of stops)
    stop.style.setProperty("--at", String(indexOf(Number(stop.dataset.d)) / (steps.length - 1)));
  show();
  listen();
  onMeasured(takeReaders);
  for (const element of every("[data-given]")) {
    element.textContent = source[element.dataset.given as keyof typeof source];
  }
  whenNear(section, 0, open);
}

/** Makes the figures, and has the workers measure what they show. */
function open(): void {
  const light = (id: string | null) => {
    figures?.angles.light(id);
    figures?.distances.light(id);
  };
  const worker = new Worker(new URL("./directions-worker.ts", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
    if (data.kind === "error") return fail(data.message);
    if (data.drawn.d !== d) return;
    drawn = data.drawn;
    show();
    if (drawn.rows === drawn.of) speak(drawn);
  });
  worker.addEventListener("error", (event) => fail(event.message || "the worker did not load"));
  figures = {
    angles: new Angles(byId("angles"), light),
    distances: new Distances(byId("distances"), light, (to) => update(steps[indexOf(to)])),
    fan: new Fan(byId("fan")),
    worker,
  };
  new ResizeObserver(layout).observe(byId("angles"));
  layout();
  order();
  measureSamples();
}

const fail = (message: string) => {
  byId("dimensions-status").textContent = `The directions could not be drawn: ${message}`;
};

/** All that does not change with d: again when the width has changed, or the models. */
function layout(): void {
  if (figures === undefined) return;
  figures.angles.layout(byId("angles").clientWidth, all());
  figures.distances.layout(byId("distances").clientWidth, all());
  show();
}

function showModels(): void {
  byId("real-states").textContent = sentence(all());
  byId("dimensions-table").replaceChildren(tableOf(all()));
  layout();
}

function measureSamples(): void {
  showModels();
  const worker = new Worker(new URL("./samples-worker.ts", import.meta.url), { type: "module" });
  const end = (error?: string) => {
    worker.terminate();
    if (error === undefined) return;
    byId("dimensions-status").textContent = `The samples could not be measured: ${error}`;
    samples = [];
    showModels();
  };
  worker.addEventListener("message", ({ data }: MessageEvent<Measured>) => {
    if (data.kind === "error") return end(data.message);
    end();
    samples = modelsOf(data.report, "sample", ({ norm }) => `${norm} twin`);
    showModels();
  });
  worker.addEventListener("error", (event) => end(event.message || "the worker did not load"));
  worker.postMessage({ files: [ln, rms].map((from) => ({ from, name: from })) } satisfies Samples);
}

/** What the reader has measured takes the place of what he measured before; the samples are here already. */
function takeReaders(report: Report): void {
  readers = modelsOf(report, "reader", ({ label }) => label);
  if (figures !== undefined) showModels();
}

/** Of the figures alone: it is called for each step of a drag. */
function show(): void {
  const fresh = drawn?.d === d ? drawn : undefined;
  slider.value = String(indexOf(d));
  slider.setAttribute("aria-valuetext", `${d} dimensions`);
  for (const stop of stops) stop.setAttribute("aria-pressed", String(Number(stop.dataset.d) === d));
  const texts = numbersAt(d, fresh);
  for (const { text, name } of live) if (text.data !== texts[name]) text.data = texts[name];
  figures?.angles.show(d, fresh);
  figures?.distances.show(d, fresh);
  figures?.fan.show(fresh?.tilt ?? chanceTilt(d));
}

const order = () => figures?.worker.postMessage({ d } satisfies Wanted);

/** Whether anything has been changed, and is worth being said. */
let changed = false;
let waiting: ReturnType<typeof setTimeout> | undefined;

function update(to: number): void {
  if (to === d) return;
  d = to;
  changed = true;
  show();
  order();
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    showAddress(withParameters(location.search, ["d"], d === first ? [] : [`d=${d}`]));
  }, 300);
}

let speaking: ReturnType<typeof setTimeout> | undefined;

/** When d has been at rest for a while. */
function speak(what: Drawn): void {
  clearTimeout(speaking);
  if (!changed) return;
  speaking = setTimeout(() => {
    if (what.d === d) byId("dimensions-spoken").textContent = spokenAt(d, what);
  }, 300);
}

function listen(): void {
  slider.addEventListener("input", () => update(steps[Number(slider.value)]));
  slider.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const sign = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (sign === undefined) return;
    event.preventDefault();
    const next = steps[Math.min(steps.length - 1, Math.max(0, indexOf(d) + sign))];
    update(event.shiftKey ? next : nextAnchor(d, sign));
  });
  for (const stop of stops) stop.addEventListener("click", () => update(Number(stop.dataset.d)));
  addEventListener("popstate", () => update(readD(location.search)));
}
