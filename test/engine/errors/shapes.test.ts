// Every Tensor among the operands says how long a row is, and how many there are; what contradicts is refused by name. Without
// Tensors the length of weight, bias or direction says it, and messages lead to cols where nothing does.

import { angle, createEngine, invertLayerNorm, layerNorm, project, rmsNorm, tensor } from "orthonorm";
import { describe, expect, it } from "vitest";
import { type Any, callOf, expectDefaultEngineUnharmed, f32, refuses, said } from "../../support/errors.js";
import { operandsOf, others, ramp } from "../../support/operands.js";
import { entryOf, invoke, opNames } from "../../support/table.js";

expectDefaultEngineUnharmed();

const of = (...shape: number[]) => tensor("f32", shape, ramp(shape.reduce((a, b) => a * b, 1)));

describe("by the table", () => {
  it.each(opNames)("%s of Tensors that agree", (op) => {
    if (op === "orthonormalize")
      return expect(callOf(op)(tensor("f32", [2, 4], [1, 0, 0, 0, 0, 1, 0, 0]))).toBeDefined();
    expect(said(() => invoke(op, operandsOf(op)))).toBe("none");
  });

  it.each(others)("%s refuses %s in another shape of as many elements, and of more and fewer", (op, name) => {
    const given = operandsOf(op);
    const { shape, dtype } = entryOf(op).operands[name];
    const type = dtype === "to" ? "f64" : "f32";
    const put =
      (...dims: number[]) =>
      () =>
        invoke(op, { ...given, [name]: tensor(type, dims, ramp(dims.reduce((a, b) => a * b, 1))) });
    const expected = `RangeError: ${op}: ${name} expected`;
    if (shape === "rows cols") {
      refuses(put(4, 2), `${expected} 2 rows of 4, got a Tensor of [4, 2]`);
      refuses(put(8), `${expected} 2 rows of 4, got a Tensor of [8]`);
      refuses(put(1, 8), `${expected} 2 rows of 4, got a Tensor of [1, 8]`);
      refuses(put(2, 2, 2), `${expected} 2 rows of 4, got a Tensor of [2, 2, 2]`);
      const more = name === "y" ? "8 elements like x, or one row of 4" : "8 elements";
      refuses(put(3, 4), `${expected} ${more}, got 12`);
    } else if (shape === "cols") {
      refuses(put(2, 2), `${expected} one row of 4, got a Tensor of [2, 2]`);
      refuses(put(4, 1), `${expected} one row of 4, got a Tensor of [4, 1]`);
      refuses(put(2), `${expected} 4 elements, got 2`);
      refuses(put(2, 4), `${expected} 4 elements, got 8`);
      expect(said(put(1, 4))).toBe("none");
    } else if (shape === "k cols") {
      refuses(put(2, 2), `${expected} one row of 4, got a Tensor of [2, 2]`);
      refuses(put(8), `${expected} 2 rows of 4, got a Tensor of [8]`);
      refuses(put(4, 2), `${expected} 2 rows of 4, got a Tensor of [4, 2]`);
      refuses(put(6), `${expected} a positive multiple of 4 elements, got 6`);
    } else if (shape === "k") {
      refuses(put(2), `${expected} 1 element, got 2`);
      refuses(put(1, 1, 2), `${expected} 1 element, got 2`);
      expect(said(put(1, 1))).toBe("none");
    } else {
      refuses(put(1, 2), `${expected} 2 rows of 1, got a Tensor of [1, 2]`);
      refuses(put(3), `${expected} 2 elements, got 3`);
      refuses(put(4, 1), `${expected} 2 elements, got 4`);
    }
  });

  const rowLong = others.filter(([op, name]) => entryOf(op).operands[name].shape.endsWith("cols"));
  it.each(rowLong)("%s takes the length of a row from %s where it is the only Tensor", (op, name) => {
    const given = operandsOf(op);
    const arrays = Object.fromEntries(Object.entries(given).map(([one, value]) => [one, value.toArray?.() ?? value]));
    const right = invoke(op, { ...arrays, cols: 4 });
    const copy = Object.fromEntries(Object.entries(given).map(([one, value]) => [one, value.toArray?.() ?? value]));
    // nothing but x and this Tensor, where no more must be given
    const required = [...entryOf(op).arguments, ...(op === "invertLayerNorm" ? ["mean", "rstd"] : [])];
    const few = Object.fromEntries(Object.entries(copy).filter(([one]) => required.includes(one)));
    const few4 = invoke(op, { ...few, [name]: copy[name], cols: 4 });
    const plain = (result: Any) => (result.toArray ? result.toArray() : result);
    expect(plain(invoke(op, { ...few, [name]: given[name] }))).toEqual(plain(few4));
    expect(right).toBeDefined();
  });
});

