/** What a run of `npm run encoders` measured: record.json, of which docs/where-it-holds.md is made. Angles are in degrees. */
import { readFileSync } from "node:fs";

export interface Record {
  date: string;
  node: string;
  orthonorm: string;
  packages: { [name: string]: string };
  models: MeasuredModel[];
  /** The angles at the same norms on inputs of other kinds, whose first is that of `models`. */
  inputs: { model: string; input: string; angles: number[] }[];
  /** What each of the recogniser's blocks adds to its states. */
  additions: Addition[];
  /** The weights of the linear layers that write the wake-word heads' states: mean d·cos²θ over the layer's inputs. */
  weights: { model: string; norm: string; dCos2: number }[];
  /** What the models make of the inputs, with LayerNorm and with RMSNorm in its place. */
  outputs: Outcome[];
}

export interface MeasuredModel {
  id: string;
  name: string;
  trainedWith: "LayerNorm" | "RMSNorm";
  norms: MeasuredNorm[];
}

/** The states that enter one norm. */
export interface MeasuredNorm {
  name: string;
  eps: number;
  rows: number;
  cols: number;
  /** The angle θ to the uniform vector: mean and standard deviation over the rows. */
  angle: { mean: number; sd: number };
  /** Mean |90° − θ|, and the same of random directions. */
  tilt: number;
  chance: number;
  /** The share of ‖x‖² that LayerNorm takes with the mean: mean cos²θ. */
  inMean: number;
  /** ‖RMSNorm(x) − LayerNorm(x)‖/√d, mean: what the swap changes in the normalised states. */
  swap: number;
  /** The share of the states' elements that are above zero. */
  positive: number;
}

export interface Addition {
  from: string;
  to: string;
  /** Mean |90° − θ| of what is added, over that of random directions. */
  overChance: number;
  /** The mean of all elements of the states before it, and what is added to it. */
  mean: number;
  added: number;
}

export interface Outcome {
  model: string;
  /** What is counted, of how many inputs. */
  what: string;
  of: number;
  layerNorm: number;
  rmsNorm: number;
}

export const recordFile = new URL("record.json", import.meta.url);

export function readRecord(): Record {
  return JSON.parse(readFileSync(recordFile, "utf8")) as Record;
}

/** Mean |90° − θ| at a norm, in units of what random directions have. */
export function overChance({ tilt, chance }: Pick<MeasuredNorm, "tilt" | "chance">): number {
  return tilt / chance;
}
