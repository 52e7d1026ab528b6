/** A model whose LayerNorms' inputs can be read while it runs. */
import { readFileSync } from "node:fs";
import { exposing, findNorms, type Norm, type Proto } from "./norms.js";
import type { Runtime, Tensor } from "./runtime.js";

export interface Encoder {
  norms: readonly Norm[];
  /** Runs the model on each input in turn. */
  run(inputs: Iterable<Tensor>): Promise<Run>;
}

export interface Run {
  /** Per norm, the rows of all inputs, one after another. */
  states: { rows: number; cols: number; data: Float32Array<ArrayBuffer> }[];
  /** Per input, the model's first output. */
  outputs: Tensor[];
}

export async function openEncoder(runtime: Runtime, proto: Proto, file: string): Promise<Encoder> {
  const bytes = readFileSync(file);
  const norms = findNorms(proto, bytes);
  const names = norms.map(({ input }) => input);
  const session = await runtime.InferenceSession.create(exposing(proto, bytes, names), {
    graphOptimizationLevel: "basic",
  });
  return {
    norms,
    async run(inputs) {
      const outputs: Tensor[] = [];
      const parts: Float32Array[][] = names.map(() => []);
      let cols = names.map(() => 0);
      for (const input of inputs) {
        const found = await session.run({ [session.inputNames[0]]: input });
        outputs.push(found[session.outputNames[0]]);
        cols = names.map((name) => found[name].dims.at(-1) as number);
        for (const [at, name] of names.entries()) parts[at].push(found[name].data);
      }
      const states = parts.map((part, at) => {
        const data = joined(part);
        return { rows: data.length / cols[at], cols: cols[at], data };
      });
      return { states, outputs };
    },
  };
}

function joined(parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
