// Values of another realm (a frame, a vm context, a test runner's sandbox) are taken like this one's.

import {
  angle,
  createEngine,
  geometry,
  invertLayerNorm,
  layerNorm,
  loadEngine,
  project,
  quantized,
  rmsNorm,
  type Tensor,
  tensor,
} from "orthonorm";
import { describe, expect, it } from "vitest";
import norm from "../../bindings/wasm/norm.simd.wasm?url&inline";
import { type Any, calls, f32, refuses } from "../support/errors.js";
import { foreignRealm } from "../support/realm.js";
import { entryOf, type OpName } from "../support/table.js";

const evaluate = await foreignRealm();
/** An array of the other realm. */
const foreign = (kind: string, ...values: number[]) => evaluate(`new ${kind}([${values}])`) as Any;
const plain = (result: Any) => Array.from(result as ArrayLike<number>);

it("is another realm", () => {
  expect(foreign("Float32Array", 1) instanceof Float32Array).toBe(false);
  expect(evaluate("({})") instanceof Object).toBe(false);
});

describe("arrays", () => {
  it.each(calls)("%s of x from another realm, of every kind", (op, call) => {
    for (const [kind, dtype, values] of [
      ["Float32Array", undefined, [1, 2, 3, 4]],
      ["Float64Array", undefined, [1, 2, 3, 4]],
      ["Uint16Array", "f16", [0x3c00, 0x4000, 0x4200, 0x4400]],
      ["Uint16Array", "bf16", [0x3f80, 0x4000, 0x4040, 0x4080]],
    ] as const) {
      // what goes with x is chosen by this realm's classes
      const { arguments: positional, operands } = entryOf(op as OpName);
      const more = op === "invertLayerNorm" || positional.slice(1).some((name) => name in operands);
      if (kind !== "Float32Array" && more) continue;
      const here = new ({ Float32Array, Float64Array, Uint16Array } as Any)[kind](values);
      expect(call(foreign(kind, ...values), { dtype }), `${kind} ${dtype}`).toEqual(call(here, { dtype }));
    }
  });

  it("as every other operand", () => {
    const x = f32(1, 2, 3, 5, 8, 13, 21, 34);
    const weight = [1, -1, 2, 0.5];
    const [mean, rstd] = [foreign("Float32Array", 0, 0), foreign("Float32Array", 0, 0)];
    const here = { weight: f32(...weight), bias: f32(...weight), residual: x };
    const there = {
      weight: foreign("Float32Array", ...weight),
      bias: foreign("Float64Array", ...weight),
      residual: foreign("Float32Array", ...x),
    };
    const out = foreign("Float32Array", ...x);
    expect(layerNorm(x, { ...there, out, mean, rstd })).toBe(out);
    const saved = { mean: f32(0, 0), rstd: f32(0, 0) };
    expect(plain(out)).toEqual(plain(layerNorm(x, { ...here, ...saved })));
    expect([plain(mean), plain(rstd)]).toEqual([plain(saved.mean), plain(saved.rstd)]);
    expect(plain(rmsNorm(x, there))).toEqual(plain(rmsNorm(x, here)));
    expect(project(x, there.weight)).toEqual(project(x, here.weight));
    expect(angle(x, there.bias)).toEqual(angle(x, new Float64Array(weight)));
    expect(invertLayerNorm(x, { mean, rstd, cols: 4 })).toEqual(invertLayerNorm(x, { ...saved, cols: 4 }));
    // over this realm's memory, and this realm's over theirs
    const buffer = evaluate("new ArrayBuffer(16)") as ArrayBuffer;
    expect(plain(geometry(new Float32Array(buffer).fill(3)).norm)).toEqual([6]);
  });

  it("as saved numbers of 8 bits and their scales", () => {
    const there = quantized(foreign("Int8Array", 1, -2), foreign("Float32Array", 0.5));
    expect(there.toArray()).toEqual(f32(0.5, -1));
    there.dispose();
  });

  it("as data and shape of a Tensor", () => {
    expect([...tensor("f32", evaluate("[2, 2]") as number[], foreign("Float64Array", 1, 2, 3, 4)).data]).toEqual([
      1, 2, 3, 4,
    ]);
    expect([...tensor("f16", 2, evaluate("[1, 2]") as number[]).data]).toEqual([0x3c00, 0x4000]);
    expect([...tensor("bf16", 1, foreign("Uint16Array", 7)).data]).toEqual([7]);
    refuses(
      () => tensor("f32", 2, foreign("Uint16Array", 1, 2)),
      "TypeError: tensor: data expected numbers for f32, got Uint16Array of 2 elements",
    );
    refuses(
      () => tensor("f32", 1, evaluate("[null]") as Any),
      "TypeError: tensor: data[0] expected a number, got null",
    );
  });

  it("that are no operands are refused by what they are", () => {
    const kinds = "a Float32Array, Float64Array, Uint16Array, Float16Array or Tensor";
    refuses(
      () => layerNorm(foreign("Int8Array", 1, 2)),
      `TypeError: layerNorm: x expected ${kinds}, got Int8Array of 2 elements (Float32Array.from makes one of it)`,
    );
    refuses(
      () => layerNorm(evaluate("[1, 2]") as Any),
      `TypeError: layerNorm: x expected ${kinds}, got Array of 2 elements (Float32Array.from makes one of it)`,
    );
    refuses(() => layerNorm(evaluate("({})") as Any), `TypeError: layerNorm: x expected ${kinds}, got Object`);
  });
});

