// Random calls that make and take whole numbers of 8 bits, which the table of ops does not have as operands. Each is held to what the
// same call gives of arrays in another engine, to the numbers that the kernel must find, and to the memory beside its operands.
// FUZZ_SEED and FUZZ_STEPS as in fuzz.test.ts.

import {
  createEngine,
  type Engine,
  layerNorm,
  layerNormLinear,
  layerNormQuantize,
  linear,
  type Quantized,
  quantizeWeights,
  rmsNorm,
  rmsNormLinear,
  rmsNormQuantize,
  type Tensor,
} from "orthonorm";
import { expect, it } from "vitest";
import { decode, encode } from "../support/dtypes.js";
import { said } from "../support/errors.js";
import { projected, quantizedExactly } from "../support/int8.js";
import { Dice } from "./dice.js";
import { type Kind, values } from "./values.js";

const { FUZZ_SEED = "1", FUZZ_STEPS = "4000" } = typeof process === "undefined" ? {} : process.env;
const calls = Math.ceil(Number(FUZZ_STEPS) / 40);

const kinds: readonly Kind[] = ["normal", "normal", "shifted", "constant", "zeros", "mixed", "ties"];
const families = [
  { norm: layerNorm, fused: layerNormQuantize, through: layerNormLinear },
  {
    norm: rmsNorm as typeof layerNorm,
    fused: rmsNormQuantize as typeof layerNormQuantize,
    through: rmsNormLinear as typeof layerNormLinear,
  },
] as const;

type Half = "f32" | "f16" | "bf16";
type Numbers = Float32Array | Uint16Array;

/** Rows in an engine or beside it, and the same rows as an array of their own. */
interface Rows {
  given: Tensor | Numbers;
  plain: Numbers;
}

/** A case: an engine whose memory is known before each call, and what lies in it. */
class Case {
  private readonly tensors: Tensor[] = [];

  constructor(
    private readonly dice: Dice,
    readonly engine: Engine,
    readonly dtype: Half,
  ) {}

  rows(rows: number, cols: number, dtype: Half = this.dtype): Rows {
    const { dice } = this;
    const numbers = values(dice.pick(kinds), rows * cols, dice.int(1, 1e6));
    const plain = encode(dtype as "f32", numbers) as Numbers;
    const gap = dice.pick([0, 0, 1, 3, 8]);
    const place = dice.int(0, 2);
    if (place === 0) return { given: plain.slice(), plain };
    const all = this.tensor(dtype, [rows + 2, cols + gap]);
    const view = all.view({ shape: [rows, cols], rowStride: cols + gap, offset: cols + gap });
    for (let row = 0; row < rows; row++)
      all.data.set(plain.subarray(row * cols, (row + 1) * cols), (row + 1) * (cols + gap));
    return { given: view, plain };
  }

  /** Filled with what no call writes. */
  tensor(dtype: Half, shape: number[]): Tensor {
    const made = this.engine.tensor(dtype, shape);
    made.data.fill(dtype === "f32" ? -77.5 : 0x5a5a);
    this.tensors.push(made);
    return made;
  }

  /** What all Tensors hold, gaps and neighbours among it. */
  held(): unknown[] {
    return this.tensors.map((one) => one.data.slice());
  }

  end(): void {
    for (const one of this.tensors) one.dispose();
  }
}

function run(dice: Dice, engine: Engine, other: Engine): void {
  const dtype = dice.pick(["f32", "f16", "bf16"] as const);
  const [rows, k] = [dice.int(0, 9), dice.int(1, 9)];
  const cols = dice.weighted([
    [60, dice.int(1, 40)],
    [30, dice.int(41, 300)],
    [10, dice.int(500, 1100)],
  ]);
  const groupSize = dice.percent(50) ? undefined : 8 * dice.int(1, 1 + (cols >> 2));
  const one = new Case(dice, engine, dtype);
  const [x, w] = [one.rows(rows, cols), one.rows(k, cols)];
  const bias = dice.percent(50) ? Float32Array.from(values("normal", k, dice.int(1, 1e6))) : undefined;
  const before = one.held();
  const made: Quantized[] = [];
  const keep = <T extends Quantized>(quantized: T) => {
    made.push(quantized);
    return quantized;
  };
  const grouped = groupSize === undefined ? {} : { groupSize };

  const weights = keep(quantizeWeights(w.given, { engine, dtype, cols, ...grouped }));
  expect(weights.toArrays()).toEqual(quantizedExactly(decode(dtype, w.plain), cols, Math.min(groupSize ?? cols, cols)));
  const twin = quantizeWeights(w.plain, { engine: other, dtype, cols, ...grouped });

  const y = arrayOf(linear(x.given, weights, { engine, dtype, cols, bias }));
  expect(y).toEqual(linear(x.plain, twin, { dtype, cols, bias }));
  if (rows > 0)
    projected("linear", dtype, y as Float32Array, decode(dtype, x.plain), weights, bias && Float64Array.from(bias));

  const { norm, fused, through } = dice.pick(families);
  const options = { engine, dtype, cols, eps: dice.pick([0, 1e-5, 1]), ...parameters(dice, cols) };
  const apart = { ...options, engine: other };
  const normed = norm(x.plain, apart) as Numbers;
  const whole = keep(fused(x.given, options));
  if (rows > 0) {
    const right = quantizeWeights(normed, { engine: other, dtype, cols });
    expect(whole.toArrays()).toEqual(right.toArrays());
    right.dispose();
    expect(fused(x.given, { ...options, out: whole })).toBe(whole);
    expect(whole.toArrays()).toEqual(quantizedExactly(decode(dtype, normed), cols, cols));
  }
  expect(arrayOf(through(x.given, weights, { ...options, linearBias: bias }))).toEqual(
    linear(normed, twin, { dtype, cols, bias }),
  );
  if (rows > 0) {
    const eight = linear(whole, weights, { bias });
    const [own, numbers] = [Float64Array.from(whole.toArray()), eight.toArray()];
    projected("of 8 bits", "f32", numbers, own, weights, bias && Float64Array.from(bias), true);
    eight.dispose();
  }

  expect(one.held()).toEqual(before);
  twin.dispose();
  for (const quantized of made) {
    quantized.dispose();
    expect(said(() => linear(x.given, quantized, { engine, dtype, cols }))).toMatch(
      /^RangeError: linear: weight expected live rows/,
    );
  }
  one.end();
}

function parameters(dice: Dice, cols: number) {
  const maybe = () => (dice.percent(50) ? Float32Array.from(values("normal", cols, dice.int(1, 1e6))) : undefined);
  return { weight: maybe(), bias: maybe() };
}

/** A result as an array: Tensors are given back. */
function arrayOf(result: Tensor | ArrayLike<number>): unknown {
  if (!("dispose" in result)) return result;
  const array = result.toArray();
  result.dispose();
  return array;
}

it(`whole numbers of 8 bits, seed ${FUZZ_SEED}, ${calls} cases`, { timeout: 10 * 60_000 }, () => {
  const dice = new Dice(Number(FUZZ_SEED));
  const other = createEngine();
  for (let count = 0; count < calls; ) {
    const engine = createEngine();
    for (let i = 0; i < 50 && count < calls; i++, count++) {
      try {
        run(dice, engine, other);
      } catch (error) {
        throw new Error(`case ${count} of FUZZ_SEED=${FUZZ_SEED}: ${(error as Error).message}`, { cause: error });
      }
      expect([engine.bytesInUse, other.bytesInUse]).toEqual([0, 0]);
    }
    engine.dispose();
  }
  other.dispose();
});
