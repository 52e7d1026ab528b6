import fc from "fast-check";
import { dot, moments } from "../../bindings/reference/index.js";
import { encode } from "./dtypes.js";
import { normals } from "./random.js";

// What the property tests of single ops have in common: f32 and f64 rows by the numeric contract.

export type Vector = Float32Array | Float64Array;
type Wide = "f32" | "f64";

/**
 * What docs/numerics.md promises of each element type: |Δy| ≤ norm · max(1, |y|) for LayerNorm and |Δy| ≤ rms · |y| for
 * RMSNorm, |Δx| ≤ back · max(|x|, RMS) from one to the other and back, while |mean|/σ stays below `ratio`. `unit` is the
 * error of one rounding; `shift` moves rows of deviation 300 so far that subtracting a rounded mean would show, within that
 * ratio.
 */
export const contracts = {
  f32: { norm: 5e-7, rms: 3e-7, back: 5e-7, ratio: 1e6, unit: 2 ** -24, shift: 2 ** 20 },
  f64: { norm: 1e-15, rms: 1e-15, back: 2e-15, ratio: 1e3, unit: 2 ** -53, shift: 2 ** 17 },
} as const;

/** Rows of normal deviates: a shape, a mean and a seed, so that what fails shrinks to few and short rows. */
export const problems = fc.record({
  rows: fc.integer({ min: 1, max: 9 }),
  cols: fc.integer({ min: 1, max: 130 }),
  mean: fc.constantFrom(0, 0.3, -2, 30, 500),
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
});

type Problem = typeof problems extends fc.Arbitrary<infer T> ? T : never;

export const epsilons = fc.constantFrom(0, 1e-12, 1e-5);

/** Any finite number of the element type, subnormals and the largest among them. */
export function values(dtype: Wide): fc.Arbitrary<number> {
  const finite = { noNaN: true, noDefaultInfinity: true };
  return dtype === "f32" ? fc.float(finite) : fc.double(finite);
}

/** One row of them. */
export function finiteRows(dtype: Wide): fc.Arbitrary<Vector> {
  return fc.array(values(dtype), { minLength: 1, maxLength: 130 }).map((numbers) => encode(dtype, numbers));
}

/** Runs `check` on many problems, with their rows in the element type under test. */
export function forAll(dtype: Wide, check: (x: Vector, problem: Problem) => void): void {
  fc.assert(
    fc.property(problems, (problem) => {
      const { rows, cols, mean, seed } = problem;
      check(encode(dtype, normals(rows * cols, mean, 1, seed)), problem);
    }),
  );
}

/** Whether the contract speaks of every row: |mean|/σ is below its limit, so no row is constant. */
export function withinRatio(dtype: Wide, x: Vector, cols: number): boolean {
  const { mean, variance } = moments(x, { cols });
  return mean.every((value, i) => Math.abs(value) < contracts[dtype].ratio * Math.sqrt(variance[i]));
}

export function row(x: Vector, index: number, cols: number): Vector {
  return x.slice(index * cols, (index + 1) * cols);
}

/** ‖x‖. */
export function lengthOf(x: ArrayLike<number>): number {
  return Math.sqrt(dot(x, x).hi);
}

/** Throws unless |actual − expected| ≤ bound; NaN is never near. (expect itself would take most of the running time.) */
export function near(actual: number, expected: number, bound: number): void {
  if (!(Math.abs(actual - expected) <= bound)) throw new Error(`${actual} is not within ${bound} of ${expected}`);
}
