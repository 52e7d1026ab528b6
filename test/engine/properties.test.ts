import fc from "fast-check";
import {
  angle,
  center,
  decompose,
  geometry,
  invertLayerNorm,
  layerNorm,
  meanVector,
  orthonormalize,
  project,
  reject,
  rmsNorm,
} from "orthonorm";
import {
  dot,
  layerNorm as exactLayerNorm,
  moments as exactMoments,
  rmsNorm as exactRmsNorm,
} from "orthonorm/reference";
import { describe, expect, it } from "vitest";
import { encode } from "../support/dtypes.js";
import { scaledError } from "../support/error.js";
import { normals } from "../support/random.js";

type Vector = Float32Array | Float64Array;

/**
 * What the numeric contract (docs/design.md) promises of each element type: |Δy| ≤ norm · max(1, |y|) for LayerNorm and
 * |Δy| ≤ rms · |y| for RMSNorm, |Δx| ≤ back · max(|x|, RMS) from one to the other and back, while |mean|/σ stays below `ratio`. `unit` is the error of one rounding; `shift` moves rows
 * of deviation 300 so far that subtracting a rounded mean would show, within that ratio.
 */
const contracts = {
  f32: { norm: 5e-7, rms: 3e-7, back: 5e-7, ratio: 1e6, unit: 2 ** -24, shift: 2 ** 20 },
  f64: { norm: 1e-15, rms: 1e-15, back: 2e-15, ratio: 1e3, unit: 2 ** -53, shift: 2 ** 17 },
} as const;

/** Rows of normal deviates: a shape, a mean and a seed, so that what fails shrinks to few and short rows. */
const problems = fc.record({
  rows: fc.integer({ min: 1, max: 9 }),
  cols: fc.integer({ min: 1, max: 130 }),
  mean: fc.constantFrom(0, 0.3, -2, 30, 500),
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
});

type Problem = typeof problems extends fc.Arbitrary<infer T> ? T : never;

function row(x: Vector, index: number, cols: number): Vector {
  return x.slice(index * cols, (index + 1) * cols);
}

function norm(x: ArrayLike<number>): number {
  return Math.sqrt(dot(x, x).hi);
}

/** Throws unless |actual − expected| ≤ bound; NaN is never near. (expect itself would take most of the running time.) */
function near(actual: number, expected: number, bound: number): void {
  if (!(Math.abs(actual - expected) <= bound)) throw new Error(`${actual} is not within ${bound} of ${expected}`);
}

/** Throws unless two arrays hold the same bits, which tells 0 from −0. */
function sameBits(actual: Vector, expected: Vector): void {
  if (actual.length !== expected.length || !expected.every((value, i) => Object.is(value, actual[i]))) {
    throw new Error(`[${actual}] has not the bits of [${expected}]`);
  }
}

/** Runs `check` on many problems, with their rows in the element type under test. */
function forAll(dtype: "f32" | "f64", check: (x: Vector, problem: Problem) => void): void {
  fc.assert(
    fc.property(problems, (problem) => {
      const { rows, cols, mean, seed } = problem;
      check(encode(dtype, normals(rows * cols, mean, 1, seed)), problem);
    }),
  );
}

/** Whether the contract speaks of every row: |mean|/σ is below its limit, so no row is constant. */
function withinRatio(dtype: "f32" | "f64", x: Vector, cols: number): boolean {
  const { mean, variance } = exactMoments(x, { cols });
  return mean.every((value, i) => Math.abs(value) < contracts[dtype].ratio * Math.sqrt(variance[i]));
}

