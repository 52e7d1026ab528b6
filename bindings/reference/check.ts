/**
 * Refuses options that the function does not have, which would be ignored, and arrays of what are not numbers, which would
 * become NaN.
 *
 * @param names the options that it has
 * @param arrays the arguments and options that must be arrays, by name; undefined for an absent one
 */
export function checkCall(
  op: string,
  names: readonly string[],
  options: object,
  arrays: Readonly<Record<string, unknown>>,
): void {
  const plain =
    typeof options === "object" && options !== null && !Array.isArray(options) && !ArrayBuffer.isView(options);
  if (!plain) throw new TypeError(`${op}: options expected an object of ${names.join(", ")}, got ${nameOf(options)}`);
  for (const name in options) {
    if (names.includes(name)) continue;
    throw new TypeError(`${op}: options expected ${names.join(", ")}, got ${JSON.stringify(name)}`);
  }
  for (const [name, value] of Object.entries(arrays)) if (value !== undefined) checkNumbers(op, name, value);
}

function checkNumbers(op: string, name: string, value: unknown): void {
  const typed = ArrayBuffer.isView(value) && !(value instanceof DataView);
  if (!typed && !Array.isArray(value)) {
    const cure = typeof (value as { toArray?: unknown } | null)?.toArray === "function" ? ": toArray() gives them" : "";
    throw new TypeError(`${op}: ${name} expected an array of numbers, got ${nameOf(value)}${cure}`);
  }
  if (Object.prototype.toString.call(value) === "[object Uint16Array]") {
    throw new TypeError(`${op}: ${name} expected numbers, got the bits of a Uint16Array: fromBits gives numbers`);
  }
  const array = value as unknown as ArrayLike<unknown>;
  if (typed && typeof (array[0] ?? 0) === "number") return;
  for (let i = 0; i < array.length; i++) {
    if (typeof array[i] !== "number") {
      throw new TypeError(`${op}: ${name}[${i}] expected a number, got ${nameOf(array[i])}`);
    }
  }
}

function nameOf(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  return value.constructor?.name ?? "object";
}
