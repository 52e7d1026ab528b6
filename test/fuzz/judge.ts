// What a call has to do, from the table of ops and the documentation: run, or be refused, and with which argument named. It
// shares nothing with bindings/call, and asks every question of every element rather than cleverly.

import type { DType } from "orthonorm";
import { ops } from "../../abi/ops.js";
import { numericFaults } from "./numeric.js";
import type { Call } from "./step.js";
import {
  type ArrayThing,
  aligned,
  dtypes,
  type EngineThing,
  elementsOf,
  isHalf,
  isLive,
  meet,
  type Numbers,
  type Region,
  type Storage,
  same,
  storageOf,
  type TensorThing,
  wideOf,
} from "./things.js";
import type { World } from "./world.js";

/** What the table says of an operand, of any op. */
export interface Spec {
  readonly role: "in" | "out" | "inout" | "workspace";
  readonly shape: string;
  readonly dtype: string;
  readonly aliases: readonly string[];
}

export interface Entry {
  readonly operands: Readonly<Record<string, Spec>>;
  readonly arguments: readonly string[];
  readonly returns?: readonly string[];
  readonly scalars?: Readonly<Record<string, string>>;
}

/** An operand that was given. */
export interface Given {
  readonly name: string;
  readonly spec: Spec;
  readonly thing: TensorThing | ArrayThing;
  /** Its rows and columns as the call sees them. */
  readonly region: Region;
  readonly dtype: DType;
  /** What was in it before the call. */
  readonly before: Numbers;
}

/** A call that has to run. */
export interface Plan {
  readonly engine: EngineThing;
  readonly dtype: DType;
  readonly to: DType;
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  readonly given: readonly Given[];
  readonly scalars: Readonly<Record<string, number>>;
}

/** Each fault as "TypeError weight" says it: the kind of error and the argument that it names. */
export interface Verdict {
  /** If there are any, the call has to be refused with one of them. */
  readonly faults: string[];
  /** It may be refused with one of these: memory that may not suffice, numbers near a limit. */
  readonly perhaps: string[];
  readonly plan?: Plan;
}

type Value = ReturnType<World["resolve"]>;

export function judge(world: World, step: Call): Verdict {
  const entry: Entry = ops[step.op];
  const faults = new Set<string>();
  // A sum without a residual is found by some ops before, by others after what else is wrong, so it never hides that.
  let orphaned = false;
  const refused = (): Verdict => ({ faults: [...faults, ...(orphaned ? ["RangeError residual"] : [])], perhaps: [] });
  if (!optionsAreNamed(world, step, entry)) return { faults: ["TypeError options"], perhaps: [] };

  const values = new Map<string, Value>();
  for (const [i, name] of entry.arguments.entries()) values.set(name, world.resolve(step.arguments[i] ?? "undefined"));
  for (const [name, source] of (step.options ?? []) as [string, string][]) values.set(name, world.resolve(source));
  const literal = (name: string) => values.get(name)?.real;
  const isGiven = (name: string) => literal(name) !== undefined;

  // What needs nothing but itself

  if (entry.arguments.includes("to") && !dtypes.includes(literal("to") as DType)) faults.add("RangeError to");
  const scalars: Record<string, number> = {};
  for (const name of Object.keys(entry.scalars ?? {})) {
    if (!isGiven(name)) continue;
    const value = literal(name);
    if (typeof value !== "number") faults.add(`TypeError ${name}`);
    else if (!Number.isFinite(value) || (name === "eps" && value < 0)) faults.add(`RangeError ${name}`);
    else scalars[name] = value;
  }
  orphaned = isGiven("sum") && !isGiven("residual");

  // Which engine, element type, rows and columns

  const first = entry.arguments[0];
  const x = operand(values.get(first) as Value);
  if (x === undefined) faults.add(`TypeError ${first}`);
  else if (lost(x)) faults.add(`RangeError ${first}`);
  const tensors = [first, entry.arguments[1], ...values.keys()].flatMap((name) => {
    const value = values.get(name);
    return value?.kind === "tensor" ? [{ name, tensor: value }] : [];
  });
  const asked = values.get("engine");
  if (isGiven("engine") && asked?.kind !== "engine") faults.add("TypeError engine");
  if (faults.size > 0) return refused();
  const engine = asked?.kind === "engine" ? asked : (tensors[0]?.tensor.engine ?? world.engine(undefined));
  if (!engine.live) faults.add("RangeError engine");
  const dtype = elementType(x as TensorThing | ArrayThing, literal("dtype"), faults);
  if (dtype === undefined || faults.size > 0) return refused();
  const size = sizeOf(entry, x as TensorThing | ArrayThing, values, tensors, faults);
  if (size === undefined) return refused();

  // The operands

  const call: Context = {
    ...size,
    dtype,
    to: (literal("to") as DType) ?? dtype,
    engine,
    x: x as TensorThing | ArrayThing,
    k: 1,
  };
  const given: Given[] = [];
  const absent = { kind: "value", real: undefined } as const;
  for (const [name, spec] of inOrder(entry)) {
    const value = values.get(name) ?? absent;
    if (value.real === undefined && !required(step.op, name)) continue;
    const one = take(world, call, name, spec, value, faults);
    if (one !== undefined) given.push(one);
  }
  for (const one of given) {
    if (one.spec.role !== "out") continue;
    for (const other of given) {
      if (one === other || !meet(one.region, other.region)) continue;
      if (!one.spec.aliases.includes(other.name) || !same(one.region, other.region))
        faults.add(`RangeError ${one.name}`);
    }
  }
  if (faults.size > 0 || orphaned) return refused();
  const plan: Plan = { ...size, engine, dtype, to: call.to, k: call.k, given, scalars };
  const { certain, possible } = numericFaults(step.op, plan);
  return { faults: certain, perhaps: [...possible, ...memoryFaults(world, entry, plan)], plan };
}

