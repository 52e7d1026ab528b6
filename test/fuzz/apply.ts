// One step: what the model says that it must do, the step itself, and whether it did.

import type { DType, Engine, Tensor } from "orthonorm";
import * as orthonorm from "orthonorm";
import { ops } from "../../abi/ops.js";
import { broken } from "./contract.js";
import { type Entry, type Given, judge, type Plan } from "./judge.js";
import { engineFaults, tensorFaults, viewFaults } from "./memory.js";
import type { Call, Step } from "./step.js";
import {
  type ArrayThing,
  adopt,
  aligned,
  BYTES,
  decode,
  elementsOf,
  encode,
  isLive,
  LARGEST,
  type Numbers,
  storageOf,
  type TensorThing,
  viewOf,
} from "./things.js";
import { Disagreement, type World } from "./world.js";

/** The package's functions by name. */
const publicOps: Readonly<Record<string, unknown>> = orthonorm;

/** What an error says must be of the grammar: `op: argument expected …, got …`. */
const GRAMMAR = /^(\w+): ([\w.[\]]+) expected (.+), got (.+)$/s;

/** Runs a step. Was it refused, as it had to be? Throws a Disagreement where model and package differ. */
export function apply(world: World, step: Step): boolean {
  const threw = perform(world, step);
  world.check();
  return threw;
}

function perform(world: World, step: Step): boolean {
  switch (step.kind) {
    case "call":
      return call(world, step);
    case "engine": {
      const options = (step.options === "" ? {} : world.evaluate(step.options)) as orthonorm.EngineOptions | null;
      const memory = options?.memory as WebAssembly.Memory | undefined;
      const taken = world.all("engine").some((one) => one.live && one.memory !== undefined && one.memory === memory);
      const limit = Math.min(options?.maximumBytes ?? LARGEST, limits.get(memory as object) ?? LARGEST);
      return attempt(world, step, "createEngine", engineFaults(options, taken), [], (made) => {
        world.addEngine(step.name, made as Engine, memory, Math.floor(limit / 65536) * 65536);
      });
    }
    case "memory": {
      const memory = world.run(step) as WebAssembly.Memory;
      limits.set(memory, 65536 * Number(/maximum: (\d+)/.exec(step.source)?.[1] ?? 65535));
      world.memories.set(step.name, memory);
      return false;
    }
    case "grow":
      try {
        world.run(step);
      } catch (error) {
        if (!String(error).includes("WebAssembly.Memory.grow")) throw error; // it is as large as it may be
      }
      return false;
    case "tensor":
      return makeTensor(world, step);
    case "view":
      return makeView(world, step);
    case "data": {
      const of = world.things.get(step.of) as TensorThing;
      const gaps = of.rows > 1 && of.region.stride !== of.cols * of.region.size;
      return attempt(world, step, "Tensor", !isLive(of) || gaps ? ["RangeError data"] : [], [], (made) => {
        world.addArray(step.name, made as Numbers, storageOf(made) as ArrayThing["storage"]);
      });
    }
    case "array": {
      const made = world.run(step) as Numbers;
      world.addArray(step.name, made, storageOf(made) as ArrayThing["storage"]);
      return false;
    }
    case "write": {
      const thing = world.things.get(step.to.replace(/\.data$/, "")) as TensorThing | ArrayThing;
      if (thing.kind === "tensor" && !isLive(thing)) return false;
      const region = world.regionOf(thing);
      if (region === undefined) return false; // it may overlap several Tensors by now
      world.run(step);
      adopt(region);
      return false;
    }
    case "read":
      return read(world, step);
    case "detach": {
      const { real } = world.things.get(step.array) as ArrayThing;
      if (real.buffer.byteLength === 0 || world.ownerOf(real.buffer) !== undefined) return false;
      const { buffer } = real;
      try {
        world.run(step);
      } catch (error) {
        if ((error as Error).name !== "DataCloneError" && (error as Error).name !== "TypeError") throw error;
        return false;
      }
      world.detach(buffer);
      return false;
    }
    case "dispose": {
      const thing = world.resolve(step.of);
      world.run(step);
      if (thing.kind === "engine") world.disposeEngine(thing);
      if (thing.kind === "tensor") thing.disposed = true;
      return false;
    }
  }
}

