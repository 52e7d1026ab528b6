/** Checks of what was saved as JSON and is read again. They throw an Error in words of what was expected. */

export function asObject(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${what} as an object`);
  return value as Record<string, unknown>;
}

export function asNumber(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new Error(`${what} as a finite number`);
  return value;
}

export function asCount(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Error(`${what} as a count`);
  return value as number;
}
