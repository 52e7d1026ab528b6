// convert between all pairs of element types: each number rounded once, every half, the ties, all tails, and rows with gaps.

import { describe, expect, it } from "vitest";
import { roundTo } from "../../bindings/reference/index.js";
import { decode, type ElementType, encode } from "../support/dtypes.js";
import { dtypes, Ground, type Numbers } from "../support/ground.js";
import { uniforms } from "../support/random.js";
import { rowsOf, tails } from "../support/rows.js";
import { sameBits } from "../support/within.js";

const kernels = { f32: "toF32", f64: "toF64", f16: "toF16", bf16: "toBF16" } as const;
const pairs = dtypes.flatMap((from) => dtypes.map((to): [ElementType, ElementType] => [from, to]));

function converted(
  ground: Ground,
  from: ElementType,
  to: ElementType,
  values: ArrayLike<number>,
  gaps = [0, 0],
  rows = 1,
) {
  const x = ground.put(from, values, { rows, gap: gaps[0] });
  const out = ground.put(to, values.length, { rows, gap: gaps[1] });
  ground.call("convert", from, { out, x }, { rows, cols: values.length / rows }, { kernel: kernels[to] });
  return { x, out: out.read() };
}

/** What is right: numbers rounded once; and of the same type, the bits as they are. */
const right = (from: ElementType, to: ElementType, x: Numbers): Numbers =>
  from === to ? x : encode(to, decode(from, x));

/** f64 numbers beside the ties of a half: those that rounding to f32 first would take for ties are among them. */
function aroundTies(dtype: "f16" | "bf16"): Float64Array {
  const [bits, least, most] = dtype === "f16" ? [10, -14, 15] : [7, -126, 127];
  const uniform = uniforms(1);
  const values: number[] = [];
  for (let exponent = least - bits - 3; exponent <= most + 1; exponent++) {
    for (let n = 0; n < 16; n++) {
      const unit = 2 ** Math.max(exponent - bits, least - bits);
      const tie =
        (Math.floor((1 + uniform()) * 2 ** bits) + 0.5) * unit * (exponent < least ? 2 ** (exponent - least) : 1);
      for (const factor of [1, 1 + 2 ** -52, 1 - 2 ** -53, 1 + 2 ** -30, 1 - 2 ** -30, 1 + 2 ** -24, 1 - 2 ** -25]) {
        values.push(tie * factor, -tie * factor);
      }
    }
  }
  return Float64Array.from(values);
}

describe.each(pairs)("%s to %s", (from, to) => {
  it("all tails, with and without gaps, nothing else written", () => {
    const ground = new Ground();
    for (const cols of tails) {
      for (const [gaps, rows] of [
        [[0, 0], 1],
        [[0, 3], 4],
        [[5, 1], 3],
      ] as const) {
        const { x, out } = converted(ground, from, to, encode(from, rowsOf(from, rows, cols, cols)), [...gaps], rows);
        sameBits(`${rows}×${cols}`, to, out, right(from, to, x.read()));
        ground.clear();
      }
    }
  });

  it("numbers at both ends of both ranges, and beside ties", () => {
    const ground = new Ground(20);
    const ends = [
      0,
      2 ** -1074,
      2 ** -150,
      2 ** -149,
      2 ** -134,
      2 ** -133,
      2 ** -126,
      2 ** -25,
      2 ** -24,
      2 ** -14,
      65504,
    ];
    const more = [65519.99, 65520, 2 ** 127, 3.4028234663852886e38, 3.4028235677973366e38, 3.39e38, 3.396e38, 1e300];
    const values = [...ends, ...more, Number.POSITIVE_INFINITY].flatMap((value) => [value, -value]);
    for (const half of ["f16", "bf16"] as const) {
      const { x, out } = converted(ground, from, to, encode(from, [...values, Number.NaN, ...aroundTies(half)]));
      sameBits(`beside ${half}`, to, out, right(from, to, x.read()));
      ground.clear();
    }
  });
});

describe.each(["f16", "bf16"] as const)("every %s", (half) => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i);

  it.each(dtypes)("to %s", (to) => {
    const { x, out } = converted(new Ground(12), half, to, all);
    sameBits(to, to, out, right(half, to, x.read()));
    if (to === half) expect(out).toEqual(all);
  });

  it.each(["f32", "f64"] as const)("to %s and back", (wide) => {
    const ground = new Ground(32);
    const { out } = converted(ground, half, wide, all);
    sameBits(wide, half, converted(ground, wide, half, out).out, all);
  });
});

it.each(["f16", "bf16"] as const)("f64 to %s is not what two roundings give", (half) => {
  // else the ties above would show nothing
  const twice = aroundTies(half).filter((value) => roundTo(half, Math.fround(value)) !== roundTo(half, value));
  expect(twice.length).toBeGreaterThan(100);
});