describe.each(["f32", "f64"] as const)("%s", (dtype) => {
  const contract = contracts[dtype];
  const finite = { noNaN: true, noDefaultInfinity: true };
  /** Any finite number of the element type, subnormals and the largest among them. */
  const values = dtype === "f32" ? fc.float(finite) : fc.double(finite);
  const epsilons = fc.constantFrom(0, 1e-12, 1e-5);

  it("any finite row has the reference's norms", () => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 130 }), epsilons, (numbers, eps) => {
        const x = encode(dtype, numbers);
        const rms = rmsNorm(x, { eps });
        const expected = exactRmsNorm(x, { eps }).y;
        // Beside the contract, the spacing of the subnormals: a small element of a large row becomes one when the row is
        // scaled, in kernel and reference, and then grows by up to √d.
        const spacing = (dtype === "f32" ? 2 ** -149 : 2 ** -1074) * (1 + Math.sqrt(x.length));
        for (let i = 0; i < x.length; i++) near(rms[i], expected[i], contract.rms * Math.abs(expected[i]) + spacing);
        fc.pre(withinRatio(dtype, x, x.length));
        expect(scaledError(layerNorm(x, { eps }), exactLayerNorm(x, { eps }).y)).toBeLessThanOrEqual(contract.norm);
      }),
    );
  });

  it("LN(a·x + c·1) = LN(x)", () => {
    const a = fc.integer({ min: 1, max: 16 });
    const c = fc.integer({ min: -contract.shift, max: contract.shift });
    fc.assert(
      fc.property(problems, a, c, ({ rows, cols, seed }, a, c) => {
        // Whole numbers below 2^24, so that a·x + c is exact in f32 as well: rounding the input is not the engine's error.
        const x = encode(dtype, normals(rows * cols, 0, 300, seed).map(Math.round));
        const moved = x.map((value) => a * value + c) as Vector;
        fc.pre(withinRatio(dtype, x, cols) && withinRatio(dtype, moved, cols));
        // Two results, each within the contract of the same exact one.
        const error = scaledError(layerNorm(moved, { cols, eps: 0 }), layerNorm(x, { cols, eps: 0 }));
        expect(error).toBeLessThanOrEqual(2.1 * contract.norm);
      }),
    );
  });

  it("LN gives exactly bias on constant rows", () => {
    fc.assert(
      fc.property(problems, values, epsilons, ({ rows, cols, seed }, value, eps) => {
        const bias = encode(dtype, normals(cols, 0, 1, seed));
        const x = encode(dtype, new Float64Array(rows * cols).fill(value));
        const y = layerNorm(x, { cols, eps, bias });
        for (let i = 0; i < rows; i++) expect(row(y, i, cols)).toEqual(bias);
      }),
    );
  });

  it("invertLayerNorm(layerNorm(x)) = x, whatever weight, bias and eps", () => {
    fc.assert(
      fc.property(problems, epsilons, fc.boolean(), ({ rows, cols, mean, seed }, eps, affine) => {
        const x = encode(dtype, normals(rows * cols, mean, 1, seed));
        const scales = normals(cols, 0, 1, seed + 1).map((value) => Math.sign(value) * (0.5 + Math.abs(value)));
        const weight = affine ? encode(dtype, scales) : undefined;
        const bias = affine ? encode(dtype, normals(cols, 0, 1, seed + 2)) : undefined;
        const saved = { mean: encode(dtype, new Float64Array(rows)), rstd: encode(dtype, new Float64Array(rows)) };
        const z = layerNorm(x, { cols, weight, bias, eps, ...saved });
        const back = invertLayerNorm(z, { cols, weight, bias, ...saved });
        const { rms } = exactMoments(x, { cols });
        for (let j = 0; j < x.length; j++) {
          const i = Math.floor(j / cols);
          // The rounding of z is that of what the bias makes of it; a weight gives it back as so much of x.
          const rounding = affine ? (contract.unit * Math.abs(z[j] / scales[j % cols])) / saved.rstd[i] : 0;
          near(back[j], x[j], contract.back * Math.max(Math.abs(x[j]), rms[i]) + 1.1 * rounding);
        }
      }),
    );
  });

  it("invertLayerNorm moves with mean and stretches with 1/rstd", () => {
    const quarters = fc.integer({ min: -4000, max: 4000 });
    fc.assert(
      fc.property(problems, quarters, fc.integer({ min: -20, max: 20 }), ({ rows, cols, seed }, shift, power) => {
        // whole numbers and powers of two: all of it is exact
        const z = encode(dtype, normals(rows * cols, 0, 300, seed).map(Math.round));
        const mean = encode(dtype, new Float64Array(rows).fill(shift / 4));
        const rstd = encode(dtype, new Float64Array(rows).fill(2 ** -power));
        const x = invertLayerNorm(z, { cols, mean, rstd });
        sameBits(
          x,
          encode(
            dtype,
            Float64Array.from(z, (value) => value * 2 ** power + shift / 4),
          ),
        );
      }),
    );
  });

  it("‖LN(x)‖ = √d", () => {
    forAll(dtype, (x, { rows, cols }) => {
      fc.pre(withinRatio(dtype, x, cols));
      const y = layerNorm(x, { cols, eps: 0 });
      for (let i = 0; i < rows; i++) {
        // ‖Δ‖ ≤ norm · √(Σ max(1, y²)) ≤ norm · √(2d).
        near(norm(row(y, i, cols)) / Math.sqrt(cols), 1, 1.5 * contract.norm);
      }
    });
  });

  it("RMSNorm(x) = sin θ · LN(x) + cos θ · 1", () => {
    forAll(dtype, (x, { rows, cols }) => {
      fc.pre(withinRatio(dtype, x, cols));
      const rms = rmsNorm(x, { cols, eps: 0 });
      const ln = layerNorm(x, { cols, eps: 0 });
      const theta = geometry(x, { cols }).angle;
      for (let i = 0; i < rows; i++) {
        for (let j = i * cols; j < (i + 1) * cols; j++) {
          const combined = Math.sin(theta[i]) * ln[j] + Math.cos(theta[i]);
          // RMSNorm's error, LN's, and that of θ, which like theirs is a few roundings of numbers up to π.
          const bound = contract.rms * Math.abs(rms[j]) + 3 * contract.norm * Math.max(1, Math.abs(ln[j]));
          near(rms[j], combined, bound);
        }
      }
    });
  });

  it("center(center(x)) = center(x), and meanVector(x) + center(x) = x", () => {
    forAll(dtype, (x, { cols }) => {
      fc.pre(withinRatio(dtype, x, cols));
      const { variance } = exactMoments(x, { cols });
      const once = center(x, { cols });
      const twice = center(once, { cols });
      const mean = meanVector(x, { cols });
      for (let j = 0; j < x.length; j++) {
        // center is LayerNorm before the division by σ, so its error is that of LayerNorm times σ.
        const bound = contract.norm * Math.max(Math.sqrt(variance[Math.floor(j / cols)]), Math.abs(once[j]));
        // The first result is off by `bound` on average at most, which the second takes away, and errs itself.
        near(twice[j], once[j], 2 * bound);
        // The mean is rounded once more when it is stored.
        near(mean[j] + once[j], x[j], bound + 4 * contract.unit * Math.abs(mean[j]));
      }
    });
  });

  it("decompose(x) = meanVector(x), center(x), their unit vector, LN(x); the mean is the one that layerNorm saves", () => {
    forAll(dtype, (x, { rows, cols }) => {
      const parts = decompose(x, { cols });
      sameBits(parts.orthogonal, center(x, { cols }));
      sameBits(parts.meanVector, meanVector(x, { cols }));
      const mean = encode(dtype, new Float64Array(rows));
      const normalized = layerNorm(x, { cols, eps: 0, mean });
      sameBits(parts.meanVector, x.map((_, j) => mean[Math.floor(j / cols)]) as Vector);

      fc.pre(withinRatio(dtype, x, cols));
      // Each side is within the contract of the exact value, hence twice.
      expect(scaledError(parts.standardized, normalized)).toBeLessThanOrEqual(2.1 * contract.norm);
      for (let j = 0; j < x.length; j++) {
        // unit · √d = standardized: the contract once for each.
        const scaled = Math.sqrt(cols) * parts.unit[j];
        const limit = 2 * contract.norm * Math.max(1, Math.abs(scaled));
        near(scaled, parts.standardized[j], limit);
      }
    });
  });

  it("whole numbers that add up to a multiple of cols have their mean exactly, and deviations too", () => {
    fc.assert(
      fc.property(problems, fc.integer({ min: -9, max: 9 }), ({ cols, seed }, m) => {
        const numbers = normals(cols, 0, 12, seed).map(Math.round);
        let left = m * cols - numbers.reduce((sum, value) => sum + value, 0);
        for (let j = 0; left !== 0; j = (j + 1) % cols) {
          numbers[j] += Math.sign(left);
          left -= Math.sign(left);
        }
        const x = encode(dtype, numbers);
        for (const value of meanVector(x)) near(value, m, 0);
        for (const [j, value] of center(x).entries()) near(value, numbers[j] - m, 0);
      }),
    );
  });

  it("geometry: norm² = uniform² + orthogonal², cosine = uniform/norm = cos(angle)", () => {
    forAll(dtype, (x, { rows, cols }) => {
      const parts = geometry(x, { cols });
      for (let i = 0; i < rows; i++) {
        // Three lengths, each as good as RMSNorm's 1/rstd = norm/√d, and as a share of norm.
        const pythagoras = Math.hypot(parts.uniform[i], parts.orthogonal[i]) / parts.norm[i];
        near(pythagoras, 1, 3 * contract.rms);
        near(parts.cosine[i], parts.uniform[i] / parts.norm[i], 3 * contract.rms);
        near(parts.cosine[i], Math.cos(parts.angle[i]), 3 * contract.rms);
      }
    });
  });

  it("angle(x, 1) = geometry(x).angle", () => {
    forAll(dtype, (x, { cols }) => {
      const ones = encode(dtype, new Float64Array(cols).fill(1));
      const error = scaledError(angle(x, ones, { cols }), geometry(x, { cols }).angle);
      // Two angles from two formulas, each good to the contract.
      expect(error).toBeLessThanOrEqual(2.1 * contract.norm);
    });
  });

  it("angle(x, y) = angle(y, x), and 0 and π to itself and its opposite", () => {
    forAll(dtype, (x, { cols, seed }) => {
      const y = encode(dtype, normals(x.length, 0, 1, seed + 1));
      expect(scaledError(angle(x, y, { cols }), angle(y, x, { cols }))).toBeLessThanOrEqual(2.1 * contract.norm);
      const opposite = x.map((value) => -value) as Vector;
      for (const value of angle(x, x, { cols })) near(value, 0, contract.norm);
      for (const value of angle(x, opposite, { cols })) {
        near(value, Math.PI, contract.norm);
      }
    });
  });

  it("project(x, u) + reject(x, u) = x, and reject(x, u) · u = 0", () => {
    forAll(dtype, (x, { rows, cols, seed }) => {
      const u = encode(dtype, normals(cols, 0, 3, seed + 1));
      const along = project(x, u, { cols });
      const across = reject(x, u, { cols });
      for (let i = 0; i < rows; i++) {
        const size = norm(row(x, i, cols));
        // What is left along u is the coefficient's error (as for center, where u = 1) and the rounding of the result.
        const left = dot(row(across, i, cols), u).hi / norm(u);
        near(left, 0, 2 * contract.norm * size);
        for (let j = i * cols; j < (i + 1) * cols; j++) {
          // The coefficient's error cancels; c·u and x − c·u round once each, and |c·uⱼ| ≤ ‖x‖.
          near(along[j] + across[j], x[j], 4 * contract.unit * size);
        }
      }
    });
  });

  it("the same for the span of several orthonormal rows", () => {
    fc.assert(
      fc.property(problems, fc.integer({ min: 2, max: 5 }), ({ rows, cols, mean, seed }, k) => {
        fc.pre(cols >= 2 * k);
        const x = encode(dtype, normals(rows * cols, mean, 1, seed));
        const basis = orthonormalize(encode(dtype, normals(k * cols, 0, 1, seed + 1)), { cols });
        const along = project(x, basis, { cols });
        const across = reject(x, basis, { cols });
        for (let i = 0; i < rows; i++) {
          const size = norm(row(x, i, cols));
          for (let j = 0; j < k; j++) {
            // Besides the coefficients' errors: the rows themselves are orthonormal only to their rounding, k at a time.
            const left = dot(row(across, i, cols), row(basis, j, cols)).hi;
            near(left, 0, (k + 1) * contract.norm * size);
          }
          for (let j = i * cols; j < (i + 1) * cols; j++) {
            // k products and their sum, twice; each is at most ‖x‖.
            near(along[j] + across[j], x[j], 4 * k * contract.unit * size);
          }
        }
      }),
    );
  });

  it("orthonormalize: orthonormal rows, each towards its input, that span the inputs", () => {
    fc.assert(
      fc.property(problems, fc.integer({ min: 1, max: 5 }), ({ cols, mean, seed }, k) => {
        fc.pre(cols >= 2 * k - 1);
        const vectors = encode(dtype, normals(k * cols, mean, 1, seed));
        const basis = orthonormalize(vectors, { cols });
        for (let i = 0; i < k; i++) {
          const vector = row(vectors, i, cols);
          const q = row(basis, i, cols);
          for (let j = 0; j <= i; j++) {
            // Elements rounded to the format: a dot product of unit rows is off by two units, plus the arithmetic.
            const product = dot(q, row(basis, j, cols)).hi;
            near(product, i === j ? 1 : 0, 2 * contract.norm);
          }
          expect(dot(q, vector).hi).toBeGreaterThan(0);
          // What the rows so far do not hold of this input, computed here in f64.
          const rest = Float64Array.from(vector);
          for (let j = 0; j <= i; j++) {
            const other = row(basis, j, cols);
            const share = dot(rest, other).hi;
            for (let l = 0; l < cols; l++) rest[l] -= share * other[l];
          }
          near(norm(rest), 0, 2 * (i + 1) * contract.norm * norm(vector));
        }
      }),
    );
  });

  it("a row's bits depend on nothing but the row", () => {
    forAll(dtype, (x, { rows, cols, seed }) => {
      const weight = encode(dtype, normals(cols, 1, 0.1, seed + 1));
      const bias = encode(dtype, normals(cols, 0, 0.1, seed + 2));
      const perRow = () => encode(dtype, new Float64Array(rows));
      const [lnMean, lnRstd, rmsRstd] = [perRow(), perRow(), perRow()];
      const ln = layerNorm(x, { cols, weight, bias, mean: lnMean, rstd: lnRstd });
      const rms = rmsNorm(x, { cols, weight, rstd: rmsRstd });
      const centered = center(x, { cols });
      for (let i = 0; i < rows; i++) {
        const alone = row(x, i, cols);
        const one = () => encode(dtype, [0]);
        const [mean, rstd, rstd2] = [one(), one(), one()];
        sameBits(layerNorm(alone, { weight, bias, mean, rstd }), row(ln, i, cols));
        sameBits(rmsNorm(alone, { weight, rstd: rstd2 }), row(rms, i, cols));
        sameBits(center(alone, { cols }), row(centered, i, cols));
        expect([mean[0], rstd[0], rstd2[0]]).toEqual([lnMean[i], lnRstd[i], rmsRstd[i]]);
      }
    });
  });

  it("permuting rows permutes results", () => {
    const permuted = problems.chain((problem) => {
      const indices = Array.from({ length: problem.rows }, (_, i) => i);
      const order = fc.shuffledSubarray(indices, { minLength: problem.rows });
      return fc.record({ problem: fc.constant(problem), order });
    });
    fc.assert(
      fc.property(permuted, ({ problem: { rows, cols, mean, seed }, order }) => {
        const x = encode(dtype, normals(rows * cols, mean, 1, seed));
        const shuffled = x.slice();
        order.forEach((from, to) => {
          shuffled.set(row(x, from, cols), to * cols);
        });
        const y = layerNorm(x, { cols });
        const shuffledY = layerNorm(shuffled, { cols });
        order.forEach((from, to) => {
          sameBits(row(shuffledY, to, cols), row(y, from, cols));
        });
      }),
    );
  });

  it("a NaN stays in its row", () => {
    forAll(dtype, (x, { rows, cols, seed }) => {
      const y = layerNorm(x, { cols });
      const spoiled = seed % rows;
      const touched = x.slice();
      touched[spoiled * cols + (seed % cols)] = Number.NaN;
      const result = layerNorm(touched, { cols });
      for (let i = 0; i < rows; i++) {
        if (i === spoiled) expect(row(result, i, cols).every(Number.isNaN)).toBe(true);
        else sameBits(row(result, i, cols), row(y, i, cols));
      }
    });
  });
});