/** The most that memories which were given may grow to. */
const limits = new WeakMap<object, number>();

/** Runs a step that must be refused with one of `faults`, if there are any, or may be, with one of `perhaps`. */
function attempt(
  world: World,
  step: Step,
  op: string,
  faults: readonly string[],
  perhaps: readonly string[],
  done: (result: unknown) => void,
): boolean {
  let result: unknown;
  try {
    result = world.run(step);
  } catch (error) {
    if (error instanceof Disagreement) throw error;
    const { name, message } = error as Error;
    const [, from, argument] = GRAMMAR.exec(message) ?? [];
    const said = `${name} ${argument?.replace(/[.[].*$/, "")}`;
    if (from !== op || (name !== "TypeError" && name !== "RangeError"))
      throw new Disagreement(`refused with ${String(error)}`);
    const expected = [...faults, ...perhaps];
    if (!expected.includes(said)) {
      throw new Disagreement(
        `refused with ${String(error)}\nwhere ${expected.join(", ") || "nothing"} was to be refused`,
      );
    }
    return true;
  }
  if (faults.length > 0) throw new Disagreement(`accepted in silence, where ${faults.join(", ")} was to be refused`);
  done(result);
  return false;
}

function makeTensor(world: World, step: Extract<Step, { kind: "tensor" }>): boolean {
  const engine = world.engine(step.engine);
  const [dtype, shape, data] = step.arguments.map((source) => world.evaluate(source));
  const faults = engine.live ? tensorFaults(dtype, shape, data) : ["RangeError engine"];
  const perhaps: string[] = [];
  if (faults.length === 0) {
    const bytes = aligned([shape as number[]].flat().reduce((a, b) => a * b, BYTES[dtype as DType]));
    const top = Math.max(2048, ...world.roots(engine).map((root) => root.address + root.bytes));
    if (bytes > engine.limit) faults.push("RangeError maximumBytes", "RangeError memory");
    else if (top + bytes > engine.limit) perhaps.push("RangeError maximumBytes", "RangeError memory");
  }
  return attempt(world, step, "tensor", faults, perhaps, (made) => {
    const { region } = world.addTensor(step.name, made as Tensor, engine);
    sameBits(
      step.name,
      dtype as DType,
      elementsOf(region, dtype as DType),
      contentsOf(dtype as DType, shape as number | number[], data),
    );
  });
}

/** What a new Tensor must hold. */
function contentsOf(dtype: DType, shape: number | number[], data: unknown): Numbers {
  const length = [shape].flat().reduce((a, b) => a * b, 1);
  if (data === undefined) return encode(dtype, new Float64Array(length));
  return data instanceof Uint16Array ? data.slice() : encode(dtype, Array.from(data as ArrayLike<number>));
}

function makeView(world: World, step: Extract<Step, { kind: "view" }>): boolean {
  const of = world.things.get(step.of) as TensorThing;
  const options = world.evaluate(step.options);
  const { faults, region } = viewFaults(of, options);
  if (isLive(of))
    return attempt(world, step, "view", faults, [], (made) =>
      world.addView(step.name, made as Tensor, of, region as never),
    );
  return attempt(world, step, "Tensor", ["RangeError view"], [], () => {});
}

function read(world: World, step: Extract<Step, { kind: "read" }>): boolean {
  const tensor = world.things.get(step.of) as TensorThing;
  const { dtype, region } = tensor;
  const gaps = region.rows > 1 && region.stride !== region.cols * region.size;
  const fault = step.by.replace("()", "");
  const refused = isLive(tensor)
    ? step.by === "data" && gaps
      ? ["RangeError data"]
      : []
    : step.by === "toString()"
      ? []
      : [`RangeError ${fault}`, "RangeError toArray", "RangeError data"];
  return attempt(world, step, "Tensor", refused, [], (found) => {
    const right = isLive(tensor) ? elementsOf(region, dtype) : undefined;
    if (step.by === "toArray()" || step.by === "data") sameBits(step.by, dtype, found as Numbers, right as Numbers);
    if (step.by === "toJSON()") {
      const { data } = found as { data: number[] };
      sameNumbers("toJSON", Float64Array.from(data), decode(dtype, right as Numbers));
    }
  });
}

