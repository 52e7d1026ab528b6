/**
 * The whole study: every float tensor of every file, measured in turn, and models as they run. It knows nothing of disks or
 * terminals, so it runs in Node and in a page's worker alike.
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
import { fits, type Mask } from "./mask.js";
import { collect } from "./measure/collect.js";
import type { Floats } from "./measure/sample.js";
import type { Collected } from "./measure/site-rows.js";
import {
  grouped,
  masked,
  type Plan,
  type PlannedModel,
  type Planning,
  planAll,
  refuseMisfit,
  sourceFile,
} from "./plan.js";
import { measureRunning, type RunningModel, statesBytes } from "./running.js";
import { compareSpeed } from "./speed.js";
import { originOf, SliceSpread, splitTensors } from "./split.js";
import { GroupSums, StudySums } from "./sums.js";
import { type Told, toldOf } from "./told.js";
import type { Norm, Report, Skipped, Speed } from "./types.js";
import type { OffsetOption } from "./weight-offset.js";
import { type FoundAffine, findAffine, normOf, type Pairs } from "./weights.js";

export interface StudyOptions extends Planning {
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
  /** What integers of 16 bits are, where halves were saved as their bits. */
  bits?: "bf16" | "f16" | null;
  /** The axis along which tensors of three and more dimensions are split into a site per slice. */
  split?: number | null;
  /** Which rows of the sites that it fits count. */
  mask?: Mask | null;
  /** Models that are run, and measured while they run, before the files are. */
  running?: readonly RunningModel[];
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
  const { withSpeed = true, merges = true, version = "", mask = null, pool = null, running = [] } = options;
  const onlyRunning = running.length > 0 && files.length + leftOut.length === 0;
  const { plans, skipped } = onlyRunning ? { plans: [], skipped: [] } : planAll(files, options);
  if (mask !== null) refuseMisfit(mask, plans);
  const count = plans.reduce((sum, { fit }) => sum + fit.length, 0);
  if (count > mostTensors) {
    throw new StudyError(
      `the study expected at most ${mostTensors} tensors at a time, got ${count} (choose some by --sites, and merge what --save writes)`,
    );
  }
  const groups = grouped(plans, pool);
  if (models.length > 1 && models.length !== groups.length) {
    throw new OptionError(
      `--weights expected once, or once for each of ${counted(groups.length, "model")}, got ${models.length} times`,
    );
  }
  if (pool !== null && running.length > 0 && running.length + plans.length > 1) {
    throw new OptionError(
      `--pool expected one model that is run, and nothing beside it, got ${running.length + plans.length}`,
    );
  }
  const told = new Map(plans.map(({ file }) => [file, toldOf(file)]));
  const eps = options.eps ?? sharedEps(plans, told, running);
  const study = new StudySums({ version, variant: engine.variant, eps });
  study.skipped.push(...leftOut, ...skipped);
  if (mask !== null) study.hints.push(...masked(mask, plans));
  const inFiles = plans.reduce((sum, { fit }) => sum + fit.reduce((bytes, tensor) => bytes + tensor.bytes, 0), 0);
  const total = running.reduce((sum, model) => sum + statesBytes(model), inFiles);
  const pass = new Pass(study, merges, total, options.progress);
  for (const model of running) await measureModel(engine, pass, model, options);
  for (const [at, group] of groups.entries()) {
    const model = models.length > 1 ? models[at] : (models[0] ?? null);
    await measureFiles(engine, pass, group, { told, model, eps }, options);
  }
  if (withSpeed && study.complete) study.speed = timeAll(engine, pass.samples, eps);
  return study;
}

/** One study on its way: what was measured goes into its sums, and a sample of each d stays, to time the norms on. */
class Pass {
  readonly samples = new Map<number, { sample: Floats; rows: number }>();
  private done = 0;

  constructor(
    readonly study: StudySums,
    private readonly merges: boolean,
    /** The bytes of all states. */
    private readonly total: number,
    private readonly show: StudyOptions["progress"],
  ) {}

  /** @param bytes that were measured since it was told before */
  progress(what: string, bytes: number): void {
    this.done += bytes;
    this.show?.(what, this.total === 0 ? 0 : this.done / this.total);
  }

