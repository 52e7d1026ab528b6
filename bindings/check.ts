import { type DType, kindOf } from "./memory/dtype.js";

// One grammar for every error: `layerNorm: weight expected 768 elements, got 512`. It is a TypeError for a wrong kind and a
// RangeError for a wrong value. Every check runs before anything is written.

export function typeError(op: string, argument: string, expected: string, got: unknown): TypeError {
  return new TypeError(`${op}: ${argument} expected ${expected}, got ${describe(got)}`);
}

export function rangeError(op: string, argument: string, expected: string, got: unknown): RangeError {
  return new RangeError(`${op}: ${argument} expected ${expected}, got ${describe(got)}`);
}

/** A value in a few words. A text that is to appear without quotes, such as "512 elements", comes wrapped by `verbatim`. */
function describe(value: unknown): string {
  if (value instanceof Verbatim) return value.text;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  const length = kindOf.call(value) || Array.isArray(value) ? ` of ${elements((value as unknown[]).length)}` : "";
  // a bundler calls a class that speaks of itself _Tensor
  return `${value.constructor?.name.replace(/^_/, "") ?? "object"}${length}`;
}

class Verbatim {
  constructor(readonly text: string) {}
}

/** A text for `got` that is not the value itself. */
export function verbatim(text: string): Verbatim {
  return new Verbatim(text);
}

/**
 * A value of the wrong kind, for an error. Where another copy of this package made it, as another entry does, it has the right name and is
 * yet none of this copy's: then the error says so.
 */
export function foreign(value: unknown, kind: "a Tensor" | "a Quantized" | "an Engine"): unknown {
  return Object.prototype.toString.call(value) === `[object ${kind.slice(kind.indexOf(" ") + 1)}]`
    ? verbatim(`${kind} of another copy of orthonorm, such as another entry`)
    : value;
}

/** A number of elements in words: "1 element", "2 elements". */
export function elements(count: number): string {
  return count === 1 ? "1 element" : `${count} elements`;
}

/** The largest count: kernels take an i32. */
export const MOST = 2 ** 31 - 1;

/** A positive integer, such as a number of columns. */
export function checkCount(op: string, argument: string, value: unknown): number {
  if (typeof value !== "number") throw typeError(op, argument, "a positive integer", value);
  if (!Number.isSafeInteger(value) || value <= 0) throw rangeError(op, argument, "a positive integer", value);
  if (value > MOST) throw rangeError(op, argument, `at most ${MOST}`, value);
  return value;
}

/** A finite number that is not negative, such as eps. */
export function checkNonNegative(op: string, argument: string, value: unknown): number {
  if (typeof value !== "number") throw typeError(op, argument, "a number of at least 0", value);
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) {
    throw rangeError(op, argument, "a finite number of at least 0", value);
  }
  return value;
}

/** A finite number. */
export function checkFinite(op: string, argument: string, value: unknown): number {
  if (typeof value !== "number") throw typeError(op, argument, "a number", value);
  if (!Number.isFinite(value)) throw rangeError(op, argument, "a finite number", value);
  return value;
}

/** The largest number of f32. */
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

/** A norm's numbers, in the order in which each way of a call refuses them. */
export function checkNumbers(op: string, eps: number, weightOffset: number): void {
  checkFinite(op, "weightOffset", weightOffset);
  checkNonNegative(op, "eps", eps);
}

/** RMSNorm's weightOffset. One beyond f32 would be infinite where all else is f32, and make NaN of a row of zeros. */
export function checkWeightOffset(op: string, weightOffset: number, dtype: DType): void {
  if (dtype !== "f64" && Math.abs(weightOffset) > LARGEST) {
    throw rangeError(op, "weightOffset", `a number that f32 can hold, for x is ${dtype}`, weightOffset);
  }
}

/** Refuses a typed array that has lost its elements: its buffer was transferred away, or has shrunk. */
export function checkBuffer(op: string, argument: string, array: ArrayLike<unknown> & ArrayBufferView): void {
  if (array.length > 0) return;
  try {
    // keys is the cheapest of the methods that throw for such an array
    Uint8Array.prototype.keys.call(array);
  } catch {
    let got = "one whose buffer is detached";
    try {
      new Uint8Array(array.buffer);
      got = "one whose buffer has shrunk";
    } catch {}
    throw rangeError(op, argument, "an array with its buffer", verbatim(got));
  }
}
