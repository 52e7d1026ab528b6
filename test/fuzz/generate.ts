// The next steps of a sequence, at random: mostly right, with a fault here and there.

import { Dice } from "./dice.js";
import { calls } from "./generate-call.js";
import type { Step } from "./step.js";
import { dtypes, isLive, type TensorThing } from "./things.js";
import { type Kind, kinds } from "./values.js";
import type { World } from "./world.js";

/** So many live Tensors, and no more than so many engines beside the default one. */
const TENSORS = 24;
const ENGINES = 3;

export class Generator {
  readonly dice: Dice;
  private count = 0;

  constructor(
    readonly world: World,
    seed: number,
  ) {
    this.dice = new Dice(seed);
  }

  /** A new name: a(rray), e(ngine), m(emory), r(esult), t(ensor), v(iew). */
  name(letter: "a" | "e" | "m" | "r" | "t" | "v"): string {
    return `${letter}${++this.count}`;
  }

  /** Steps that belong together: what a call needs, and the call. */
  next(): Step[] {
    const { dice, world } = this;
    if (world.all("tensor").filter(isLive).length > TENSORS) return [this.disposal()];
    return dice.weighted<() => Step[]>([
      [70, () => calls(this)],
      [4, () => [this.tensor(undefined, this.dtype(), this.shape())]],
      [3, () => this.badTensor()],
      [4, () => this.view()],
      [4, () => this.data()],
      [4, () => this.write()],
      [5, () => this.read()],
      [5, () => [this.disposal()]],
      [2, () => this.engine()],
      [2, () => this.growth()],
      [1, () => this.detachment()],
      [1, () => [{ kind: "dispose", of: this.engineName() }]],
    ])();
  }

  dtype(): (typeof dtypes)[number] {
    return this.dice.pick(dtypes);
  }

  /** A live engine, as a step names it. */
  engineName(): string {
    const engines = this.world.all("engine").filter(({ live }) => live);
    return this.dice.percent(30) || engines.length === 0 ? "defaultEngine()" : this.dice.pick(engines).name;
  }

  numbers(dtype: string, length: number): string {
    const { dice } = this;
    if (length <= 3 && dice.percent(50)) return `[${Array.from({ length }, () => dice.int(-4, 4)).join(", ")}]`;
    const fitting: readonly Kind[] =
      dtype === "f16" ? kinds.filter((kind) => kind !== "huge" && kind !== "tiny") : kinds;
    const kind = dice.percent(50) ? "normal" : dice.pick(fitting);
    return `values("${kind}", ${length}, ${dice.int(1, 1e6)})`;
  }

  shape(): number[] {
    const { dice } = this;
    const cols = this.cols();
    const rows = dice.percent(5) ? 0 : dice.int(1, 5);
    return dice.pick([[cols], [rows, cols], [rows, cols], [1, rows, cols], [2, rows, cols]]);
  }

  cols(): number {
    const { dice } = this;
    return dice.weighted([
      [60, dice.int(1, 20)],
      [20, dice.pick([1, 4, 8, 16, 32, 64])],
      [15, dice.int(20, 140)],
      [5, dice.int(140, 400)],
    ]);
  }

  tensor(
    engine: string | undefined,
    dtype: string,
    shape: readonly number[],
    numbers?: string,
  ): Extract<Step, { kind: "tensor" }> {
    const length = shape.reduce((a, b) => a * b, 1);
    const data = numbers ?? (this.dice.percent(8) ? undefined : this.numbers(dtype, length));
    const dims = shape.length === 1 && this.dice.percent(50) ? String(shape[0]) : `[${shape.join(", ")}]`;
    const name = engine ?? this.engineName();
    return {
      kind: "tensor",
      name: this.name("t"),
      engine: name === "defaultEngine()" && this.dice.percent(50) ? undefined : name,
      arguments: [`"${dtype}"`, dims, ...(data === undefined ? [] : [data])],
    };
  }

  private badTensor(): Step[] {
    const { dice } = this;
    const right = this.tensor(undefined, "f32", [2, 3]);
    const [dtype, shape, data] = [right.arguments[0], right.arguments[1], right.arguments[2] ?? "undefined"];
    const bad = dice.pick([
      [dice.pick(['"f8"', "undefined", "null", "4"]), shape],
      [dtype, dice.pick(["[]", "[2, 0]", "[-1, 3]", "[1.5]", '"6"', "undefined", "null", "0", "[2 ** 53]", "[NaN]"])],
      [
        dtype,
        shape,
        dice.pick([
          "[1]",
          '[1, 2, 3, 4, 5, "6"]',
          "[,,,,,,]",
          "new BigInt64Array(6)",
          "new Uint16Array(6)",
          "6",
          "null",
          "{}",
        ]),
      ],
      [dtype, "[2 ** 20, 2 ** 20]"],
      [dtype, shape, "new Int8Array([1, 2, 3, 4, 5, -6])"],
      ['"bf16"', shape, "new Uint16Array([1, 2, 3, 4, 0x7fc1, 6])"],
      [dtype, shape, data],
    ]);
    return [{ ...right, arguments: bad }];
  }

  /** A Tensor that lives, or now and then one that does not. */
  anyTensor(): TensorThing | undefined {
    const { dice, world } = this;
    const tensors = world.all("tensor");
    const alive = tensors.filter(isLive);
    const from = dice.percent(4) || alive.length === 0 ? tensors : alive;
    return from.length === 0 ? undefined : dice.pick(from);
  }

