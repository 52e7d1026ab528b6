// A call of any op of the table, and before it whatever it needs that is not there.

import { type OpName, ops } from "../../abi/ops.js";
import { plainArgument } from "../support/table.js";
import type { Generator } from "./generate.js";
import type { Entry, Spec } from "./judge.js";
import type { Call, Step } from "./step.js";
import { type ArrayThing, BYTES, isHalf, isLive, type TensorThing, wideOf } from "./things.js";

// the norms oftener: they have a path of their own for calls that need no staging; and convert, which has 16 kernels
const names: readonly OpName[] = [
  ...(Object.keys(ops) as OpName[]),
  "layerNorm",
  "rmsNorm",
  "layerNorm",
  "rmsNorm",
  "convert",
];

/** What a call is about, before its operands are chosen. */
interface Draft {
  readonly generator: Generator;
  readonly entry: Entry;
  readonly dtype: string;
  readonly to: string;
  readonly engine: string;
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
  /** Are its operands Tensors without gaps, and those alone that a call in place needs? */
  readonly resident: boolean;
  /** A Tensor of several operands side by side, such as qkv: its name and how many elements each of its rows has. */
  fused?: { name: string; width: number };
  /** The names of the operands so far. */
  readonly chosen: Map<string, string>;
  readonly steps: Step[];
}

export function calls(generator: Generator): Step[] {
  const { dice } = generator;
  const op = dice.pick(names);
  const entry: Entry = ops[op];
  const draft: Draft = {
    generator,
    entry,
    dtype: generator.dtype(),
    to: generator.dtype(),
    engine: generator.engineName(),
    rows: dice.percent(5) ? 0 : dice.int(1, 6),
    cols: generator.cols(),
    k: dice.percent(60) ? 1 : dice.int(1, 3),
    resident: ("scalars" in entry || op === "linear") && dice.percent(50),
    chosen: new Map(),
    steps: [],
  };
  const first = entry.arguments[0];
  const inputs = Object.keys(entry.operands).filter((name) => entry.operands[name].role === "in" && name !== first);
  const outputs = Object.keys(entry.operands).filter(
    (name) => entry.operands[name].role === "out" && !entry.returns?.includes(name),
  );
  for (const name of [first, ...inputs, ...outputs]) {
    const needed = entry.arguments.includes(name) || (op === "invertLayerNorm" && (name === "mean" || name === "rstd"));
    if (draft.resident && !needed && !shortWays(op).includes(name)) continue;
    if (
      !dice.percent(needed ? 99 : draft.resident ? 80 : 40) ||
      (name === "sum" && !draft.chosen.has("residual") && dice.percent(95))
    )
      continue;
    draft.chosen.set(name, operand(draft, name, entry.operands[name]));
  }
  const options = optionsOf(draft, op);
  if (dice.percent(draft.resident ? 10 : 3)) {
    const gone = [...draft.chosen.values()].filter((name) => /^[tv]\d/.test(name));
    if (gone.length > 0) draft.steps.push({ kind: "dispose", of: dice.pick(gone) });
  }
  const call: Call = {
    kind: "call",
    name: generator.name("r"),
    op,
    arguments: entry.arguments.map((name) => {
      if (name in entry.operands) return draft.chosen.get(name) ?? "undefined";
      if (name === "to") return dice.percent(3) ? '"f8"' : `"${draft.to}"`;
      return String(plainArgument(op, name));
    }),
    options: dice.percent(2)
      ? dice.pick(["null", "[]", "4", "new Map()", '"cols"', draft.chosen.get(first) ?? "null"])
      : options.length === 0 && dice.percent(50)
        ? undefined
        : options,
    style: dice.weighted([
      [70, "plain"],
      [8, "no prototype"],
      [5, "symbols"],
      [17, "getters"],
    ]),
  };
  return [...draft.steps, call.style === "getters" ? { ...call, nested: nestedIn(draft, call) } : call];
}

/** What a call may be given, and still be one that needs no staging. */
function shortWays(op: string): readonly string[] {
  const norm = ["x", "weight", "bias", "out"];
  return op.endsWith("NormLinear") ? [...norm, "residual", "sum", "linearBias"] : norm;
}