describe("options", () => {
  it("of another realm are options", () => {
    const options = evaluate("({ cols: 2, eps: 0 })") as { cols: number; eps: number };
    expect(layerNorm(f32(-1, 1, 3, 1), options)).toEqual(f32(-1, 1, 1, -1));
    const t: Tensor = tensor("f32", 4, [1, 2, 3, 4]);
    expect([...t.view(evaluate("({ shape: [1, 2], offset: 1 })") as Any).data]).toEqual([2, 3]);
    expect(createEngine(evaluate("({ maximumBytes: 65536 })") as Any).bytesInUse).toBe(0);
  });

  it("and are refused by name, or where they are no plain object", () => {
    const names = "cols, weight, bias, eps, residual, out, sum, mean, rstd, dtype, engine";
    refuses(
      () => layerNorm(f32(1, 2), evaluate("({ gamma: 1 })") as Any),
      `TypeError: layerNorm: options expected ${names}, got "gamma" (weight?)`,
    );
    refuses(
      () => layerNorm(f32(1, 2), evaluate("new Map") as Any),
      `TypeError: layerNorm: options expected an object of ${names}, got Map`,
    );
    refuses(
      () => layerNorm(f32(1, 2), evaluate("[]") as Any),
      `TypeError: layerNorm: options expected an object of ${names}, got Array of 0 elements`,
    );
    refuses(
      () => layerNorm(f32(1, 2), evaluate("new (class Options {})") as Any),
      `TypeError: layerNorm: options expected an object of ${names}, got Options`,
    );
  });
});

describe("WebAssembly", () => {
  it("a memory of another realm", () => {
    const memory = evaluate("new WebAssembly.Memory({ initial: 1 })") as WebAssembly.Memory;
    expect(memory instanceof WebAssembly.Memory).toBe(false);
    const engine = createEngine({ memory });
    const x = engine.tensor("f32", [1, 2], [-1, 1]);
    expect(x.data.buffer).toBe(memory.buffer);
    expect([...layerNorm(x, { eps: 0 }).data]).toEqual([-1, 1]);
    const { buffer } = memory;
    engine.tensor("f64", 2 ** 15);
    expect(memory.buffer).not.toBe(buffer);
    expect([...x.data]).toEqual([-1, 1]);
    refuses(
      () => createEngine({ memory }),
      "RangeError: createEngine: memory expected one that no other engine lives in, got Memory",
    );
    const shared = evaluate("new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true })") as WebAssembly.Memory;
    refuses(
      () => createEngine({ memory: shared }),
      "RangeError: createEngine: memory expected one that is not shared, got Memory",
    );
  });

  it("modules of another realm", async () => {
    const bytes = new Uint8Array(await (await fetch(norm)).arrayBuffer());
    const compile = evaluate("(bytes) => new WebAssembly.Module(bytes)") as (bytes: Uint8Array) => WebAssembly.Module;
    const module = compile(bytes);
    expect(module instanceof WebAssembly.Module).toBe(false);
    const engine = await loadEngine({ modules: { norm: module } });
    expect(layerNorm(f32(-1, 1), { eps: 0, engine })).toEqual(f32(-1, 1));
  });
});
