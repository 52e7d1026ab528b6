import { checkCount, rangeError, typeError, words } from "./check.js";
import { BYTES, type DType, dtypeOf, isTypedArray } from "./dtype.js";
import { defaultEngine, Engine } from "./engine.js";
import { type Frame, isDetached, type Op, type Operand } from "./frame.js";
import { Tensor } from "./tensor.js";

/** What every op takes beside its own options. */
export interface CommonOptions {
  /** The length of a row. Default: a Tensor's last dimension; else the length of `weight`; else all of x is one row. */
  cols?: number;
  /** The element type of a Uint16Array: "f16" or "bf16", whose bits it holds. */
  dtype?: DType;
  /** The engine to work in. Default: that of the first Tensor among the arguments, else the default engine. */
  engine?: Engine;
}

/** No options. */
export const none = Object.freeze({});

/** The options of an op: an object. An operand in their place, as in `layerNorm(x, weight)`, would be ignored in silence. */
export function checkOptions(op: string, value: unknown): void {
  const operand = ArrayBuffer.isView(value) || Array.isArray(value) || value instanceof Tensor;
  if (typeof value !== "object" || value === null || operand) throw typeError(op, "options", "an object", value);
}

/**
 * Begins a call: which engine, which element type, how many rows and columns.
 *
 * @param options as the user gave them: a Tensor among them says which engine, where x is an array
 * @param guide the operand whose length is that of a row, where neither cols nor x says it
 * @param other the second argument, which may be a Tensor too
 */
export function begin(
  called: Op,
  x: Operand,
  options: CommonOptions,
  guide: Operand | undefined,
  other: Operand | undefined = guide,
): Frame {
  const { name: op, argument = "x", guide: guideName = "weight" } = called;
  const { cols, dtype, engine } = options;
  const tensor = x instanceof Tensor;
  if (!tensor && !isTypedArray(x)) throw typeError(op, argument, "a typed array or a Tensor", x);
  if (engine !== undefined && !(engine instanceof Engine)) throw typeError(op, "engine", "an Engine", engine);
  const host = engine ?? (tensor ? (x.owner as Engine) : engineOf(other, options));
  host.live(op);

  const own = tensor ? x.dtype : dtypeOf(x);
  if (dtype !== undefined && !Object.hasOwn(BYTES, dtype)) {
    throw rangeError(op, "dtype", '"f32", "f64", "f16" or "bf16"', dtype);
  }
  if (own === undefined && dtype !== "f16" && dtype !== "bf16") {
    throw typeError(op, "dtype", '"f16" or "bf16" for a Uint16Array', dtype);
  }
  if (own !== undefined && dtype !== undefined && dtype !== own) {
    throw typeError(op, "dtype", `${JSON.stringify(own)}, which ${argument} has`, dtype);
  }

  const { length } = x;
  let columns: number;
  if (cols !== undefined) columns = checkCount(op, "cols", cols);
  else if (tensor) columns = x.cols;
  else columns = guide === undefined ? length : guide instanceof Tensor ? guide.cols : (guide?.length ?? length);
  if (columns === 0) {
    if (!tensor && isDetached(x.buffer)) {
      throw rangeError(op, argument, "an array with its buffer", words("one whose buffer is detached"));
    }
    throw rangeError(op, length === 0 ? argument : guideName, "at least one element, or cols", words("none"));
  }
  if (length % columns !== 0) {
    if (cols !== undefined) throw rangeError(op, "cols", `a divisor of ${length}, the length of ${argument}`, cols);
    const source = tensor ? "cols" : guideName;
    throw rangeError(op, source, `a length that divides ${argument}'s ${length}`, words(`${columns} elements`));
  }
  return host.frame.begin(called, argument, x, own ?? (dtype as DType), columns);
}

/** The engine of the first Tensor, else the default one. */
function engineOf(other: Operand | undefined, options: CommonOptions): Engine {
  if (other instanceof Tensor) return other.owner as Engine;
  for (const value of Object.values(options)) if (value instanceof Tensor) return value.owner as Engine;
  return defaultEngine();
}