function call(world: World, step: Call): boolean {
  const { faults, perhaps, plan } = judge(world, step);
  const disposed = world.things.get(step.nested?.disposes ?? "") as TensorThing | undefined;
  // a getter that disposes of a Tensor may not have been asked: where the call was refused before
  const afterGetters = () => {
    if (disposed !== undefined) disposed.disposed = disposed.real.disposed;
  };
  const threw = attempt(world, step, step.op, faults, perhaps, (result) => {
    afterGetters();
    settle(world, step, plan as Plan, result);
  });
  afterGetters();
  return threw;
}

/** Looks at all that a call has given, and takes it into the model. */
function settle(world: World, step: Call, plan: Plan, result: unknown): void {
  const entry: Entry = ops[step.op];
  const asked = plan.given.filter(({ spec }) => spec.role === "out");
  const outputs: Record<string, Numbers> = {};
  for (const one of asked) {
    // read where it is: the shadow does not have it yet
    adopt(one.region);
    world.adoptUnder(one.thing);
    outputs[one.name] = elementsOf(one.region, one.dtype);
  }
  const made = entry.returns ?? ["out"];
  const single = made.length === 1;
  for (const name of made) {
    const value = single ? result : (result as Record<string, unknown>)[name];
    const given = asked.find((one) => one.name === name);
    if (given !== undefined) {
      if (value !== given.thing.real) throw new Disagreement(`${name} was given, and something else came back`);
    } else outputs[name] = take(world, single ? step.name : `${step.name}.${name}`, name, value, plan, entry);
  }
  const twin = again(world, step, plan, asked);
  for (const [name, found] of Object.entries(outputs)) {
    if (name in twin) sameNumbersOf(`${name} beside the same call with arrays`, found, twin[name]);
  }
  const dtypeOf = (name: string) => asked.find((one) => one.name === name)?.dtype ?? dtypeOfResult(entry, name, plan);
  const complaint = broken(
    step.op,
    plan,
    Object.fromEntries(Object.entries(outputs).map(([name, found]) => [name, decode(dtypeOf(name), found)])),
  );
  if (complaint !== undefined) throw new Disagreement(complaint);
}

function dtypeOfResult(entry: Entry, name: string, { dtype, to }: Plan): DType {
  const { dtype: own } = entry.operands[name];
  if (own === "to") return to;
  return own === "wide" && dtype !== "f64" ? "f32" : dtype;
}

/** How long the rows of an output are that is like x; undefined for numbers per row. */
function widthOf(shape: string, { cols, k }: Plan): number | undefined {
  return { "rows cols": cols, "rows k": k }[shape];
}

/** What a call made: a Tensor where x is one and the output is as long, an array of its own elsewhere. */
function take(world: World, thing: string, name: string, value: unknown, plan: Plan, entry: Entry): Numbers {
  const x = plan.given.find((one) => one.name === entry.arguments[0]) as Given;
  const dtype = dtypeOfResult(entry, name, plan);
  const { shape } = entry.operands[name];
  const width = widthOf(shape, plan);
  const length = plan.rows * (width ?? 1);
  if (width !== undefined && x.thing.kind === "tensor") {
    if (!orthonorm.isTensor(value)) throw new Disagreement(`${name} is no Tensor, as x is`);
    const added = world.addTensor(thing, value, plan.engine);
    if (value.dtype !== dtype) throw new Disagreement(`${name} is of ${value.dtype}`);
    const like = [...x.thing.shape.slice(0, -1), width];
    if (String(value.shape) !== String(like)) throw new Disagreement(`${name} has the shape ${value.shape}`);
    return elementsOf(added.region, dtype);
  }
  const kind = x.thing.kind === "array" && x.thing.storage === "f16" && dtype === "f16" ? "f16" : dtype;
  const found = value as Numbers;
  const expected =
    kind === "f16" && x.thing.kind === "array" && x.thing.storage === "f16" && width !== undefined
      ? "f16"
      : storageOf(viewOf(dtype, new ArrayBuffer(0)));
  if (storageOf(found) !== expected) throw new Disagreement(`${name} is a ${found?.constructor?.name}`);
  if (found.length !== length || found.byteLength !== found.buffer.byteLength) {
    throw new Disagreement(`${name} has ${found.length} elements in ${found.buffer.byteLength} bytes`);
  }
  world.addArray(thing, found, storageOf(found) as ArrayThing["storage"]);
  return viewOf(dtype, found.slice().buffer as ArrayBuffer);
}