/** What a getter does: another call in the same engine, growth, or the end of a Tensor that has no part in this call. */
function nestedIn({ generator: { dice, world }, engine, chosen, steps }: Draft, call: Call): Call["nested"] {
  if (!Array.isArray(call.options) || call.options.length === 0 || dice.percent(30)) return undefined;
  const thing = world.resolve(engine);
  const large = thing.kind === "engine" && thing.live && thing.limit > 2 ** 30;
  if (large && dice.percent(40)) return { source: `${engine}.tensor("f32", ${dice.int(50, 100) * 1000}).dispose()` };
  const named = [
    ...chosen.values(),
    ...call.options.map(([, value]) => value),
    ...steps.flatMap((step) => ("name" in step ? [step.name] : [])),
  ];
  const others = world
    .all("tensor")
    .filter((one) => isLive(one) && one.root === one && !named.some((name) => uses(world, name, one)));
  if (others.length > 0 && dice.percent(40)) {
    const { name } = dice.pick(others);
    return { source: `${name}.dispose()`, disposes: name };
  }
  if (others.length > 0 && dice.percent(50)) return { source: `moments(${dice.pick(others).name})` };
  return { source: `moments(new Float64Array([1, 2, 3, 4]), { cols: 2, engine: ${engine} })` };
}

/** Is one of a call's operands in a Tensor's memory? */
function uses(world: Generator["world"], name: string, root: TensorThing): boolean {
  const thing = world.things.get(name);
  if (thing === undefined || thing.kind === "engine") return false;
  return thing.kind === "tensor" ? thing.root === root : world.ownerOf(thing.real.buffer) !== undefined;
}

function optionsOf(
  { generator: { dice }, entry, dtype, engine, cols, chosen, resident }: Draft,
  op: string,
): [string, string][] {
  const options: [string, string][] = [];
  for (const [name, value] of chosen) if (!entry.arguments.includes(name)) options.push([name, value]);
  const scalars: [string, string][] = [];
  for (const name of Object.keys(entry.scalars ?? {})) {
    if (!dice.percent(25)) continue;
    const right = name === "eps" ? ["0", "1e-5", "1e-6", "0.5"] : ["0", "1", "-0.5"];
    scalars.push([name, dice.pick(dice.percent(15) ? ["NaN", "-1", '"1"', "null", "Infinity", "undefined"] : right)]);
  }
  if (resident && dice.percent(90)) return dice.shuffled([...options, ...scalars]);
  const x = chosen.get(entry.arguments[0]) ?? "";
  const tensors = [...chosen.values()].some((name) => /^[tvr]/.test(name));
  if (dice.percent(tensors ? 15 : 75)) options.push(["cols", String(dice.percent(4) ? cols + 1 : cols)]);
  else if (dice.percent(2)) options.push(["cols", dice.pick(["0", "-1", "1.5", '"4"', "null", "NaN", "undefined"])]);
  if (/^a/.test(x) ? isHalf(dtype) && dice.percent(97) : dice.percent(10)) options.push(["dtype", `"${dtype}"`]);
  else if (dice.percent(2)) options.push(["dtype", dice.pick(['"f8"', "null", "1", '"bf16"', "undefined"])]);
  if (dice.percent(tensors ? 10 : 60)) options.push(["engine", engine]);
  else if (dice.percent(2)) options.push(["engine", dice.pick(["null", "{}", "undefined", '"simd"'])]);
  options.push(...scalars);
  if (dice.percent(2))
    options.push([dice.pick(["gamma", "wieght", "axis", "output", "k", "x", op, "toString"]), "undefined"]);
  return dice.shuffled(options);
}

