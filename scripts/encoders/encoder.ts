/** A model whose LayerNorms' inputs can be read while it runs. */
import { readFileSync } from "node:fs";
import { parseModel, swapped, tapped } from "@orthonorm/onnx";
import { type Norm, normsOf } from "./graph.js";
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

export async function openEncoder(runtime: Runtime, file: string): Promise<Encoder> {
  // at a higher level than this, showing a norm's input can change what is fused, and the outputs with it
  const options = { graphOptimizationLevel: "basic" } as const;
  const open = parseModel(file, new Uint8Array(readFileSync(file)));
  const norms = normsOf(open);
  const names = norms.map(({ input }) => input);
  const found = norms.map((norm) => norm.found);
  const shown = await runtime.InferenceSession.create(tapped(open, found).bytes, options);
  const rms = await runtime.InferenceSession.create(swapped(open, found), options);
  return {
    norms,
    async run(inputs) {
      const outputs: Tensor[] = [];
      const states = new Map<string, Tensor[]>(names.map((name) => [name, []]));
      for (const input of inputs) {
        const results = await shown.run({ [shown.inputNames[0]]: input });
        outputs.push(results[shown.outputNames[0]]);
        for (const [name, tensors] of states) tensors.push(results[name]);
      }
      return { states: names.map((name) => joined(states.get(name) ?? [])), outputs };
    },
    async runSwapped(inputs) {
      const outputs: Tensor[] = [];
      for (const input of inputs) {
        outputs.push((await rms.run({ [rms.inputNames[0]]: input }))[rms.outputNames[0]]);
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
