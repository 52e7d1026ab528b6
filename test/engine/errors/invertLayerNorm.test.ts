// What invertLayerNorm refuses in its own options.

import { createEngine, invertLayerNorm, tensor } from "orthonorm";
import { describe, expect, it } from "vitest";
import {
  type Any,
  detached,
  expectDefaultEngineUnharmed,
  f32,
  f64,
  HINT,
  KINDS,
  refuses,
  u16,
} from "../../support/errors.js";

expectDefaultEngineUnharmed();

describe("options of invertLayerNorm", () => {
  const call = invertLayerNorm as (z: Any, options?: Any) => unknown;
  const op = "invertLayerNorm";
  const z = () => f32(1, 2, 3, 4, 5, 6);
  const saved = () => ({ mean: f32(1, 2), rstd: f32(1, 2) });

  it("none at all", () => {
    refuses(
      () => call(z()),
      `TypeError: ${op}: options expected an object of cols, weight, bias, mean, rstd, out, dtype, engine, got undefined`,
    );
  });

  it.each(["mean", "rstd"])("%s", (name) => {
    const given = (value: Any) => call(z(), { cols: 3, ...saved(), [name]: value });
    const expected = `TypeError: ${op}: ${name} expected ${KINDS}, got `;
    refuses(() => given(undefined), `${expected}undefined`);
    refuses(() => given(null), `${expected}null`);
    refuses(() => given([1, 2]), `${expected}Array of 2 elements ${HINT}`);
    refuses(() => given(1), `${expected}1`);
    refuses(() => given(f32(1)), `RangeError: ${op}: ${name} expected 2 elements, got 1`);
    refuses(() => given(f32(1, 2, 3)), `RangeError: ${op}: ${name} expected 2 elements, got 3`);
    refuses(
      () => given(detached(2)),
      `RangeError: ${op}: ${name} expected an array with its buffer, got one whose buffer is detached`,
    );
    refuses(() => given(f64(1, 2)), `TypeError: ${op}: ${name} expected f32 elements, got Float64Array of 2 elements`);
    refuses(
      () => call(f64(1, 2), { mean: f64(1), rstd: f64(1), [name]: f32(1) }),
      `TypeError: ${op}: ${name} expected f64 elements, got Float32Array of 1 element`,
    );
    refuses(
      () => call(u16(1, 2), { dtype: "f16", mean: f32(1), rstd: f32(1), [name]: u16(1) }),
      `TypeError: ${op}: ${name} expected f32 elements, got Uint16Array of 1 element`,
    );
    const bf16 = tensor("bf16", 2);
    refuses(() => given(bf16), `TypeError: ${op}: ${name} expected f32 elements, got a Tensor of bf16`);
    bf16.dispose();
    const gone = tensor("f32", 2);
    gone.dispose();
    refuses(() => given(gone), `RangeError: ${op}: ${name} expected a live Tensor, got one that was disposed of`);
    const foreign = createEngine().tensor("f32", 2);
    refuses(
      () => call(tensor("f32", [2, 3]), { ...saved(), [name]: foreign }),
      `RangeError: ${op}: ${name} expected a Tensor of this call's engine, got one of another engine`,
    );
    // without cols or weight z is one row
    refuses(
      () => call(z(), saved()),
      `RangeError: ${op}: mean expected 1 element, got 2: without cols all of z is one row`,
    );
  });

  it("weight, bias and out", () => {
    const given = (options: Any) => call(z(), { cols: 3, ...saved(), ...options });
    for (const name of ["weight", "bias", "out"]) {
      const expected = `TypeError: ${op}: ${name} expected ${KINDS}, got `;
      refuses(() => given({ [name]: null }), `${expected}null`);
      refuses(() => given({ [name]: [1, 2, 3] }), `${expected}Array of 3 elements ${HINT}`);
    }
    for (const name of ["weight", "bias"]) {
      refuses(() => given({ [name]: f32(1, 2) }), `RangeError: ${op}: ${name} expected 3 elements, got 2`);
      refuses(
        () => given({ [name]: u16(1, 2, 3) }),
        `TypeError: ${op}: ${name} expected f32 or f64 elements, for z is f32, got Uint16Array of 3 elements`,
      );
    }
    refuses(() => given({ out: f32(1, 2) }), `RangeError: ${op}: out expected 6 elements, got 2`);
    refuses(
      () => given({ out: f64(1, 2, 3, 4, 5, 6) }),
      `TypeError: ${op}: out expected f32 elements, for z is f32, got Float64Array of 6 elements`,
    );
    refuses(
      () => call(z(), { ...saved(), weight: f32(1, 2, 3, 4) }),
      `RangeError: ${op}: weight expected a length that divides z's 6, got 4 elements`,
    );
  });

  it("a weight of 0, wherever it is, and nothing is written", () => {
    const engine = createEngine();
    for (const cols of [1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 768]) {
      for (const at of new Set([0, 1, 2, 3, 5, cols - 2, cols - 1].filter((one) => one >= 0 && one < cols))) {
        const message = `RangeError: ${op}: weight expected no zero element, got 0 at ${at}: what it scaled cannot be recovered`;
        for (const dtype of ["f32", "f64", "f16", "bf16"] as const) {
          const perRow = dtype === "f64" ? f64(1, 2) : f32(1, 2);
          const x = engine.tensor(dtype, [2, cols]);
          const weight = engine.tensor(dtype, cols, new Array(cols).fill(1));
          x.data.fill(7);
          weight.data[at] = 0;
          const before = x.toArray();
          const used = engine.bytesInUse;
          refuses(() => call(x, { mean: perRow, rstd: perRow, weight }), message);
          refuses(() => call(x, { mean: perRow, rstd: perRow, weight, out: x }), message);
          refuses(() => call(before, { dtype, mean: perRow, rstd: perRow, weight, out: before }), message);
          expect([x.toArray(), engine.bytesInUse]).toEqual([before, used]);
          if (dtype === "f32") weight.data[at] = -0;
          if (dtype === "f32") refuses(() => call(x, { mean: perRow, rstd: perRow, weight }), message);
          x.dispose();
          weight.dispose();
        }
      }
    }
    // of two the first; one that is 0 only in the f32 that layerNorm scaled with
    const weight = f64(1, 1e-60, 0);
    refuses(
      () => call(z(), { ...saved(), weight }),
      `RangeError: ${op}: weight expected no zero element, got 0 at 1: what it scaled cannot be recovered`,
    );
  });

  it("overlaps: out and z, mean, rstd, weight", () => {
    const all = Float32Array.from({ length: 16 }, (_, i) => i + 1);
    const at = (from: number, to: number) => all.subarray(from, to);
    const [mean, rstd] = [at(8, 9), at(9, 10)];
    refuses(
      () => call(at(0, 4), { mean, rstd, out: at(2, 6) }),
      `RangeError: ${op}: out expected z itself, or no element of it, got an array that overlaps z`,
    );
    for (const [name, from] of [
      ["mean", 5],
      ["rstd", 9],
    ] as const) {
      refuses(
        () => call(at(0, 4), { mean, rstd, out: at(from, from + 4) }),
        `RangeError: ${op}: out expected no element of ${name}, got an array that overlaps ${name}`,
      );
    }
    refuses(
      () => call(at(0, 4), { mean, rstd, weight: at(10, 14), out: at(10, 14) }),
      `RangeError: ${op}: out expected no element of weight, got weight`,
    );
    expect(all).toEqual(Float32Array.from({ length: 16 }, (_, i) => i + 1));
    // inputs may share what they like
    expect(call(f32(1, 3), { mean: at(1, 2), rstd: at(1, 2), weight: at(0, 2) })).toEqual(f32(2.5, 2.75));
  });
});
