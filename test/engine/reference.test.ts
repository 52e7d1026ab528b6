import {
  angle,
  center,
  decompose,
  dot,
  fromBits,
  geometry,
  invertLayerNorm,
  layerNorm,
  meanVector,
  moments,
  NeumaierSum,
  orthonormalize,
  project,
  reject,
  rmsNorm,
  roundTo,
  toBits,
} from "orthonorm/reference";
import { describe, expect, it } from "vitest";
import { timesPowerOfTwo } from "../../bindings/reference/rows.js";
import { type ConformanceCase, onnxCases, transpose, webnnCases } from "../support/conformance.js";
import { decode, encode } from "../support/dtypes.js";
import { misroundings, relativeError, scaledError } from "../support/error.js";
import {
  exactErrors,
  exactInverse,
  exactLayerNorm,
  exactMean,
  exactReject,
  exactRmsNorm,
  fromFixed,
  toUnits,
} from "../support/exact.js";
import { normals, uniforms } from "../support/random.js";

/** Half the distance between 1 and the next f64: the relative error of one rounding. */
const unit = 2 ** -53;
const halves = ["f16", "bf16"] as const;

/** The largest |actual − exact| / max(1, |exact|) against exact arithmetic. */
function exactScaledError(actual: ArrayLike<number>, exact: bigint[]): number {
  return exactErrors(actual, exact).reduce(
    (worst, error, i) => Math.max(worst, Math.abs(error) / Math.max(1, Math.abs(fromFixed(exact[i])))),
    0,
  );
}

/** The largest |actual − exact| / |exact| against exact arithmetic. */
function exactRelativeError(actual: ArrayLike<number>, exact: bigint[]): number {
  return exactErrors(actual, exact).reduce(
    (worst, error, i) => Math.max(worst, error === 0 ? 0 : Math.abs(error / fromFixed(exact[i]))),
    0,
  );
}

describe("sums", () => {
  it("keep what an addition rounds away", () => {
    const sum = new NeumaierSum();
    for (const value of [1, 1e100, 1, -1e100]) sum.add(value);
    expect(sum.value).toBe(2);
  });

  it("keep what a multiplication rounds away", () => {
    // (1 + 2^-30)² = 1 + 2^-29 + 2^-60, whose last term f64 cannot hold.
    const a = 1 + 2 ** -30;
    expect(dot([a, 1], [a, -1]).hi).toBe(2 ** -29 + 2 ** -60);
    expect(dot([a], [a])).toEqual({ hi: 1 + 2 ** -29, lo: 2 ** -60 });
  });

  it("agree with exact arithmetic", () => {
    const x = normals(200, 0, 1, 3);
    const y = normals(200, 0, 1, 4);
    const exact = x.reduce((total, value, i) => total + toUnits(value) * toUnits(y[i]), 0n);
    const { hi, lo } = dot(x, y);
    const error = ((toUnits(hi) + toUnits(lo)) << 1074n) - exact;
    expect(Math.abs(Number(error >> 1900n) * 2 ** -248)).toBeLessThan(1e-28);
  });

  it("scale by exact powers of two", () => {
    for (let exponent = -1022; exponent < 1023; exponent++) {
      expect(2 ** (exponent + 1)).toBe(2 * 2 ** exponent);
    }
    expect(timesPowerOfTwo(2 ** -1074, 1074)).toBe(1);
    expect(timesPowerOfTwo(1, -1074)).toBe(2 ** -1074);
    expect(timesPowerOfTwo(3, 2000)).toBe(Number.POSITIVE_INFINITY);
    expect(timesPowerOfTwo(-0, 5)).toBe(-0);
  });
});

