/** Every refusal is one line: where, what was expected, what came. Names and values from files are shown as escapes. */
import { StudyFailure } from "../failure.js";
import { printable } from "../text.js";

/** @param where the file, or the file and the tensor */
export function expected(where: string, what: string, got: string): StudyFailure {
  return new StudyFailure(`${printable(where)} expected ${what}, got ${got}`);
}

/** A source has no more bytes; who reads a tensor from it can say which tensor is cut short. */
export class EndsEarly extends StudyFailure {
  constructor(
    name: string,
    wanted: number,
    position: number,
    /** How many bytes the source had. */
    readonly end: number,
    why: string,
  ) {
    super(
      `${printable(name)} expected ${wanted} bytes at byte ${position}, got ${Math.max(0, end - position)}: ${why}`,
    );
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

export function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `${/^[aeiou]/.test(typeof value) ? "an" : "a"} ${typeof value}`;
}

/** What stands in a header, short enough for one line. */
export function excerpt(text: string): string {
  const safe = printable(text);
  return safe.length > 60 ? `${safe.slice(0, 59)}…` : safe;
}

/**
 * The bits of a shape of elements of so many bits; null where they are too many to be addressed.
 *
 * A size of zero makes the tensor empty however large the others are; multiplied out, they could overflow before it.
 */
export function bitsIn(shape: readonly number[], each: number): number | null {
  const bits = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, each);
  return Number.isSafeInteger(bits) ? bits : null;
}
