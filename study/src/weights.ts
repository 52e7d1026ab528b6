/** The weight and bias of a site's norm: found by name among a model's tensors, or as a pairs file says. */
import { type Container, listed, printable, readTensor, type StoredTensor } from "@orthonorm/files";
import { convert } from "orthonorm";
import { OptionError, StudyError } from "./error.js";
import { type Affine, elementTypes } from "./measure/block.js";
import type { Floats } from "./measure/sample.js";
import type { Norm, Site } from "./types.js";
import { type OffsetOption, type WeightOffset, weightOffset } from "./weight-offset.js";

/** The names of the parameters per site. A bias of null means that there is none. */
export type Pairs = Record<string, { weight: string; bias: string | null }>;

export interface FoundAffine {
  names: NonNullable<Site["affine"]>;
  parameters: Affine;
}

/** Endings of a site's name that say on which side of the norm it is, and not which norm it is. */
const sides = /[._/](in|inp|input|inputs|x|pre|hook_in|hook_normalized_in|before)$/i;
const parameterEnds = { weight: ["weight", "gamma", "g", "scale", "w"], bias: ["bias", "beta", "b"] };

/** The model that has the parameters, and how its weights are to be read. */
export interface Parameters {
  file: Container;
  /** `model_type` of config.json beside the file; null where there is none. */
  modelType: string | null;
  offset: OffsetOption;
  pairs: Pairs | null;
}

/**
 * The parameters of one site, with the weight as the norm multiplies by it. A pairs file decides; else `h.0.ln_1` belongs to the tensors `h.0.ln_1.weight` and
 * `h.0.ln_1.bias`, also where one of the two names has more in front ("transformer.h.0.ln_1.weight").
 *
 * @returns null where there is none of that name
 * @throws StudyError where two fit, or one fits by name and not by shape
 */
export async function findAffine(
  { file, modelType, offset: wanted, pairs }: Parameters,
  site: string,
  cols: number,
  rowsAreF64: boolean,
): Promise<FoundAffine | null> {
  const named = pairs !== null && Object.hasOwn(pairs, site) ? pairs[site] : null;
  const weight = named ? byName(file, named.weight) : match(file, site, parameterEnds.weight);
  if (weight === null) return null;
  const bias = named ? (named.bias === null ? null : byName(file, named.bias)) : match(file, site, parameterEnds.bias);
  const offset = weightOffset(wanted, modelType, weight.name);
  const parameters = {
    weight: await readVector(file, weight, cols, rowsAreF64, offset.value),
    bias: bias === null ? null : await readVector(file, bias, cols, rowsAreF64, 0),
  };
  return affineOf({ weight: weight.name, bias: bias?.name ?? null }, parameters, offset);
}

/** Parameters with their names. @param parameters as the norm takes them, with the offset added to the weight */
export function affineOf(
  names: { weight: string; bias: string | null },
  parameters: Affine,
  offset: WeightOffset,
): FoundAffine {
  const values = fingerprintOf(parameters.weight, parameters.bias ?? new Float32Array(0));
  return { names: { ...names, values, offset }, parameters };
}

/** LayerNorm's parameters have a bias, RMSNorm's have none: what a file of weights says of the norm it belongs to. */
export function normOf(found: readonly FoundAffine[]): Norm | null {
  if (found.length === 0) return null;
  const withBias = found.filter(({ names }) => names.bias !== null).length;
  if (withBias === found.length) return "LayerNorm";
  return withBias === 0 ? "RMSNorm" : null;
}

function byName(file: Container, name: string): StoredTensor {
  const tensor = file.tensors.find((one) => one.name === name);
  if (tensor === undefined) {
    throw new StudyError(
      `${printable(file.source.name)} expected a tensor "${printable(name)}" as --pairs says, got ${among(file)}`,
    );
  }
  return tensor;
}

function match(file: Container, site: string, ends: readonly string[]): StoredTensor | null {
  const base = site.replace(sides, "");
  const fits = (name: string) =>
    ends.some((end) => {
      if (!name.endsWith(`.${end}`) && !name.endsWith(`/${end}`)) return false;
      const norm = name.slice(0, -end.length - 1);
      return norm === base || norm === site || norm.endsWith(`.${base}`) || base.endsWith(`.${norm}`);
    });
  const found = file.tensors.filter(({ name }) => fits(name));
  const exact = found.filter(({ name }) => name.startsWith(base));
  const [only, ...others] = exact.length > 0 ? exact : found;
  if (only === undefined) return null;
  if (others.length > 0) {
    const names = [only, ...others].map(({ name }) => printable(name));
    throw new StudyError(
      `${printable(file.source.name)} expected one tensor for site "${printable(site)}", got ${listed(names)}: say which in a --pairs file`,
    );
  }
  return only;
}

function among({ tensors }: Container): string {
  return tensors.length === 0 ? "no tensor at all" : `tensors ${listed(tensors.map(({ name }) => printable(name)))}`;
}

/** One vector of so many elements plus the offset, as f32; as f64 where the rows are. */
async function readVector(
  file: Container,
  tensor: StoredTensor,
  cols: number,
  rowsAreF64: boolean,
  offset: number,
): Promise<Floats> {
  const { name, dtype, shape } = tensor;
  const kind = Object.hasOwn(elementTypes, dtype) ? elementTypes[dtype] : null;
  const length = shape.reduce((product, size) => product * size, 1);
  if (kind === null || tensor.unreadable !== null || length !== cols) {
    const got = tensor.unreadable ?? `${dtype} [${shape.join(", ")}]`;
    throw new StudyError(
      `${printable(file.source.name)} expected tensor "${printable(name)}" to be ${cols} floats like the site's rows, got ${got}`,
    );
  }
  const { data } = await readTensor(file, name);
  const half = kind === "f16" || kind === "bf16";
  const values = half ? convert(data as Uint16Array, "f32", { dtype: kind }) : (data as Floats);
  // In the type of the rows: what scales f32 rows must be finite in f32.
  const whole = Float64Array.from(values, (value) => value + offset);
  const measured = rowsAreF64 ? whole : Float32Array.from(whole);
  const at = measured.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    throw new StudyError(
      `${printable(file.source.name)} expected tensor "${printable(name)}" to be finite${rowsAreF64 ? "" : " in F32"}, got ${values[at]} at ${at}`,
    );
  }
  return measured;
}

/** A fingerprint of the values, so that parts measured with different weights are not merged. Source: FNV-1a. */
function fingerprintOf(...arrays: Floats[]): string {
  let hash = 0x811c9dc5;
  for (const array of arrays) {
    for (const byte of new Uint8Array(array.buffer, array.byteOffset, array.byteLength)) {
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}

/** @throws StudyError unless the text is JSON of { "site": { "weight": "name", "bias": "name" or null }, … } */
export function parsePairs(text: string, name: string): Pairs {
  const wrong = (got: string) =>
    new OptionError(
      `--pairs ${printable(name)} expected JSON like {"site": {"weight": "name", "bias": "name"}}, got ${got}`,
    );
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw wrong("text that is not valid JSON");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw wrong("something else");
  const pairs: Pairs = Object.create(null);
  for (const [site, value] of Object.entries(parsed)) {
    const { weight, bias = null, ...rest } = (value ?? {}) as Record<string, unknown>;
    if (typeof weight !== "string" || (bias !== null && typeof bias !== "string") || Object.keys(rest).length > 0) {
      throw wrong(`${printable(JSON.stringify(value)).slice(0, 60)} for "${printable(site)}"`);
    }
    pairs[site] = { weight, bias };
  }
  return pairs;
}