describe("layerNorm", () => {
  it("normalises by hand-computed mean and variance", () => {
    // mean 5/2, variance 5/4.
    const { y, mean, rstd, sum } = layerNorm([1, 2, 3, 4], { eps: 0 });
    const root = Math.sqrt(5);
    expect(scaledError(y, [-3 / root, -1 / root, 1 / root, 3 / root])).toBeLessThan(4 * unit);
    expect(mean).toEqual(Float64Array.of(2.5));
    expect(relativeError(rstd, [2 / root])).toBeLessThan(4 * unit);
    expect(sum).toEqual(Float64Array.of(1, 2, 3, 4));
  });

  it("adds eps to the variance, then scales and shifts", () => {
    // mean 0, variance 3, eps 1: rstd is 1/2.
    const x = [3, -1, -1, -1];
    const { y, rstd } = layerNorm(x, { eps: 1, weight: [1, 2, 3, 4], bias: [10, 20, 30, 40] });
    expect(rstd).toEqual(Float64Array.of(0.5));
    expect(y).toEqual(Float64Array.of(11.5, 19, 28.5, 38));
  });

  it("takes the row length from cols, then from weight, then from x", () => {
    const x = [3, 1, 5, 9];
    expect(layerNorm(x, { cols: 2, eps: 0 }).y).toEqual(Float64Array.of(1, -1, -1, 1));
    expect(layerNorm(x, { weight: [2, 4], eps: 0 }).y).toEqual(Float64Array.of(2, -4, -2, 4));
    expect(layerNorm(x).mean).toEqual(Float64Array.of(4.5));
  });

  it("normalises x + residual", () => {
    const x = normals(12, 0, 1, 5);
    const residual = normals(12, 3, 2, 6);
    const sum = x.map((value, i) => value + residual[i]);
    const fused = layerNorm(x, { cols: 4, residual });
    expect(fused.sum).toEqual(sum);
    expect(fused.y).toEqual(layerNorm(sum, { cols: 4 }).y);
  });

  it("agrees with exact arithmetic", () => {
    // The bound leaves a kernel that promises 1e-15 more than half of it: 3.5e-16 was the worst in 240 rows.
    for (const [cols, mean, eps] of [
      [1, 5, 1e-5],
      [2, 0, 0],
      [3, 1, 1e-5],
      [7, 1000, 0],
      [64, 0, 1e-5],
      [130, 1000, 1e-5],
      [130, 1e6, 1e-12],
      [130, 1e12, 0],
    ]) {
      for (let seed = 0; seed < 10; seed++) {
        const x = normals(cols, mean, 1, seed);
        const { y, mean: rowMean } = layerNorm(x, { eps });
        expect(exactScaledError(y, exactLayerNorm(x, eps))).toBeLessThan(4.5e-16);
        expect(exactRelativeError(rowMean, [exactMean(x)])).toBeLessThanOrEqual(2 * unit);
      }
    }
  });

  it("gives the same at any scale that f64 holds", () => {
    const x = normals(9, 1, 1, 7);
    const { y } = layerNorm(x, { eps: 0 });
    for (const exponent of [-1000, -600, -40, 600, 1020]) {
      const scaled = x.map((value) => value * 2 ** exponent);
      const result = layerNorm(scaled, { eps: 0 });
      expect(result.y).toEqual(y);
      expect(result.rstd[0]).toBe(timesPowerOfTwo(layerNorm(x, { eps: 0 }).rstd[0], -exponent));
    }
    for (const scale of [1e-300, 1e-30, 1e30, 1e300]) {
      const scaled = x.map((value) => value * scale);
      expect(exactScaledError(layerNorm(scaled, { eps: 0 }).y, exactLayerNorm(scaled, 0))).toBeLessThan(4.5e-16);
    }
  });

  it("keeps the digits of subnormal rows", () => {
    const tiny = 2 ** -1074;
    const x = [3, 7, 1, -4].map((value) => value * tiny);
    expect(layerNorm(x, { eps: 0 }).y).toEqual(layerNorm([3, 7, 1, -4], { eps: 0 }).y);
  });

  it("keeps the extremes of f64", () => {
    const most = Number.MAX_VALUE;
    expect(layerNorm([most, -most, most, -most]).y).toEqual(Float64Array.of(1, -1, 1, -1));
    expect(layerNorm([most, most, most]).y).toEqual(new Float64Array(3));
    expect(layerNorm([most, most, most]).mean).toEqual(Float64Array.of(most));
  });

  it("lets eps rule where the row is far below it", () => {
    // variance ≪ eps: y = (x − μ)/√eps.
    const { y, rstd } = layerNorm([1e-300, 3e-300], { eps: 1e-4 });
    expect(relativeError(y, [-1e-298, 1e-298])).toBeLessThan(4 * unit);
    expect(relativeError(rstd, [100])).toBeLessThan(4 * unit);
    // and where it is beyond the row's own square
    const tiny = layerNorm([1e-160, 3e-160], { eps: 1e-320 });
    expect(exactScaledError(tiny.y, exactLayerNorm([1e-160, 3e-160], 1e-320))).toBeLessThan(4.5e-16);
  });

  it("gives exactly bias on a constant row", () => {
    const bias = [0.1, -7, 3e10];
    for (const eps of [0, 1e-5]) {
      for (const value of [0, 0.1, 1 / 3, -1e300, 1e-310]) {
        const { y, rstd } = layerNorm([value, value, value], { eps, bias, weight: [1e5, -3, 1e-7] });
        expect(y).toEqual(Float64Array.from(bias));
        if (eps === 0) expect(rstd[0]).toBe(Number.POSITIVE_INFINITY);
      }
    }
    const long = new Float64Array(1001).fill(0.1);
    expect(layerNorm(long, { eps: 0 }).y).toEqual(new Float64Array(1001));
  });

  it("answers NaN through a row that holds NaN or an infinity, and leaves the next alone", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const { y, mean, rstd } = layerNorm([1, value, 2, 3, 1, -1], { cols: 3 });
      expect(y.slice(0, 3)).toEqual(new Float64Array(3).fill(Number.NaN));
      expect([mean[0], rstd[0]]).toEqual([Number.NaN, Number.NaN]);
      expect(y.slice(3)).toEqual(layerNorm([3, 1, -1]).y);
    }
  });

  it("has length √d, is orthogonal to 1, and ignores a·x + c·1", () => {
    const x = normals(130, 4, 2, 8);
    const { y } = layerNorm(x, { eps: 0 });
    const { norm, uniform } = geometry(y);
    expect(relativeError(norm, [Math.sqrt(130)])).toBeLessThan(8 * unit);
    expect(Math.abs(uniform[0])).toBeLessThan(1e-15);
    // Whole numbers, so that a·x + c is exact.
    const whole = x.map((value) => Math.round(1000 * value));
    const moved = whole.map((value) => 3 * value + 100000);
    expect(scaledError(layerNorm(moved, { eps: 0 }).y, layerNorm(whole, { eps: 0 }).y)).toBeLessThan(9e-16);
  });

  it("rejects options that make no sense", () => {
    expect(() => layerNorm([1, 2, 3], { cols: 2 })).toThrow(
      new RangeError("layerNorm: cols expected a divisor of 3, got 2"),
    );
    expect(() => layerNorm([1, 2, 3], { cols: 0 })).toThrow(RangeError);
    expect(() => layerNorm([1, 2, 3], { cols: 1.5 })).toThrow(RangeError);
    expect(() => layerNorm([])).toThrow(RangeError);
    expect(() => layerNorm([1, 2], { cols: 2, weight: [1] })).toThrow(
      new RangeError("layerNorm: weight expected 2 elements, got 1"),
    );
    expect(() => layerNorm([1, 2], { bias: [1] })).toThrow(RangeError);
    expect(() => layerNorm([1, 2], { residual: [1] })).toThrow(RangeError);
    expect(() => layerNorm([1, 2], { eps: -1 })).toThrow(RangeError);
    expect(() => layerNorm([1, 2], { eps: Number.NaN })).toThrow(RangeError);
  });
});

