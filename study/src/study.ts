/**
 * The whole study: every float tensor of every file, measured in turn. It knows nothing of disks or terminals, so
 * it runs in Node and in a page's worker alike.
 */
import {
  type Container,
  counted,
  listed,
  openContainer,
  printable,
  type Source,
  type StoredTensor,
  WrongFormat,
} from "@orthonorm/files";
import { createEngine, type Engine } from "orthonorm";
import { OptionError, StudyError } from "./error.js";
import { fits, type Mask, misfit } from "./mask.js";
import { collect, elementTypes } from "./measure/collect.js";
import type { Floats } from "./measure/sample.js";
import { compareSpeed } from "./speed.js";
import { originOf, SliceSpread, splitTensors } from "./split.js";
import { GroupSums, StudySums } from "./sums.js";
import { type Told, toldOf } from "./told.js";
import type { Norm, Report, Skipped, SourceFile, Speed } from "./types.js";
import type { OffsetOption } from "./weight-offset.js";
import { type FoundAffine, findAffine, normOf, type Pairs } from "./weights.js";

export interface StudyOptions {
  /** The eps of both norms. By default what a file's metadata tells of each site, else 1e-5. */
  eps?: number | null;
  /** The norm of the states' model; "auto" asks the files' metadata and the weights. */
  norm?: "auto" | Norm;
  /** Models with the weight and bias of the norms: one for all groups, or one per group in their order. */
  weights?: readonly (Source | ModelFile)[];
  /** What the norms add to their stored weight; "auto" asks the model's type. */
  weightOffset?: OffsetOption;
  pairs?: Pairs | null;
  /** The name of the one model of which all files are parts: tensors of the same name are then parts of one site. */
  pool?: string | null;
  /** Which tensors are sites, by their names. */
  sites?: (name: string) => boolean;
  /** What integers of 16 bits are, where halves were saved as their bits. */
  bits?: "bf16" | "f16" | null;
  /** The axis along which tensors of three and more dimensions are split into a site per slice. */
  split?: number | null;
  /** Which rows of the sites that it fits count. */
  mask?: Mask | null;
  /** The sources that a folder or a pattern gave: where they are no states, they are left out and named. */
  implied?: ReadonlySet<Source>;
  withSpeed?: boolean;
  /** Whether the sums will be saved or merged. Where not, each site becomes figures as soon as it is measured. */
  merges?: boolean;
  version?: string;
  signal?: AbortSignal;
  /** Is told what is being measured, and which share of all bytes is done (0 where the size is not known). */
  progress?: (what: string, share: number) => void;
}

/** The tensors of a model, in as many files as it has, and its type as config.json has it. */
export interface ModelFile extends Container {
  readonly modelType: string | null;
}

/** However small a tensor is, its sums and figures take some 20 KB until they are written. */
const mostTensors = 100_000;

/** The study of these files as figures. @throws StudyError naming the file and what is wrong with it */
export async function studySources(sources: readonly Source[], options: StudyOptions): Promise<Report> {
  const sums = await sumSources(sources, { ...options, merges: false });
  sums.expectFigures();
  return sums.report();
}

/**
 * The study as sums, which can be saved and merged. All headers are read and checked before the first tensor is, so that one
 * broken file among many is found at once. Where the signal stops the study, the sums of the rows until then are returned, and
 * they are marked as incomplete.
 *
 * @throws StudyError naming the file and what is wrong with it; the sources are closed whatever happens
 */
export async function sumSources(sources: readonly Source[], options: StudyOptions): Promise<StudySums> {
  const { weights = [], bits = null, implied = new Set(), split = null } = options;
  const engine = createEngine();
  try {
    const files: Container[] = [];
    const leftOut: Skipped[] = [];
    for (const source of sources) {
      try {
        files.push(await openContainer(source, { bits }));
      } catch (error) {
        if (!(error instanceof WrongFormat && implied.has(source))) throw error;
        leftOut.push({ source: source.name, tensor: null, reason: error.got });
      }
    }
    const models: ModelFile[] = [];
    for (const model of weights) {
      models.push("tensors" in model ? model : { ...(await openContainer(model)), modelType: null });
    }
    const sliced = split === null ? files : splitTensors(files, split);
    return await measureAll(engine, { files: sliced, leftOut }, models, options);
  } finally {
    engine.dispose();
    const models = weights.map((model) => ("tensors" in model ? model.source : model));
    for (const source of [...sources, ...models]) await source.close();
  }
}

