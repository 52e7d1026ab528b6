import { afterEach, expect } from "vitest";
import { type ArrayOrTensor, layerNorm, reject } from "../../bindings/index.js";
import { callWith, entryOf, type OpName, opNames, plainArgument } from "./table.js";

/** Anything in place of anything: what a caller without types may give. */
// biome-ignore lint/suspicious/noExplicitAny: the tests are about wrong kinds
export type Any = any;

export const f32 = (...values: number[]) => new Float32Array(values);
export const f64 = (...values: number[]) => new Float64Array(values);
export const u16 = (...values: number[]) => new Uint16Array(values);

/** What every operand may be, in the words of the errors. */
export const KINDS = "a Float32Array, Float64Array, Uint16Array, Float16Array or Tensor";

/** … and what is said beside numbers in another form. */
export const HINT = "(Float32Array.from makes one of it)";

/** An array whose buffer has been transferred away. */
export function detached(length = 4): Float32Array {
  const array = new Float32Array(length);
  structuredClone(array, { transfer: [array.buffer] });
  return array;
}

interface Resize {
  resize(bytes: number): void;
}

/** A view that a resizable buffer no longer reaches; undefined where the engine has no such buffers. */
export function shrunk(): Float32Array | undefined {
  const Resizable = ArrayBuffer as unknown as new (bytes: number, options: object) => ArrayBuffer & Partial<Resize>;
  const buffer = new Resizable(16, { maxByteLength: 16 });
  const array = new Float32Array(buffer, 0, 4);
  buffer.resize?.(8);
  return array.length === 0 ? array : undefined;
}

/** What an error says, with its class; "none" if there is none. */
export function said(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return String(error);
  }
  return "none";
}

/** After each test of a file the default engine computes as ever: what was refused has left nothing behind. */
export function expectDefaultEngineUnharmed(): void {
  afterEach(() => {
    expect(layerNorm(f32(-1, 1), { eps: 0 })).toEqual(f32(-1, 1));
    expect(reject(f32(3, 4), f32(2, 0))).toEqual(f32(0, 4));
  });
}

/** The call throws exactly this: "TypeError: layerNorm: …". */
export function refuses(call: () => unknown, message: string): void {
  expect(said(call)).toBe(message);
}

export type Call = (x: Any, options?: Any) => unknown;

/** Arguments after the first, with which a call is right whatever x is. */
function others(op: OpName, x: unknown): unknown[] {
  return entryOf(op)
    .arguments.slice(1)
    .map((name) => (name in entryOf(op).operands ? oneRow(x) : plainArgument(op, name)));
}

/** One row of the same kind as x. */
function oneRow(x: unknown): ArrayOrTensor {
  if (x instanceof Float64Array) return f64(1, 0, 0, 0);
  return x instanceof Uint16Array ? u16(0x3c00, 0, 0, 0) : f32(1, 0, 0, 0);
}

/** Options with a mean and a rstd, for the op that must have them; what are no options as they are. */
function withSaved(z: unknown, options: Any): Any {
  if (options !== undefined && Object.getPrototypeOf(options ?? 0) !== Object.prototype) return options;
  const one = z instanceof Float64Array ? f64(1) : f32(1);
  return { mean: one, rstd: one, ...options };
}

/** Every op as (x, options), the rest of its operands right: whatever is wrong with the call is not their fault. */
export const calls = opNames.map((op): [op: OpName, call: Call] => [
  op,
  (x, options) => callWith(op, [x, ...others(op, x)], op === "invertLayerNorm" ? withSaved(x, options) : options),
]);

export function callOf(op: OpName): Call {
  return (calls.find(([name]) => name === op) as [OpName, Call])[1];
}

/** What an op calls its first argument. */
export const first = (op: OpName) => entryOf(op).arguments[0];
