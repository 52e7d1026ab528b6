// The oracle refuses what it would take for something else, in the words of the engine: a wrong oracle is worse than none.

import { tensor } from "orthonorm";
import * as reference from "orthonorm/reference";
import { expect, it } from "vitest";
import { type Any, calls, expectDefaultEngineUnharmed, refuses, said, u16 } from "../../support/errors.js";
import { optionsOf } from "../../support/table.js";

expectDefaultEngineUnharmed();

const oracle = reference as Any;
const x = [1, 2, 3, 4];
const saved = { cols: 4, mean: [0], rstd: [1] };

it.each(["layerNorm", "rmsNorm"])("%s: names of options, with the likely one", (op) => {
  expect(said(() => oracle[op](x, { gamma: x }))).toContain(`TypeError: ${op}: options expected cols, weight, bias, `);
  expect(said(() => oracle[op](x, { gamma: x }))).toContain('got "gamma" (weight?)');
  expect(said(() => oracle[op](x, { axis: -1 }))).toContain('got "axis" (cols?)');
});

it("every op of the table refuses options that are no plain object", () => {
  for (const [op] of calls) {
    if (op === "convert") continue; // its oracle has no options
    const second = ["angle", "linear", "layerNormLinear", "rmsNormLinear", "project", "reject"].includes(op) ? [x] : [];
    for (const wrong of [null, 4, [], new Map([["cols", 4]]), Object.create({ cols: 4 })]) {
      expect(
        said(() => oracle[op](x, ...second, wrong)),
        op,
      ).toContain(`TypeError: ${op}: options expected an object of`);
    }
    expect(optionsOf(op)).toContain("cols");
  }
});

it("arrays of what are not numbers, and none at all", () => {
  refuses(() => oracle.layerNorm(), "TypeError: layerNorm: x expected an array of numbers, got undefined");
  refuses(() => oracle.layerNorm("1234"), 'TypeError: layerNorm: x expected an array of numbers, got "1234"');
  refuses(() => oracle.layerNorm([1, "2"]), 'TypeError: layerNorm: x[1] expected a number, got "2"');
  refuses(() => oracle.rmsNorm([[1, 2]]), "TypeError: rmsNorm: x[0] expected a number, got Array of 2 elements");
  refuses(
    () => oracle.geometry(u16(15360)),
    "TypeError: geometry: x expected numbers, got the bits of a Uint16Array (fromBits makes numbers of them)",
  );
  refuses(
    () => oracle.center(tensor("f32", 2, [1, 2])),
    "TypeError: center: x expected an array of numbers (toArray makes one of it), got Tensor",
  );
  refuses(() => oracle.layerNorm(x, { weight: 2 }), "TypeError: layerNorm: weight expected an array of numbers, got 2");
  refuses(() => oracle.angle(x), "TypeError: angle: y expected an array of numbers, got undefined");
});

it("what invertLayerNorm needs, eps, and the type of convert", () => {
  const { mean, ...rest } = saved;
  refuses(
    () => oracle.invertLayerNorm(x, rest),
    "TypeError: invertLayerNorm: mean expected an array of numbers, got undefined",
  );
  refuses(
    () => oracle.invertLayerNorm(x, { ...rest, mean, rstd: null }),
    "TypeError: invertLayerNorm: rstd expected an array of numbers, got null",
  );
  refuses(
    () => oracle.layerNorm(x, { eps: "1e-5" }),
    'TypeError: layerNorm: eps expected a number of at least 0, got "1e-5"',
  );
  refuses(
    () => oracle.rmsNorm(x, { eps: -1 }),
    "RangeError: rmsNorm: eps expected a finite number of at least 0, got -1",
  );
  refuses(() => oracle.convert(x, "f8"), 'RangeError: convert: to expected "f32", "f64", "f16" or "bf16", got "f8"');
  refuses(() => oracle.convert(x), 'RangeError: convert: to expected "f32", "f64", "f16" or "bf16", got undefined');
});
