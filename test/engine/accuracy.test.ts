// The numeric contract (docs/numerics.md): every input that is known to break kernels, at the lengths that models have.

import { createEngine, type DType, invertLayerNorm, layerNorm, rmsNorm } from "orthonorm";
import * as reference from "orthonorm/reference";
import { describe, expect, it } from "vitest";
import { accuracy, boundOf, inversionBounds, inversions } from "../support/accuracy.js";
import { decode, encode } from "../support/dtypes.js";
import { exactErrors, exactInverse, fromFixed } from "../support/exact.js";
import { inputs } from "../support/inputs.js";
import { normals, uniforms } from "../support/random.js";

const dtypes: readonly DType[] = ["f32", "f64", "f16", "bf16"];
const engine = createEngine();

/** max |Δy| / max(1, |y|), and where it is NaN or infinite, that. */
function scaled(y: ArrayLike<number>, expected: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < y.length; i++) {
    const error = Math.abs(y[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

function relative(y: ArrayLike<number>, expected: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < y.length; i++) {
    const error = Math.abs(y[i] - expected[i]) / Math.abs(expected[i]);
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

describe.each(dtypes)("%s holds the contract's table", (dtype) => {
  // the oracle rounds halves slowly, so of the longer rows there are fewer
  const shapes =
    dtype === "f16" || dtype === "bf16"
      ? [
          [6, 768],
          [1, 4096],
        ]
      : [
          [6, 768],
          [6, 4096],
          [1, 65536],
        ];

  it.each(shapes)("%i×%i", (rows, cols) => {
    const entries = accuracy(dtype, rows, cols);
    // both norms with and without eps, on every input that the type can hold
    expect(entries).toHaveLength(4 * inputs.filter((input) => input.dtypes.includes(dtype)).length);
    for (const { op, input, eps, error, bound } of entries) {
      expect(error, `${op} of ${input}, eps ${eps}`).toBeLessThanOrEqual(bound);
    }
  });
});

describe.each(["f16", "bf16"] as const)("%s holds it at 65536 columns", (dtype) => {
  const [fraction, least] = dtype === "f16" ? [10, -14] : [7, -126];

  it.each(["N(0, 1)", "N(1e4, 1)"])("%s", (name) => {
    const input = inputs.find((one) => one.name === name);
    if (input === undefined) throw new Error(`no input ${name}`);
    const cols = 65536;
    const x = encode(dtype, input.make(1, cols));
    const exact = decode(dtype, x);
    for (const op of ["layerNorm", "rmsNorm"] as const) {
      const y = decode(dtype, op === "layerNorm" ? layerNorm(x, { dtype, engine }) : rmsNorm(x, { dtype, engine }));
      const expected = (op === "layerNorm" ? reference.layerNorm : reference.rmsNorm)(exact).y;
      let worst = 0;
      for (let i = 0; i < cols; i++) {
        // half the spacing of the format there, and 1e-6 beside a tie
        const exponent = Math.max(least, Math.floor(Math.log2(Math.abs(expected[i]) || 2 ** least)));
        const allowed = 2 ** (exponent - fraction - 1) + 1e-6 * Math.abs(expected[i]);
        const error = Math.abs(y[i] - expected[i]) / allowed;
        if (!(error <= worst)) worst = error;
      }
      expect(worst, op).toBeLessThanOrEqual(1);
    }
  });
});

describe("LayerNorm at means from 1 to a million deviations", () => {
  const steps = Array.from({ length: 25 }, (_, i) => i / 4);

  it.each([768, 4096, 65536])("f32, %i columns, scales from 1e-30 to 1e30", (cols) => {
    for (const step of steps) {
      for (const scale of [1, 1e-30, 1e30]) {
        const x = encode(
          "f32",
          normals(cols, 10 ** step, 1, 1 + 4 * step).map((value) => value * scale),
        );
        const error = scaled(layerNorm(x, { eps: 0, engine }), reference.layerNorm(x, { eps: 0 }).y);
        expect(error, `mean/σ 1e${step}, scale ${scale}`).toBeLessThanOrEqual(boundOf("layerNorm", "f32", cols));
        if (cols > 4096) break;
      }
    }
  });

  it.each([768, 4096, 65536])("f64, %i columns, to a thousand", (cols) => {
    for (const step of steps.filter((one) => one <= 3)) {
      for (const scale of [1, 1e-300, 1e300]) {
        const x = normals(cols, 10 ** step, 1, 2 + 4 * step).map((value) => value * scale);
        const error = scaled(layerNorm(x, { eps: 0, engine }), reference.layerNorm(x, { eps: 0 }).y);
        expect(error, `mean/σ 1e${step}, scale ${scale}`).toBeLessThanOrEqual(1e-15);
        if (cols > 4096) break;
      }
    }
  });

  it("near the edge of one pass, where mean² is about three deviations²", () => {
    for (const cols of [32, 100, 768, 1000, 4096]) {
      for (let ratio = 1.5; ratio < 2; ratio += 0.02) {
        const x = encode("f32", normals(cols, ratio, 1, Math.round(100 * ratio)));
        const error = scaled(layerNorm(x, { eps: 0, engine }), reference.layerNorm(x, { eps: 0 }).y);
        expect(error, `${cols} columns, mean/σ ${ratio}`).toBeLessThanOrEqual(5e-7);
      }
    }
  });
});

describe.each(dtypes)("invertLayerNorm %s holds its promises", (dtype) => {
  const shapes =
    dtype === "f16" || dtype === "bf16"
      ? [[6, 768]]
      : [
          [6, 768],
          [6, 4096],
          [1, 65536],
        ];

  it.each(shapes)("%i×%i", (rows, cols) => {
    const entries = inversions(dtype, rows, cols);
    expect(entries).toHaveLength(2 * inputs.filter((input) => input.dtypes.includes(dtype)).length);
    const bounds = inversionBounds[dtype];
    for (const { input, eps, error, roundTrip, lost } of entries) {
      expect(error, `${input}, eps ${eps}`).toBeLessThanOrEqual(bounds.error);
      // an rstd beyond the element type is saved as Infinity: at 1e-40, and at 1e-310 in f64
      expect(lost, `${input}, eps ${eps}`).toBe(
        input.startsWith("denormals (") && input !== "denormals (f16)" && eps === 0,
      );
      if (!lost) expect(roundTrip, `${input}, eps ${eps}, and back`).toBeLessThanOrEqual(bounds.roundTrip);
    }
  });
});

it("invertLayerNorm f64 against exact arithmetic: six roundings", () => {
  const cols = 500;
  let worst = 0;
  for (const mean of [0, 0.3, -2, 1e3, 1e9]) {
    for (const rstd of [1, 0.7, 1e-9, 3e7]) {
      const z = normals(cols, 0, 1, 31);
      const weight = normals(cols, 1, 0.5, 32);
      const bias = normals(cols, 0, 0.5, 33);
      const x = invertLayerNorm(z, { mean: Float64Array.of(mean), rstd: Float64Array.of(rstd), weight, bias, engine });
      const exact = exactInverse(z, { mean, rstd, weight, bias });
      exactErrors(x, exact).forEach((error, i) => {
        const right = fromFixed(exact[i]);
        worst = Math.max(worst, Math.abs(error) / Math.max(Math.abs(right), Math.abs(right - mean)));
      });
    }
  }
  expect(worst).toBeLessThanOrEqual(6 * 2 ** -53);
});

describe("RMSNorm on rows that round the same way at each addition", () => {
  const lengths = [
    3, 5, 17, 33, 63, 64, 79, 80, 81, 100, 127, 128, 129, 200, 251, 255, 256, 384, 511, 512, 573, 586, 640, 767, 768,
    769, 1000, 1023, 1024, 1080, 1093, 1536, 1600, 2015, 2047, 2048, 2560, 3000, 3072, 3660, 4095, 4096,
  ];

  it("f32: constant rows of many values, whose norm is 1", () => {
    let worst = { cols: 0, value: 0, error: 0 };
    const uniform = uniforms(21);
    for (const cols of lengths) {
      const rows = Math.min(400, Math.floor(200000 / cols));
      const values = Float32Array.from({ length: rows }, () => 1 + 3 * uniform());
      const x = Float32Array.from({ length: rows * cols }, (_, i) => values[Math.floor(i / cols)]);
      const y = rmsNorm(x, { cols, eps: 0, engine });
      for (let r = 0; r < rows; r++) {
        const error = Math.abs(y[r * cols] - 1);
        if (!(error <= worst.error)) worst = { cols, value: values[r], error };
      }
    }
    expect(worst.error, `${worst.cols} columns of ${worst.value}`).toBeLessThanOrEqual(3e-7);
  });

  it("f32: nearly constant rows", () => {
    const uniform = uniforms(22);
    let worst = { cols: 0, error: 0 };
    for (const cols of lengths) {
      for (let n = 0; n < 12; n++) {
        const value = 1 + 3 * uniform();
        const spread = 10 ** (-7 * uniform());
        const x = Float32Array.from({ length: cols }, () => value * (1 + spread * (uniform() - 0.5)));
        const error = relative(rmsNorm(x, { eps: 0, engine }), reference.rmsNorm(x, { eps: 0 }).y);
        if (!(error <= worst.error)) worst = { cols, error };
      }
    }
    expect(worst.error, `${worst.cols} columns`).toBeLessThanOrEqual(3e-7);
  });

  it("f32: constant rows up to 65536 columns stay within a millionth", () => {
    const uniform = uniforms(23);
    for (const cols of [8192, 10000, 16384, 32767, 65535, 65536]) {
      for (let n = 0; n < 10; n++) {
        const x = new Float32Array(cols).fill(1 + 3 * uniform());
        expect(Math.abs(rmsNorm(x, { eps: 0, engine })[0] - 1), `${cols} of ${x[0]}`).toBeLessThanOrEqual(1e-6);
      }
    }
  });
});
