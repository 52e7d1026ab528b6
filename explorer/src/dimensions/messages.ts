import type { Report } from "@orthonorm/study";
import type { Drawn } from "./directions.js";

/** To the worker that draws directions: the d that is wanted now. */
export interface Wanted {
  d: number;
}

export type Answer = { kind: "drawn"; drawn: Drawn } | { kind: "error"; message: string };

/** To the worker that measures the page's own samples. */
export interface Samples {
  files: { from: string; name: string }[];
}

export type Measured = { kind: "measured"; report: Report } | { kind: "error"; message: string };
