// layerNorm and rmsNorm against the oracle: all tails, all kinds of rows beside one another, options crossed, rows with and
// without gaps, and every other byte watched.

import { describe, expect, it } from "vitest";
import * as reference from "../../bindings/reference/index.js";
import { decode, type ElementType, encode } from "../support/dtypes.js";
import { exactRstd, fromFixed } from "../support/exact.js";
import { type Block, dtypes, Ground, isHalf, wideOf } from "../support/ground.js";
import { allowance } from "../support/promise.js";
import { normals } from "../support/random.js";
import { finiteKinds, rowCount, rowsOf, tails } from "../support/rows.js";
import { allWithin, promise, sameBits } from "../support/within.js";

const oracle = { layerNorm: reference.layerNorm, rmsNorm: reference.rmsNorm };

interface Combination {
  weight?: true;
  bias?: true;
  weightOffset?: number;
  eps?: number;
  residual?: true;
  out?: "x" | "residual";
  sum?: "own" | "x" | "residual";
  saved?: true;
  /** Elements between the rows of x, of residual and sum, of out. */
  gaps?: readonly [x: number, residual: number, sum: number, out: number];
}

const combinations: readonly Combination[] = [
  {},
  { weight: true },
  { bias: true, eps: 0 },
  { weight: true, bias: true, saved: true },
  { eps: 0, saved: true },
  { weight: true, weightOffset: 1, eps: 1e-12 },
  { weight: true, bias: true, weightOffset: -0.5, out: "x" },
  { weightOffset: 3, out: "x", saved: true },
  { residual: true, weight: true },
  { residual: true, sum: "own", saved: true, eps: 0 },
  { residual: true, sum: "own", out: "x", bias: true },
  { residual: true, sum: "x", weight: true, bias: true },
  { residual: true, sum: "residual", saved: true },
  { residual: true, out: "residual", weight: true },
  { residual: true, sum: "x", out: "residual" },
  { residual: true, sum: "residual", out: "x", weight: true, weightOffset: 1 },
  { residual: true, out: "x", saved: true },
  { weight: true, bias: true, gaps: [5, 0, 0, 0] },
  { saved: true, gaps: [0, 0, 0, 7] },
  { weight: true, saved: true, gaps: [3, 0, 0, 1] },
  { out: "x", bias: true, weightOffset: 1, weight: true, gaps: [2, 0, 0, 0] },
  { residual: true, weight: true, gaps: [1, 2, 0, 3] },
  { residual: true, sum: "own", saved: true, bias: true, gaps: [4, 0, 5, 1] },
  { residual: true, sum: "x", out: "residual", gaps: [3, 3, 0, 0] },
  { residual: true, sum: "own", gaps: [0, 0, 2, 0] },
  { residual: true, bias: true, gaps: [0, 0, 0, 3] },
  { residual: true, weight: true, gaps: [0, 1, 0, 0] },
];

/** The sum as it is stored. */
function stored(dtype: ElementType, x: Float64Array, other: Float64Array): Float64Array {
  return x.map((value, i) => reference.roundTo(dtype, value + other[i]));
}

function check(ground: Ground, op: "layerNorm" | "rmsNorm", dtype: ElementType, cols: number, index: number): void {
  const options = combinations[index];
  const layer = op === "layerNorm";
  const wide = wideOf(dtype);
  const rows = rowCount(cols, index);
  const what = `${op} ${dtype} ${rows}×${cols} ${JSON.stringify(options)}`;
  const [gapX, gapResidual, gapSum, gapOut] = options.gaps ?? [0, 0, 0, 0];
  const x = ground.put(dtype, rowsOf(dtype, rows, cols, cols * 31 + index), { rows, gap: gapX });
  const residual = options.residual
    ? ground.put(dtype, rowsOf(dtype, rows, cols, cols * 37 + index, finiteKinds), { rows, gap: gapResidual })
    : undefined;
  const weight = options.weight && ground.put(wide, normals(cols, 1, 0.5, cols + 1));
  const bias = options.bias && ground.put(wide, normals(cols, 0, 0.5, cols + 2));
  const place = { x, residual, own: ground.put(dtype, rows * cols, { rows, gap: gapSum }), none: undefined };
  const out = options.out ? (place[options.out] as Block) : ground.put(dtype, rows * cols, { rows, gap: gapOut });
  const sum = place[options.sum ?? "none"];
  const mean = layer && options.saved ? ground.put(wide, rows) : undefined;
  const rstd = options.saved && ground.put(wide, rows);

  const exact = x.exact();
  const s = residual ? stored(dtype, exact, residual.exact()) : exact;
  const { eps = 1e-5, weightOffset = 0 } = options;
  ground.call(op, dtype, { out, sum, mean, rstd, x, residual, weight, bias }, { rows, cols, weightOffset, eps });

  const expected = layer ? reference.layerNorm(s, { cols, eps }) : reference.rmsNorm(s, { cols, eps });
  const [ws, bs] = [weight?.exact(), bias?.exact()];
  const w = (i: number) => (ws ? ws[i % cols] + (layer ? 0 : weightOffset) : 1);
  const b = (i: number) => (bs ? bs[i % cols] : 0);
  allWithin(
    what,
    dtype,
    out.read(),
    expected.y.map((t, i) => t * w(i) + b(i)),
    (i) => allowance(op, dtype, expected.y[i], w(i), b(i)),
  );
  if (sum && sum !== out) sameBits(`${what}: sum`, dtype, sum.read(), encode(dtype, s));
  const { norm, rms, smallest } = promise[dtype];
  if (mean) {
    const size = reference.moments(s, { cols });
    allWithin(`${what}: mean`, wide, mean.read(), size.mean, (r) => norm * size.rms[r] + smallest);
  }
  if (rstd) {
    allWithin(`${what}: rstd`, wide, rstd.read(), expected.rstd, (r) => 2 * (layer ? norm : rms) * expected.rstd[r]);
  }
  ground.clear();
}

