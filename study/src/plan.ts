/** What is measured of the files: which tensors are sites, which files are one model's, and why the others are left out. */
import { type Container, counted, listed, printable, type Source, type StoredTensor } from "@orthonorm/files";
import { StudyError } from "./error.js";
import { fits, type Mask, misfit } from "./mask.js";
import { elementTypes } from "./measure/block.js";
import type { Skipped, SourceFile } from "./types.js";

export interface Planning {
  /** Which tensors are sites, by their names. */
  sites?: (name: string) => boolean;
  /** The sources that a folder or a pattern gave: where they are no states, they are left out and named. */
  implied?: ReadonlySet<Source>;
}

export interface Plan {
  file: Container;
  fit: StoredTensor[];
  unfit: Skipped[];
}

/**
 * The plans of all files that have sites. A file that a folder or a pattern gave, or whose tensors --sites does not want, is left
 * out if another has sites.
 */
export function planAll(
  files: readonly Container[],
  { sites, implied = new Set() }: Planning,
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

export function refuseMisfit(mask: Mask, plans: readonly Plan[]): void {
  const sites = plans.flatMap(({ fit }) => fit);
  if (!sites.some(({ shape }) => fits(mask, shape))) throw misfit(mask, sites);
}

/** Which sites a mask is for, where it is not for all of them. */
export function masked(mask: Mask, plans: readonly Plan[]): string[] {
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

export function sourceFile({ file }: Plan): SourceFile {
  return { name: file.source.name, bytes: file.source.size };
}

export interface PlannedModel {
  name: string;
  pooled: boolean;
  plans: Plan[];
}

/** Files grouped as models. Each file is a model, but the .npy files of one folder are one, a site per file; a pool is one too. */
export function grouped(plans: readonly Plan[], pool: string | null): PlannedModel[] {
  if (pool !== null && plans.length > 0) return [{ name: pool, pooled: true, plans: [...plans] }];
  const models: PlannedModel[] = [];
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
