// moments, geometry, angle, center, meanVector and decompose against the oracle: all tails, rows with and without gaps.

import { describe, expect, it } from "vitest";
import * as reference from "../../bindings/reference/index.js";
import { encode } from "../support/dtypes.js";
import { dtypes, Ground, wideOf } from "../support/ground.js";
import { normals } from "../support/random.js";
import { allKinds, rowCount, rowsOf, tails } from "../support/rows.js";
import { allWithin, promise, sameBits } from "../support/within.js";

const oracle = { center: reference.center, meanVector: reference.meanVector };

/** √variance, where the variance itself may be beyond f64. */
function deviations(x: Float64Array, cols: number): Float64Array {
  return reference.geometry(x, { cols }).orthogonal.map((length) => length / Math.sqrt(cols));
}

describe.each(dtypes)("%s", (dtype) => {
  const { norm, rms, smallest } = promise[dtype];
  const wide = wideOf(dtype);

  it("moments and geometry", () => {
    const ground = new Ground();
    for (const cols of tails) {
      const rows = rowCount(cols, 0);
      const x = ground.put(dtype, rowsOf(dtype, rows, cols, cols), { rows, gap: (cols % 3) * 2 });
      const exact = x.exact();
      const what = `${dtype} ${rows}×${cols}`;
      const perRow = (names: readonly string[]) =>
        Object.fromEntries(names.map((name) => [name, ground.put(wide, rows)]));
      const m = perRow(["mean", "variance", "rms"]);
      ground.call("moments", dtype, { ...m, x }, { rows, cols });
      const right = reference.moments(exact, { cols });
      const check = (name: string, expected: Float64Array, allowed: (r: number) => number) =>
        allWithin(`${name} ${what}`, wide, (m[name] ?? g[name]).read(), expected, allowed);
      const g = perRow(["norm", "uniform", "orthogonal", "cosine", "angle"]);
      ground.call("geometry", dtype, { ...g, x }, { rows, cols });
      check("mean", right.mean, (r) => norm * right.rms[r] + smallest);
      check("variance", right.variance, (r) => 2 * norm * right.variance[r] + smallest);
      check("rms", right.rms, (r) => 2 * rms * right.rms[r] + smallest);
      const where = reference.geometry(exact, { cols });
      for (const name of ["norm", "uniform", "orthogonal"] as const) {
        check(name, where[name], (r) => norm * where.norm[r] + smallest * Math.sqrt(cols));
      }
      check("cosine", where.cosine, () => norm);
      check("angle", where.angle, () => norm);
      ground.clear();
    }
  });

  it.each([
    ["center", 0, 0],
    ["center", 3, 3],
    ["center", 0, 1],
    ["meanVector", 0, 0],
    ["meanVector", 5, 5],
    ["meanVector", 2, 0],
  ] as const)("%s, with gaps of %i and %i: in place where they are equal", (name, gapX, gapOut) => {
    const ground = new Ground();
    for (const cols of tails) {
      const rows = rowCount(cols, gapX);
      const x = ground.put(dtype, rowsOf(dtype, rows, cols, cols + 1000), { rows, gap: gapX });
      const exact = x.exact();
      const out = gapX === gapOut ? x : ground.put(dtype, rows * cols, { rows, gap: gapOut });
      ground.call(name, dtype, { out, x }, { rows, cols });
      const size = reference.moments(exact, { cols }).rms;
      const sigma = deviations(exact, cols);
      const expected = oracle[name](exact, { cols });
      allWithin(`${name} ${dtype} ${rows}×${cols}`, dtype, out.read(), expected, (i) => {
        const r = Math.floor(i / cols);
        if (name === "meanVector") return norm * size[r] + smallest;
        return norm * Math.max(sigma[r], Math.abs(expected[i])) + 2 * smallest;
      });
      ground.clear();
    }
  });

  it("decompose", () => {
    const ground = new Ground();
    for (const cols of tails) {
      const rows = rowCount(cols, 2);
      const x = ground.put(dtype, rowsOf(dtype, rows, cols, cols + 2000), { rows, gap: cols % 4 });
      const exact = x.exact();
      const names = ["meanVector", "orthogonal", "unit", "standardized"] as const;
      const outputs = Object.fromEntries(names.map((name) => [name, ground.put(dtype, rows * cols, { rows })]));
      ground.call("decompose", dtype, { ...outputs, x }, { rows, cols });
      const size = reference.moments(exact, { cols }).rms;
      const sigma = deviations(exact, cols);
      const expected = reference.decompose(exact, { cols });
      const scaled = (i: number) => norm * Math.max(1, Math.abs(expected.standardized[i]));
      const allowed = {
        meanVector: (_: number, r: number) => norm * size[r] + smallest,
        orthogonal: (i: number, r: number) =>
          norm * Math.max(sigma[r], Math.abs(expected.orthogonal[i])) + 2 * smallest,
        unit: (i: number) => (1.5 * scaled(i)) / Math.sqrt(cols),
        standardized: scaled,
      };
      for (const name of names) {
        const what = `decompose ${name} ${dtype} ${rows}×${cols}`;
        allWithin(what, dtype, outputs[name].read(), expected[name], (i) => allowed[name](i, Math.floor(i / cols)));
      }
      // the three of one row have the bits of center and meanVector
      const [center, mean] = [ground.put(dtype, rows * cols, { rows }), ground.put(dtype, rows * cols, { rows })];
      ground.call("center", dtype, { out: center, x }, { rows, cols });
      ground.call("meanVector", dtype, { out: mean, x }, { rows, cols });
      sameBits("orthogonal", dtype, outputs.orthogonal.read(), center.read());
      sameBits("meanVector", dtype, outputs.meanVector.read(), mean.read());
      ground.clear();
    }
  });

  it.each(["paired", "paired, with gaps", "one direction"])("angle, %s", (mode) => {
    const ground = new Ground();
    // subnormal rows have their own test below
    const some = allKinds.filter((kind) => kind !== "subnormal");
    const paired = mode !== "one direction";
    const gap = mode === "paired, with gaps" ? 3 : 0;
    for (const cols of tails) {
      const rows = rowCount(cols, paired ? 1 : 0);
      const x = ground.put(dtype, rowsOf(dtype, rows, cols, cols + 4000, some), { rows, gap });
      const values = paired ? rowsOf(dtype, rows, cols, cols + 5000, some) : normals(cols, 0.3, 1, cols);
      // rows that are nearly parallel and nearly opposite, where arccos would have lost all digits
      if (paired && rows > 2) {
        const exact = x.exact();
        for (let i = 0; i < cols; i++) {
          values[i] = exact[i] * (1 + (i % 7) * 1e-5);
          values[cols + i] = -exact[cols + i];
        }
      }
      const block = ground.put(wide, values, paired ? { rows, gap: gap && gap + 1 } : {});
      const y = paired ? block : { ...block, stride: 0 };
      const angle = ground.put(wide, rows);
      ground.call("angle", dtype, { angle, x, y }, { rows, cols });
      const expected = reference.angle(x.exact(), block.exact(), { cols });
      allWithin(`angle ${dtype} ${rows}×${cols} ${mode}`, wide, angle.read(), expected, () => norm);
      ground.clear();
    }
  });
});

it.each(["f32", "f64", "bf16"] as const)("angle %s of subnormal rows", (dtype) => {
  const s = dtype === "f64" ? 2 ** -1074 : dtype === "f32" ? 2 ** -149 : 2 ** -133;
  const ground = new Ground();
  const between = (a: number[], b: number[]) => {
    // y has the lanes of parameters, in which a subnormal of bf16 is an ordinary f32
    const [x, y] = [ground.put(dtype, a), ground.put(wideOf(dtype), encode(wideOf(dtype), b))];
    const angle = ground.put(wideOf(dtype), 1);
    ground.call("angle", dtype, { angle, x, y }, { rows: 1, cols: 2 });
    return angle.exact()[0];
  };
  expect(between([3 * s, 3 * s], [1, 0])).toBeCloseTo(Math.PI / 4, 6);
  expect(between([1, 0], [3 * s, 3 * s])).toBeCloseTo(Math.PI / 4, 6);
  expect(between([3 * s, 3 * s], [5 * s, 0])).toBeCloseTo(Math.PI / 4, 6);
});
