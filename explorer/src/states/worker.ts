/** The study of dropped files, measured and drawn in a worker: the page has only to put the figures in. */
import { openBlob, type Source } from "@orthonorm/files";
import { finding, notes, type StudyOptions, studySources, toJson } from "@orthonorm/study";
import { figuresOf } from "@orthonorm/study/report";
import { parseHTML } from "linkedom";
import { atMostEvery } from "../at-most-every.js";
import { isModel } from "./is-model.js";
import { load } from "./load.js";
import type { Answer, Order } from "./messages.js";

const version = import.meta.env.ORTHONORM_VERSION;
/** Milliseconds between two reports of progress. */
const refresh = 50;

const tell = (answer: Answer) => postMessage(answer);

/** The files, or of models what was captured, as the study takes them. */
async function sourcesOf(
  files: Order["files"],
  progress: (what: string, share: number) => void,
): Promise<Pick<StudyOptions, "weights" | "sites"> & { sources: Source[] }> {
  if (!files.some(isModel)) {
    const loaded = files.map(async ({ from, name }) =>
      openBlob(typeof from === "string" ? await load(from, name) : from, name),
    );
    return { sources: await Promise.all(loaded) };
  }
  const { captureModels } = await import("./models.js");
  const { states, parameters } = await captureModels(files, progress);
  const open = () => states.map(({ from, name }) => openBlob(from, name));
  return { sources: open(), weights: open(), sites: (name) => !parameters.has(name) };
}

addEventListener("message", async ({ data: { files, width } }: MessageEvent<Order>) => {
  const progress = atMostEvery(refresh, (what: string, share: number) => tell({ kind: "progress", what, share }));
  try {
    const { sources, ...options } = await sourcesOf(files, progress);
    const report = await studySources(sources, { ...options, version, progress, withSpeed: false });
    tell({ kind: "progress", what: "Drawing the figures", share: 1 });
    const { document } = parseHTML("<html><body></body></html>");
    const figures = figuresOf(report, document as unknown as Document, width).map(({ svg, ...words }) => ({
      ...words,
      svg: svg.outerHTML,
    }));
    tell({ kind: "done", report, json: toJson(report), finding: finding(report), notes: notes(report), figures });
  } catch (error) {
    tell({ kind: "error", message: error instanceof Error ? error.message : String(error) });
  }
});
