/** Checks and words that the headers of all formats share. */
import { printable } from "./text.js";

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is a list of sizes: whole numbers, zero or more. */
export function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** The kind of a JSON value in words: "an array", "a number". */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? "an array" : `${/^[aeiou]/.test(typeof value) ? "an" : "a"} ${typeof value}`;
}

/** Text from a header, short enough for one line. */
export function excerpt(text: string): string {
  const safe = printable(text);
  return safe.length > 60 ? `${safe.slice(0, 59)}…` : safe;
}

/**
 * How many bits a tensor of this shape takes; null where they are too many to be addressed.
 *
 * A size of zero makes the tensor empty however large the others are. Multiplied out first, they could overflow.
 *
 * @param each how many bits one element takes
 */
export function bitsIn(shape: readonly number[], each: number): number | null {
  const bits = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, each);
  return Number.isSafeInteger(bits) ? bits : null;
}

/** How deep the brackets of a header may be nested. Of 100 MB of brackets alone, JSON.parse would take a minute and a half. */
export const maximumDepth = 64;

/** How deep the brackets of a JSON text are nested. */
export function depthOf(bytes: Uint8Array): number {
  const [quote, backslash, object, array, objectEnd, arrayEnd] = [...'"\\{[}]'].map((sign) => sign.charCodeAt(0));
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === backslash) i++;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === object || byte === array) deepest = Math.max(deepest, ++depth);
    else if (byte === objectEnd || byte === arrayEnd) depth--;
  }
  return deepest;
}
