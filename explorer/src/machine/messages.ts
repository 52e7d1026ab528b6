import type { Case } from "../../../bench/problem.js";
import type { Table } from "../../../bench/suite.js";

export interface Order {
  full: boolean;
}

export type Report =
  | { kind: "progress"; which: Case; done: number; of: number }
  | { kind: "table"; table: Table }
  | { kind: "done"; variant: string; relaxed: boolean; clockStep: number }
  | { kind: "error"; message: string };

/** One vector, a batch in the first caches, a batch of 2 MB. */
export const quickShapes = [
  { rows: 1, cols: 768 },
  { rows: 128, cols: 768 },
  { rows: 128, cols: 4096 },
] as const;