describe("invertLayerNorm", () => {
  const { POSITIVE_INFINITY: infinity } = Number;

  it("undoes the hand-computed norm", () => {
    const options = { mean: [2, 10], rstd: [0.5, 4], weight: [2, -1], bias: [1, 3] };
    // (z − bias)/weight = 1, −2 and 2, 1; over rstd 2, −4 and 0.5, 0.25
    expect([...invertLayerNorm([3, 5, 5, 2], options)]).toEqual([4, -2, 10.5, 10.25]);
    expect([...invertLayerNorm([3, 5, 5, 2], { ...options, weight: undefined, bias: undefined, cols: 2 })]).toEqual([
      8, 12, 11.25, 10.5,
    ]);
  });

  it("agrees with exact arithmetic: four roundings, of x or of x − mean", () => {
    for (const mean of [0, 1, -300.7, 1e8]) {
      for (const rstd of [1, 0.3, 1e-12, 7e5]) {
        const z = normals(40, 0, 1, 61);
        const [weight, bias] = [normals(40, 1, 0.5, 62), normals(40, 0, 0.5, 63)];
        const x = invertLayerNorm(z, { mean: [mean], rstd: [rstd], weight, bias });
        const exact = exactInverse(z, { mean, rstd, weight, bias });
        exactErrors(x, exact).forEach((error, i) => {
          const right = fromFixed(exact[i]);
          expect(Math.abs(error)).toBeLessThanOrEqual(4 * unit * Math.max(Math.abs(right), Math.abs(right - mean)));
        });
      }
    }
  });

  it("gives back what layerNorm was given", () => {
    const x = normals(60, 5, 2, 64);
    const affine = { cols: 20, weight: normals(20, 1, 0.2, 65), bias: normals(20, 0, 1, 66) };
    const { y, mean, rstd } = layerNorm(x, affine);
    expect(scaledError(invertLayerNorm(y, { ...affine, mean, rstd }), x)).toBeLessThan(2e-15);
    const constant = layerNorm([7, 7, 7], { eps: 0 });
    expect([...invertLayerNorm(constant.y, { mean: constant.mean, rstd: constant.rstd })]).toEqual([7, 7, 7]);
  });

  it("gives the mean where rstd is infinite, NaN where z is, and through a row whose mean or rstd is", () => {
    const options = { cols: 2, mean: [3, 4, Number.NaN, 5], rstd: [infinity, 1, 1, Number.NaN] };
    const x = invertLayerNorm([9, -9, Number.NaN, 1, 1, 1, 1, 1], options);
    expect([...x]).toEqual([3, 3, Number.NaN, 5, Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  });

  it("rejects what makes no sense", () => {
    const saved = { mean: [0], rstd: [1] };
    const says = (options: object, message: string) =>
      expect(() => invertLayerNorm([1, 2], { ...saved, ...options })).toThrow(`invertLayerNorm: ${message}`);
    says({ cols: 3 }, "cols expected a divisor of 2, got 3");
    says({ mean: [1, 2] }, "mean expected 1 elements, got 2");
    says({ rstd: [] }, "rstd expected 1 elements, got 0");
    says({ cols: 2, weight: [1] }, "weight expected 2 elements, got 1");
    says({ bias: [1] }, "bias expected 2 elements, got 1");
    says({ weight: [1, -0] }, "weight expected no zero element, got 0 at 1");
  });
});

describe("rmsNorm", () => {
  it("divides by the hand-computed root mean square", () => {
    // (9 + 16 + 0 + 0)/4 = 25/4
    const { y, rstd } = rmsNorm([3, 4, 0, 0], { eps: 0 });
    expect(rstd).toEqual(Float64Array.of(0.4));
    expect(y).toEqual(Float64Array.of(1.2, 1.6, 0, 0));
  });

  it("adds eps, weightOffset and bias", () => {
    // mean square 3, eps 1: rstd is 1/2.
    const { y } = rmsNorm([3, 0, 0], { eps: 1, weight: [1, 2, 3], weightOffset: 1, bias: [10, 20, 30] });
    expect(y).toEqual(Float64Array.of(13, 20, 30));
  });

  it("agrees with exact arithmetic", () => {
    for (const [cols, mean, eps] of [
      [1, 5, 1e-5],
      [2, 0, 0],
      [64, 0, 1e-5],
      [130, 1000, 1e-5],
      [130, 1, 0],
    ]) {
      for (let seed = 0; seed < 10; seed++) {
        const x = normals(cols, mean, 1, seed);
        // Rounded: the mean square (halved by the root), the root, the quotient.
        expect(exactRelativeError(rmsNorm(x, { eps }).y, exactRmsNorm(x, eps))).toBeLessThan(4 * unit);
      }
    }
  });

  it("gives the same at any scale, and bias where there is nothing to scale", () => {
    const x = normals(9, 1, 1, 7);
    const { y } = rmsNorm(x, { eps: 0 });
    for (const exponent of [-1000, 600, 1020]) {
      expect(
        rmsNorm(
          x.map((value) => value * 2 ** exponent),
          { eps: 0 },
        ).y,
      ).toEqual(y);
    }
    const zero = rmsNorm([0, 0], { eps: 0, bias: [3, -4] });
    expect(zero.y).toEqual(Float64Array.of(3, -4));
    expect(zero.rstd[0]).toBe(Number.POSITIVE_INFINITY);
    expect(rmsNorm([5e-324, 0], { eps: 1e-6 }).rstd[0]).toBeCloseTo(1000, 9);
  });

  it("answers NaN through a row that holds NaN, and the limit in one that holds an infinity", () => {
    const nan = rmsNorm([1, Number.NaN, 2, 3, 0, 0], { cols: 3, eps: 0 });
    expect(nan.y.slice(0, 3)).toEqual(new Float64Array(3).fill(Number.NaN));
    expect(nan.rstd[0]).toBe(Number.NaN);
    const infinite = rmsNorm([1, Number.POSITIVE_INFINITY, 2, 3, 0, 0], { cols: 3, eps: 0 });
    expect(infinite.y.slice(0, 3)).toEqual(Float64Array.of(0, Number.NaN, 0));
    expect(infinite.rstd[0]).toBe(0);
    for (const { y } of [nan, infinite]) expect(relativeError(y.slice(3), [Math.sqrt(3), 0, 0])).toBeLessThan(1e-15);
  });

  it("is sin θ · LN(x) + cos θ · 1", () => {
    for (const mean of [0, 0.3, -2, 50]) {
      const x = normals(64, mean, 1, 9);
      const theta = geometry(x).angle[0];
      const combined = layerNorm(x, { eps: 0 }).y.map((value) => Math.sin(theta) * value + Math.cos(theta));
      expect(scaledError(rmsNorm(x, { eps: 0 }).y, combined)).toBeLessThan(1e-15);
    }
  });

  it("rejects options that make no sense", () => {
    expect(() => rmsNorm([1, 2, 3], { weight: [1, 2] })).toThrow(
      new RangeError("rmsNorm: cols expected a divisor of 3, got 2"),
    );
  });
});

describe("moments", () => {
  it("are the hand-computed ones", () => {
    const { mean, variance, rms } = moments([2, 4, 4, 4, 5, 5, 7, 9, 1, 1, 1, 1, 1, 1, 1, -7], { cols: 8 });
    expect(mean).toEqual(Float64Array.of(5, 0));
    expect(variance).toEqual(Float64Array.of(4, 7));
    expect(relativeError(rms, [Math.sqrt(29), Math.sqrt(7)])).toBeLessThan(2 * unit);
  });

  it("satisfy RMS² = σ² + μ²", () => {
    const { mean, variance, rms } = moments(normals(600, 2, 3, 10), { cols: 60 });
    for (let row = 0; row < 10; row++) {
      expect(Math.abs(rms[row] ** 2 / (variance[row] + mean[row] ** 2) - 1)).toBeLessThan(8 * unit);
    }
  });

  it("hold at 1e-150 and, but for the variance, at 1e300", () => {
    const small = moments([1e-150, 3e-150]);
    expect(relativeError([small.mean[0], small.variance[0]], [2e-150, 1e-300])).toBeLessThan(4 * unit);
    const large = moments([1e300, 3e300]);
    expect(relativeError([large.mean[0], large.rms[0]], [2e300, Math.sqrt(5) * 1e300])).toBeLessThan(4 * unit);
    expect(large.variance[0]).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("center, meanVector, decompose", () => {
  it("split x into the hand-computed parts", () => {
    const x = [1, 2, 6, -4, 0, 1];
    expect(center(x, { cols: 3 })).toEqual(Float64Array.of(-2, -1, 3, -3, 1, 2));
    expect(meanVector(x, { cols: 3 })).toEqual(Float64Array.of(3, 3, 3, -1, -1, -1));
    const parts = decompose([1, 3, 1, 3]);
    expect(parts.meanVector).toEqual(Float64Array.of(2, 2, 2, 2));
    expect(parts.orthogonal).toEqual(Float64Array.of(-1, 1, -1, 1));
    expect(parts.unit).toEqual(Float64Array.of(-0.5, 0.5, -0.5, 0.5));
    expect(parts.standardized).toEqual(Float64Array.of(-1, 1, -1, 1));
  });

  it("are the projection and the rejection of the uniform direction", () => {
    for (const [mean, scale] of [
      [0, 1],
      [1e9, 1],
      [1, 1e300],
      [1, 1e-300],
    ]) {
      const x = normals(120, mean, 1, 11).map((value) => value * scale);
      const ones = new Float64Array(40).fill(1);
      expect(relativeError(center(x, { cols: 40 }), reject(x, ones, { cols: 40 }).y)).toBeLessThan(8 * unit);
      expect(relativeError(meanVector(x, { cols: 40 }), project(x, ones, { cols: 40 }).y)).toBeLessThan(4 * unit);
    }
  });

  it("agree with exact arithmetic", () => {
    const ones = new Float64Array(40).fill(1);
    for (const mean of [0, 1, 1e3, 1e9]) {
      const x = normals(40, mean, 1, 18);
      expect(exactRelativeError(center(x), exactReject(x, ones))).toBeLessThan(3 * unit);
    }
  });

  it("standardize as layerNorm does without eps", () => {
    const x = normals(90, 100, 1, 12);
    const parts = decompose(x, { cols: 30 });
    expect(scaledError(parts.standardized, layerNorm(x, { cols: 30, eps: 0 }).y)).toBeLessThan(9e-16);
    expect(relativeError(geometry(parts.unit, { cols: 30 }).norm, [1, 1, 1])).toBeLessThan(8 * unit);
  });

  it("give 0 in unit and standardized where a row is constant, NaN where one is not finite", () => {
    const parts = decompose([0.1, 0.1, 0.1, 1, Number.NaN, 2], { cols: 3 });
    expect(parts.orthogonal).toEqual(Float64Array.of(0, 0, 0, Number.NaN, Number.NaN, Number.NaN));
    expect(parts.unit).toEqual(parts.orthogonal);
    expect(parts.standardized).toEqual(parts.orthogonal);
    expect(parts.meanVector).toEqual(Float64Array.of(0.1, 0.1, 0.1, Number.NaN, Number.NaN, Number.NaN));
  });
});

describe("project, reject", () => {
  it("give the hand-computed parts for one direction of any length", () => {
    // x·d = 11, d·d = 25
    const x = [3, 4, 1, 2];
    const along = project(x, [3, 4], { cols: 2 });
    expect(along.coefficients).toEqual(Float64Array.of(1, 11 / 25));
    expect(along.y).toEqual(Float64Array.of(3, 4, 33 / 25, 44 / 25));
    const across = reject(x, [3, 4], { cols: 2 });
    expect(across.coefficients).toEqual(along.coefficients);
    expect(across.y).toEqual(Float64Array.of(0, 0, -8 / 25, 6 / 25));
  });

  it("give the hand-computed parts for orthonormal rows", () => {
    const x = [1, 2, 3, 4, 5, 6];
    const rows = [0.6, 0.8, 0, 0, 0, -1];
    const along = project(x, rows, { cols: 3 });
    expect(relativeError(along.coefficients, [2.2, -3, 6.4, -6])).toBeLessThan(4 * unit);
    expect(relativeError(along.y, [1.32, 1.76, 3, 3.84, 5.12, 6])).toBeLessThan(4 * unit);
    expect(scaledError(reject(x, rows, { cols: 3 }).y, [-0.32, 0.24, 0, 0.16, -0.12, 0])).toBeLessThan(4 * unit);
  });

  it("agree with exact arithmetic, also where almost nothing is left", () => {
    for (let seed = 0; seed < 20; seed++) {
      const d = normals(50, 0.5, 1, seed);
      const noise = normals(50, 0, 1, 100 + seed);
      for (const share of [1, 1e-4, 1e-8]) {
        const x = d.map((value, i) => 3 * value + share * noise[i]);
        expect(exactRelativeError(reject(x, d).y, exactReject(x, d))).toBeLessThan(3 * unit);
      }
    }
  });

  it("hold at any scale of x and of the direction", () => {
    const x = normals(12, 0, 1, 13);
    const d = normals(12, 0, 1, 14);
    const plain = reject(x, d);
    for (const [a, b] of [
      [1020, 0],
      [0, 1020],
      [-900, 100],
      [-1000, -1000],
    ]) {
      const result = reject(
        x.map((value) => value * 2 ** a),
        d.map((value) => value * 2 ** b),
      );
      expect(result.y).toEqual(plain.y.map((value) => timesPowerOfTwo(value, a)));
      expect(result.coefficients[0]).toBe(timesPowerOfTwo(plain.coefficients[0], a - b));
    }
  });

  it("reject a direction that is 0 or has the wrong length", () => {
    expect(() => project([1, 2], [0, 0])).toThrow(
      new RangeError("project: direction expected a vector other than 0, got 0"),
    );
    expect(() => reject([1, 2], [1, 2, 3])).toThrow(
      new RangeError("reject: direction expected a multiple of 2 elements, got 3"),
    );
    expect(() => reject([1, 2], [])).toThrow(RangeError);
  });

  it("answer NaN through a row that holds NaN or an infinity", () => {
    const result = reject([1, Number.POSITIVE_INFINITY, 1, 2], [1, 0], { cols: 2 });
    expect(result.y).toEqual(Float64Array.of(Number.NaN, Number.NaN, 0, 2));
    expect(result.coefficients).toEqual(Float64Array.of(Number.NaN, 1));
  });
});

describe("orthonormalize", () => {
  it("gives the hand-computed rows", () => {
    expect(relativeError(orthonormalize([3, 4, 1, 0], { cols: 2 }), [0.6, 0.8, 0.8, -0.6])).toBeLessThan(4 * unit);
    expect(orthonormalize([-2, 0, 0])).toEqual(Float64Array.of(-1, 0, 0));
  });

  it("gives orthonormal rows of the same span, each towards its input", () => {
    for (const [k, cols] of [
      [1, 1],
      [5, 5],
      [8, 40],
    ]) {
      const vectors = normals(k * cols, 1, 1, k);
      const basis = orthonormalize(vectors, { cols });
      for (let i = 0; i < k; i++) {
        const qi = basis.subarray(i * cols, (i + 1) * cols);
        for (let j = 0; j < k; j++) {
          const qj = basis.subarray(j * cols, (j + 1) * cols);
          expect(Math.abs(dot(qi, qj).hi - (i === j ? 1 : 0))).toBeLessThan(1e-15);
        }
        expect(dot(qi, vectors.subarray(i * cols, (i + 1) * cols)).hi).toBeGreaterThan(0);
      }
      const { norm } = geometry(reject(vectors, basis, { cols }).y, { cols });
      expect(Math.max(...norm)).toBeLessThan(2e-14);
    }
  });

  it("stays orthonormal on the nearly dependent rows of a Hilbert matrix", () => {
    const n = 8;
    const hilbert = Float64Array.from({ length: n * n }, (_, i) => 1 / (Math.floor(i / n) + (i % n) + 1));
    const basis = orthonormalize(hilbert, { cols: n });
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const product = dot(basis.subarray(i * n, (i + 1) * n), basis.subarray(j * n, (j + 1) * n)).hi;
        expect(Math.abs(product - (i === j ? 1 : 0))).toBeLessThan(1e-15);
      }
    }
  });

  it("does not mind rows of very different lengths", () => {
    const basis = orthonormalize([1e300, 1e300, 1e-300, 0], { cols: 2 });
    const half = Math.SQRT1_2;
    expect(relativeError(basis, [half, half, half, -half])).toBeLessThan(4 * unit);
  });

  it("refuses dependent rows", () => {
    expect(() => orthonormalize([1, 2, 3, 2, 4, 6], { cols: 3 })).toThrow(/orthonormalize: vectors .* row 1/);
    expect(() => orthonormalize([1, 0, 0, 1, 3, 7], { cols: 2 })).toThrow(/row 2/);
    expect(() => orthonormalize([0, 0])).toThrow(RangeError);
    expect(() => orthonormalize([1, Number.NaN])).toThrow(RangeError);
    const [a, b] = [normals(30, 0, 1, 1), normals(30, 0, 1, 2)];
    const combination = a.map((value, i) => 2 * value - 5 * b[i]);
    expect(() => orthonormalize([...a, ...b, ...combination], { cols: 30 })).toThrow(/row 2/);
  });
});

describe("geometry", () => {
  it("gives the hand-computed lengths and angles", () => {
    const x = [1, 1, 1, 1, 1, -1, 1, -1, -2, -2, -2, -2, 2, 0, 0, 0];
    const { norm, uniform, orthogonal, cosine, angle: angles } = geometry(x, { cols: 4 });
    expect(norm).toEqual(Float64Array.of(2, 2, 4, 2));
    expect(uniform).toEqual(Float64Array.of(2, 0, -4, 1));
    expect(relativeError(orthogonal, [0, 2, 0, Math.sqrt(3)])).toBeLessThan(2 * unit);
    expect(cosine).toEqual(Float64Array.of(1, 0, -1, 0.5));
    expect(relativeError(angles, [0, Math.PI / 2, Math.PI, Math.PI / 3])).toBeLessThan(2 * unit);
  });

  it("keeps norm² = uniform² + orthogonal², and cos θ = μ/RMS, sin θ = σ/RMS", () => {
    const x = normals(2000, 0.5, 1, 15);
    const parts = geometry(x, { cols: 100 });
    const { mean, variance, rms } = moments(x, { cols: 100 });
    for (let row = 0; row < 20; row++) {
      expect(Math.hypot(parts.uniform[row], parts.orthogonal[row]) / parts.norm[row]).toBeCloseTo(1, 15);
      expect(Math.abs(parts.cosine[row] - mean[row] / rms[row])).toBeLessThan(4 * unit);
      expect(Math.abs(Math.cos(parts.angle[row]) - parts.cosine[row])).toBeLessThan(4 * unit);
      expect(Math.abs(Math.sin(parts.angle[row]) - Math.sqrt(variance[row]) / rms[row])).toBeLessThan(4 * unit);
    }
  });

  it("keeps the digits of a small angle and never leaves [−1, 1]", () => {
    const d = 50;
    const x = Float64Array.from({ length: d }, (_, i) => 1 + (i % 2 ? 1 : -1) * 2 ** -40);
    const parts = geometry(x);
    expect(relativeError(parts.angle, [2 ** -40])).toBeLessThan(4 * unit);
    for (let length = 1; length < 60; length++) {
      const [cosine] = geometry(new Float64Array(length).fill(-0.1)).cosine;
      expect(cosine).toBeGreaterThanOrEqual(-1);
      expect(cosine).toBeLessThan(-1 + 4 * unit);
    }
  });

  it("gives a zero row lengths 0 and no angle, and a row that is not finite NaN", () => {
    const parts = geometry([0, 0, 1, Number.NEGATIVE_INFINITY], { cols: 2 });
    const nan = Number.NaN;
    expect(parts.norm).toEqual(Float64Array.of(0, nan));
    expect(parts.uniform).toEqual(Float64Array.of(0, nan));
    expect(parts.orthogonal).toEqual(Float64Array.of(0, nan));
    expect(parts.cosine).toEqual(Float64Array.of(nan, nan));
    expect(parts.angle).toEqual(Float64Array.of(nan, nan));
  });

  it("holds at 1e±300", () => {
    for (const scale of [1e300, 1e-300]) {
      const parts = geometry([3 * scale, 4 * scale]);
      expect(relativeError(parts.norm, [5 * scale])).toBeLessThan(4 * unit);
      expect(relativeError(parts.angle, [Math.atan2(1, 7)])).toBeLessThan(4 * unit);
    }
  });
});

describe("angle", () => {
  it("is the hand-computed one, for pairs and for one direction", () => {
    const x = [1, 0, 0, 2, -3, 0, 1, 1];
    const { PI } = Math;
    expect(relativeError(angle(x, [5, 0], { cols: 2 }), [0, PI / 2, PI, PI / 4])).toBeLessThan(4 * unit);
    expect(relativeError(angle(x, [0, 1, 0, 1, 3, 0, 1, -1], { cols: 2 }), [PI / 2, 0, PI, PI / 2])).toBeLessThan(
      4 * unit,
    );
  });

  it("keeps its digits near 0 and π", () => {
    for (const t of [1e-3, 1e-8, 1e-15, 1e-100]) {
      expect(relativeError(angle([1, 0], [1, t]), [Math.atan(t)])).toBeLessThan(4 * unit);
      expect(Math.abs(angle([1, 0], [-1, t])[0] - (Math.PI - Math.atan(t)))).toBeLessThan(8 * unit);
    }
  });

  it("to the uniform direction is geometry's", () => {
    const x = normals(300, 0.2, 1, 16);
    const ones = new Float64Array(30).fill(1);
    expect(scaledError(angle(x, ones, { cols: 30 }), geometry(x, { cols: 30 }).angle)).toBeLessThan(8 * unit);
  });

  it("is NaN where there is no direction, and holds at any scale", () => {
    expect(angle([0, 0, 1, Number.NaN, 1e300, 1e300], [1e-300, 0], { cols: 2 })).toEqual(
      Float64Array.of(Number.NaN, Number.NaN, Math.PI / 4),
    );
    expect(() => angle([1, 2, 3, 4], [1, 2, 3], { cols: 2 })).toThrow(
      new RangeError("angle: y expected 2 or 4 elements, got 3"),
    );
  });
});

describe("rounding to f16 and bf16", () => {
  /** The value of a pattern by way of f32, whose layout the machine knows. */
  const throughFloat32 = {
    // bf16 is the upper half of an f32.
    bf16: (bits: number) => float32FromBits(bits * 2 ** 16),
    // f16 moved into f32's fields has an exponent too small by 112; infinity and NaN do not follow.
    f16: (bits: number) => float32FromBits(((bits & 0x8000) << 16) | ((bits & 0x7fff) << 13)) * 2 ** 112,
  };

  function float32FromBits(bits: number): number {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, bits >>> 0);
    return view.getFloat32(0);
  }

  it.each(halves)("%s: all 65536 patterns, both ways", (dtype) => {
    const infinity = dtype === "f16" ? 0x7c00 : 0x7f80;
    let wrong = 0;
    for (let bits = 0; bits < 65536; bits++) {
      const magnitude = bits & 0x7fff;
      const value = fromBits(dtype, bits);
      if (magnitude > infinity) {
        if (!Number.isNaN(value)) wrong++;
        continue;
      }
      const expected =
        magnitude < infinity ? throughFloat32[dtype](bits) : (bits > 0x7fff ? -1 : 1) * Number.POSITIVE_INFINITY;
      if (!Object.is(value, expected) || toBits(dtype, value) !== bits) wrong++;
    }
    expect(wrong).toBe(0);
    expect(fromBits(dtype, toBits(dtype, Number.NaN))).toBe(Number.NaN);
  });

  it.each(halves)(
    "%s: every tie between neighbours goes to the even pattern, everything else to the nearer",
    (dtype) => {
      const infinity = dtype === "f16" ? 0x7c00 : 0x7f80;
      let wrong = 0;
      for (let bits = 0; bits < infinity; bits++) {
        const below = fromBits(dtype, bits);
        // Above the largest number the tie is with the power of two that would come next.
        const above = bits + 1 < infinity ? fromBits(dtype, bits + 1) : below + (below - fromBits(dtype, bits - 1));
        const tie = (below + above) / 2;
        for (const sign of [0, 0x8000]) {
          const of = (value: number) => toBits(dtype, sign ? -value : value) - sign;
          if (of(tie) !== bits + (bits % 2)) wrong++;
          if (of(tie * (1 - 2 ** -52)) !== bits || of(tie * (1 + 2 ** -52)) !== bits + 1) wrong++;
        }
      }
      expect(wrong).toBe(0);
    },
  );

  it("rounds once: f32 on the way would make a tie of these", () => {
    const nearTie = 1 + 2 ** -11 + 2 ** -40;
    expect(toBits("f16", nearTie)).toBe(0x3c01);
    expect(toBits("f16", Math.fround(nearTie))).toBe(0x3c00);
  });

  it("keeps known values and the extremes", () => {
    expect(toBits("f16", 65504)).toBe(0x7bff);
    expect(toBits("f16", 65519.999)).toBe(0x7bff);
    expect(toBits("f16", 65520)).toBe(0x7c00);
    expect(toBits("f16", 2 ** -25)).toBe(0);
    expect(toBits("f16", 2 ** -25 * 1.0001)).toBe(1);
    expect(toBits("f16", 1 / 3)).toBe(0x3555);
    expect(toBits("bf16", 3.140625)).toBe(0x4049);
    expect(toBits("bf16", -1e300)).toBe(0xff80);
    expect(toBits("bf16", 5e-324)).toBe(0);
    expect(toBits("bf16", -0)).toBe(0x8000);
    expect(roundTo("f32", 0.1)).toBe(Math.fround(0.1));
    expect(roundTo("f64", 0.1)).toBe(0.1);
    expect(roundTo("bf16", 0.1)).toBe(0.10009765625);
  });
});

describe("test support", () => {
  it("encodes and decodes every element type", () => {
    const values = [1, -0.5, 65504, 2 ** -14];
    for (const dtype of ["f32", "f64", "f16"] as const) {
      expect(decode(dtype, encode(dtype, values))).toEqual(Float64Array.from(values));
    }
    expect(encode("bf16", [1, -2])).toEqual(Uint16Array.of(0x3f80, 0xc000));
  });

  it("measures errors", () => {
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
    expect(scaledError([1.5, 40], [1, 50])).toBe(0.5);
    expect(relativeError([1.5, 40], [1, 50])).toBe(0.5);
    expect(relativeError([0, nan, infinity, 2], [0, nan, infinity, 2])).toBe(0);
    for (const measure of [scaledError, relativeError]) {
      expect(measure([nan], [1])).toBe(infinity);
      expect(measure([1], [nan])).toBe(infinity);
      expect(measure([infinity], [-infinity])).toBe(infinity);
      expect(() => measure([1], [1, 2])).toThrow(RangeError);
    }
    expect(relativeError([1e-300], [0])).toBe(infinity);
  });

  it("allows a neighbour only beside a tie", () => {
    const tie = 1 + 2 ** -11;
    expect(misroundings("f16", [0x3c00, 0x3c01], [tie, tie])).toBe(0);
    expect(misroundings("f16", [0x3c00, 0x3c01], [tie * (1 - 5e-7), tie * (1 + 5e-7)])).toBe(0);
    expect(misroundings("f16", [0x3c00, 0x3c01], [tie * (1 + 5e-7), tie * (1 - 5e-7)])).toBe(0);
    expect(misroundings("f16", [0x3c00, 0x3c01], [tie * (1 + 2e-6), tie * (1 - 2e-6)])).toBe(2);
    expect(misroundings("f16", [0x3bff, 0x3c02], [tie, tie])).toBe(2);
    expect(misroundings("bf16", [0x7fc1, 0x8000, 0x7f80], [Number.NaN, 0, 1e300])).toBe(0);
    expect(misroundings("bf16", [0x7fc0, 0x3f80], [1, Number.NaN])).toBe(2);
  });

  it("draws repeatable normal deviates", () => {
    const x = normals(20000, 3, 2, 17);
    expect(x).toEqual(normals(20000, 3, 2, 17));
    const { mean, variance } = moments(x);
    // Four standard errors: 2/√20000 of the mean, 4·√(2/20000) of the variance.
    expect(Math.abs(mean[0] - 3)).toBeLessThan(4 * 0.0142);
    expect(Math.abs(variance[0] - 4)).toBeLessThan(4 * 0.04);
    const draw = uniforms(1);
    expect(draw()).not.toBe(draw());
  });

  it("transposes", () => {
    expect(transpose([1, 2, 3, 4, 5, 6], [2, 3], [1, 0])).toEqual([1, 4, 2, 5, 3, 6]);
    expect(transpose([1, 2, 3, 4, 5, 6], [1, 2, 3], [0, 2, 1])).toEqual([1, 4, 2, 5, 3, 6]);
  });
});

/** The reference on a case whose own figures were computed in f32 (ONNX) or f64 (WebNN). */
function checkCase({ x, cols, eps, weight, bias, y, mean, rstd }: ConformanceCase, tolerance: number): void {
  const actual = layerNorm(x, { cols, eps, weight, bias });
  expect(scaledError(actual.y, y)).toBeLessThan(tolerance);
  if (mean) expect(scaledError(actual.mean, mean)).toBeLessThan(tolerance);
  if (rstd) expect(scaledError(actual.rstd, rstd)).toBeLessThan(tolerance);
}

function checkAll(cases: ConformanceCase[], count: number, tolerance: number): void {
  it(`number ${count}`, () => expect(cases).toHaveLength(count));
  for (const problem of cases) it(problem.name, () => checkCase(problem, tolerance));
}

// They were computed in f32, and are off by 3.2e-7.
describe("ONNX's LayerNormalization cases", () => checkAll(onnxCases(), 19, 4e-7));

// Read in place beside the repository: vitest names these as not run where that folder is absent. Computed in f64.
const webnn = webnnCases();
describe.runIf(webnn.length > 0)("WebNN's layerNormalization cases", () => checkAll(webnn, 8, 4e-15));
