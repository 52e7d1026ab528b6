// What layerNorm and rmsNorm refuse in their own options.

import { rmsNorm, tensor } from "orthonorm";
import { describe, expect, it } from "vitest";
import {
  type Any,
  type Call,
  callOf,
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

describe("options of the norms", () => {
  const norms: [string, Call][] = [
    ["layerNorm", callOf("layerNorm")],
    ["rmsNorm", callOf("rmsNorm")],
  ];

  it.each(norms)("%s: eps", (op, call) => {
    for (const eps of [-1, -Number.MIN_VALUE, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      refuses(
        () => call(f32(1, 2), { eps }),
        `RangeError: ${op}: eps expected a finite number of at least 0, got ${eps}`,
      );
    }
    refuses(
      () => call(f32(1, 2), { eps: "1e-5" }),
      `TypeError: ${op}: eps expected a number of at least 0, got "1e-5"`,
    );
    refuses(() => call(f32(1, 2), { eps: null }), `TypeError: ${op}: eps expected a number of at least 0, got null`);
    refuses(() => call(f32(1, 2), { eps: 1n }), `TypeError: ${op}: eps expected a number of at least 0, got 1n`);
    // −0 is 0
    expect(call(f32(-1, 1), { eps: -0 })).toEqual(f32(-1, 1));
  });

  it("rmsNorm: weightOffset", () => {
    for (const weightOffset of [Number.NaN, Number.POSITIVE_INFINITY]) {
      refuses(
        () => rmsNorm(f32(1, 2), { weightOffset }),
        `RangeError: rmsNorm: weightOffset expected a finite number, got ${weightOffset}`,
      );
    }
    refuses(
      () => rmsNorm(f32(1, 2), { weightOffset: "1" as Any }),
      'TypeError: rmsNorm: weightOffset expected a number, got "1"',
    );
  });

  it.each(norms)("%s: operands of a wrong kind", (op, call) => {
    for (const name of ["weight", "bias", "residual", "out"]) {
      const expected = `TypeError: ${op}: ${name} expected ${KINDS}, got `;
      refuses(() => call(f32(1, 2), { [name]: null }), `${expected}null`);
      refuses(() => call(f32(1, 2), { [name]: [1, 2] }), `${expected}Array of 2 elements ${HINT}`);
      refuses(() => call(f32(1, 2), { [name]: 1 }), `${expected}1`);
      refuses(() => call(f32(1, 2), { [name]: new Int16Array(2) }), `${expected}Int16Array of 2 elements ${HINT}`);
    }
    for (const name of op === "layerNorm" ? ["mean", "rstd"] : ["rstd"]) {
      const expected = `TypeError: ${op}: ${name} expected ${KINDS}, got `;
      refuses(() => call(f32(1, 2), { [name]: [1] }), `${expected}Array of 1 element ${HINT}`);
      refuses(() => call(f32(1, 2), { [name]: true }), `${expected}true`);
    }
  });

  it.each(norms)("%s: null for numbers a row", (op, call) => {
    for (const name of op === "layerNorm" ? ["mean", "rstd"] : ["rstd"]) {
      refuses(() => call(f32(1, 2), { [name]: null }), `TypeError: ${op}: ${name} expected ${KINDS}, got null`);
    }
  });

  it.each(norms)("%s: operands of a wrong length", (op, call) => {
    const x = f32(1, 2, 3, 4, 5, 6);
    for (const name of ["weight", "bias"]) {
      refuses(() => call(x, { cols: 3, [name]: f32(1, 2) }), `RangeError: ${op}: ${name} expected 3 elements, got 2`);
      refuses(() => call(x, { cols: 3, [name]: f32() }), `RangeError: ${op}: ${name} expected 3 elements, got 0`);
      refuses(
        () => call(x, { cols: 3, [name]: detached() }),
        `RangeError: ${op}: ${name} expected an array with its buffer, got one whose buffer is detached`,
      );
    }
    for (const name of ["residual", "out"]) {
      refuses(
        () => call(x, { cols: 3, [name]: f32(1, 2, 3) }),
        `RangeError: ${op}: ${name} expected 6 elements, got 3`,
      );
    }
    refuses(() => call(x, { cols: 3, residual: x, sum: f32(1) }), `RangeError: ${op}: sum expected 6 elements, got 1`);
    refuses(() => call(x, { cols: 3, rstd: f32(1) }), `RangeError: ${op}: rstd expected 2 elements, got 1`);
    if (op === "layerNorm") {
      refuses(() => call(x, { cols: 3, mean: f32(1, 2, 3) }), "RangeError: layerNorm: mean expected 2 elements, got 3");
    }
    // a weight says how long a row is, if nothing else does
    refuses(
      () => call(x, { weight: f32(1, 2, 3, 4) }),
      `RangeError: ${op}: weight expected a length that divides x's 6, got 4 elements`,
    );
    // one without elements says nothing
    refuses(() => call(x, { weight: f32() }), `RangeError: ${op}: weight expected 6 elements, got 0`);
    const t = tensor("f32", [2, 3]);
    refuses(() => call(t, { weight: f32(1, 2) }), `RangeError: ${op}: weight expected 3 elements, got 2`);
    t.dispose();
  });

  it.each(norms)("%s: a sum of nothing", (op, call) => {
    const sum = f32(7, 7);
    refuses(
      () => call(f32(1, 2), { sum }),
      `RangeError: ${op}: residual expected an operand beside sum, got undefined`,
    );
    expect(sum).toEqual(f32(7, 7));
  });

  it.each(norms)("%s: mixed element types", (op, call) => {
    const x = f32(1, 2);
    for (const name of ["residual", "out"]) {
      refuses(
        () => call(x, { [name]: f64(1, 2) }),
        `TypeError: ${op}: ${name} expected f32 elements, for x is f32, got Float64Array of 2 elements`,
      );
      refuses(
        () => call(f64(1, 2), { [name]: x }),
        `TypeError: ${op}: ${name} expected f64 elements, for x is f64, got Float32Array of 2 elements`,
      );
      refuses(
        () => call(x, { [name]: u16(1, 2) }),
        `TypeError: ${op}: ${name} expected f32 elements, for x is f32, got Uint16Array of 2 elements`,
      );
    }
    const bf16 = tensor("bf16", 2);
    refuses(
      () => call(u16(1, 2), { dtype: "f16", residual: bf16 }),
      `TypeError: ${op}: residual expected f16 elements, for x is f16, got a Tensor of bf16`,
    );
    refuses(
      () => call(u16(1, 2), { dtype: "f16", weight: bf16 }),
      `TypeError: ${op}: weight expected f16 or f32 or f64 elements, for x is f16, got a Tensor of bf16`,
    );
    refuses(
      () => call(x, { weight: bf16 }),
      `TypeError: ${op}: weight expected f32 or f64 elements, for x is f32, got a Tensor of bf16`,
    );
    refuses(
      () => call(x, { weight: u16(1, 2) }),
      `TypeError: ${op}: weight expected f32 or f64 elements, for x is f32, got Uint16Array of 2 elements`,
    );
    refuses(
      () => call(x, { rstd: f64(1) }),
      `TypeError: ${op}: rstd expected f32 elements, got Float64Array of 1 element`,
    );
    refuses(
      () => call(f64(1, 2), { rstd: f32(1) }),
      `TypeError: ${op}: rstd expected f64 elements, got Float32Array of 1 element`,
    );
    refuses(
      () => call(u16(1, 2), { dtype: "bf16", rstd: u16(1) }),
      `TypeError: ${op}: rstd expected f32 elements, got Uint16Array of 1 element`,
    );
    bf16.dispose();
  });
});
