/** A linear layer that is timed: its operands, the same for everyone, and what is right. */
import { linear as oracle } from "../../bindings/reference/index.js";
import type { DType } from "../../dist/index.js";
import { normal, uniforms } from "../random.js";

export interface Shape {
  rows: number;
  cols: number;
  k: number;
}

export interface Problem extends Shape {
  /** [rows, cols], of N(0, 1). */
  x: Float32Array;
  /** [k, cols], of N(0, 0.03²), as hidden layers have them. */
  weight: Float32Array;
  bias: Float32Array;
  /** Multiplications and additions of the products. */
  flops: number;
  /** Throws unless an answer of rows × k elements is right, but for roundings of this element type. */
  check(answer: ArrayLike<number>, dtype?: DType | "int8"): void;
}

const deviation = 0.03;
/** Multiplications that the oracle may take, about a second. */
const most = 2 ** 27;

export function makeProblem({ rows, cols, k }: Shape): Problem {
  const uniform = uniforms(1);
  const numbers = (count: number, scale: number) => Float32Array.from({ length: count }, () => scale * normal(uniform));
  const [x, weight, bias] = [numbers(rows * cols, 1), numbers(k * cols, deviation), numbers(k, 0.1)];
  // evenly spread rows, the first and the last among them
  const count = Math.max(1, Math.min(rows, 8, Math.floor(most / (cols * k))));
  const some = Array.from({ length: count }, (_, i) => Math.round((i * (rows - 1)) / Math.max(1, count - 1)));
  const right = some.map((row) => oracle(x.subarray(row * cols, (row + 1) * cols), weight, { cols, bias }));
  return {
    ...{ rows, cols, k, x, weight, bias },
    flops: 2 * rows * cols * k,
    check(answer, dtype = "f32") {
      if (answer.length !== rows * k) throw new Error(`y expected ${rows * k} elements, got ${answer.length}`);
      for (const [i, row] of some.entries()) {
        for (let j = 0; j < k; j++) {
          const [got, expected] = [answer[row * k + j], right[i][j]];
          // the size of a result is about √cols · deviation
          const bound = (1e-5 + 4 * units[dtype]) * (Math.sqrt(cols) * deviation + Math.abs(expected));
          // written so that NaN fails
          if (!(Math.abs(got - expected) <= bound)) throw new Error(`y[${row}, ${j}] expected ${expected}, got ${got}`);
        }
      }
    },
  };
}

/** Of the roundings of operands and of the result. */
const units: Record<DType | "int8", number> = { f64: 0, f32: 0, f16: 2 ** -10, bf16: 2 ** -7, int8: 2 ** -7 };

/** "512x768x3072,1x64x64" */
export function parseShapes(text: string): Shape[] {
  return text.split(",").map((one) => {
    const [, rows, cols, k] = /^([1-9]\d*)[x×]([1-9]\d*)[x×]([1-9]\d*)$/.exec(one.trim()) ?? [];
    if (k === undefined) {
      throw new Error(`--shapes expected rows×cols×k such as 512x768x3072, got ${JSON.stringify(one)}`);
    }
    return { rows: Number(rows), cols: Number(cols), k: Number(k) };
  });
}

export const nameOf = ({ rows, cols, k }: Shape) => `${rows} × ${cols} → ${k}`;
