import type { Case } from "@orthonorm/bench/problem";
import type { Table } from "@orthonorm/bench/suite";

export interface Order {
  full: boolean;
}

export type Report =
  | { kind: "progress"; which: Case; done: number; of: number }
  | { kind: "table"; table: Table }
  /** Seconds: a step of the clock, and the shortest sample by that clock. */
  | { kind: "done"; variant: string; relaxed: boolean; clockStep: number; shortestSample: number }
  | { kind: "error"; message: string };

export const ops = ["layerNorm", "rmsNorm"] as const;

/** For the rounds of a table; checks and warming up come on top. */
export const seconds = { quick: 1, full: 2 };

/** One vector, a batch in the first caches, a batch of 2 MB. */
export const quickShapes = [
  { rows: 1, cols: 768 },
  { rows: 128, cols: 768 },
  { rows: 128, cols: 4096 },
] as const;