  private view(): Step[] {
    const { dice } = this;
    const of = this.anyTensor();
    if (of === undefined) return [];
    const length = of.rows * of.cols;
    const cols = dice.int(1, Math.max(1, Math.min(of.cols, 12)));
    const stride = dice.pick([cols, of.cols, of.region.stride / of.region.size, cols + dice.int(0, 5)]);
    const room = Math.max(1, Math.min(6, Math.floor(length / stride)));
    const rows = dice.int(0, room + (dice.percent(15) ? 1 : 0));
    const offset = dice.percent(40) ? 0 : dice.int(0, dice.percent(15) ? length : Math.max(0, of.cols - cols));
    const bad = dice.percent(15);
    const shape = bad
      ? dice.pick(["[]", "undefined", "[1, 0]", "null", `[${rows}, ${length + 1}]`])
      : `[${rows}, ${cols}]`;
    const parts = [`shape: ${shape}`];
    if (stride !== cols || dice.percent(30))
      parts.push(`rowStride: ${dice.percent(5) ? dice.pick(["0", '"4"', "1.5", "1", "null"]) : stride}`);
    if (offset > 0)
      parts.push(`offset: ${dice.percent(5) ? dice.pick(["-1", '"0"', "0.5", "NaN", "1e9", "2 ** 53"]) : offset}`);
    if (dice.percent(3)) parts.push(dice.pick(["stride: 4", "cols: 4", "start: 0"]));
    return [{ kind: "view", name: this.name("v"), of: of.name, options: `{ ${dice.shuffled(parts).join(", ")} }` }];
  }

  private data(): Step[] {
    const of = this.anyTensor();
    if (of === undefined) return [];
    const length = of.rows * of.cols;
    const start = this.dice.int(0, Math.max(0, length - 1));
    const part = length > 0 && this.dice.percent(50) ? ([start, this.dice.int(start + 1, length)] as const) : undefined;
    return [{ kind: "data", name: this.name("a"), of: of.name, part }];
  }

  private write(): Step[] {
    const { dice, world } = this;
    const tensors = world
      .all("tensor")
      .filter((one) => isLive(one) && one.region.stride === one.cols * one.region.size);
    const things = [...tensors, ...world.all("array").filter(({ real }) => real.length > 0)];
    if (things.length === 0) return [];
    const one = dice.pick(things);
    const length = one.kind === "tensor" ? one.rows * one.cols : one.real.length;
    const dtype = one.kind === "tensor" ? one.dtype : one.storage;
    // bits are taken as they come
    const source =
      dtype === "f32" || dtype === "f64"
        ? this.numbers(dtype, length)
        : `values("normal", ${length}, ${dice.int(1, 1e6)}).map((x) => 0x3c00 + 100 * x)`;
    return [{ kind: "write", to: one.kind === "tensor" ? `${one.name}.data` : one.name, values: source }];
  }

  private read(): Step[] {
    const of = this.anyTensor();
    return of === undefined
      ? []
      : [{ kind: "read", of: of.name, by: this.dice.pick(["toArray()", "toString()", "toJSON()", "data"]) }];
  }

  /** Of a Tensor or view; now and then of one that is gone already. */
  private disposal(): Step {
    const one = this.anyTensor();
    return { kind: "dispose", of: one?.name ?? this.engineName() };
  }

  private engine(): Step[] {
    const { dice, world } = this;
    const live = world.all("engine").filter((engine) => engine.live && engine.name !== "defaultEngine()");
    if (live.length >= ENGINES) return [{ kind: "dispose", of: dice.pick(live).name }];
    const name = this.name("e");
    const memory = this.name("m");
    return dice.pick<Step[]>([
      [{ kind: "engine", name, options: "" }],
      [{ kind: "engine", name, options: `{ maximumBytes: ${dice.int(65536, 5 * 65536)} }` }],
      [
        {
          kind: "memory",
          name: memory,
          source: `new WebAssembly.Memory({ initial: ${dice.int(0, 2)}, maximum: ${dice.int(2, 8)} })`,
        },
        { kind: "engine", name, options: `{ memory: ${memory} }` },
      ],
      [{ kind: "engine", name, options: this.badOptions() }],
    ]);
  }

  private badOptions(): string {
    const taken = this.world.all("engine").find((engine) => engine.live && engine.memory !== undefined);
    const name = taken && [...this.world.memories].find(([, memory]) => memory === taken.memory)?.[0];
    return this.dice.pick([
      "{ maximumBytes: 100 }",
      '{ maximumBytes: "65536" }',
      "{ maximumBytes: NaN }",
      "{ memory: {} }",
      "{ memory: null }",
      "{ variant: 1 }",
      "{ varient: 'simd' }",
      "null",
      "[]",
      ...(name === undefined ? [] : [`{ memory: ${name} }`]),
    ]);
  }

  /** By a Tensor that comes and goes, or by the memory's owner. */
  private growth(): Step[] {
    const { dice, world } = this;
    const memory = [...world.memories.keys()];
    if (memory.length > 0 && dice.percent(40)) return [{ kind: "grow", memory: dice.pick(memory) }];
    const large = this.tensor(undefined, "f32", [dice.int(10000, 60000)]);
    const made: Step = { ...large, arguments: large.arguments.slice(0, 2) };
    return dice.percent(50) ? [made] : [made, { kind: "dispose", of: large.name }];
  }

  private detachment(): Step[] {
    const arrays = this.world.all("array");
    return arrays.length === 0 ? [] : [{ kind: "detach", array: this.dice.pick(arrays).name }];
  }
}
