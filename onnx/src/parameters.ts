/** Weights and biases of norms as vectors: from the model's file, from a file beside it, or as the model computes them. */
import type { Source } from "@orthonorm/files";
import { GraphView } from "./graph.js";
import type { OpenModel } from "./model.js";
import type { FoundNorm } from "./norm.js";
import type { TensorProto } from "./proto.js";
import type { Rows } from "./rows.js";
import { bytesOf, sizeOf, typeOf } from "./tensor.js";

/** Opens a file beside the model, by the location that a tensor gives. */
export type OpenBeside = (location: string) => Promise<Source>;

const floats = new Set(["F32", "F64", "F16", "BF16"]);

/**
 * A parameter of one norm; null where it is no vector of floats as long as the rows.
 *
 * @param computed what a run has given of parameters that are computed
 */
export async function parameter(
  open: OpenModel,
  name: string | null,
  cols: number,
  computed: ReadonlyMap<string, Rows>,
  openBeside: OpenBeside,
): Promise<Rows | null> {
  if (name === null) return null;
  const constant = new GraphView(open.graph).constant(name);
  const found = constant === null ? (computed.get(name) ?? null) : await readConstant(constant, openBeside);
  if (found === null || !floats.has(found.dtype) || sizeOf(found.shape) !== cols) return null;
  return { ...found, shape: [cols] };
}

async function readConstant(tensor: TensorProto, openBeside: OpenBeside): Promise<Rows | null> {
  const type = typeOf(tensor.type);
  if (type === null) return null;
  const shape = tensor.dims;
  if (tensor.external === null) {
    const bytes = bytesOf(tensor);
    return bytes === null ? null : { dtype: type.dtype, shape, bytes };
  }
  const location = tensor.external.get("location");
  if (location === undefined) return null;
  const bytes = new Uint8Array(sizeOf(shape) * type.bytes);
  const source = await openBeside(location);
  try {
    await source.read(bytes, Number(tensor.external.get("offset") ?? 0));
  } finally {
    await source.close();
  }
  return { dtype: type.dtype, shape, bytes };
}

/** What a file of states says of its norms, as JSON under the key "norms" of its metadata. */
export function describeNorms(norms: readonly FoundNorm[]): string {
  return JSON.stringify(
    Object.fromEntries(
      norms.map(({ name, kind, eps, written, weight, bias }) => [name, { kind, eps, written, weight, bias }]),
    ),
  );
}
