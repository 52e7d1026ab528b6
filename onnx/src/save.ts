/**
 * Captured states as a safetensors file. A run gives a batch of every norm at a time, and the file has one norm after another, so
 * the batches of each go to a file of their own first; memory holds one batch, the disk all states twice for a moment.
 */
import { createReadStream, rmSync } from "node:fs";
import { type FileHandle, open as openFile } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { type GivenTensor, printable } from "@orthonorm/files";
import {
  beside,
  followed,
  makeFolders,
  openDisk,
  removeFolders,
  removeLeft,
  systemReason,
  writeSafetensors,
} from "@orthonorm/files/node";
import { capture } from "./capture.js";
import { expected } from "./error.js";
import type { Arrays } from "./inputs.js";
import type { OpenModel } from "./model.js";
import type { FoundNorm } from "./norm.js";
import type { Rows } from "./rows.js";
import type { Runtime } from "./runtime.js";
import { affineTensors, Extent, metadataOf } from "./states-file.js";

export interface CapturedFile {
  sites: { norm: FoundNorm; dtype: string; shape: readonly number[] }[];
  /** Whether all inputs were run: false where the signal stopped the run and `partial` kept what it had. */
  complete: boolean;
}

export interface SaveOptions {
  batch: number;
  signal?: AbortSignal;
  /** Whether a run that the signal stops gives the states until then, of one batch at least, instead of throwing. */
  partial?: boolean;
  progress?: (what: string, share: number) => void;
  /** Is told what was removed beside `path`: what a capture that was killed had written. */
  removed?: (left: string) => void;
}

/**
 * Runs the model and writes `path`: a tensor per norm, named after it, with its weight and bias as NAME.weight and NAME.bias. The
 * metadata has the kind, the eps and the names of every norm. The file appears whole or not at all.
 *
 * @throws OnnxError, FileError; the signal's reason where it stopped the run, unless `partial`
 */
export async function captureToFile(
  runtime: Runtime,
  open: OpenModel,
  inputs: readonly Arrays[],
  path: string,
  { batch, signal, partial = false, progress, removed }: SaveOptions,
): Promise<CapturedFile> {
  // What a partial run has is written whole, whatever the signal says.
  const thrown = partial ? undefined : signal;
  const folder = resolve(dirname(open.name));
  const to = await writable(path, () => followed(path));
  for (const left of removeLeft(to)) removed?.(left);
  const spool = beside(to);
  const sites = new Map<FoundNorm, Site>();
  const made: string[] = [];
  let written = false;
  // Where a second Ctrl-C ends the process at once, nothing else would remove the batches.
  const removeSpool = () => rmSync(spool, { recursive: true, force: true });
  process.once("exit", removeSpool);
  try {
    made.push(...(await writable(path, async () => makeFolders(spool))));
    let computed: ReadonlyMap<string, Rows> = new Map();
    let share = 0;
    for await (const step of capture(runtime, open, inputs, { folder, batch, signal: thrown })) {
      computed = step.computed;
      for (const [norm, rows] of step.states) {
        const site = sites.get(norm) ?? (await newSite(spool, sites.size, norm, path));
        sites.set(norm, site);
        await writable(path, () => site.write(rows));
      }
      share = step.share;
      progress?.(basename(open.name), share);
      if (partial && signal?.aborted) break;
    }
    for (const site of sites.values()) await site.close();
    const tensors: GivenTensor[] = [];
    for (const [norm, site] of sites) {
      tensors.push({ name: norm.name, ...site.tensor() });
      tensors.push(...(await affineTensors(open, site, computed, (location) => openBeside(folder, location))));
    }
    const metadata = metadataOf(basename(open.name), [...sites.keys()]);
    await writeSafetensors(path, tensors, { metadata, signal: thrown });
    written = true;
    return { sites: [...sites].map(([norm, { dtype, shape }]) => ({ norm, dtype, shape })), complete: share === 1 };
  } finally {
    for (const site of sites.values()) await site.close();
    removeSpool();
    process.off("exit", removeSpool);
    if (!written) removeFolders(made.slice(0, -1));
  }
}

/** Only files in the model's own folder or below it: a location that leads out of it comes from a file of unknown origin. */
function openBeside(folder: string, location: string) {
  const file = resolve(folder, location);
  if (!file.startsWith(folder + sep)) throw expected(folder, "weights in the model's folder", printable(location));
  return openDisk(file);
}

/** One norm's rows on the way to the file. */
class Site extends Extent {
  private closed = false;

  constructor(
    private readonly handle: FileHandle,
    private readonly file: string,
    norm: FoundNorm,
  ) {
    super(norm);
  }

  async write(rows: Rows): Promise<void> {
    this.add(rows);
    const { bytes } = rows;
    for (let done = 0; done < bytes.length; ) {
      done += (await this.handle.write(bytes, done, bytes.length - done)).bytesWritten;
    }
  }

  tensor(): Omit<GivenTensor, "name"> {
    return { dtype: this.dtype, shape: this.shape, data: createReadStream(this.file, { highWaterMark: 1 << 20 }) };
  }

  async close(): Promise<void> {
    if (!this.closed) await this.handle.close();
    this.closed = true;
  }
}

async function newSite(spool: string, at: number, norm: FoundNorm, path: string): Promise<Site> {
  const file = join(spool, String(at));
  return new Site(await writable(path, () => openFile(file, "wx")), file, norm);
}

async function writable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw expected(path, "a file that can be written", systemReason(error));
  }
}
