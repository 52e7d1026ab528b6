/** Between the page and a worker that has a model. */
import type { NormKind } from "@orthonorm/models";

/** A cell of the map: the vector of one token as it enters one norm. Both count from 0 on. */
export interface Place {
  token: number;
  site: number;
}

export interface GivenFile {
  /** A file of the reader's, or the address of one of the page's own. */
  from: Blob | string;
  name: string;
}

export type Order =
  /** `folder` is what the files lie in, "" where they came by themselves. */
  | { kind: "open"; files: GivenFile[]; folder: string }
  /** A later turn overtakes the one before. */
  | { kind: "read"; turn: number; text: string; norm: NormKind }
  | { kind: "look"; turn: number; place: Place };

export interface Opened {
  kind: "opened";
  /** What the model was trained with. */
  norm: NormKind;
  /** Whether the other norm can stand in its place. */
  swaps: boolean;
  /** How many norms there are. */
  sites: number;
  /** The length of a vector. */
  cols: number;
}

export interface Read {
  kind: "read";
  turn: number;
  norm: NormKind;
  /** The texts of the tokens. */
  tokens: string[];
  /** How many tokens there are before these, for which there is no room. */
  skipped: number;
  /** |90° − θ| over chance: the tokens of the first norm, those of the second, and so on. NaN where a vector has no direction. */
  ratios: Float32Array;
  /** Nats per token; null of a single token. */
  loss: number | null;
}

/** One vector, taken apart. Angles are in degrees. */
export interface Cell {
  kind: "looked";
  turn: number;
  place: Place;
  x: Float32Array;
  mean: number;
  norm: number;
  /** x·1̂, signed, and the length of the rest. */
  uniform: number;
  orthogonal: number;
  angle: number;
  /** |90° − θ| over chance. */
  ratio: number;
  /** By how much the norm turns x: by itself, and with weight and bias. */
  turned: { by: NormKind; itself: number; whole: number };
}

export type Answer =
  | { kind: "opening"; share: number }
  | Opened
  | { kind: "reading"; turn: number; share: number }
  | Read
  /** The loss with the other norm. */
  | { kind: "other"; turn: number; loss: number | null }
  /** More of the text with which the model goes on. */
  | { kind: "said"; turn: number; text: string }
  | { kind: "ended"; turn: number }
  | Cell
  /** `turn` is null where the model could not be opened. */
  | { kind: "error"; turn: number | null; message: string };
