import type { DType, Engine } from "../../bindings/index.js";
import { decode, encode } from "./dtypes.js";
import { type Form, Guarded } from "./guarded.js";
import { normals, uniforms } from "./random.js";
import { finiteKinds, type Kind, rowCount, rowsOf } from "./rows.js";
import { entryOf, inputsOf, invoke, type OpName, outputsOf, type Placement, placementsOf, resultsOf } from "./table.js";
import { type Expected, type Numbers, wideOf } from "./within.js";

/** How many rows, columns and directions; of y, whether it is one row for all of x's. */
export interface Sizes {
  readonly rows: number;
  readonly cols: number;
  readonly k: number;
}

/** What an oracle is given: the inputs' numbers as the kernel has them, and the arguments that are no operands. */
export interface Question extends Sizes {
  readonly dtype: DType;
  readonly inputs: Readonly<Record<string, Float64Array>>;
  // biome-ignore lint/suspicious/noExplicitAny: numbers, or the name of an element type
  readonly scalars: Readonly<Record<string, any>>;
}

/** All that the tests need to know of an op beside its entry in the table. */
export interface OpDescription {
  readonly op: OpName;
  /** Every output that can be asked for, from the oracle. */
  oracle(question: Question): Record<string, Expected>;
  /** Inputs that are options and yet must be given. */
  readonly required?: readonly string[];
  /** The kinds of rows that x is made of. Default: all. */
  readonly kinds?: readonly Kind[];
  /** How many rows and directions there are. Default: 1, 4, 7 or 9 rows. */
  sizes?(cols: number, seed: number): { rows?: number; k?: number };
  /** Inputs that are not drawn as rows like x's or as a weight. */
  readonly draw?: Readonly<Record<string, (sizes: Sizes, seed: number, dtype: DType) => Float64Array>>;
  /** Arguments that are no operands. */
  scalars?(seed: number): Record<string, unknown>;
  /** May the second argument be one row that serves all of x's? */
  readonly oneRow?: string;
  /** Is each row a question of its own? Not where rows are made orthogonal to those before them. Default: yes. */
  readonly rowByRow?: false;
  /** Does one NaN in a row make NaN of that row's every result? Not where elements are taken one by one. Default: yes. */
  readonly nanThroughRow?: false;
}

interface Operand {
  readonly dtype: DType;
  readonly rows: number;
  readonly cols: number;
  readonly shape: readonly number[];
  readonly values: Numbers | undefined;
}

/** How a case is put to the op. */
export interface Way {
  /** The form of the operand of this number. */
  form(index: number): Form;
  /** Are outputs given that the op would make? */
  readonly given: boolean;
  /** Outputs that are inputs. Default: none. */
  readonly inPlace?: Placement;
}

/** The seed of a case at so many columns: every tail meets all choices that are made by it. */
export function seedOf(cols: number, index: number): number {
  return cols * 31 + index * 7919;
}

/** One question to an op, to be asked in several ways. */
export class OpCase {
  /** The outputs that are asked for. */
  readonly outputs = new Map<string, Operand>();

  constructor(
    private readonly description: OpDescription,
    readonly dtype: DType,
    readonly sizes: Sizes,
    private readonly scalars: Readonly<Record<string, unknown>>,
    private readonly inputs: ReadonlyMap<string, Operand>,
  ) {
    const { operands } = entryOf(description.op);
    for (const name of outputsOf(description.op)) {
      if (name === "sum" && !inputs.has("residual")) continue;
      const [rows, cols] = dimensions(operands[name].shape, sizes);
      const dtype = elementType(operands[name].dtype, this.dtype, scalars, 0);
      this.outputs.set(name, {
        dtype,
        rows,
        cols,
        shape: shapeOf(operands[name].shape, rows, cols),
        values: undefined,
      });
    }
  }

