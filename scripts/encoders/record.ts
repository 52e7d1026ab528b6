/** What a run of `npm run encoders` measured, as record.json holds it and docs/where-it-holds.md shows it. Angles are in degrees. */
import { readFileSync } from "node:fs";

export interface Record {
  date: string;
  node: string;
  orthonorm: string;
  packages: { [name: string]: string };
  models: MeasuredModel[];
  /** The same norms on inputs of other kinds: the mean angle per norm. */
  inputs: { model: string; input: string; angles: number[] }[];
  /** How many of the rendered lines the recogniser read without a mistake. */
  read: { lines: number; right: number };
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

const file = new URL("record.json", import.meta.url);

export function readRecord(): Record {
  return JSON.parse(readFileSync(file, "utf8")) as Record;
}

/** Mean |90° − θ| at a norm, in units of what random directions have. */
export function overChance({ tilt, chance }: MeasuredNorm): number {
  return tilt / chance;
}
