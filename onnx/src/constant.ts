import { GraphView } from "./graph.js";
import type { OpenModel } from "./model.js";
import { numbersOf } from "./tensor.js";

/** The values of a tensor that the file itself holds; null for what is computed, or lies in a file beside it. */
export function constantNumbers({ graph }: OpenModel, name: string): { dims: number[]; values: number[] } | null {
  const constant = new GraphView(graph).constant(name);
  const values = constant === null ? null : numbersOf(constant);
  return constant === null || values === null ? null : { dims: [...constant.dims], values };
}