describe("every example that was once a plausible wrong number", () => {
  it("directions [k, cols] beside an array were one of k·cols", () => {
    const x = ramp(8);
    const axes = tensor("f32", [2, 4], [1, 0, 0, 0, 0, 1, 0, 0]);
    expect(project(x, axes)).toEqual(f32(1, 2, 0, 0, 5, 6, 0, 0));
    expect(project(ramp(4), axes)).toEqual(f32(1, 2, 0, 0));
    expect(project(ramp(12), axes)).toEqual(f32(1, 2, 0, 0, 5, 6, 0, 0, 9, 10, 0, 0));
    refuses(
      () => project(ramp(6), axes),
      "RangeError: project: direction expected a length that divides x's 6, got 4 elements",
    );
    expect(angle(f32(1, 0, 0, 3), tensor("f32", [2, 2], [2, 0, 0, 1]))).toEqual(f32(0, 0));
    expect(angle(f32(1, 0, 0, 3), tensor("f32", [1, 2], [0, 1]))).toHaveLength(2);
  });

  it("out [2, 4] beside an array of 8 was one row of 8", () => {
    const out = of(2, 4);
    layerNorm(ramp(8), { out });
    expect(out.toArray()).toEqual(layerNorm(ramp(8), { cols: 4 }));
    refuses(
      () => layerNorm(ramp(8), { out: of(2, 4), cols: 8 }),
      "RangeError: layerNorm: out expected one row of 8, got a Tensor of [2, 4]",
    );
  });

  it("out and residual of [4, 2] beside x [2, 4]; weight [2, 2] as 4 weights", () => {
    const x = of(2, 4);
    refuses(
      () => layerNorm(x, { out: of(4, 2) }),
      "RangeError: layerNorm: out expected 2 rows of 4, got a Tensor of [4, 2]",
    );
    refuses(
      () => rmsNorm(x, { residual: of(4, 2) }),
      "RangeError: rmsNorm: residual expected 2 rows of 4, got a Tensor of [4, 2]",
    );
    refuses(
      () => layerNorm(x, { weight: of(2, 2) }),
      "RangeError: layerNorm: weight expected one row of 4, got a Tensor of [2, 2]",
    );
    refuses(
      () => layerNorm(x, { out: x.view({ shape: [4, 2] }) }),
      "RangeError: layerNorm: out expected 2 rows of 4, got a Tensor of [4, 2]",
    );
  });

  it("two Tensors that contradict, beside an array", () => {
    refuses(
      () => layerNorm(ramp(8), { weight: of(4), out: of(4, 2) }),
      "RangeError: layerNorm: out expected 2 rows of 4, got a Tensor of [4, 2]",
    );
    refuses(
      () => rmsNorm(ramp(8), { weight: of(4), bias: of(2) }),
      "RangeError: rmsNorm: bias expected 4 elements, got 2",
    );
    refuses(
      () => project(ramp(8), of(4), { out: of(4, 2) }),
      "RangeError: project: out expected 2 rows of 4, got a Tensor of [4, 2]",
    );
  });

  it("numbers per row may come as [rows], [rows, 1] or x's shape without its last dimension", () => {
    const x = tensor("f32", [2, 3, 4], ramp(24));
    for (const shape of [[6], [6, 1], [2, 3]]) {
      const mean = tensor("f32", shape);
      layerNorm(x, { mean });
      expect([...mean.data]).toEqual([2.5, 6.5, 10.5, 14.5, 18.5, 22.5]);
    }
    refuses(
      () => layerNorm(x, { mean: of(3, 2) }),
      "RangeError: layerNorm: mean expected 6 rows of 1, got a Tensor of [3, 2]",
    );
    refuses(
      () => layerNorm(x, { mean: of(1, 6) }),
      "RangeError: layerNorm: mean expected 6 rows of 1, got a Tensor of [1, 6]",
    );
  });
});

describe("cols forgotten", () => {
  it("bias alone says how long a row is, and so does direction beside several rows", () => {
    const bias = f32(1, 2, 3, 4);
    expect(layerNorm(ramp(8), { bias })).toEqual(layerNorm(ramp(8), { bias, cols: 4 }));
    expect(rmsNorm(ramp(8), { bias })).toEqual(rmsNorm(ramp(8), { bias, cols: 4 }));
    expect(project(ramp(8), bias)).toEqual(project(ramp(8), bias, { cols: 4 }));
    expect(angle(ramp(8), bias)).toEqual(angle(ramp(8), bias, { cols: 4 }));
  });

  it("messages lead to cols", () => {
    const one = "expected 1 element, got 2: without cols all of";
    refuses(() => layerNorm(ramp(8), { mean: f32(0, 0) }), `RangeError: layerNorm: mean ${one} x is one row`);
    refuses(() => rmsNorm(ramp(8), { rstd: f32(0, 0) }), `RangeError: rmsNorm: rstd ${one} x is one row`);
    refuses(
      () => invertLayerNorm(ramp(8), { mean: f32(0, 0), rstd: f32(1, 1) }),
      `RangeError: invertLayerNorm: mean ${one} z is one row`,
    );
    refuses(
      () => project(ramp(8), ramp(8), { coefficients: f32(0, 0) }),
      `RangeError: project: coefficients ${one} x is one row`,
    );
    // where cols was given, it is not the cause
    refuses(
      () => layerNorm(ramp(8), { mean: f32(0, 0), cols: 8 }),
      "RangeError: layerNorm: mean expected 1 element, got 2",
    );
    refuses(
      () => layerNorm(ramp(8), { weight: ramp(3) }),
      "RangeError: layerNorm: weight expected a length that divides x's 8, got 3 elements",
    );
    refuses(
      () => layerNorm(ramp(8), { bias: ramp(5) }),
      "RangeError: layerNorm: bias expected a length that divides x's 8, got 5 elements",
    );
    refuses(
      () => layerNorm(ramp(8), { weight: ramp(4), bias: ramp(8) }),
      "RangeError: layerNorm: bias expected 4 elements, got 8",
    );
  });
});

it("a Tensor of another engine is refused for its shape first, as one of this engine is", () => {
  const t = createEngine().tensor("f32", [4, 2]);
  refuses(
    () => layerNorm(of(2, 4), { out: t }),
    "RangeError: layerNorm: out expected 2 rows of 4, got a Tensor of [4, 2]",
  );
});
