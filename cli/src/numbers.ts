/** Numbers that options take, written as people write them: `0x10` and an empty text are numbers to JavaScript alone. */
import { InvalidArgumentError } from "commander";

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** NaN where it is none. */
function numberOf(text: string): number {
  return decimal.test(text) ? Number(text) : Number.NaN;
}

export function count(text: string): number {
  const value = numberOf(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("Expected a whole number, 1 or more.");
  return value;
}

export function whole(text: string): number {
  const value = numberOf(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError("Expected a whole number.");
  return value;
}

export function notBelowZero(text: string): number {
  const value = numberOf(text);
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
    throw new InvalidArgumentError("Expected a number, 0 or more.");
  return value;
}

export function share(text: string): number {
  const value = numberOf(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError("Expected a number above 0, at most 1.");
  return value;
}
