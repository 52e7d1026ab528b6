import { typeError, verbatim } from "../check.js";

type Arguments = Readonly<Record<string, unknown>>;

/**
 * Refuses arguments and options, by their names, that are no arrays of numbers: anything else would become NaN.
 *
 * @param optional those that may be undefined
 */
export function checkArrays(op: string, required: Arguments, optional: Arguments = {}): void {
  for (const [name, value] of Object.entries(required)) checkArray(op, name, value);
  for (const [name, value] of Object.entries(optional)) if (value !== undefined) checkArray(op, name, value);
}

function checkArray(op: string, name: string, value: unknown): void {
  const typed = ArrayBuffer.isView(value) && !(value instanceof DataView);
  if (!typed && !Array.isArray(value)) {
    const isTensor = typeof (value as { toArray?: unknown } | null)?.toArray === "function";
    const cure = isTensor ? " (toArray makes one of it)" : "";
    throw typeError(op, name, `an array of numbers${cure}`, value);
  }
  if (Object.prototype.toString.call(value) === "[object Uint16Array]") {
    throw typeError(op, name, "numbers", verbatim("the bits of a Uint16Array (fromBits makes numbers of them)"));
  }
  const array = value as unknown as ArrayLike<unknown>;
  if (typed && typeof (array[0] ?? 0) === "number") return;
  for (let i = 0; i < array.length; i++) {
    if (typeof array[i] !== "number") throw typeError(op, `${name}[${i}]`, "a number", array[i]);
  }
}