describe.each(dtypes)("%s", (dtype) => {
  it.each(["layerNorm", "rmsNorm"] as const)("%s", (op) => {
    const ground = new Ground();
    for (const cols of tails) {
      for (let index = 0; index < combinations.length; index++) {
        // a third of the combinations per length for halves, whose rounding takes the oracle long; every tail meets all
        if (isHalf(dtype) && (index + (cols >> 2)) % 3 !== 0) continue;
        check(ground, op, dtype, cols, index);
      }
    }
  });
});

/** One row, normalised. */
function one(op: "layerNorm" | "rmsNorm", dtype: ElementType, values: ArrayLike<number>, eps: number) {
  const ground = new Ground();
  const cols = values.length;
  const [x, out] = [ground.put(dtype, values), ground.put(dtype, cols)];
  const [mean, rstd] = [ground.put(wideOf(dtype), 1), ground.put(wideOf(dtype), 1)];
  ground.call(op, dtype, { out, mean, rstd, x }, { rows: 1, cols, weightOffset: 0, eps });
  return { x: x.exact(), y: out.exact(), rstd: rstd.exact()[0] };
}

describe("at the ends of the range", () => {
  it.each([
    ["f64", 1e160, 1e-5],
    ["f64", -1e300, 1e-12],
    ["f64", 1e200, 5e-324],
    ["f64", 3, 1e-5],
    ["f32", 1e38, 1e-5],
    ["bf16", 1e38, 1e-5],
  ] as const)("layerNorm %s: a constant row of %d has rstd 1/√eps, as has the oracle", (dtype, value, eps) => {
    const { x, y, rstd } = one("layerNorm", dtype, new Float64Array(5).fill(value), eps);
    const right = eps > 1e-300 ? fromFixed(exactRstd(x, eps)) : 1 / Math.sqrt(eps);
    expect(Math.abs(rstd / right - 1)).toBeLessThanOrEqual(dtype === "f64" ? 4e-16 : 1e-7);
    expect(Math.abs(reference.layerNorm(x, { eps }).rstd[0] / right - 1)).toBeLessThanOrEqual(4e-16);
    expect([...y]).toEqual([0, 0, 0, 0, 0]);
  });

  it("layerNorm f64 of a constant row at eps 0: rstd is Infinity", () => {
    expect(one("layerNorm", "f64", [1e300, 1e300], 0).rstd).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([
    ["layerNorm", 7978.5],
    ["rmsNorm", 7978.5],
    ["rmsNorm", 1],
    ["rmsNorm", 4],
    ["rmsNorm", 1e30],
  ] as const)("%s f32 at eps %d: a small element among zeros", (op, eps) => {
    const values = new Float64Array(1028);
    // so large that y is no subnormal
    values[3] = 1.24e-36 * Math.max(1, Math.sqrt(eps / 7978.5));
    const { x, y } = one(op, "f32", values, eps);
    const right = oracle[op](x, { eps }).y;
    expect(Math.abs(y[3] / right[3] - 1)).toBeLessThanOrEqual(3e-7);
  });

  it.each(["layerNorm", "rmsNorm"] as const)("%s f32 with eps beyond f32", (op) => {
    const { x, y } = one(op, "f32", [1e18, 2e18, -1e18, 1e18], 1e39);
    const right = oracle[op](x, { eps: 1e39 }).y;
    allWithin(op, "f32", encode("f32", y), right, (i) => 3e-7 * Math.abs(right[i]));
    expect(decode("f32", encode("f32", y)).every((value) => value !== 0)).toBe(true);
  });
});