  /** @param source of the site, as it is called in messages */
  keep(group: GroupSums, { sums, sample }: Collected, source: string): void {
    if (sums.read < sums.rows) this.study.complete = false;
    try {
      group.add(sums);
    } catch (error) {
      throw new StudyError(
        `${printable(source)} expected site "${printable(sums.key.site)}" to be a part of what came before, got ${(error as Error).message}`,
      );
    }
    if (this.merges || group.pooled) sums.compact();
    else group.settle(sums);
    const { cols } = sums.key;
    if (sample !== null && !this.samples.has(cols)) this.samples.set(cols, { sample, rows: sums.rows });
  }
}

async function measureModel(
  engine: Engine,
  pass: Pass,
  model: RunningModel,
  { pool = null, norm: wanted = "auto", eps = null, sites = () => true, signal }: StudyOptions,
): Promise<void> {
  if (signal?.aborted) {
    pass.study.complete = false;
    return;
  }
  const norm = wanted === "auto" ? null : wanted;
  const said = norm === null ? "the model" : "--norm";
  const group = new GroupSums(pool ?? model.name, pool !== null, [...model.sources], norm ?? model.norm, said);
  const perToken = statesBytes(model) / model.tokens;
  let before = 0;
  const progress = (tokens: number) => {
    pass.progress(`${model.name} ${tokens} of ${counted(model.tokens, "token")}`, (tokens - before) * perToken);
    before = tokens;
  };
  const collected = await measureRunning(engine, model, { norm, eps, sites, signal, progress });
  pass.study.groups.push(group);
  for (const site of collected) pass.keep(group, site, model.name);
}

/** What is known of the files of a model before its tensors are read. */
interface Known {
  told: ReadonlyMap<Container, ReadonlyMap<string, Told>>;
  model: ModelFile | null;
  /** Of sites of which nothing else says it. */
  eps: number;
}

async function measureFiles(
  engine: Engine,
  pass: Pass,
  { name, pooled, plans: parts }: PlannedModel,
  { told, model, eps }: Known,
  options: StudyOptions,
): Promise<void> {
  const { mask = null, split = null, signal } = options;
  const { study } = pass;
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
      pass.progress(what, 0);
      const found = affines.get(tensor) ?? null;
      const own = told.get(file)?.get(originOf(tensor));
      const key = {
        site: tensor.name,
        dtype: tensor.dtype,
        cols: tensor.shape[tensor.shape.length - 1],
        norm: (norms[1] === "--norm" ? null : own?.norm) ?? group.norm ?? "LayerNorm",
        eps: options.eps ?? own?.eps ?? eps,
        affine: found?.names ?? null,
      };
      const spread = split === null ? SliceSpread.of(tensor) : null;
      const collected = await collect(engine, tensor, key, {
        source: file.source.name,
        affine: found?.parameters ?? null,
        mask: mask !== null && fits(mask, tensor.shape) ? mask.keep : null,
        observe: spread === null ? undefined : (columns, count) => spread.add(columns, count),
        signal,
        progress: (bytes) => pass.progress(what, bytes),
      });
      const advice = spread?.advice(tensor.name) ?? null;
      if (advice !== null) study.hints.push(advice);
      pass.keep(group, collected, file.source.name);
    }
    if (!signal?.aborted) await file.finish();
  }
}

/** The eps that models and files tell of all sites, where it is one; else that of PyTorch's LayerNorm. */
function sharedEps(
  plans: readonly Plan[],
  told: ReadonlyMap<Container, ReadonlyMap<string, Told>>,
  running: readonly RunningModel[],
): number {
  const ofFiles = plans.flatMap(({ file, fit }) =>
    fit.map((tensor) => told.get(file)?.get(originOf(tensor))?.eps ?? null),
  );
  const [first = null, ...others] = new Set([...running.map((model) => model.eps), ...ofFiles]);
  return others.length === 0 && first !== null ? first : 1e-5;
}

/** Times both norms in f32, once per d and for at most three of them. States that leave the range of f32 are not timed. */
function timeAll(engine: Engine, samples: Map<number, { sample: Floats; rows: number }>, eps: number): Speed[] {
  const timed = [...samples].filter(([, { sample }]) => sample.every((value) => Number.isFinite(Math.fround(value))));
  return timed.slice(0, 3).map(([cols, { sample, rows }]) => compareSpeed(engine, sample, rows, cols, eps));
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
