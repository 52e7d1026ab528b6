import { checkCount, elements, rangeError, typeError, verbatim } from "../check.js";
import type { Core } from "../engine/core.js";
import { checkEngine, coreOf, defaultEngine, type Engine } from "../engine/engine.js";
import { DTYPES, type DType, isDType, storageOf, type TypedArray } from "../memory/dtype.js";
import { type Owner, placeOf, type Tensor } from "../memory/tensor.js";
import { checkNames } from "../names.js";
import { Call } from "./call.js";
import type { Op } from "./op.js";
import { type ArrayOrTensor, storageIn } from "./operand.js";

/** What every op takes beside its own options. */
export interface CommonOptions {
  /**
   * The length of a row. Default: the last dimension of the Tensors among the operands; else the length of weight, bias or
   * direction, where the op has them; else all of x is one row. Operands that contradict it, or each other, are refused.
   */
  cols?: number;
  /** Which element type's bits a Uint16Array holds: "f16" or "bf16". Other arrays and Tensors say it themselves. */
  dtype?: DType;
  /** The engine that runs the op. Default: that of the first Tensor among the operands, else the default engine. */
  engine?: Engine;
}

/** @internal The options of a call without any, recognised by identity. */
export const noOptions = Object.freeze({});

/** @internal Refuses options that this op does not have. */
export function checkOptions(op: Op, options: object): void {
  if (options !== noOptions) checkNames(op.name, op.options, options);
}

/**
 * Begins a call: it finds out the engine, the element type and the number of rows and columns.
 *
 * @param options those of the user, after `checkOptions`
 * @param other the second argument, where the op has one
 * @param rows the same, where it is rows in an engine's memory that are no Tensor
 *
 * @internal
 */
export function begin(op: Op, x: unknown, options: CommonOptions, other?: unknown, rows?: Rows): Call {
  const { name, first } = op;
  const { cols, dtype, engine } = options;
  const place = placeOf(x);
  const own = place === undefined ? storageIn(name, first, x) : place.dtype;
  if (engine !== undefined) checkEngine(name, engine);
  // the first Tensor says the engine, and the first whose last dimension is the length of a row says that
  let tensor = place ?? placeOf(other);
  let guide: Guide | undefined;
  if (place === undefined) {
    if (tensor !== undefined) guide = { name: op.second as string, cols: tensor.cols };
    for (const option in options) {
      const found = placeOf((options as Record<string, unknown>)[option]);
      if (found === undefined) continue;
      tensor ??= found;
      if (op.operands[option]?.shape.endsWith("cols")) guide ??= { name: option, cols: found.cols };
    }
  }
  const core = engineOf(engine, tensor ?? rows);
  core.live(name);

  if (dtype !== undefined && !isDType(dtype)) throw rangeError(name, "dtype", DTYPES, dtype);
  if (own === "bits") {
    if (dtype !== "f16" && dtype !== "bf16") {
      throw typeError(name, "dtype", '"f16" or "bf16" for a Uint16Array', dtype);
    }
  } else if (dtype !== undefined && dtype !== own) {
    throw typeError(name, "dtype", `${JSON.stringify(own)}, which ${first} has`, dtype);
  }
  const element = own === "bits" ? (dtype as DType) : own;

  const { length } = x as ArrayOrTensor;
  const said = cols === undefined ? undefined : checkCount(name, "cols", cols);
  if (place !== undefined) {
    if (said !== undefined && said !== place.cols) {
      const expected = `${place.cols}, the last dimension of ${first} (${first}.view({ shape }) has other rows)`;
      throw rangeError(name, "cols", expected, said);
    }
    return callOf(core).begin(op, x as Tensor, element, place.rows, place.cols, true);
  }
  if (said === undefined) guide ??= guideOf(op, options, other, length, rows);
  else guide = undefined;
  const columns = said ?? guide?.cols ?? length;
  if (columns === 0) throw rangeError(name, first, "at least one element, or cols", verbatim("none"));
  if (length % columns !== 0) {
    if (guide === undefined) throw rangeError(name, "cols", `a divisor of ${length}, the length of ${first}`, said);
    throw rangeError(name, guide.name, `a length that divides ${first}'s ${length}`, verbatim(elements(columns)));
  }
  return callOf(core).begin(
    op,
    x as TypedArray,
    element,
    length / columns,
    columns,
    said !== undefined || guide !== undefined,
  );
}

/** @internal The engine that was given, or that of an operand, or the default. */
export function engineOf(engine: Engine | undefined, operand: { owner: Owner } | undefined): Core {
  return coreOf(engine) ?? (operand?.owner as Core | undefined) ?? (coreOf(defaultEngine()) as Core);
}

/** What gives the length of a row where x, `cols` and Tensors do not: a parameter, or a direction shorter than x. */
function guideOf(op: Op, options: object, other: unknown, length: number, rows: Rows | undefined): Guide | undefined {
  const { guides, operands, second } = op;
  if (rows !== undefined) return { name: second as string, cols: rows.cols };
  for (const name of guides) {
    const value = (options as Record<string, unknown>)[name];
    if (storageOf(value) !== undefined && (value as TypedArray).length > 0) {
      return { name, cols: (value as TypedArray).length };
    }
  }
  // a weight may have any number of rows, so its length says nothing of one
  if (second === undefined || operands[second].dtype !== "parameter" || storageOf(other) === undefined)
    return undefined;
  const cols = (other as TypedArray).length;
  return cols > 0 && cols < length ? { name: second, cols } : undefined;
}

/** Rows in an engine's memory that are no Tensor: those of 8 bits. */
interface Rows {
  readonly owner: Owner;
  readonly cols: number;
}

interface Guide {
  readonly name: string;
  readonly cols: number;
}

/** @internal */
export function callOf(core: Core): Call {
  core.call ??= new Call(core);
  return core.call as Call;
}