async function measureAll(
  engine: Engine,
  { files, leftOut }: { files: readonly Container[]; leftOut: readonly Skipped[] },
  models: readonly ModelFile[],
  options: StudyOptions,
): Promise<StudySums> {
  const { withSpeed = true, merges = true, version = "", mask = null, signal, progress } = options;
  const { plans, skipped } = planAll(files, options);
  if (mask !== null) refuseMisfit(mask, plans);
  const count = plans.reduce((sum, { fit }) => sum + fit.length, 0);
  if (count > mostTensors) {
    throw new StudyError(
      `the study expected at most ${mostTensors} tensors at a time, got ${count} (choose some by --sites, and merge what --save writes)`,
    );
  }
  const groups = grouped(plans, options.pool ?? null);
  if (models.length > 1 && models.length !== groups.length) {
    throw new OptionError(
      `--weights expected once, or once for each of ${counted(groups.length, "model")}, got ${models.length} times`,
    );
  }
  const told = new Map(plans.map(({ file }) => [file, toldOf(file)]));
  const eps = options.eps ?? sharedEps(plans, told);
  const study = new StudySums({ version, variant: engine.variant, eps });
  study.skipped.push(...leftOut, ...skipped);
  if (mask !== null) study.hints.push(...masked(mask, plans));
  const total = plans.reduce((sum, { fit }) => sum + fit.reduce((bytes, tensor) => bytes + tensor.bytes, 0), 0);
  const samples = new Map<number, { sample: Floats; rows: number }>();
  let done = 0;
  for (const [at, { name, pooled, plans: parts }] of groups.entries()) {
    const model = models.length > 1 ? models[at] : (models[0] ?? null);
    const affines = await findAffines(model, parts, options);
    const norms = decideNorm(parts, model, affines, options.norm ?? "auto");
    const group = new GroupSums(name, pooled, parts.map(sourceFile), ...norms);
    study.groups.push(group);
    for (const { file, fit, unfit } of parts) {
      study.skipped.push(...unfit);
      for (const tensor of fit) {
        if (signal?.aborted) {
          study.complete = false;
          continue;
        }
        // .npy files of the present folder have their own names, and the folder has none
        const what = name === "." ? tensor.name : `${name} ${tensor.name}`;
        progress?.(what, done / total);
        const cols = tensor.shape[tensor.shape.length - 1];
        const found = affines.get(tensor) ?? null;
        const own = told.get(file)?.get(originOf(tensor));
        const key = {
          site: tensor.name,
          dtype: tensor.dtype,
          cols,
          norm: (norms[1] === "--norm" ? null : own?.norm) ?? group.norm ?? "LayerNorm",
          eps: options.eps ?? own?.eps ?? eps,
          affine: found?.names ?? null,
        };
        const spread = options.split === undefined || options.split === null ? SliceSpread.of(tensor) : null;
        const { sums, sample } = await collect(engine, tensor, key, {
          source: file.source.name,
          affine: found?.parameters ?? null,
          mask: mask !== null && fits(mask, tensor.shape) ? mask.keep : null,
          observe: spread === null ? undefined : (columns, count) => spread.add(columns, count),
          signal,
          progress: (bytes) => {
            done += bytes;
            progress?.(what, done / total);
          },
        });
        if (sums.read < sums.rows) study.complete = false;
        const advice = spread?.advice(tensor.name) ?? null;
        if (advice !== null) study.hints.push(advice);
        add(group, sums, file);
        if (merges || pooled) sums.compact();
        else group.settle(sums);
        if (sample !== null && !samples.has(cols)) samples.set(cols, { sample, rows: sums.rows });
      }
      if (!signal?.aborted) await file.finish();
    }
  }
  if (withSpeed && study.complete) study.speed = timeAll(engine, samples, eps);
  return study;
}

/** The eps that the files tell of all sites, where it is one; else that of PyTorch's LayerNorm. */
function sharedEps(plans: readonly Plan[], told: ReadonlyMap<Container, ReadonlyMap<string, Told>>): number {
  const each = plans.flatMap(({ file, fit }) =>
    fit.map((tensor) => told.get(file)?.get(originOf(tensor))?.eps ?? null),
  );
  const [first = null, ...others] = new Set(each);
  return others.length === 0 && first !== null ? first : 1e-5;
}