/** The operands that can be given: the arguments first, as the directions say how many coefficients there are. */
function inOrder({ operands, arguments: positional, returns = [] }: Entry): [string, Spec][] {
  const all = Object.entries(operands).filter(([name, { role }]) => role !== "workspace" && !returns.includes(name));
  const first = all.filter(([name]) => positional.includes(name));
  return [
    ...first.sort(([a], [b]) => positional.indexOf(a) - positional.indexOf(b)),
    ...all.filter((one) => !first.includes(one)),
  ];
}

/** A plain object with no names but the op's. */
function optionsAreNamed(world: World, { op, options, style }: Call, entry: Entry): boolean {
  if (options === undefined) return op !== "invertLayerNorm";
  if (typeof options === "string") return world.evaluate(options) === undefined && op !== "invertLayerNorm";
  const { operands, arguments: positional, returns = [], scalars = {} } = entry;
  const others = Object.keys(operands).filter(
    (name) => !positional.includes(name) && !returns.includes(name) && operands[name].role !== "workspace",
  );
  const names = ["cols", "dtype", "engine", ...Object.keys(scalars), ...others];
  return style !== undefined && options.every(([name]) => names.includes(name));
}

function required(op: string, name: string): boolean {
  return (
    name === ops[op as keyof typeof ops].arguments[1] ||
    (op === "invertLayerNorm" && (name === "mean" || name === "rstd"))
  );
}

/** An array or a Tensor; undefined for all else. */
function operand(value: Value): TensorThing | ArrayThing | undefined {
  if (value.kind === "tensor" || value.kind === "array") return value;
  const storage = value.kind === "value" ? storageOf(value.real) : undefined;
  return storage && { kind: "array", name: "", real: value.real as Numbers, storage };
}

/** Has an array lost its memory? */
function lost(thing: TensorThing | ArrayThing): boolean {
  if (thing.kind === "tensor") return false;
  try {
    thing.real.keys();
    return false;
  } catch {
    return true;
  }
}

function elementType(x: TensorThing | ArrayThing, asked: unknown, faults: Set<string>): DType | undefined {
  const own: Storage | DType = x.kind === "tensor" ? x.dtype : x.storage;
  if (asked !== undefined && !dtypes.includes(asked as DType)) faults.add("RangeError dtype");
  else if (own === "bits" ? !isHalf(asked) : asked !== undefined && asked !== own) faults.add("TypeError dtype");
  else return own === "bits" ? (asked as DType) : own;
  return undefined;
}

/** How many rows and columns, by the first thing that says it: cols, a Tensor, weight, bias, the direction, or all of x. */
function sizeOf(
  { operands, arguments: [first, second] }: Entry,
  x: TensorThing | ArrayThing,
  values: ReadonlyMap<string, Value>,
  tensors: readonly { name: string; tensor: TensorThing }[],
  faults: Set<string>,
): { rows: number; cols: number } | undefined {
  const asked = values.get("cols")?.real;
  if (asked !== undefined) {
    if (typeof asked !== "number") faults.add("TypeError cols");
    else if (!Number.isSafeInteger(asked) || asked <= 0) faults.add("RangeError cols");
    if (faults.size > 0) return undefined;
  }
  if (x.kind === "tensor") {
    if (asked !== undefined && asked !== x.cols) faults.add("RangeError cols");
    return faults.size > 0 ? undefined : { rows: x.rows, cols: x.cols };
  }
  const { length } = x.real;
  let [name, cols] = ["cols", asked as number | undefined];
  const rowLong = tensors.find((one) => one.name === second || operands[one.name]?.shape.endsWith("cols"));
  if (cols === undefined && rowLong !== undefined) [name, cols] = [rowLong.name, rowLong.tensor.cols];
  for (const parameter of ["weight", "bias"]) {
    if (operands[parameter]?.shape !== "cols") continue;
    const value = values.get(parameter);
    const array = value && operand(value);
    if (cols === undefined && array?.kind === "array" && array.real.length > 0)
      [name, cols] = [parameter, array.real.length];
  }
  // how many rows a weight has, its length does not say
  const other =
    second in operands && operands[second].dtype === "parameter" ? operand(values.get(second) as Value) : undefined;
  if (cols === undefined && other?.kind === "array" && other.real.length > 0 && other.real.length < length) {
    [name, cols] = [second, other.real.length];
  }
  cols ??= length;
  if (cols === 0) faults.add(`RangeError ${first}`);
  else if (length % cols !== 0) faults.add(`RangeError ${name}`);
  return faults.size > 0 ? undefined : { rows: length / cols, cols };
}

