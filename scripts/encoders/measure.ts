/** States measured by the study, a norm at a time, with the eps of that norm. */
import { checkTensors, type GivenTensor, openBlob, safetensorsBytes } from "@orthonorm/files";
import { sumSources } from "@orthonorm/study";
import type { MeasuredNorm } from "./record.js";

export interface States {
  name: string;
  eps: number;
  cols: number;
  data: Float32Array<ArrayBuffer>;
}

/** Everything that a record holds has four digits: no more than another machine's arithmetic repeats. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

export async function measure({ name, eps, cols, data }: States): Promise<MeasuredNorm> {
  const rows = data.length / cols;
  const source = await asFile({ name, dtype: "F32", shape: [rows, cols], data });
  const sums = await sumSources([source], { eps, norm: "LayerNorm", withSpeed: false });
  const site = sums.report().groups[0].sites[0];
  const { ordinary, sample } = site;
  if (sample === null) throw new Error(`measure: ${name} expected to be read to its end`);
  return {
    name,
    eps,
    rows,
    cols,
    angle: { mean: rounded(ordinary.angle.mean), sd: rounded(ordinary.angle.sd) },
    tilt: rounded(ordinary.deviation.mean),
    chance: rounded(site.null.deviation),
    inMean: rounded(ordinary.dCos2.mean / cols),
    swap: rounded(sample.swap.mean),
    positive: rounded(data.filter((value) => value > 0).length / data.length),
  };
}

/** A file of one tensor, in memory. */
async function asFile(tensor: GivenTensor) {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of safetensorsBytes("measure", checkTensors("measure", [tensor], {}), {}))
    chunks.push(chunk.slice());
  return openBlob(new Blob(chunks), tensor.name);
}
