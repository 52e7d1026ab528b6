import { layerNorm, tensor } from "orthonorm";
import { layerNorm as reference } from "orthonorm/reference";
import { describe, expect, it } from "vitest";
import { type ConformanceCase, onnxCases, webnnCases } from "../support/conformance.js";
import { scaledError } from "../support/error.js";

/** The sources' own figures were computed in f32: theirs is off by up to 3.2e-7, onnxruntime by 9.6e-7. */
const sourceTolerance = 2e-6;

/** The numeric contract for LayerNorm in f32, which holds before weight and bias. */
const contract = 5e-7;

interface Result {
  y: ArrayLike<number>;
  mean: Float32Array;
  rstd: Float32Array;
}

function throughTypedArrays({ x, rows, cols, eps, weight, bias }: ConformanceCase): Result {
  const mean = new Float32Array(rows);
  const rstd = new Float32Array(rows);
  const y = layerNorm(Float32Array.from(x), {
    cols,
    eps,
    weight: weight && Float32Array.from(weight),
    bias: bias && Float32Array.from(bias),
    mean,
    rstd,
  });
  expect(y).toBeInstanceOf(Float32Array);
  return { y, mean, rstd };
}

/** x and weight as Tensors, bias as a typed array: the two may be mixed. */
function throughTensors({ x, shape, rows, cols, eps, weight, bias }: ConformanceCase): Result {
  const input = tensor("f32", shape, Float32Array.from(x));
  const scale = weight && tensor("f32", [cols], Float32Array.from(weight));
  const mean = new Float32Array(rows);
  const rstd = new Float32Array(rows);
  const output = layerNorm(input, { eps, weight: scale, bias: bias && Float32Array.from(bias), mean, rstd });
  expect([output.dtype, output.rows, output.cols]).toEqual(["f32", rows, cols]);
  expect([...output.shape]).toEqual(shape);
  const y = Float32Array.from(output.data);
  for (const each of [input, scale, output]) each?.dispose();
  return { y, mean, rstd };
}

function check(problem: ConformanceCase, { y, mean, rstd }: Result): void {
  expect(scaledError(y, problem.y)).toBeLessThan(sourceTolerance);
  if (problem.mean) expect(scaledError(mean, problem.mean)).toBeLessThan(sourceTolerance);
  if (problem.rstd) expect(scaledError(rstd, problem.rstd)).toBeLessThan(sourceTolerance);

  // The reference sees what the engine saw: the f32 values, and eps as the number it is.
  const exact = (values?: number[]) => values && Float32Array.from(values);
  const weight = exact(problem.weight);
  const expected = reference(Float32Array.from(problem.x), {
    cols: problem.cols,
    eps: problem.eps,
    weight,
    bias: exact(problem.bias),
  });
  // A weight multiplies the error along with the value, and a bias may then take the value away again.
  const largestWeight = Math.max(1, ...(weight ?? []).map(Math.abs));
  expect(scaledError(y, expected.y)).toBeLessThan(contract * largestWeight);
  expect(scaledError(mean, expected.mean)).toBeLessThan(contract);
  expect(scaledError(rstd, expected.rstd)).toBeLessThan(contract);
}

function checkAll(cases: ConformanceCase[], count: number): void {
  it(`number ${count}`, () => expect(cases).toHaveLength(count));
  for (const problem of cases) {
    it(problem.name, () => check(problem, throughTypedArrays(problem)));
    it(`${problem.name}, through Tensors`, () => check(problem, throughTensors(problem)));
  }
}

describe("ONNX's LayerNormalization cases", () => checkAll(onnxCases(), 19));

// Read in place beside the repository: vitest names these as not run where that folder is absent.
const webnn = webnnCases();
describe.runIf(webnn.length > 0)("WebNN's layerNormalization cases", () => checkAll(webnn, 8));
