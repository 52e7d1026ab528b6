/** A model whose LayerNorms' inputs can be read while it runs. */
import { readFileSync } from "node:fs";
import { exposing, findNorms, type Norm, type Proto, withRmsNorms } from "./graph.js";
import type { Runtime, Tensor } from "./runtime.js";

export interface Encoder {
  norms: readonly Norm[];
  /** Runs the model on each input in turn. */
  run(inputs: Iterable<Tensor>): Promise<Run>;
  /** What it gives with RMSNorm in LayerNorm's place. */
  runSwapped(inputs: Iterable<Tensor>): Promise<Tensor[]>;
}

export interface Run {
  /** Per norm, the rows of all inputs, one after another. */
  states: { cols: number; data: Float32Array<ArrayBuffer> }[];
  /** Per input, the model's first output. */
  outputs: Tensor[];
}

export async function openEncoder(runtime: Runtime, proto: Proto, file: string): Promise<Encoder> {
  // at a higher level than this, showing a norm's input can change what is fused, and the outputs with it
  const options = { graphOptimizationLevel: "basic" } as const;
  const bytes = readFileSync(file);
  const norms = findNorms(proto, bytes);
  const names = norms.map(({ input }) => input);
  const shown = await runtime.InferenceSession.create(exposing(proto, bytes, names), options);
  const swapped = await runtime.InferenceSession.create(withRmsNorms(proto, bytes), options);
  return {
    norms,
    async run(inputs) {
      const outputs: Tensor[] = [];
      const found = new Map<string, Tensor[]>(names.map((name) => [name, []]));
      for (const input of inputs) {
        const results = await shown.run({ [shown.inputNames[0]]: input });
        outputs.push(results[shown.outputNames[0]]);
        for (const [name, tensors] of found) tensors.push(results[name]);
      }
      return { states: names.map((name) => joined(found.get(name) ?? [])), outputs };
    },
    async runSwapped(inputs) {
      const outputs: Tensor[] = [];
      for (const input of inputs) {
        outputs.push((await swapped.run({ [swapped.inputNames[0]]: input }))[swapped.outputNames[0]]);
      }
      return outputs;
    },
  };
}

/** The rows of tensors whose last dimension is the same. */
function joined(tensors: readonly Tensor[]): Run["states"][number] {
  const data = new Float32Array(tensors.reduce((sum, { data }) => sum + data.length, 0));
  let at = 0;
  for (const tensor of tensors) {
    data.set(tensor.data, at);
    at += tensor.data.length;
  }
  return { cols: tensors[0]?.dims.at(-1) ?? 0, data };
}
