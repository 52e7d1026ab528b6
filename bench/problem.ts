/** What is timed: one op of one shape, with the same numbers for every contestant. */
import type { DType, Engine, Tensor } from "../dist/index.js";
import { decode, encode, type HalfType } from "./halves.js";
import type { Modules } from "./modules.js";
import {
  type Description,
  type Elements,
  type Floats,
  type Operands,
  type OpName,
  ops,
  type Package,
  type Shape,
} from "./ops.js";
import { normal, uniforms } from "./random.js";

export interface Case extends Shape {
  op: OpName;
  dtype: DType;
}

/** Where the engine's contestants, its bare kernels and the copy live: one memory for all. */
export interface Environment extends Modules {
  package: Package;
  memory: WebAssembly.Memory;
  engine: Engine;
  /** The relaxed variant, in a memory of its own, where this runtime has it. */
  relaxed?: Engine;
}

/**
 * A case with its operands. Contestants read x and write y, or numbers per row, each in the arrays or in the tensors, so that
 * none of them finds its operands in a better place than another.
 */
export interface Problem extends Case {
  description: Description;
  environment: Environment;
  distribution: Distribution;
  eps: number;
  /** x, y and the inputs. */
  arrays: Operands<Elements>;
  tensors: Operands<Tensor>;
  /** A read of x and a write of the results. */
  bytes: number;
  flops: number;
  /** Another tensor, until the problem is disposed of. */
  tensor(dtype: DType, shape: number | number[], data?: Elements): Tensor;
  dispose(): void;
}

/** Of the numbers in x, which are normal. With a deviation and a mean of 0 all rows are zeros, as padding is. */
export interface Distribution {
  mean: number;
  deviation: number;
}

export const standard: Distribution = { mean: 0, deviation: 1 };

const eps = 1e-5;

export function makeProblem(
  { op, dtype, rows, cols }: Case,
  environment: Environment,
  distribution = standard,
): Problem {
  const { mean, deviation } = distribution;
  const description: Description = ops[op];
  const uniform = uniforms(rows * 65537 + cols);
  const x = elements(
    dtype,
    Float64Array.from({ length: rows * cols }, () => mean + deviation * normal(uniform)),
  );
  const arrays: Operands<Elements> = { x, y: x.slice().fill(0) };
  for (const [name, { per, number }] of Object.entries(description.inputs)) {
    const numbers = Float64Array.from({ length: per === "row" ? rows : cols }, () => number(uniform));
    arrays[name] = dtype === "f64" ? numbers : Float32Array.from(numbers);
  }

  const made: Tensor[] = [];
  const tensor = (type: DType, shape: number | number[], data?: Elements): Tensor => {
    const one = environment.engine.tensor(type, shape, data);
    made.push(one);
    return one;
  };
  const perRow = description.outputs.filter((name) => name !== "y").length * rows * floatBytes(dtype);
  return {
    ...{ op, dtype, rows, cols, eps, description, environment, distribution, arrays, tensor },
    tensors: tensorsOf(description, { dtype, rows, cols }, arrays, tensor),
    bytes: x.byteLength + (description.outputs.includes("y") ? x.byteLength : 0) + perRow,
    flops: description.flops * rows * cols,
    dispose() {
      for (const one of made) one.dispose();
    },
  };
}

/** The operands as Tensors, made by `tensor`, which says on which engine. */
export function tensorsOf(
  { inputs }: Description,
  { dtype, rows, cols }: Omit<Case, "op">,
  arrays: Operands<Elements>,
  tensor: Problem["tensor"],
): Operands<Tensor> {
  const tensors: Operands<Tensor> = { x: tensor(dtype, [rows, cols], arrays.x), y: tensor(dtype, [rows, cols]) };
  for (const name of Object.keys(inputs)) {
    tensors[name] = tensor(dtype === "f64" ? "f64" : "f32", arrays[name].length, arrays[name]);
  }
  return tensors;
}

/** Where the operands lie in the engine's memory. */
export function addresses(tensors: Operands<Tensor>): Operands<number> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { data }]) => [name, data.byteOffset]),
  ) as Operands<number>;
}

export const isHalf = (dtype: DType): dtype is HalfType => dtype === "f16" || dtype === "bf16";

/** Of a number among the inputs, and of a result per row. */
const floatBytes = (dtype: DType) => (dtype === "f64" ? 8 : 4);

/** Numbers as an element type stores them. */
function elements(dtype: DType, numbers: Float64Array): Elements {
  if (dtype === "f64") return numbers;
  const singles = Float32Array.from(numbers);
  if (!isHalf(dtype)) return singles;
  const bits = new Uint16Array(singles.length);
  encode(dtype, singles, bits);
  return bits;
}

/** What stored elements stand for. */
export function numbersOf(dtype: DType, stored: Elements): Floats {
  if (!isHalf(dtype)) return stored as Floats;
  const numbers = new Float32Array(stored.length);
  decode(dtype, stored as Uint16Array, numbers);
  return numbers;
}
