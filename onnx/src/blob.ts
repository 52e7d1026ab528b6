/**
 * Captured states as a safetensors file that a page holds. Browsers keep large blobs on the disk, so memory holds one batch, and one
 * piece of the file while it is put together.
 */
import { checkTensors, type GivenTensor, printable, type Source, safetensorsBytes } from "@orthonorm/files";
import { capture } from "./capture.js";
import { expected } from "./error.js";
import type { Arrays } from "./inputs.js";
import type { OpenModel } from "./model.js";
import type { FoundNorm } from "./norm.js";
import type { Rows } from "./rows.js";
import type { Runtime } from "./runtime.js";
import { affineTensors, Extent, metadataOf } from "./states-file.js";

export interface CapturedBlob {
  /** The file that `captureToFile` would write. */
  blob: Blob;
  norms: FoundNorm[];
}

export interface BlobOptions {
  batch: number;
  signal?: AbortSignal;
  progress?: (what: string, share: number) => void;
}

/** How much is in memory at a time while the file is put together. */
const pieceBytes = 8 << 20;

/** @throws OnnxError; the signal's reason where it stopped the run */
export async function captureToBlob(
  runtime: Runtime,
  open: OpenModel,
  inputs: readonly Arrays[],
  { batch, signal, progress }: BlobOptions,
): Promise<CapturedBlob> {
  const sites = new Map<FoundNorm, Site>();
  let computed: ReadonlyMap<string, Rows> = new Map();
  for await (const step of capture(runtime, open, inputs, { batch, signal })) {
    computed = step.computed;
    for (const [norm, rows] of step.states) {
      const site = sites.get(norm) ?? new Site(norm);
      sites.set(norm, site);
      site.keep(rows);
    }
    progress?.(open.name, step.share);
  }
  const tensors: GivenTensor[] = [];
  for (const [{ name }, site] of sites) {
    const { dtype, shape } = site;
    tensors.push({ name, dtype, shape, data: site.pieces() });
    tensors.push(...(await affineTensors(open, site, computed, (location) => refuseBeside(open.name, location))));
  }
  const norms = [...sites.keys()];
  const metadata = metadataOf(open.name, norms);
  const file: Blob[] = [];
  for await (const bytes of safetensorsBytes(
    "captureToBlob",
    checkTensors("captureToBlob", tensors, metadata),
    metadata,
  )) {
    file.push(blobOf(bytes));
  }
  return { blob: new Blob(file), norms };
}

class Site extends Extent {
  private readonly batches: Blob[] = [];

  keep(rows: Rows): void {
    this.add(rows);
    this.batches.push(blobOf(rows.bytes));
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    for (const batch of this.batches) {
      for (let from = 0; from < batch.size; from += pieceBytes) {
        yield new Uint8Array(await batch.slice(from, from + pieceBytes).arrayBuffer());
      }
    }
  }
}

function blobOf(bytes: Uint8Array): Blob {
  return new Blob([bytes as Uint8Array<ArrayBuffer>]);
}

/** A page is given single files, and no folder. */
async function refuseBeside(model: string, location: string): Promise<Source> {
  throw expected(model, "its weights in the file itself", `"${printable(location)}" beside it`);
}