  /**
   * A case drawn by a seed: which options are given, of which element types, and all numbers. The description may have
   * a say in how many rows it has.
   */
  static draw(description: OpDescription, dtype: DType, cols: number, seed: number, rows = rowCount(cols, 0)): OpCase {
    const { op, scalars: drawScalars, draw = {}, required = [], kinds } = description;
    const { operands, arguments: positional } = entryOf(op);
    const uniform = uniforms(seed);
    const sizes = { rows, cols, k: 1, ...description.sizes?.(cols, seed) };
    const scalars = drawScalars?.(seed) ?? {};
    const inputs = new Map<string, Operand>();
    for (const [i, name] of inputsOf(op).entries()) {
      const { shape, dtype: type } = operands[name];
      if (!positional.includes(name) && !required.includes(name) && uniform() < 0.5) continue;
      const one = name === description.oneRow && uniform() < 0.5;
      const [r, c] = one ? [1, cols] : dimensions(shape, sizes);
      const element = elementType(type, dtype, scalars, uniform());
      // what is added to a row of ±Infinity must not be the opposite one by chance
      const others = name === "residual" ? finiteKinds : kinds;
      const numbers =
        draw[name]?.({ ...sizes, rows: r }, seed + i, element) ??
        (shape === "rows cols" ? rowsOf(element, r, c, seed + i, others) : normals(r * c, 1, 0.5, seed + i));
      inputs.set(name, {
        dtype: element,
        rows: r,
        cols: c,
        shape: shapeOf(shape, r, c),
        values: encode(element, numbers),
      });
    }
    return new OpCase(description, dtype, sizes, scalars, inputs);
  }

  /** The case of some of its rows, in this order. */
  withRows(order: readonly number[]): OpCase {
    const { operands } = entryOf(this.description.op);
    const sizes = { ...this.sizes, rows: order.length };
    const inputs = new Map<string, Operand>();
    for (const [name, input] of this.inputs) {
      const own = operands[name].shape.startsWith("rows") && input.rows === this.sizes.rows;
      if (!own) {
        inputs.set(name, input);
        continue;
      }
      const values = encode(input.dtype, new Float64Array(order.length * input.cols)) as Numbers;
      for (const [to, from] of order.entries())
        values.set(rowIn(input, input.values as Numbers, from), to * input.cols);
      const shape = shapeOf(operands[name].shape, order.length, input.cols);
      inputs.set(name, { ...input, rows: order.length, shape, values });
    }
    return new OpCase(this.description, this.dtype, sizes, this.scalars, inputs);
  }

  /** The case with a NaN in the first argument. */
  withNaN(row: number, col: number): OpCase {
    const [first] = entryOf(this.description.op).arguments;
    const input = this.inputs.get(first) as Operand;
    const values = (input.values as Numbers).slice() as Numbers;
    values[row * input.cols + col] = encode(input.dtype, [Number.NaN])[0];
    const inputs = new Map(this.inputs).set(first, { ...input, values });
    return new OpCase(this.description, this.dtype, this.sizes, this.scalars, inputs);
  }

  dtypeOf(output: string): DType {
    return (this.outputs.get(output) as Operand).dtype;
  }

  /** Every way to put outputs in the place of this case's inputs. */
  get placements(): Placement[] {
    return placementsOf(this.description.op, [...this.outputs.keys()], [...this.inputs.keys()]);
  }

  /** The outputs that have something of each row. */
  get perRow(): string[] {
    const { operands } = entryOf(this.description.op);
    return [...this.outputs.keys()].filter((name) => operands[name].shape.startsWith("rows"));
  }

  /** What an output has of one row. */
  rowIn(output: string, results: Readonly<Record<string, Numbers>>, row: number): Numbers {
    return rowIn(this.outputs.get(output) as Operand, results[output], row);
  }

  /** What the oracle says, of each output that the case asks for. */
  get expected(): Record<string, Expected> {
    const inputs: Record<string, Float64Array> = {};
    const { operands } = entryOf(this.description.op);
    for (const [name, { dtype, values }] of this.inputs) {
      const numbers = decode(dtype, values as Numbers);
      // of directions the kernel gets the f32 nearest to a multiple, of other parameters the nearest itself
      const rounds = ["cols", "k"].includes(operands[name].shape) && wideOf(this.dtype) === "f32" && dtype === "f64";
      inputs[name] = rounds ? Float64Array.from(numbers, Math.fround) : numbers;
    }
    return this.description.oracle({ ...this.sizes, dtype: this.dtype, inputs, scalars: this.scalars });
  }

