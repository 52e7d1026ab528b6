import type { Report } from "@orthonorm/study";

export interface Order {
  /** A file of the reader's, or the address of a sample. */
  files: { from: Blob | string; name: string }[];
  /** Of the figures, in pixels. */
  width: number;
}

export interface Drawn {
  id: string;
  title: string;
  caption: string;
  /** Markup. */
  svg: string;
}

/** `json` is what the command line's --json writes. */
export type Answer =
  | { kind: "progress"; what: string; share: number }
  | { kind: "done"; report: Report; json: string; finding: string; notes: string[]; figures: Drawn[] }
  | { kind: "error"; message: string };
