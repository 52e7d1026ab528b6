import { convert, createEngine, type DType, tensor } from "orthonorm";
import { fromBits, toBits } from "orthonorm/reference";
import { describe, expect, it } from "vitest";
import { dtypes } from "../../../abi/ops.js";
import { decode, encode } from "../../support/dtypes.js";
import { testOp } from "../../support/op-suite.js";
import { description } from "../../support/ops/convert.js";
import { uniforms } from "../../support/random.js";
import { type Numbers, sameBits } from "../../support/within.js";

testOp(description);

/** What an element type cannot hold, and what lies between two that it can. */
function hardNumbers(): number[] {
  const uniform = uniforms(7);
  const numbers = [0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, Number.MAX_VALUE, 2 ** -1074];
  for (const dtype of ["f16", "bf16"] as const) {
    for (let n = 0; n < 1000; n++) {
      const bits = Math.floor(uniform() * 0x7fff);
      const [below, above] = [fromBits(dtype, bits), fromBits(dtype, bits + 1)];
      // the tie, and its neighbours in f64 and in f32
      const tie = (below + above) / 2;
      numbers.push(tie, tie * (1 + 2 ** -52), tie * (1 - 2 ** -53), -tie * (1 + 2 ** -23), -tie * (1 - 2 ** -24));
    }
  }
  for (let n = 0; n < 2000; n++) numbers.push((uniform() - 0.5) * 2 ** (600 * uniform() - 300));
  return numbers;
}

describe.each(dtypes)("convert from %s", (from) => {
  it.each(dtypes)("to %s rounds once, ties to even", (to) => {
    const x = encode(from, hardNumbers());
    const exact = decode(from, x);
    sameBits(`${from} to ${to}`, to, convert(x as Numbers, to, { dtype: from }) as Numbers, encode(to, exact));
  });
});

it.each(["f16", "bf16"] as const)("%s to f32 or f64 and back has the same bits, all 65536", (half) => {
  const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
  for (const wide of ["f32", "f64"] as const) {
    sameBits(half, half, convert(convert(all, wide, { dtype: half }), half) as Uint16Array, all);
  }
});

it.runIf("Float16Array" in globalThis)("halves are bits, also of a Float16Array, which has numbers", () => {
  const { Float16Array } = globalThis as unknown as { Float16Array: new (values: number[]) => Numbers };
  const x = new Float16Array([1, 0.5]);
  expect(convert(x as Numbers, "f16")).toEqual(Uint16Array.of(0x3c00, 0x3800));
  expect(convert(x as Numbers, "bf16")).toEqual(Uint16Array.of(0x3f80, 0x3f00));
  expect(convert(x as Numbers, "f32")).toEqual(Float32Array.of(1, 0.5));
});

it("f32 on the way to a half would be a second rounding", () => {
  // half an ulp of f16 above 1, and a little that f32 drops
  const value = 1 + 2 ** -11 + 2 ** -40;
  expect(convert(new Float64Array([value]), "f16")[0]).toBe(toBits("f16", value));
  expect(toBits("f16", Math.fround(value))).not.toBe(toBits("f16", value));
});

it("a Tensor becomes a Tensor of the same shape, an array an array, and `out` is returned", () => {
  const engine = createEngine();
  const x = engine.tensor("f32", [2, 1, 3], [1, 2, 3, 4, 5, 6]);
  for (const to of dtypes) {
    const y = convert(x, to);
    expect([y.dtype, y.shape, ...decode(to, y.data)]).toEqual([to, [2, 1, 3], 1, 2, 3, 4, 5, 6]);
    const out = encode(to, new Float64Array(6)) as Numbers;
    expect(convert(x, to, { out })).toBe(out);
    expect([...decode(to, out)]).toEqual([1, 2, 3, 4, 5, 6]);
    y.dispose();
  }
  expect(engine.bytesInUse).toBe(64);
  expect(convert(new Float32Array([1, -2]), "bf16")).toEqual(new Uint16Array([0x3f80, 0xc000]));
});

it("between the two halves", () => {
  const pairs: [DType, number, DType, number][] = [
    ["f16", 0x3c01, "bf16", 0x3f80],
    ["f16", 0x7bff, "bf16", 0x4780],
    ["bf16", 0x7f7f, "f16", 0x7c00],
    ["bf16", 0x3380, "f16", 0x0001],
    ["bf16", 0x3300, "f16", 0x0000],
  ];
  for (const [from, bits, to, right] of pairs) {
    expect(convert(new Uint16Array([bits]), to, { dtype: from })[0], `${from} ${bits}`).toBe(right);
  }
  const t = tensor("f16", 1, [1]);
  expect(convert(t, "bf16").data[0]).toBe(0x3f80);
  t.dispose();
});