/**
 * The same call with plain arrays in another engine, outputs given where they were not and the other way round: a row's bits
 * depend on nothing but its numbers.
 */
function again(world: World, step: Call, plan: Plan, asked: readonly Given[]): Record<string, Numbers> {
  const entry: Entry = ops[step.op];
  const options: Record<string, unknown> = { ...plan.scalars, cols: plan.cols, dtype: plan.dtype, engine: world.twin };
  const positional: unknown[] = [];
  for (const one of plan.given) {
    if (one.spec.role !== "in") continue;
    const at = entry.arguments.indexOf(one.name);
    // an array's bits would be taken for x's half
    const otherHalf = one.spec.dtype === "weight" && one.dtype !== "f32" && one.dtype !== plan.dtype;
    const copy = otherHalf
      ? world.twin.tensor(one.dtype, [one.before.length / plan.cols, plan.cols], one.before)
      : one.before.slice();
    if (at < 0) options[one.name] = copy;
    else positional[at] = copy;
  }
  if (entry.arguments.includes("to")) positional[1] = plan.to;
  for (const one of asked) if (one.name !== "out") options[one.name] = one.before.slice();
  const given = asked.some(({ name }) => name === "out");
  if (!given && "out" in entry.operands && !entry.returns?.includes("out")) {
    options.out = viewOf(
      dtypeOfResult(entry, "out", plan),
      new ArrayBuffer(
        plan.rows * (widthOf(entry.operands.out.shape, plan) ?? 1) * BYTES[dtypeOfResult(entry, "out", plan)],
      ),
    );
  }
  const result = (publicOps[step.op] as (...all: unknown[]) => unknown)(...positional, options);
  for (const one of positional) if (orthonorm.isTensor(one)) one.dispose();
  const found: Record<string, Numbers> = {};
  for (const one of asked) if (one.name !== "out") found[one.name] = options[one.name] as Numbers;
  const made = entry.returns ?? ["out"];
  for (const name of made)
    found[name] = (made.length === 1 ? result : (result as Record<string, unknown>)[name]) as Numbers;
  return found;
}

function sameBits(what: string, dtype: DType, found: Numbers, right: Numbers): void {
  sameNumbers(what, decode(dtype, found), decode(dtype, right));
}

/** Equal elements, a NaN for a NaN. */
function sameNumbers(what: string, found: Float64Array, right: Float64Array): void {
  const at = found.length === right.length ? found.findIndex((value, i) => !Object.is(value, right[i])) : found.length;
  if (at >= 0) throw new Disagreement(`${what}: element ${at} is ${found[at]}, not ${right[at]}`);
}

/** Equal bits: of halves too, but for a NaN's. */
function sameNumbersOf(what: string, found: Numbers, right: Numbers): void {
  const nan = (bits: number) => found.BYTES_PER_ELEMENT === 2 && (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;
  const differs = (value: number, i: number) => !Object.is(value, right[i]) && !(nan(value) && nan(right[i]));
  const at = found.length === right.length ? (found as Float64Array).findIndex(differs) : found.length;
  if (at >= 0) throw new Disagreement(`${what}: element ${at} is ${found[at]}, not ${right[at]}`);
}
