/** The whole study: every float matrix of every file, measured in turn. */
import { createEngine, type Engine } from "orthonorm";
import { StudyFailure } from "./failure.js";
import { measure, readRows, type Site, type Skipped, unfit } from "./measure.js";
import { SafetensorsFile, type TensorEntry } from "./safetensors.js";
import { compareSpeed, type Speed } from "./speed.js";
import { counted, listed, printable } from "./text.js";

export type Norm = "LayerNorm" | "RMSNorm";

/** The sites of one file. */
export interface Group {
  source: string;
  /** The source's name in the table: the end of its path, as short as keeps the files apart. */
  label: string;
  /** The norm its model was trained with, where the file's metadata says it under "norm". */
  trainedWith: Norm | null;
  sites: Site[];
}

export interface Study {
  variant: string;
  eps: number;
  groups: Group[];
  skipped: Skipped[];
  speed: Speed | null;
}

export interface StudyOptions {
  eps: number;
  /** What a source is called in the output, where that is not the path it is read from. */
  nameOf?: (file: string) => string;
  withSpeed?: boolean;
  /** Told what is being measured and the share of all bytes that is done. */
  progress?: (what: string, share: number) => void;
}

/**
 * Measures the files in turn. All headers are read and checked before the first tensor is, so that a broken file among
 * many is known at once, and no figure is returned unless all could be measured.
 *
 * @throws StudyFailure naming the file and what is wrong with it.
 */
export async function study(paths: readonly string[], options: StudyOptions): Promise<Study> {
  const { eps, nameOf = (file) => file, withSpeed = true, progress } = options;
  const engine = createEngine();
  const files: SafetensorsFile[] = [];
  try {
    for (const path of paths) files.push(await SafetensorsFile.open(path, nameOf(path)));
    const plans = files.map(plan);

    const total = plans.flatMap(({ fit }) => fit).reduce((sum, entry) => sum + entry.bytes, 0);
    let done = 0;
    const labels = shortLabels(files.map(({ name }) => name));
    const groups: Group[] = [];
    const skipped: Skipped[] = [];
    for (const [at, { file, fit, unfit }] of plans.entries()) {
      const sites: Site[] = [];
      skipped.push(...unfit);
      for (const entry of fit) {
        const what = `${labels[at]} ${entry.name}`;
        progress?.(what, done / total);
        const site = await measure(engine, file, entry, eps, (bytes) => {
          done += bytes;
          progress?.(what, done / total);
        });
        if (typeof site === "string") skipped.push({ source: file.name, tensor: entry.name, reason: site });
        else sites.push(site);
      }
      if (sites.length === 0) {
        const reasons = skipped.filter(({ source }) => source === file.name);
        throw new StudyFailure(
          `${printable(file.name)} expected a row with an angle, got none (${described(reasons)})`,
        );
      }
      const norm = file.header.metadata.norm;
      const trainedWith = norm === "LayerNorm" || norm === "RMSNorm" ? norm : null;
      groups.push({ source: file.name, label: labels[at], trainedWith, sites });
    }
    const speed = withSpeed ? await measureSpeed(engine, plans, eps) : null;
    return { variant: engine.variant, eps, groups, skipped, speed };
  } finally {
    for (const file of files) await file.close();
    engine.dispose();
  }
}

interface Plan {
  file: SafetensorsFile;
  fit: TensorEntry[];
  unfit: Skipped[];
}

/** Which tensors of a file are sites, in the order of the file's header. */
function plan(file: SafetensorsFile): Plan {
  const { tensors } = file.header;
  const fit = tensors.filter((entry) => unfit(entry) === null);
  const others = tensors
    .filter((entry) => unfit(entry) !== null)
    .map((entry) => ({ source: file.name, tensor: entry.name, reason: unfit(entry) as string }));
  if (fit.length === 0) {
    const got =
      tensors.length === 0 ? "no tensor at all" : `${counted(tensors.length, "tensor")}: ${described(others)}`;
    throw new StudyFailure(`${printable(file.name)} expected a 2-D float tensor that is not empty, got ${got}`);
  }
  return { file, fit, unfit: others };
}

function described(skipped: readonly Skipped[]): string {
  return listed(
    skipped.map(({ tensor, reason }) => `${printable(tensor)} (${reason})`),
    3,
  );
}

/** Up to this many elements are timed: enough for a steady figure, few enough for many turns in a third of a second. */
const timedElements = 1 << 19;

/** Times LayerNorm on the finite rows at the head of the largest site. */
async function measureSpeed(engine: Engine, plans: readonly Plan[], eps: number): Promise<Speed | null> {
  const all = plans.flatMap(({ file, fit }) => fit.map((entry) => ({ file, entry })));
  const size = ({ entry }: { entry: TensorEntry }) => entry.shape[0] * entry.shape[1];
  const { file, entry } = all.reduce((largest, one) => (size(one) > size(largest) ? one : largest));
  const [rows, cols] = entry.shape;
  const count = Math.min(rows, Math.max(1, Math.floor(timedElements / cols)));
  const read = new (entry.dtype === "F64" ? Float64Array : Float32Array)(count * cols);
  await readRows(file, entry, 0, read);

  const finite = Float32Array.from(read);
  let kept = 0;
  for (let row = 0; row < count; row++) {
    const values = finite.subarray(row * cols, (row + 1) * cols);
    if (values.every(Number.isFinite)) finite.set(values, kept++ * cols);
  }
  return kept === 0 ? null : compareSpeed(engine, finite.subarray(0, kept * cols), cols, eps);
}

/**
 * The shortest ends of the paths that tell all files apart, without the extension: "ln/states" and "rms/states". Files
 * whose whole paths are the same keep the same name.
 */
export function shortLabels(names: readonly string[]): string[] {
  const parts = names.map((name) => name.replace(/\.safetensors$/, "").split(/[\\/]/));
  const distinct = new Set(names).size;
  const longest = Math.max(...parts.map((part) => part.length));
  for (let length = 1; ; length++) {
    const labels = parts.map((part) => part.slice(-length).join("/"));
    if (new Set(labels).size === distinct || length >= longest) return labels;
  }
}