  /** The outputs' elements by name, and a check that nothing else was written. */
  ask(engine: Engine, way: Way, what = this.toString()): Record<string, Numbers> {
    const { op } = this.description;
    const { returns } = entryOf(op);
    const used = engine.bytesInUse;
    const held = new Map<string, Guarded>();
    let index = 0;
    const hold = (name: string, { dtype, rows, cols, shape, values }: Operand) =>
      held.set(name, new Guarded(engine, way.form(index++), dtype, rows, cols, shape, values));
    for (const [name, input] of this.inputs) hold(name, input);
    const places: Placement = way.inPlace ?? new Map();
    for (const [name, output] of this.outputs) {
      if (returns !== undefined || places.has(name)) continue;
      if (way.given || name !== "out") hold(name, output);
    }
    const operands: Record<string, unknown> = {};
    for (const [name, { value }] of held) operands[name] = value;
    for (const [output, input] of places) operands[output] = operands[input];
    const options = { ...operands, ...this.scalars, ...this.options(held), engine };
    const results = resultsOf<Numbers | { data: Numbers; toArray(): Numbers; dispose(): void }>(
      op,
      invoke(op, options),
      options,
    );
    const elements: Record<string, Numbers> = {};
    for (const name of this.outputs.keys()) {
      const result = results[name];
      if (result === undefined) throw new Error(`${what}: expected ${name}, got nothing`);
      const guarded = held.get(places.get(name) ?? name);
      if (guarded !== undefined && result !== guarded.value) throw new Error(`${what}: ${name} is not what was given`);
      elements[name] = guarded?.read() ?? ("toArray" in result ? result.toArray() : result);
      if (guarded === undefined && "dispose" in result) result.dispose();
    }
    const written = [...this.outputs.keys()].map((name) => places.get(name) ?? name);
    for (const [name, guarded] of held) guarded.check(`${what}: ${name}`, written.includes(name));
    for (const guarded of held.values()) guarded.dispose();
    if (engine.bytesInUse !== used) throw new Error(`${what}: ${engine.bytesInUse - used} bytes are left in use`);
    return elements;
  }

  toString(): string {
    const { rows, cols, k } = this.sizes;
    const inputs = [...this.inputs].map(([name, { dtype }]) => `${name} ${dtype}`).join(", ");
    return `${this.description.op} ${this.dtype} ${rows}×${cols}${k > 1 ? ` k=${k}` : ""} of ${inputs}`;
  }

  /** Arrays do not say how long a row is, nor bits of which half they are. */
  private options(held: ReadonlyMap<string, Guarded>): { cols?: number; dtype?: DType } {
    const first = held.get(entryOf(this.description.op).arguments[0]) as Guarded;
    const array = first.form === "array" || first.form === "data";
    return array ? { cols: this.sizes.cols, dtype: this.dtype } : {};
  }
}

function rowIn({ cols }: Operand, elements: Numbers, row: number): Numbers {
  return elements.slice(row * cols, (row + 1) * cols) as Numbers;
}

function dimensions(shape: string, { rows, cols, k }: Sizes): [rows: number, cols: number] {
  if (shape === "cols") return [1, cols];
  if (shape === "k") return [1, k];
  if (shape === "rows") return [rows, 1];
  if (shape === "k cols") return [k, cols];
  return shape === "rows k" ? [rows, k] : [rows, cols];
}

function shapeOf(shape: string, rows: number, cols: number): number[] {
  if (shape === "cols" || shape === "k") return [cols];
  return shape === "rows" ? [rows] : [rows, cols];
}

function elementType(spec: string, x: DType, scalars: Readonly<Record<string, unknown>>, uniform: number): DType {
  if (spec === "same") return x;
  // of halves that differ from x only Tensors say which they are: those are in linear's own test
  if (spec === "weight") return x === "f64" || uniform < 0.5 ? x : "f32";
  if (spec === "to") return scalars.to as DType;
  const wide = wideOf(x);
  return spec === "parameter" ? ([wide, "f32", "f64", x] as const)[Math.floor(uniform * 4)] : wide;
}
