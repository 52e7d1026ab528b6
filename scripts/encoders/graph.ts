/** What the graph of an encoder says of its LayerNorms, and of the linear layer before each. */
import { constantNumbers, type FoundNorm, type OpenModel } from "@orthonorm/onnx";

export interface Norm {
  found: FoundNorm;
  /** The name of the tensor that it normalises. */
  input: string;
  eps: number;
  /** Where a linear layer (Gemm) makes that tensor: its weight, a row of `cols` elements for each of its inputs; else null. */
  weight: { cols: number; data: Float32Array<ArrayBuffer> } | null;
}

export function normsOf(open: OpenModel): Norm[] {
  return open.norms.found.flatMap((found) => {
    if (!("tensor" in found.state) || found.kind !== "LayerNorm") return [];
    const input = found.state.tensor;
    const writer = open.graph.nodes.find(({ op, outputs }) => op === "Gemm" && outputs[0] === input);
    const weight = writer === undefined ? null : constantNumbers(open, writer.inputs[1]);
    return [{ found, input, eps: found.eps, weight: weight && transposed(weight) }];
  });
}

/** A weight [out, in], as PyTorch's exporter writes it, by its inputs. */
function transposed({ dims: [cols, rows], values }: NonNullable<ReturnType<typeof constantNumbers>>): Norm["weight"] {
  const data = Float32Array.from(values, (_, at) => values[(at % cols) * rows + Math.floor(at / cols)]);
  return { cols, data };
}