/** An operand: mostly one that fits. Steps that make it come before the call. */
function operand(draft: Draft, name: string, spec: Spec): string {
  const { dice } = draft.generator;
  if (dice.percent(1.5))
    return dice.pick([
      "null",
      "4",
      '"x"',
      "{}",
      "[1, 2, 3]",
      "new Int32Array(4)",
      "new BigInt64Array(4)",
      "new DataView(new ArrayBuffer(8))",
      ...(spec.role === "in" ? ["new Float32Array(0)", "new Float64Array(4)"] : []),
    ]);
  if (dice.percent(2)) return any(draft) ?? "null";
  const alias = spec.role === "out" && spec.aliases.map((one) => draft.chosen.get(one)).find(isNamed);
  if (alias && dice.percent(35)) return alias;
  // what the table forbids, or allows only where nothing else is there already
  const others = [...draft.chosen.values()].filter(isNamed);
  if (others.length > 0 && dice.percent(3)) return dice.pick(others);
  const dtype = dtypeOf(draft, spec);
  const x = draft.chosen.get("x") ?? "";
  if (draft.resident && spec.shape === "cols" && x.startsWith("t") && draft.rows > 0 && dice.percent(10)) {
    // a parameter in x's memory, which may be out's too
    const name = draft.generator.name("v");
    draft.steps.push({ kind: "view", name, of: x, options: `{ shape: ${draft.cols} }` });
    return name;
  }
  if (dice.percent(1) && draft.rows > 1) return reshaped(draft, name, spec, dtype);
  const [rows, cols] = dice.percent(2) ? [draft.rows + 1, draft.cols] : sizesOf(draft, name, spec);
  const found = dice.percent(25) ? fitting(draft, dtype, rows, cols) : undefined;
  return found ?? made(draft, name, spec, dtype, rows, cols);
}

/** A literal is another array each time. */
function isNamed(source: string | undefined): source is string {
  return source !== undefined && /^[artv]\d/.test(source);
}

/** A Tensor of as many elements in other rows. */
function reshaped(draft: Draft, name: string, spec: Spec, dtype: string): string {
  const { generator, steps, engine } = draft;
  const [rows, cols] = sizesOf(draft, name, spec);
  const tensor = generator.tensor(
    engine,
    dtype,
    generator.dice.pick([[rows * cols], [1, cols, rows], [rows, 1, cols]]),
  );
  steps.push(tensor);
  return tensor.name;
}

function any({ generator: { dice, world } }: Draft): string | undefined {
  const things = [...world.all("tensor"), ...world.all("array")];
  return things.length === 0 ? undefined : dice.pick(things).name;
}

function dtypeOf({ generator: { dice }, dtype, to }: Draft, spec: Spec): string {
  if (dice.percent(2)) return dice.pick(["f32", "f64", "f16"]);
  if (spec.dtype === "wide") return wideOf(dtype as "f32");
  if (spec.dtype === "to") return to;
  if (spec.dtype === "weight" && dice.percent(50)) return dice.pick(["f32", "f16", "bf16"]);
  return spec.dtype === "parameter" && dice.percent(50) ? dice.pick(["f32", "f64"]) : dtype;
}

function sizesOf({ generator: { dice }, rows, cols, k }: Draft, name: string, { shape }: Spec): [number, number] {
  if (name === "y") return [dice.percent(50) ? rows : 1, cols];
  switch (shape) {
    case "rows":
      return [rows, 1];
    case "cols":
      return [1, cols];
    case "k cols":
      return [k, cols];
    case "rows k":
      return [rows, k];
    case "k":
      return [1, k];
    default:
      return [rows, cols];
  }
}

/** Something that is there already. */
function fitting(
  { generator: { dice, world }, engine }: Draft,
  dtype: string,
  rows: number,
  cols: number,
): string | undefined {
  const own = (one: TensorThing | ArrayThing) =>
    one.kind === "tensor"
      ? one.dtype === dtype && one.rows === rows && one.cols === cols && one.engine.name === engine && isLive(one)
      : one.real.length === rows * cols && (one.storage === dtype || (one.storage === "bits" && isHalf(dtype)));
  const things = [...world.all("tensor"), ...world.all("array")].filter(own);
  return things.length === 0 ? undefined : dice.pick(things).name;
}

/** Something new: an array, a Tensor, or a view of one. */
function made(draft: Draft, name: string, spec: Spec, dtype: string, rows: number, cols: number): string {
  const { generator, steps, engine } = draft;
  const { dice } = generator;
  const numbers = numbersFor(draft, name, spec, dtype, rows, cols);
  const push = <S extends Extract<Step, { name: string }>>(step: S) => {
    steps.push(step);
    return step.name;
  };
  const shape = shapeOf(draft, spec, rows, cols);
  const where = dice.percent(3) ? generator.engineName() : engine;
  if (draft.resident && dice.percent(80)) return push(generator.tensor(where, dtype, shape, numbers));
  return dice.weighted<() => string>([
    [
      30,
      () => push({ kind: "array", name: generator.name("a"), source: arraySource(draft, dtype, rows * cols, numbers) }),
    ],
    [35, () => push(generator.tensor(where, dtype, shape, numbers))],
    [
      10,
      () => {
        const of = push(generator.tensor(where, dtype, [rows + 1, cols], generator.numbers(dtype, (rows + 1) * cols)));
        return push({ kind: "data", name: generator.name("a"), of, part: [cols >> 1, (cols >> 1) + rows * cols] });
      },
    ],
    [draft.fused === undefined ? 25 : 90, () => view(draft, dtype, rows, cols, where)],
  ])();
}

