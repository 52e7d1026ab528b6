import {
  defaultEngine,
  layerNorm,
  layerNormLinear,
  linear,
  rmsNorm,
  rmsNormLinear,
  type Tensor,
  tensor,
} from "orthonorm";
import { describe, expect, it } from "vitest";
import { encode } from "../../support/dtypes.js";
import { testOp } from "../../support/op-suite.js";
import { description } from "../../support/ops/layerNormLinear.js";
import { normals } from "../../support/random.js";
import { sameBits } from "../../support/within.js";

testOp(description);

// the two have the same signatures here, where no weightOffset is given
const fused: Record<string, typeof layerNormLinear> = { layerNorm: layerNormLinear, rmsNorm: rmsNormLinear };
const norms: Record<string, typeof layerNorm> = { layerNorm, rmsNorm };

describe.each(["layerNorm", "rmsNorm"] as const)("%sLinear", (name) => {
  describe.each(["f32", "f64", "f16", "bf16"] as const)("%s", (dtype) => {
    // the last has several blocks of rows, the last of them not full
    it.each([
      [1, 7, 3],
      [5, 64, 9],
      [3, 4097, 2],
      [11, 4100, 5],
      [27, 2050, 3],
    ])("%i × %i → %i has the bits of the two calls", (rows, cols, k) => {
      const numbers = (n: number, seed: number) => encode(dtype as "f32", normals(n, 0.3, 1, seed));
      const wide = (n: number, seed: number) =>
        encode((dtype === "f64" ? "f64" : "f32") as "f32", normals(n, 1, 0.5, seed));
      const [x, residual, linearWeight] = [numbers(rows * cols, 1), numbers(rows * cols, 2), numbers(k * cols, 3)];
      const [weight, bias, linearBias] = [wide(cols, 4), wide(cols, 5), wide(k, 6)];
      const of = { cols, dtype };
      const sums = [x.slice(), x.slice()];
      const options = { ...of, weight, bias, eps: 1e-6, residual };
      const y = fused[name](x, linearWeight, { ...options, linearBias, sum: sums[0] });
      expect(y).toEqual(
        linear(norms[name](x, { ...options, sum: sums[1] }), linearWeight, { ...of, bias: linearBias }),
      );
      sameBits("sum", dtype, sums[0], sums[1]);
      expect(fused[name](x, linearWeight, of)).toEqual(linear(norms[name](x, of), linearWeight, of));
    });
  });

  it("reads views in place, with sum in the place of x, and gives a Tensor of k columns", () => {
    const engine = defaultEngine();
    const [rows, cols, k] = [26, 2052, 3];
    const spread = tensor("f32", [rows, cols + 5], Float32Array.from(normals(rows * (cols + 5), 0, 1, 1)));
    const x = spread.view({ shape: [2, rows / 2, cols], rowStride: cols + 5, offset: 3 });
    const residual = tensor("f32", [2, rows / 2, cols], Float32Array.from(normals(rows * cols, 0, 1, 2)));
    const weight = tensor("bf16", [k, cols], encode("bf16" as "f32", normals(k * cols, 0, 1, 3)));
    const made: Tensor[] = [spread, x, residual, weight];
    const sum = engine.tensor("f32", [rows, cols]);
    const n = norms[name](x, { residual, sum: sum.view({ shape: [2, rows / 2, cols] }) });
    const expected = linear(n, weight);
    const y = fused[name](x, weight, { residual, sum: x });
    made.push(sum, n, expected, y);
    expect(y.shape).toEqual([2, rows / 2, k]);
    expect(y.toArray()).toEqual(expected.toArray());
    sameBits("sum", "f32", x.toArray(), sum.toArray());
    // what lies between the rows is as it was
    expect(spread.toArray().slice(0, 3)).toEqual(Float32Array.from(normals(rows * (cols + 5), 0, 1, 1)).slice(0, 3));
    for (const one of made) one.dispose();
  });

  it("refuses what does not fit, before anything is written", () => {
    const op = `${name}Linear`;
    const [x, w] = [new Float32Array(8).fill(1), new Float32Array(12)];
    const refused = (options: object, weight: unknown = w) => {
      const call = () => fused[name](x, weight as Float32Array, { cols: 4, ...options });
      try {
        call();
      } catch (error) {
        return String(error);
      }
      return "nothing";
    };
    expect(refused({}, new Float32Array(6))).toBe(
      `RangeError: ${op}: linearWeight expected a positive multiple of 4 elements, got 6`,
    );
    expect(refused({}, new Float64Array(12))).toBe(
      `TypeError: ${op}: linearWeight expected f32 or f16 or bf16 elements, for x is f32, got Float64Array of 12 elements`,
    );
    expect(refused({ linearBias: new Float32Array(4) })).toBe(
      `RangeError: ${op}: linearBias expected 3 elements, got 4`,
    );
    expect(refused({ sum: new Float32Array(8) })).toBe(
      `RangeError: ${op}: residual expected an operand beside sum, got undefined`,
    );
    expect(refused({ residual: x, sum: x, out: x.subarray(0, 6) })).toBe(
      `RangeError: ${op}: sum expected no element of out, got an array that overlaps out`,
    );
    expect(refused({ eps: -1 })).toBe(`RangeError: ${op}: eps expected a finite number of at least 0, got -1`);
    expect(refused({ linearbias: w })).toContain('got "linearbias" (linearBias?)');
    expect([...x]).toEqual(Array(8).fill(1));
  });
});
