// After a call that fails, or that was called in the middle of another: outputs as they were, and all that was alive works.

import { type CommonOptions, createEngine, layerNorm, project, type Tensor, tensor } from "orthonorm";
import { describe, expect, it } from "vitest";
import { type Any, expectDefaultEngineUnharmed, f32, f64, refuses } from "../../support/errors.js";

expectDefaultEngineUnharmed();

describe("what was alive lives on", () => {
  it("outputs stay as they were, whichever check fails", () => {
    const x = f32(1, 2, 3, 4);
    const outputs = () => ({ out: f32(7, 7, 7, 7), sum: f32(7, 7, 7, 7), mean: f32(7, 7), rstd: f32(7, 7) });
    const wrong: Any[] = [
      { cols: 3 },
      { eps: -1 },
      { weight: f32(1) },
      { bias: f32(1) },
      { rstd: f32(1) },
      { rstd: f64(1, 2) },
      { engine: {} },
      { dtype: "f64" },
    ];
    for (const option of wrong) {
      const given = outputs();
      expect(() => layerNorm(x, { cols: 2, residual: x, ...given, ...option })).toThrow(/^layerNorm: /);
      expect({ ...given, x }).toEqual({ ...outputs(), x: f32(1, 2, 3, 4) });
    }
  });

  it("a call inside a call: getters of options that compute", () => {
    const inner = () => layerNorm(f32(1, 2, 3, 4, 5, 6, 7, 8), { cols: 2, weight: f32(2, 3), mean: f32(0, 0, 0, 0) });
    const right = layerNorm(f32(1, 2, 4, 8), { cols: 4, weight: f32(1, 2, 3, 4), bias: f32(1, 1, 1, 1) });
    const values: CommonOptions & Record<string, unknown> = {
      cols: 4,
      weight: f32(1, 2, 3, 4),
      bias: f32(1, 1, 1, 1),
      eps: 1e-5,
    };
    const options: Any = {};
    for (const name of ["cols", "weight", "bias", "eps", "dtype", "engine", "residual", "sum", "out", "mean", "rstd"]) {
      Object.defineProperty(options, name, {
        enumerable: true,
        get() {
          inner();
          expect(() => project(f32(1, 2), f32(0, 0))).toThrow(RangeError);
          return values[name];
        },
      });
    }
    expect(layerNorm(f32(1, 2, 4, 8), options)).toEqual(right);
    const x = tensor("f32", [1, 4], [1, 2, 4, 8]);
    const y = layerNorm(x, options) as Tensor;
    expect(y.toArray()).toEqual(right);
    x.dispose();
    y.dispose();
  });

  it("getters that throw, dispose or grow", () => {
    const engine = createEngine();
    const x = engine.tensor("f32", [1, 4], [1, 2, 3, 4]);
    expect(() =>
      layerNorm(x, {
        get weight(): Float32Array {
          throw new Error("of the caller");
        },
      }),
    ).toThrow("of the caller");
    refuses(
      () =>
        layerNorm(x, {
          get weight(): Float32Array {
            x.dispose();
            return f32(1, 1, 1, 1);
          },
        }),
      "RangeError: layerNorm: x expected a live Tensor, got one that was disposed of",
    );
    const y = engine.tensor("f32", [1, 4], [1, 2, 3, 4]);
    const result = layerNorm(y, {
      get weight(): Float32Array {
        engine.tensor("f64", 2 ** 20);
        return f32(1, 1, 1, 1);
      },
    });
    expect(result.toArray()).toEqual(layerNorm(f32(1, 2, 3, 4)));
  });
});
