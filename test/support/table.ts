import * as orthonorm from "orthonorm";
import { type OpName, ops } from "../../abi/ops.js";
import type { OperandSpec } from "../../bindings/call/op.js";

/** An op as the tests need to know it: the entry of the table, by its widest type. */
export interface Entry {
  readonly operands: Readonly<Record<string, Omit<OperandSpec, "name" | "stride">>>;
  readonly arguments: readonly string[];
  readonly returns?: readonly string[];
  readonly scalars?: Readonly<Record<string, string>>;
  readonly internal?: Readonly<Record<string, string>>;
}

export type { OpName };
export const opNames = Object.keys(ops) as OpName[];

export function entryOf(op: OpName): Entry {
  return ops[op];
}

/** The names of an op's options, in the order in which errors list them. */
export function optionsOf(op: OpName): string[] {
  const { operands, arguments: positional, returns = [], scalars = {} } = entryOf(op);
  const names = (role: (spec: Omit<OperandSpec, "name" | "stride">) => boolean) =>
    Object.keys(operands).filter(
      (name) => role(operands[name]) && !positional.includes(name) && !returns.includes(name),
    );
  const parameters = names(({ role, shape }) => role === "in" && shape === "cols");
  const inputs = names(({ role, shape }) => role === "in" && shape !== "cols");
  const outputs = names(({ role }) => role === "out" || role === "inout");
  return ["cols", ...parameters, ...Object.keys(scalars), ...inputs, ...outputs, "dtype", "engine"];
}

/** An op's outputs by name: those that it returns, then those that it fills where they are given. */
export function outputsOf(op: OpName): string[] {
  const { operands } = entryOf(op);
  return Object.keys(operands).filter((name) => operands[name].role === "out");
}

/** An op's inputs by name. */
export function inputsOf(op: OpName): string[] {
  const { operands } = entryOf(op);
  return Object.keys(operands).filter((name) => operands[name].role === "in");
}

/** A right value of an argument that is no operand: an element type, or a number that the table has by that name. */
export function plainArgument(op: OpName, name: string): string | number {
  const { scalars, internal } = entryOf(op);
  if (name === "to") return "f64";
  if (name in { ...scalars, ...internal }) return 1;
  throw new Error(`${op}: ${name} expected an operand, a scalar of the table or "to", got none of these`);
}

/** Which outputs lie where an input does, by name. */
export type Placement = ReadonlyMap<string, string>;

/** Every way to put one or more of these outputs in the place of these inputs, no two in the same. Default: of them all. */
export function placementsOf(op: OpName, outputs = outputsOf(op), inputs = inputsOf(op)): Placement[] {
  const { operands } = entryOf(op);
  let placements: Placement[] = [new Map()];
  for (const output of outputs) {
    const places = operands[output].aliases.filter((name) => inputs.includes(name));
    placements = placements.flatMap((placement) => {
      const taken = [...placement.values()];
      const free = places.filter((place) => !taken.includes(place));
      return [placement, ...free.map((place) => new Map([...placement, [output, place]]))];
    });
  }
  return placements.filter(({ size }) => size > 0);
}

/** What the package exports, by name. */
const exported: Readonly<Record<string, unknown>> = orthonorm;

/** Calls an op with its arguments as a list and its options, of whatever kind those are. */
export function callWith(op: OpName, args: readonly unknown[], options?: unknown): unknown {
  const call = exported[op] as (...args: unknown[]) => unknown;
  return options === undefined ? call(...args) : call(...args, options);
}

/** Calls an op with arguments and options by name; what is undefined is not given. */
export function invoke(op: OpName, given: Readonly<Record<string, unknown>>): unknown {
  const positional = entryOf(op).arguments;
  const options = Object.fromEntries(
    Object.entries(given).filter(([name, value]) => value !== undefined && !positional.includes(name)),
  );
  return callWith(
    op,
    positional.map((name) => given[name]),
    options,
  );
}

/** What a call answered, by the names of the outputs: the ones returned and the ones that were given. */
export function resultsOf<T>(
  op: OpName,
  returned: unknown,
  given: Readonly<Record<string, unknown>>,
): Record<string, T> {
  const { returns = ["out"] } = entryOf(op);
  const results: Record<string, unknown> =
    returns.length > 1 ? { ...(returned as object) } : { [returns[0]]: returned };
  for (const name of outputsOf(op)) if (given[name] !== undefined) results[name] ??= given[name];
  return results as Record<string, T>;
}
