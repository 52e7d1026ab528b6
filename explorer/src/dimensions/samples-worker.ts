/** Measures the page's own samples by the study, once. */
import { openBlob } from "@orthonorm/files";
import { studySources } from "@orthonorm/study";
import { load } from "../states/load.js";
import type { Measured, Samples } from "./messages.js";

const tell = (answer: Measured) => postMessage(answer);

addEventListener("message", async ({ data: { files } }: MessageEvent<Samples>) => {
  try {
    const sources = await Promise.all(files.map(async ({ from, name }) => openBlob(await load(from, name), name)));
    const report = await studySources(sources, { version: import.meta.env.ORTHONORM_VERSION, withSpeed: false });
    tell({ kind: "measured", report });
  } catch (error) {
    tell({ kind: "error", message: error instanceof Error ? error.message : String(error) });
  }
});
