// Outputs that touch other operands: refused unless the table allows it, and nothing is written.

import { center, createEngine, layerNorm, project, reject, rmsNorm, tensor } from "orthonorm";
import { describe, expect, it } from "vitest";
import { expectDefaultEngineUnharmed, f32, refuses } from "../../support/errors.js";

expectDefaultEngineUnharmed();

describe("overlaps", () => {
  /** Views of one buffer of 16 numbers, as plain arrays and as views of a Tensor. */
  const homes: [string, () => { at: (from: number, to: number) => Float32Array; all: () => number[] }][] = [
    [
      "arrays over one buffer",
      () => {
        const all = Float32Array.from({ length: 16 }, (_, i) => i);
        return { at: (from, to) => all.subarray(from, to), all: () => [...all] };
      },
    ],
    [
      "views of one Tensor",
      () => {
        const t = tensor(
          "f32",
          16,
          Array.from({ length: 16 }, (_, i) => i),
        );
        return { at: (from, to) => t.data.subarray(from, to) as Float32Array, all: () => [...t.data] };
      },
    ],
  ];
  const untouched = Array.from({ length: 16 }, (_, i) => i);

  it.each(homes)("%s: out and x, residual, weight, sum", (_, make) => {
    const { at, all } = make();
    const x = at(0, 8);
    const no = (op: string, output: string, other: string, got = `an array that overlaps ${other}`) =>
      `RangeError: ${op}: ${output} expected no element of ${other}, got ${got}`;
    const itself = (op: string, output: string, other: string) =>
      `RangeError: ${op}: ${output} expected ${other} itself, or no element of it, got an array that overlaps ${other}`;
    for (const from of [1, 4, 7]) {
      refuses(() => layerNorm(x, { out: at(from, from + 8) }), itself("layerNorm", "out", "x"));
      refuses(() => layerNorm(at(from, from + 8), { out: x }), itself("layerNorm", "out", "x"));
      refuses(() => rmsNorm(x, { cols: 4, out: at(from, from + 8) }), itself("rmsNorm", "out", "x"));
      refuses(() => center(x, { out: at(from, from + 8) }), itself("center", "out", "x"));
      refuses(() => reject(x, at(8, 16), { out: at(from, from + 8) }), itself("reject", "out", "x"));
    }
    const [y, z] = [new Float32Array(8), new Float32Array(8)];
    refuses(() => layerNorm(y, { residual: x, out: at(1, 9) }), itself("layerNorm", "out", "residual"));
    refuses(() => layerNorm(y, { residual: x, sum: at(1, 9) }), itself("layerNorm", "sum", "residual"));
    refuses(() => layerNorm(x, { weight: at(8, 16), out: at(8, 16) }), no("layerNorm", "out", "weight", "weight"));
    refuses(() => layerNorm(x, { cols: 4, weight: at(8, 12), out: at(8, 16) }), no("layerNorm", "out", "weight"));
    refuses(() => rmsNorm(x, { bias: at(8, 16), out: at(8, 16) }), no("rmsNorm", "out", "bias", "bias"));
    refuses(() => layerNorm(y, { residual: z, out: x, sum: x }), no("layerNorm", "out", "sum", "sum"));
    refuses(() => layerNorm(y, { residual: z, out: x, sum: at(7, 15) }), no("layerNorm", "out", "sum"));
    refuses(() => layerNorm(y, { out: x, mean: at(3, 4) }), no("layerNorm", "out", "mean"));
    refuses(() => layerNorm(x, { mean: at(3, 4) }), no("layerNorm", "mean", "x"));
    refuses(() => rmsNorm(x, { rstd: at(7, 8) }), no("rmsNorm", "rstd", "x"));
    refuses(() => layerNorm(y, { mean: at(3, 4), rstd: at(3, 4) }), no("layerNorm", "mean", "rstd", "rstd"));
    refuses(() => project(y, x, { out: x }), no("project", "out", "direction", "direction"));
    refuses(() => project(x, x, { out: x }), no("project", "out", "direction", "direction"));
    refuses(() => project(x, y.fill(1), { coefficients: at(0, 1) }), no("project", "coefficients", "x"));
    refuses(() => project(y, x, { coefficients: at(0, 1) }), no("project", "coefficients", "direction"));
    expect(all()).toEqual(untouched);
    // neighbours do not overlap
    layerNorm(x, { weight: y, out: at(8, 16) });
    expect(all().slice(0, 8)).toEqual(untouched.slice(0, 8));
  });

  it("Tensors: in place is allowed, another operand is not", () => {
    const engine = createEngine();
    const x = engine.tensor("f32", [1, 4], [1, 2, 3, 4]);
    const weight = engine.tensor("f32", [1, 4], [1, 1, 1, 1]);
    refuses(
      () => layerNorm(x, { weight, out: weight }),
      "RangeError: layerNorm: out expected no element of weight, got weight",
    );
    refuses(
      () => rmsNorm(x, { bias: weight, out: weight }),
      "RangeError: rmsNorm: out expected no element of bias, got bias",
    );
    refuses(
      () => layerNorm(x, { weight: x, out: x }),
      "RangeError: layerNorm: out expected no element of weight, got weight",
    );
    expect([...x.data, ...weight.data]).toEqual([1, 2, 3, 4, 1, 1, 1, 1]);
    // a Tensor and a view of it are the same place
    refuses(
      () => layerNorm(x, { out: weight.data, weight }),
      "RangeError: layerNorm: out expected no element of weight, got weight",
    );
    const expected = layerNorm(f32(1, 2, 3, 4));
    expect(layerNorm(x, { out: x.data })).toEqual(expected);
  });
});
