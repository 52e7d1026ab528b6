/** "Your states": takes files or the samples, has them measured by a worker, and hands what was found to the result. */

import { printable } from "@orthonorm/files";
import ln from "@orthonorm/study/data/twins/ln/states.safetensors?url";
import rms from "@orthonorm/study/data/twins/rms/states.safetensors?url";
import { tellMeasured } from "../measured.js";
import { whenNear } from "../near.js";
import { byId, every } from "../page.js";
import { say, startWork } from "../work.js";
import type { Answer, Order } from "./messages.js";
import { figureWidth, forget, showResult } from "./result.js";

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
    const names = (button.dataset.sample ?? "").split(" ") as (keyof typeof samples)[];
    button.addEventListener("click", () => measure(names.map((name) => samples[name])));
  }
  measureInAdvance();
}

/** Ends the waiting for the section to come near. */
let stopWaiting = () => {};

/** Both samples are measured when the reader comes to the section, unless files were taken before or the reader saves data. */
function measureInAdvance(): void {
  stopWaiting = whenNear(byId("states"), 200, () => {
    const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
    if (connection?.saveData !== true) measure(Object.values(samples));
  });
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
  if (files.length > 0) measure(files.map((file, at) => ({ from: file, name: distinct(files, at) })));
}

/** A file's name; where two are called alike, as files of two folders may be, with its number. */
function distinct(files: readonly File[], at: number): string {
  const { name } = files[at];
  if (files.filter((file) => file.name === name).length === 1) return name;
  const number = files.slice(0, at + 1).filter((file) => file.name === name).length;
  const dot = name.lastIndexOf(".");
  return dot < 1 ? `${name} (${number})` : `${name.slice(0, dot)} (${number})${name.slice(dot)}`;
}

function measure(files: Order["files"]): void {
  stopWaiting();
  stopBefore();
  forget(result);
  const begun = performance.now();
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
      showResult(result, data, performance.now() - begun);
    }
  });
  worker.addEventListener("error", (event) => fail(event.message || "the worker expected to load, and did not"));
  worker.postMessage({ files, width: figureWidth(result) } satisfies Order);
}
