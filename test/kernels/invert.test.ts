// invertLayerNorm against the oracle: all tails, of any z, mean and rstd, with gaps; and the first weight that is 0.

import { describe, expect, it } from "vitest";
import * as reference from "../../bindings/reference/index.js";
import { dtypes, Ground, isHalf, wideOf } from "../support/ground.js";
import { normals } from "../support/random.js";
import { rowCount, rowsOf, tails } from "../support/rows.js";
import { allWithin, sameBits } from "../support/within.js";

const { POSITIVE_INFINITY: infinity, NaN: nan } = Number;

/** The numbers that the kernel's workspace has room for. */
const columnsOf = (cols: number, alike: boolean) => (alike ? 8 : 2 * Math.ceil(cols / 4) * 4);

describe.each(dtypes)("%s", (dtype) => {
  const wide = wideOf(dtype);

  it.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])("weight %s, bias %s", (weighted, biased) => {
    const ground = new Ground();
    const index = Number(weighted) + 2 * Number(biased);
    for (const cols of tails) {
      if (isHalf(dtype) && (index + cols) % 2 === 0) continue;
      const rows = rowCount(cols, index);
      const gap = (cols >> 1) % 3;
      const z = ground.put(dtype, rowsOf(dtype, rows, cols, cols * 41 + index), { rows, gap });
      const means = normals(rows, 0, 100, cols + index);
      const rstds = normals(rows, 0, 2, cols + index + 1).map((value) => 2 ** value);
      if (rows > 4) {
        rstds.set([infinity, nan, 0], 1);
        means.set([nan, infinity], 4);
      }
      const mean = ground.put(wide, means);
      const rstd = ground.put(wide, rstds);
      const weight = weighted ? ground.put(wide, normals(cols, 1, 0.5, cols + 1)) : undefined;
      const bias = biased ? ground.put(wide, normals(cols, 0, 0.5, cols + 2)) : undefined;
      const saved = { mean: mean.exact(), rstd: rstd.exact(), weight: weight?.exact(), bias: bias?.exact() };
      const expected = reference.invertLayerNorm(z.exact(), { cols, ...saved });
      const out = cols & 1 ? z : ground.put(dtype, rows * cols, { rows, gap: cols % 4 });
      const columns = ground.put("f64", columnsOf(cols, !weighted && !biased));
      const operands = { out, mean, rstd, z, weight, bias, columns };
      expect(ground.call("invertLayerNorm", dtype, operands, { rows, cols })).toBe(-1);
      allWithin(`invertLayerNorm ${dtype} ${rows}×${cols}`, dtype, out.read(), expected, (i) => {
        const right = Math.abs(expected[i]);
        const size = Math.max(right, Math.abs(expected[i] - saved.mean[Math.floor(i / cols)]));
        return 1e-15 * size + (isHalf(dtype) ? 1e-6 * right + 2 ** -148 : 0);
      });
      ground.clear();
    }
  });

  it("the first weight that is 0, and nothing written", () => {
    const ground = new Ground();
    for (const cols of [1, 2, 3, 4, 5, 8, 9, 33]) {
      for (const zero of [0, cols >> 1, cols - 1]) {
        const weights = normals(cols, 1, 0.1, cols);
        weights[zero] = -0;
        weights[cols - 1] = zero % 2 ? 0 : weights[cols - 1];
        const [z, out] = [ground.put(dtype, normals(cols)), ground.put(dtype, cols)];
        const [mean, rstd] = [ground.put(wide, [1]), ground.put(wide, [1])];
        const [weight, columns] = [ground.put(wide, weights), ground.put("f64", columnsOf(cols, false))];
        const before = out.read();
        const found = ground.call("invertLayerNorm", dtype, { out, mean, rstd, z, weight, columns }, { rows: 1, cols });
        expect(found, `${cols} columns`).toBe(zero);
        sameBits("out", dtype, out.read(), before);
        ground.clear();
      }
    }
  });
});
