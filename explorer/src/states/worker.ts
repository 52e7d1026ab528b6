/** The study of dropped files, measured and drawn in a worker: the page has only to put the figures in. */
import { openBlob } from "@orthonorm/files";
import { finding, notes, studySources, toJson } from "@orthonorm/study";
import { figuresOf } from "@orthonorm/study/report";
import { parseHTML } from "linkedom";
import type { Answer, Order } from "./messages.js";

const eps = 1e-5;
const version = import.meta.env.ORTHONORM_VERSION;
/** Milliseconds between two reports of progress. */
const refresh = 50;

const tell = (answer: Answer) => postMessage(answer);

/** Here, and not in the page, so that it too is over when the worker is ended. */
async function load(address: string, name: string): Promise<Blob> {
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    return await answer.blob();
  } catch (error) {
    throw new Error(`${name} expected to be loaded, got: ${(error as Error).message}`);
  }
}

addEventListener("message", async ({ data: { files, width } }: MessageEvent<Order>) => {
  let toldAt = Number.NEGATIVE_INFINITY;
  const progress = (what: string, share: number) => {
    if (performance.now() - toldAt < refresh) return;
    toldAt = performance.now();
    tell({ kind: "progress", what, share });
  };
  try {
    const sources = await Promise.all(
      files.map(async ({ from, name }) => openBlob(typeof from === "string" ? await load(from, name) : from, name)),
    );
    const report = await studySources(sources, { eps, version, progress, withSpeed: false });
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
