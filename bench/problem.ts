/** What is timed: one norm of one shape, with the same numbers for every contestant. */
import type { DType, Engine, Tensor } from "../dist/index.js";
import { decode, encode, type HalfType } from "./halves.js";
import type { Modules } from "./modules.js";

export type OpName = "layerNorm" | "rmsNorm";
export type Elements = Float32Array | Float64Array | Uint16Array;
export type Wide = Float32Array | Float64Array;

export interface Case {
  op: OpName;
  dtype: DType;
  rows: number;
  cols: number;
}

/** Where the engine's contestants, its bare kernels and the copy live: one memory for all. */
export interface Place extends Modules {
  memory: WebAssembly.Memory;
  engine: Engine;
  /** The relaxed variant, in a memory of its own, where this runtime has it. */
  relaxed?: Engine;
}

/**
 * A case with its operands: LayerNorm has a weight and a bias, RMSNorm a weight. Contestants read x and write y, each in
 * the arrays or in the tensors, so that none of them finds its operands in a better place than another.
 */
export interface Problem extends Case {
  eps: number;
  place: Place;
  arrays: { x: Elements; y: Elements; weight: Wide; bias: Wide };
  tensors: { x: Tensor; y: Tensor; weight: Tensor; bias: Tensor };
  /** Another tensor, until the problem is disposed of. */
  tensor(dtype: DType, shape: number | number[], data?: Elements): Tensor;
  dispose(): void;
}

const eps = 1e-5;

/**
 * @param mean of the numbers in x, whose deviation is 1
 */
export function makeProblem({ op, dtype, rows, cols }: Case, place: Place, mean = 0): Problem {
  const random = seeded(rows * 65537 + cols);
  const numbers = Float64Array.from({ length: rows * cols }, () => mean + normal(random));
  // Signs alone: a norm in place meets its own result again and again, and any other weight would, by the power
  // iteration that this is, end in denormal numbers, which are slow.
  const signs = Float64Array.from({ length: cols }, () => (random() < 0.5 ? -1 : 1));
  const shifts = Float64Array.from({ length: cols }, () => 0.1 * normal(random));
  const wide = (from: Float64Array): Wide => (dtype === "f64" ? from : Float32Array.from(from));
  const x = elements(dtype, numbers);
  const arrays = { x, y: x.slice().fill(0), weight: wide(signs), bias: wide(shifts) };

  const made: Tensor[] = [];
  const add = (type: DType, shape: number | number[], data?: Elements): Tensor => {
    const one = place.engine.tensor(type, shape, data);
    made.push(one);
    return one;
  };
  const parameter = dtype === "f64" ? "f64" : "f32";
  const tensors = {
    x: add(dtype, [rows, cols], x),
    y: add(dtype, [rows, cols]),
    weight: add(parameter, cols, arrays.weight),
    bias: add(parameter, cols, arrays.bias),
  };
  const dispose = () => {
    for (const one of made) one.dispose();
  };
  return { op, dtype, rows, cols, eps, place, arrays, tensors, tensor: add, dispose };
}

export const isHalf = (dtype: DType): dtype is HalfType => dtype === "f16" || dtype === "bf16";

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
export function numbersOf(dtype: DType, stored: Elements): Wide {
  if (!isHalf(dtype)) return stored as Wide;
  const numbers = new Float32Array(stored.length);
  decode(dtype, stored as Uint16Array, numbers);
  return numbers;
}

/** Uniform on [0, 1), the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** N(0, 1), by Box and Muller. */
const normal = (random: () => number) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
