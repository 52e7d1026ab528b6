import { tensor } from "../../bindings/index.js";
import { type Any, first } from "./errors.js";
import { entryOf, type OpName, opNames, plainArgument } from "./table.js";

export const ramp = (n: number) => Float32Array.from({ length: n }, (_, i) => i + 1);

/** Operands that make a right call on x [2, 4], as Tensors. */
export function operandsOf(op: OpName): Record<string, Any> {
  const { operands, arguments: positional, returns = [] } = entryOf(op);
  const given: Record<string, Any> = {};
  for (const [name, { role, shape, dtype }] of Object.entries(operands)) {
    if (role === "workspace" || returns.includes(name) || name === "sum") continue;
    const type = dtype === "to" ? "f64" : "f32";
    const dims = { "rows cols": [2, 4], rows: [2], cols: [4], "k cols": [4], "rows k": [2], k: [1] }[
      shape as string
    ] as number[];
    given[name] = tensor(type, dims, ramp(dims.reduce((a, b) => a * b, 1)));
  }
  for (const name of positional) if (!(name in operands)) given[name] = plainArgument(op, name);
  return given;
}

/** Every operand of every op but the first argument. */
export const others = opNames.flatMap((op) =>
  Object.keys(operandsOf(op))
    .filter((name) => name !== first(op) && name in entryOf(op).operands)
    .map((name): [OpName, string] => [op, name]),
);
