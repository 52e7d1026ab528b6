/** What is known of a norm in a graph. */
import type { Node } from "./proto.js";

export type NormKind = "LayerNorm" | "RMSNorm";

export interface FoundNorm {
  /** The site's name: from the weight's or the node's name, and different from all others'. */
  name: string;
  kind: NormKind;
  /** The operator, or the operators that it is composed of, as they are told to the user. */
  written: string;
  state: State;
  /** The normalised tensor: after weight and bias where there are such. */
  output: string;
  /** Tensors of the scale and the shift; null where there is none. */
  weight: string | null;
  bias: string | null;
  eps: number;
  /** The first axis that is normalised, as the file has it; and whether all after it are too. */
  axis: number;
  throughLast: boolean;
  /** How many elements are normalised together; null where the file does not say. */
  cols: number | null;
  swap: Swap;
}

/** Where the norm's input can be read: in a tensor of the file, or in an optional output of a node that the file leaves out. */
export type State = { tensor: string } | { node: Node; output: number };

/** How a LayerNorm becomes an RMSNorm (swap.ts), or in words why it cannot. */
export type Swap = { by: "zero mean"; mean: Node } | { by: "operator"; node: Node } | { by: "none"; reason: string };

/** A norm whose input cannot be shown. */
export interface HiddenNorm {
  name: string;
  kind: NormKind;
  written: string;
  reason: string;
}

/** The number with the fewest digits that is the same in f32: 1e-5 and not 0.000009999999747378752. */
export function shortest(float: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(float.toPrecision(digits));
    if (Math.fround(short) === Math.fround(float)) return short;
  }
  return float;
}
