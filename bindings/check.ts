import { isTypedArray } from "./dtype.js";

// One grammar for every error: `layerNorm: weight expected 768 elements, got 512`. A TypeError for a wrong kind, a
// RangeError for a wrong value. Every check runs before anything is written.

export function typeError(op: string, argument: string, expected: string, got: unknown): TypeError {
  return new TypeError(`${op}: ${argument} expected ${expected}, got ${describe(got)}`);
}

export function rangeError(op: string, argument: string, expected: string, got: unknown): RangeError {
  return new RangeError(`${op}: ${argument} expected ${expected}, got ${describe(got)}`);
}

/** A value in a few words. A string that stands for itself, as in "512 elements", comes as a `Words`. */
function describe(value: unknown): string {
  if (value instanceof Words) return value.text;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  const length = isTypedArray(value) || Array.isArray(value) ? ` of ${value.length} elements` : "";
  return `${value.constructor?.name ?? "object"}${length}`;
}

class Words {
  constructor(readonly text: string) {}
}

/** Words for `got` that are not a value. */
export function words(text: string): Words {
  return new Words(text);
}

/** A positive integer, such as a number of columns. */
export function checkCount(op: string, argument: string, value: unknown): number {
  if (typeof value !== "number") throw typeError(op, argument, "a positive integer", value);
  if (!Number.isSafeInteger(value) || value <= 0) throw rangeError(op, argument, "a positive integer", value);
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