function add(group: GroupSums, sums: Parameters<GroupSums["add"]>[0], file: Container): void {
  try {
    group.add(sums);
  } catch (error) {
    throw new StudyError(
      `${printable(file.source.name)} expected site "${printable(sums.key.site)}" to be a part of what came before, got ${(error as Error).message}`,
    );
  }
}

/** Times both norms in f32, once per d and for at most three of them. States that leave the range of f32 are not timed. */
function timeAll(engine: Engine, samples: Map<number, { sample: Floats; rows: number }>, eps: number): Speed[] {
  const timed = [...samples].filter(([, { sample }]) => sample.every((value) => Number.isFinite(Math.fround(value))));
  return timed.slice(0, 3).map(([cols, { sample, rows }]) => compareSpeed(engine, sample, rows, cols, eps));
}

interface Plan {
  file: Container;
  fit: StoredTensor[];
  unfit: Skipped[];
}

/**
 * The plans of all files that have sites. A file that a folder or a pattern gave, or whose tensors --sites does not want, is left
 * out if another has sites.
 */
function planAll(
  files: readonly Container[],
  { sites, implied = new Set() }: StudyOptions,
): { plans: Plan[]; skipped: Skipped[] } {
  const plans: Plan[] = [];
  const skipped: Skipped[] = [];
  const faults: StudyError[] = [];
  for (const file of files) {
    try {
      plans.push(plan(file, sites));
    } catch (error) {
      if (!(error instanceof StudyError)) throw error;
      const unwanted = file.tensors.length > 0 && sites !== undefined && !file.tensors.some(({ name }) => sites(name));
      if (!implied.has(file.source) && !unwanted) throw error;
      faults.push(error);
      if (!unwanted) skipped.push(...unfitTensors(file, sites));
    }
  }
  if (plans.length === 0 && faults.length > 0) throw faults[0];
  if (plans.length === 0) throw new StudyError("expected a file with a float tensor, got none");
  return { plans, skipped };
}

function unfitTensors({ source, tensors }: Container, wanted: (name: string) => boolean = () => true): Skipped[] {
  if (tensors.length === 0) return [{ source: source.name, tensor: null, reason: "no tensor at all" }];
  return tensors.flatMap((tensor) => {
    const reason = wanted(tensor.name) ? unfitFor(tensor, 1) : null;
    return reason === null ? [] : [{ source: source.name, tensor: tensor.name, reason }];
  });
}

function refuseMisfit(mask: Mask, plans: readonly Plan[]): void {
  const sites = plans.flatMap(({ fit }) => fit);
  if (!sites.some(({ shape }) => fits(mask, shape))) throw misfit(mask, sites);
}

/** Which sites a mask is for, where it is not for all of them. */
function masked(mask: Mask, plans: readonly Plan[]): string[] {
  const sites = plans.flatMap(({ fit }) => fit);
  const others = sites
    .filter(({ shape }) => !fits(mask, shape))
    .map(({ name, shape }) => `${printable(name)} [${shape.join(", ")}]`);
  if (others.length === 0) return [];
  return [
    `The mask [${mask.shape.join(", ")}] fits ${counted(sites.length - others.length, "site")}, and not ${listed(others, 3)}.`,
  ];
}

/** Decides which tensors of a file are sites. They stay in the order of the file. */
function plan(file: Container, wanted: (name: string) => boolean = () => true): Plan {
  const matrices = file.tensors.some((tensor) => unfitFor(tensor, 2) === null);
  const least = matrices ? 2 : 1;
  const chosen = file.tensors.filter(({ name }) => wanted(name));
  const fit = chosen.filter((tensor) => unfitFor(tensor, least) === null);
  const unfit = chosen
    .filter((tensor) => unfitFor(tensor, least) !== null)
    .map((tensor) => ({ source: file.source.name, tensor: tensor.name, reason: unfitFor(tensor, least) as string }));
  if (fit.length === 0) {
    const got = file.tensors.length === 0 ? "no tensor at all" : describe(file, chosen, unfit);
    throw new StudyError(`${printable(file.source.name)} expected a float tensor with rows, got ${got}`);
  }
  return { file, fit, unfit };
}

