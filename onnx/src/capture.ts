/** Runs a model, batch by batch, and hands on what goes into its norms. */
import { listed } from "@orthonorm/files";
import { expected } from "./error.js";
import { type Arrays, batches, tensorsOf } from "./inputs.js";
import type { OpenModel } from "./model.js";
import type { FoundNorm } from "./norm.js";
import { bytesOfTensor, type Rows, rowsOf } from "./rows.js";
import { openSession, type Runtime, runSession, type Tensors } from "./runtime.js";
import { tapped } from "./tap.js";

export interface Batch {
  states: Map<FoundNorm, Rows>;
  /** Parameters that the model computes from constants, by the names of their tensors. */
  computed: Map<string, Rows>;
  /** The model's own outputs. */
  outputs: Tensors;
  /** How much of all inputs is done. */
  share: number;
}

export interface CaptureOptions {
  /** Where tensors outside the model's file lie. */
  folder?: string;
  batch: number;
  signal?: AbortSignal;
}

/** @throws OnnxError where the model has no norm that can be shown */
export function normsToCapture({ name, norms: { found, hidden } }: OpenModel): FoundNorm[] {
  if (found.length > 0) return found;
  if (hidden.length === 0) throw expected(name, "a model with LayerNorm or RMSNorm", "none in its graph");
  const reasons = listed(
    hidden.map((norm) => `${norm.name} (${norm.reason})`),
    2,
  );
  throw expected(name, "norms whose inputs can be shown", reasons);
}

/** @param inputs sets of arrays that were checked: each is run by itself, in batches */
export async function* capture(
  runtime: Runtime,
  open: OpenModel,
  inputs: readonly Arrays[],
  { folder, batch, signal }: CaptureOptions,
): AsyncGenerator<Batch> {
  const norms = normsToCapture(open);
  const { bytes, states, computed } = tapped(open, norms);
  const session = await openSession(runtime, { name: open.name, bytes, folder });
  try {
    for (const [at, arrays] of inputs.entries()) {
      for (const { feeds, share } of batches(open, arrays, batch)) {
        signal?.throwIfAborted();
        const tensors = tensorsOf(runtime, feeds);
        // A norm may read what the model is fed.
        const results = { ...tensors, ...(await runSession(session, tensors, open.name)) };
        yield {
          states: new Map(norms.map((norm) => [norm, rowsOf(open.name, norm, results[states.get(norm) as string])])),
          computed: new Map(computed.map((name) => [name, parameterOf(results, name)])),
          outputs: Object.fromEntries(open.graph.outputs.map(({ name }) => [name, results[name]])),
          share: (at + share) / inputs.length,
        };
      }
    }
  } finally {
    await session.release();
  }
}

function parameterOf(results: Tensors, name: string): Rows {
  const tensor = results[name];
  const dtype = { float32: "F32", float16: "F16", float64: "F64" }[tensor.type as string] ?? "F32";
  return { dtype, shape: [...tensor.dims], bytes: bytesOfTensor(tensor) };
}
