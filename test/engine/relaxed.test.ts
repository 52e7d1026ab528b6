// The relaxed variant: the promises of docs/numerics.md, but for bits that are the same on every machine.

import { createEngine, type DType, layerNorm, linear, loadEngine, relaxed, rmsNorm } from "orthonorm";
import * as reference from "orthonorm/reference";
import { describe, expect, it, vi } from "vitest";
import { hasRelaxed } from "../../bindings/engine/variants.js";
import { accuracy } from "../support/accuracy.js";
import { decode, encode } from "../support/dtypes.js";
import { scaledError } from "../support/error.js";
import { linearWithin } from "../support/ops/linear.js";
import { normals, uniforms } from "../support/random.js";

const dtypes: readonly DType[] = ["f32", "f64", "f16", "bf16"];
const present = hasRelaxed();

describe("an engine without relaxed SIMD", () => {
  it("runs simd where relaxed is asked for, with its bits", async () => {
    const x = Float32Array.from({ length: 3 * 770 }, (_, i) => Math.sin(i * i));
    const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    try {
      const made = createEngine({ variant: relaxed });
      const loaded = await loadEngine({ variant: relaxed });
      expect([made.variant, loaded.variant]).toEqual(["simd", "simd"]);
      const expected = layerNorm(x, { cols: 770 });
      for (const engine of [made, loaded]) expect(layerNorm(x, { cols: 770, engine })).toEqual(expected);
    } finally {
      validate.mockRestore();
    }
  });

  it("modules that were given are simd's", async () => {
    await expect(loadEngine({ variant: relaxed, modules: { norm: 1 as never } })).rejects.toThrow("modules.norm");
    const module = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
    await expect(loadEngine({ variant: relaxed, modules: { norm: module } })).rejects.toThrow(
      'loadEngine: variant expected "simd" beside modules, as they are, got relaxed',
    );
  });
});

describe.runIf(present)(`relaxed${present ? "" : " (not run: this engine has no relaxed SIMD)"}`, () => {
  const engine = present ? createEngine({ variant: relaxed }) : createEngine();

  it("is what the engine says it runs, made or loaded", async () => {
    expect(engine.variant).toBe("relaxed");
    expect((await loadEngine({ variant: relaxed })).variant).toBe("relaxed");
  });

  it.each(dtypes)("%s holds the contract's table", (dtype) => {
    for (const [rows, cols] of [
      [6, 768],
      [1, 4096],
    ]) {
      for (const { op, input, eps, error, bound } of accuracy(dtype, rows, cols, relaxed)) {
        expect(error, `${op} of ${input}, ${rows}×${cols}, eps ${eps}`).toBeLessThanOrEqual(bound);
      }
    }
  });

  it.each(dtypes)("linear in %s keeps its bound", (dtype) => {
    for (const [rows, cols, k] of [
      [1, 768, 9],
      [13, 257, 10],
      [6, 4096, 5],
    ]) {
      const [x, weight] = [encode(dtype, normals(rows * cols, 0.5, 1, 1)), encode(dtype, normals(k * cols, 0.5, 1, 2))];
      const numbersOf = { x: decode(dtype, x), weight: decode(dtype, weight) };
      linearWithin(`${rows}×${cols}`, dtype, linear(x, weight, { cols, dtype, engine }), numbersOf, cols);
    }
  });

  it.each(["f32", "f64"] as const)("%s against the oracle, 1 to 130 columns, in place too", (dtype) => {
    const bound = dtype === "f32" ? 5e-7 : 1e-15;
    for (let cols = 1; cols <= 130; cols++) {
      const rows = 1 + (cols % 7);
      const x = encode(dtype, normals(rows * cols, 0.3, 1, cols));
      const expected = reference.layerNorm(decode(dtype, x), { cols }).y;
      const y = layerNorm(x, { cols, engine });
      expect(scaledError(y, expected), `${cols} columns`).toBeLessThanOrEqual(bound);
      expect(layerNorm(x, { cols, engine, out: x }), `${cols} columns in place`).toEqual(y);
    }
  });

  it("f32: two values in turn, and constant rows, whose result is the bias", () => {
    const uniform = uniforms(11);
    for (const cols of [2, 100, 768, 2014, 4096]) {
      for (let n = 0; n < 20; n++) {
        const b = 1 + 3 * uniform();
        const a = b * (1.3 * uniform() - 1);
        const y = layerNorm(
          Float32Array.from({ length: cols }, (_, i) => (i & 1 ? b : a)),
          { eps: 0, engine },
        );
        y.forEach((value, i) => {
          if (!(Math.abs(value - (i & 1 ? 1 : -1)) <= 5e-7)) throw new Error(`${cols} columns of ${a}, ${b}: ${value}`);
        });
        expect(layerNorm(new Float32Array(cols).fill(b), { engine }).every((value) => value === 0)).toBe(true);
      }
    }
  });

  it.each(dtypes)("%s: a row's bits depend on the row alone, and rmsNorm is simd's", (dtype) => {
    for (const cols of [7, 64, 130, 769]) {
      const x = encode(dtype, normals(19 * cols, 0.5, 1, cols));
      const all = layerNorm(x, { cols, dtype, engine });
      for (const r of [0, 5, 18]) {
        const alone = layerNorm(x.slice(r * cols, (r + 1) * cols) as typeof x, { dtype, engine });
        expect(alone).toEqual(all.slice(r * cols, (r + 1) * cols));
      }
      expect(rmsNorm(x, { cols, dtype, engine })).toEqual(rmsNorm(x, { cols, dtype }));
    }
  });
});