interface Context {
  readonly engine: EngineThing;
  readonly dtype: DType;
  readonly to: DType;
  readonly rows: number;
  readonly cols: number;
  readonly x: TensorThing | ArrayThing;
  k: number;
}

/** An operand, if there is nothing wrong with it. */
function take(
  world: World,
  call: Context,
  name: string,
  spec: Spec,
  value: Value,
  faults: Set<string>,
): Given | undefined {
  const refuse = (kind: "TypeError" | "RangeError") => {
    faults.add(`${kind} ${name}`);
    return undefined;
  };
  const thing = operand(value);
  if (thing === undefined) return refuse("TypeError");
  if (lost(thing)) return refuse("RangeError");
  const dtype = dtypeOf(spec, thing, call);
  if (dtype === undefined) refuse("TypeError");
  const length = thing.kind === "tensor" ? thing.rows * thing.cols : thing.real.length;
  let [rows, cols] = sizesOf(spec.shape, call);
  if (spec.shape === "k cols") {
    if (length === 0 || length % cols !== 0) return refuse("RangeError");
    call.k = length / cols;
    rows = call.k;
  }
  if (name === "y" && length === cols) rows = 1;
  if (length !== rows * cols) return refuse("RangeError");
  if (thing.kind === "tensor") {
    if (!isLive(thing) || thing.engine !== call.engine) refuse("RangeError");
    if (!shapeFits(spec, thing, rows, cols, call.x)) refuse("RangeError");
  }
  const found = world.regionOf(thing);
  // what lies in the engine's memory must lie in a live Tensor
  if (found === undefined && thing.kind === "array" && world.ownerOf(thing.real.buffer) === call.engine)
    refuse("RangeError");
  if (faults.has(`RangeError ${name}`) || dtype === undefined) return undefined;
  const region = found ?? world.strayRegionOf(thing as ArrayThing);
  return { name, spec, thing, region, dtype, before: elementsOf(region, dtype) };
}

function sizesOf(shape: string, { rows, cols, k }: Context): [rows: number, cols: number] {
  switch (shape) {
    case "rows cols":
      return [rows, cols];
    case "rows":
      return [rows, 1];
    case "rows k":
      return [rows, k];
    case "k":
      return [1, k];
    default:
      return [1, cols];
  }
}

/** A Tensor's rows must be the operand's; numbers per row may also be one vector of them, or have x's leading dimensions. */
function shapeFits(spec: Spec, tensor: TensorThing, rows: number, cols: number, x: TensorThing | ArrayThing): boolean {
  if (tensor.rows === rows && tensor.cols === cols) return true;
  if (cols !== 1 || !["rows", "rows k"].includes(spec.shape)) return false;
  if (tensor.shape.length === 1 || x.kind === "array") return true;
  return tensor.shape.length === x.shape.length - 1 && tensor.shape.every((n, i) => n === x.shape[i]);
}

/** The element type that an operand is read as; undefined for one that it may not have. */
function dtypeOf(spec: Spec, thing: TensorThing | ArrayThing, { dtype, to }: Context): DType | undefined {
  const own = thing.kind === "tensor" ? thing.dtype : thing.storage;
  const asked = spec.dtype === "wide" ? wideOf(dtype) : spec.dtype === "to" ? to : dtype;
  if (own === asked) return asked;
  if (spec.dtype === "parameter" && (own === "f32" || own === "f64")) return own;
  if (spec.dtype === "weight" && dtype !== "f64" && own !== "f64" && own !== "bits") return own;
  return own === "bits" && isHalf(asked) ? asked : undefined;
}

/** May memory not suffice? By the most that the call can want above the blocks that live. */
function memoryFaults(world: World, entry: Entry, { engine, rows, cols, k }: Plan): string[] {
  const top = Math.max(2048, ...world.roots(engine).map(({ address, bytes }) => address + bytes));
  // each operand as f64, and a copy of it on the way, aligned twice
  const each = 2 * (aligned(8 * rows * Math.max(cols, k)) + aligned(16 * (cols + 4) * k)) + 256;
  const most = top + (Object.keys(entry.operands).length + 1) * each;
  return most > engine.limit ? ["RangeError maximumBytes", "RangeError memory"] : [];
}