/** A Tensor's dimensions for so many rows of so many columns. */
function shapeOf({ generator: { dice } }: Draft, spec: Spec, rows: number, cols: number): number[] {
  const leading = rows % 2 === 0 && dice.percent(40) ? [2, rows / 2] : [rows];
  if (spec.shape === "rows" && rows > 0 && dice.percent(60)) return leading;
  if (rows === 1 && dice.percent(50)) return [cols];
  return spec.shape === "k cols" ? [rows, cols] : [...leading, cols];
}

/** A view: of a Tensor of its own, or beside another operand in one; of rows with gaps, or of some rows of many. */
function view(draft: Draft, dtype: string, rows: number, cols: number, engine: string): string {
  const { generator, steps } = draft;
  const { dice } = generator;
  const width = dice.pick([cols, 3 * cols, 2 * cols, cols + dice.int(1, 4)]);
  const shared = draft.fused;
  if (shared === undefined || dice.percent(30) || shared.width < cols) {
    const shape = [(width === cols ? 3 : 1) * rows + 1, width];
    const of = generator.tensor(engine, dtype, shape, generator.numbers(dtype, shape[0] * width));
    steps.push(of);
    draft.fused = { name: of.name, width };
  }
  const { name: of, width: stride } = draft.fused as { name: string; width: number };
  const aside = dice.percent(60) ? cols * dice.int(0, Math.floor(stride / cols) - 1) : dice.int(0, stride - cols);
  const offset = stride === cols ? dice.int(0, 2 * rows) * cols + (dice.percent(10) ? 1 : 0) : aside;
  const gaps = stride === cols && dice.percent(50) ? "" : ` rowStride: ${stride},`;
  const name = generator.name("v");
  steps.push({ kind: "view", name, of, options: `{ shape: [${rows}, ${cols}],${gaps} offset: ${offset} }` });
  return name;
}

function arraySource({ generator: { dice, world } }: Draft, dtype: string, length: number, numbers: string): string {
  const bytes = length * BYTES[dtype as "f32"];
  const half = dtype === "f16" && "Float16Array" in globalThis && dice.percent(30);
  const shared = world
    .all("array")
    .filter(
      ({ real }) =>
        world.isPlain(real.buffer) && real.buffer.byteLength >= Math.max(bytes, 8) && real.buffer.byteLength % 8 === 0,
    );
  if (shared.length > 0 && dice.percent(10)) {
    const { name, real } = dice.pick(shared);
    return `array("${dtype}", ${name}.buffer, ${8 * dice.int(0, Math.floor((real.buffer.byteLength - bytes) / 8))}, ${numbers})`;
  }
  const source = `array("${dtype}", canary(${Math.ceil((bytes + 128) / 8) * 8}${dice.percent(3) && typeof SharedArrayBuffer !== "undefined" ? ", true" : ""}), ${8 * dice.int(0, 8)}, ${numbers})`;
  return half ? `new Float16Array(${source}.buffer)` : source;
}

function numbersFor(
  { generator, entry, cols }: Draft,
  name: string,
  spec: Spec,
  dtype: string,
  rows: number,
  width: number,
): string {
  const { dice } = generator;
  const length = rows * width;
  if (spec.shape === "k cols" && spec.dtype === "parameter" && rows > 1 && dice.percent(85))
    return `orthonormalRows(${rows}, ${cols}, ${dice.int(1, 1e6)})`;
  // what only `convert` rounds in one step
  if (entry.arguments.includes("to") && dice.percent(40)) return `values("ties", ${length}, ${dice.int(1, 1e6)})`;
  // numbers that a norm may have saved, or that a parameter mostly is
  if (name === "rstd" || spec.shape === "cols" || spec.shape === "k")
    return `values("normal", ${length}, ${dice.int(1, 1e6)})`;
  return generator.numbers(dtype, length);
}