function describe(file: Container, chosen: readonly StoredTensor[], unfit: readonly Skipped[]): string {
  if (chosen.length === 0) {
    const names = listed(
      file.tensors.map(({ name }) => printable(name)),
      3,
    );
    return `${counted(file.tensors.length, "tensor")} of other names than --sites wants: ${names}`;
  }
  return `${counted(unfit.length, "tensor")}: ${listed(
    unfit.map(({ tensor, reason }) => `${printable(tensor ?? "the file")} (${reason})`),
    3,
  )}`;
}

/** Why a tensor is not measured; null where it is a site. */
function unfitFor({ dtype, shape, unreadable }: StoredTensor, least: number): string | null {
  if (unreadable !== null) return unreadable;
  if (!Object.hasOwn(elementTypes, dtype)) {
    const bits = dtype === "U16" || dtype === "I16" ? ": of halves saved as bits, --dtype says which" : "";
    return `${dtype}, not F32, F64, F16 or BF16${bits}`;
  }
  if (shape.length < least) return `${shape.length}-D, not rows × d`;
  return shape.includes(0) ? "empty" : null;
}

function sourceFile({ file }: Plan): SourceFile {
  return { name: file.source.name, bytes: file.source.size };
}

interface Model {
  name: string;
  pooled: boolean;
  plans: Plan[];
}

/** Files grouped as models. Each file is a model, but the .npy files of one folder are one, a site per file; a pool is one too. */
function grouped(plans: readonly Plan[], pool: string | null): Model[] {
  if (pool !== null) return [{ name: pool, pooled: true, plans: [...plans] }];
  const models: Model[] = [];
  for (const plan of plans) {
    const { source, format } = plan.file;
    const folder = source.name.replace(/[\\/]?[^\\/]*$/, "") || ".";
    const name = format === "npy" ? folder : source.name;
    const there = format === "npy" ? models.find((model) => model.name === name) : undefined;
    if (there === undefined) models.push({ name, pooled: false, plans: [plan] });
    else there.plans.push(plan);
  }
  return models;
}

async function findAffines(
  model: ModelFile | null,
  parts: readonly Plan[],
  { pairs = null, weightOffset: offset = "auto" }: StudyOptions,
): Promise<Map<StoredTensor, FoundAffine>> {
  const found = new Map<StoredTensor, FoundAffine>();
  if (model === null) return found;
  const tensors = parts.flatMap(({ fit }) => fit);
  for (const tensor of tensors) {
    const { name, shape, dtype } = tensor;
    const parameters = { file: model, modelType: model.modelType, offset, pairs };
    const origin = originOf(tensor);
    const find = (site: string) => findAffine(parameters, site, shape[shape.length - 1], dtype === "F64");
    const affine = (await find(name)) ?? (origin === name ? null : await find(origin));
    if (affine !== null) found.set(tensor, affine);
  }
  if (found.size === 0) {
    const sites = listed([...new Set(tensors.map(({ name }) => printable(name)))], 3);
    const names = listed(
      model.tensors.map(({ name }) => printable(name)),
      3,
    );
    throw new StudyError(
      `${printable(model.source.name)} expected weights of the sites (${sites}), got ${names}: pair them in a --pairs file`,
    );
  }
  for (const site of Object.keys(pairs ?? {})) {
    if (!tensors.some((tensor) => tensor.name === site || originOf(tensor) === site)) {
      throw new OptionError(
        `--pairs expected sites of the files, got "${printable(site)}" (there are ${listed(tensors.map(({ name }) => printable(name)))})`,
      );
    }
  }
  return found;
}

function decideNorm(
  parts: readonly Plan[],
  model: Container | null,
  affines: ReadonlyMap<StoredTensor, FoundAffine>,
  wanted: "auto" | Norm,
): [norm: Norm | null, from: string | null] {
  if (wanted !== "auto") return [wanted, "--norm"];
  for (const { metadata } of [...parts.map(({ file }) => file), ...(model === null ? [] : [model])]) {
    if (metadata.norm === "LayerNorm" || metadata.norm === "RMSNorm") return [metadata.norm, "metadata"];
  }
  const norm = normOf([...affines.values()]);
  return norm === null ? [null, null] : [norm, "weights"];
}
