/** Draws directions, and looks between two steps whether another d is wanted by now. */
import { drawDirections } from "./directions.js";
import type { Answer, Wanted } from "./messages.js";

/** Milliseconds between two answers: what comes sooner nobody would see. */
const refresh = 30;

/** How many orders have come: an older one than the last is not wanted any more. */
let orders = 0;
const tell = (answer: Answer) => postMessage(answer);

addEventListener("message", async ({ data: { d } }: MessageEvent<Wanted>) => {
  const order = ++orders;
  let toldAt = Number.NEGATIVE_INFINITY;
  try {
    for (const drawn of drawDirections(d)) {
      const now = performance.now();
      if (now - toldAt < refresh && drawn.rows < drawn.of) continue;
      toldAt = now;
      tell({ kind: "drawn", drawn });
      await new Promise((resolve) => setTimeout(resolve));
      if (order !== orders) return;
    }
  } catch (error) {
    tell({ kind: "error", message: error instanceof Error ? error.message : String(error) });
  }
});
