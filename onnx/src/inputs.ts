/** What a model is fed: arrays held against the graph's own names, types and shapes, and cut into batches. */
import { type ArrayDType, arrayOf, listed, printable, type ReadTensor, type TensorArray } from "@orthonorm/files";
import { expected } from "./error.js";
import type { OpenModel } from "./model.js";
import type { ValueInfo } from "./proto.js";
import type { Runtime, Tensors } from "./runtime.js";
import { elementTypes, sizeOf, typeOf } from "./tensor.js";

export type Arrays = ReadonlyMap<string, ReadTensor>;

/** The graph's inputs that have to be given: older files list their weights among the inputs too. */
export function wantedInputs({ graph }: OpenModel): ValueInfo[] {
  return graph.inputs.filter(({ name }) => !graph.initializers.has(name));
}

/** The inputs that have to be given, by name, type and shape, for messages. */
export function describeInputs(open: OpenModel): string[] {
  return wantedInputs(open).map(describe);
}

/**
 * The arrays in the types that the graph wants. Integers and floats are converted where no value changes.
 *
 * @param from where they come from, for messages
 * @throws OnnxError naming the input that is missing, unknown, or of another shape or type
 */
export function checkInputs(open: OpenModel, arrays: Arrays, from: string): Map<string, ReadTensor> {
  const wanted = wantedInputs(open);
  const names = wanted.map(({ name }) => name);
  const described = describeInputs(open);
  for (const info of wanted) {
    if (!arrays.has(info.name)) {
      const got = arrays.size === 0 ? "no array at all" : listed([...arrays.keys()].map(printable));
      throw expected(from, `an array ${describe(info)}`, got);
    }
  }
  const stranger = [...arrays.keys()].find((name) => !names.includes(name));
  if (stranger !== undefined) {
    throw expected(from, `the inputs of the model, ${listed(described)}`, `"${printable(stranger)}" too`);
  }
  const inPieces = fixedBatch(open, arrays) !== null;
  return new Map(wanted.map((info) => [info.name, fitted(info, arrays.get(info.name) as ReadTensor, inPieces, from)]));
}

function fitted(info: ValueInfo, array: ReadTensor, inPieces: boolean, from: string): ReadTensor {
  const { name, type, shape } = info;
  const fits =
    shape === null ||
    (shape.length === array.shape.length &&
      shape.every((size, at) => typeof size !== "number" || size === array.shape[at] || (at === 0 && inPieces)));
  const got = () => `${array.dtype} [${array.shape.join(", ")}]`;
  if (!fits) throw expected(`${from}: ${name}`, describe(info), got());
  const dtype = type === null ? array.dtype : typeOf(type)?.dtype;
  if (dtype === undefined || dtype === "BF16")
    throw expected(`${from}: ${name}`, "a type that can be fed", describe(info));
  if (dtype === array.dtype) return array;
  const data = converted(array, dtype as ArrayDType);
  if (data === null) throw expected(`${from}: ${name}`, `${describe(info)}, or what it can hold without loss`, got());
  return { dtype: dtype as ArrayDType, shape: array.shape, data };
}

/** The same numbers in another type; null where one of them is not in it, and of halves, which are bits here. */
function converted({ dtype, data }: ReadTensor, to: ArrayDType): TensorArray | null {
  if (dtype === "F16" || dtype === "BF16" || to === "F16") return null;
  const into = new arrayOf[to](data.length);
  for (let at = 0; at < data.length; at++) {
    const value = data[at];
    if (to === "BOOL" && Number(value) !== 0 && Number(value) !== 1) return null;
    if (into instanceof BigInt64Array || into instanceof BigUint64Array) {
      if (typeof value === "number" && !Number.isSafeInteger(value)) return null;
      into[at] = BigInt(value);
      if (into[at] !== BigInt(value)) return null;
    } else {
      into[at] = Number(value);
      if (!Object.is(into[at] + 0, Number(value) + 0) || (typeof value === "bigint" && BigInt(into[at]) !== value))
        return null;
    }
  }
  return into;
}

function describe({ name, type, shape }: ValueInfo): string {
  const kind = type === null ? "" : ` ${typeOf(type)?.dtype ?? "of another type"}`;
  const sizes = shape === null ? "" : ` [${shape.map((size) => size ?? "?").join(", ")}]`;
  return printable(`"${name}"${kind}${sizes}`);
}

/** The size of the first axis that all arrays have in common; null where they have none. */
function rowsInCommon(arrays: Arrays): number | null {
  const [rows = null, ...others] = [...arrays.values()].map(({ shape }) => shape[0] ?? null);
  return others.every((one) => one === rows) ? rows : null;
}

/**
 * How much of the first axis goes together where the graph fixes it, and the arrays have it several times: many models are
 * exported for a batch of 1. Null everywhere else.
 */
function fixedBatch(open: OpenModel, arrays: Arrays): number | null {
  const rows = rowsInCommon(arrays);
  const [fixed, ...others] = wantedInputs(open).map(({ shape }) => shape?.[0] ?? null);
  if (rows === null || typeof fixed !== "number" || others.some((one) => one !== fixed)) return null;
  return rows > fixed && rows % fixed === 0 ? fixed : null;
}

function isOpenAlongRows(open: OpenModel): boolean {
  return wantedInputs(open).every(({ shape }) => typeof (shape?.[0] ?? null) !== "number");
}

/**
 * The inputs in batches along their first axis, where all have it in common and the graph leaves it open, or fixes it and has to
 * be run several times; else as they are.
 *
 * @param batch how much of the first axis goes together where the graph leaves it open
 */
export function* batches(
  open: OpenModel,
  arrays: Arrays,
  batch: number,
): Generator<{ feeds: Map<string, ReadTensor>; share: number }> {
  const rows = rowsInCommon(arrays);
  const step = fixedBatch(open, arrays) ?? (isOpenAlongRows(open) ? batch : null);
  if (rows === null || step === null) {
    yield { feeds: new Map(arrays), share: 1 };
    return;
  }
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(rows, from + step);
    const feeds = new Map<string, ReadTensor>();
    for (const [name, { dtype, shape, data }] of arrays) {
      const each = sizeOf(shape.slice(1));
      feeds.set(name, { dtype, shape: [to - from, ...shape.slice(1)], data: data.subarray(from * each, to * each) });
    }
    yield { feeds, share: to / rows };
  }
}

export function tensorsOf(runtime: Runtime, feeds: Arrays): Tensors {
  const tensors: Tensors = {};
  for (const [name, { dtype, shape, data }] of feeds) {
    const type = elementTypes.find((one) => one.dtype === dtype)?.runtime as "float32";
    tensors[name] = new runtime.Tensor(type, data as Float32Array, shape);
  }
  return tensors;
}
