/** What stands before a snippet in its worker: the engine, and a console whose lines go to the page. */
import * as orthonorm from "orthonorm";
import { shown } from "./shown.js";

const line = (...values: unknown[]) => postMessage({ line: values.map(shown).join(" ") });
Object.assign(console, { log: line, info: line, warn: line, error: line });

Object.assign(globalThis, {
  /** What "orthonorm" is for the snippet's imports: see program.ts. */
  orthonorm,
  /** What it calls at its end. */
  over: {
    well: () => postMessage({ end: true }),
    badly: (error: unknown) =>
      postMessage({ error: String(error), stack: error instanceof Error ? String(error.stack) : "" }),
  },
});
