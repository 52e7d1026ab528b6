// What may be said of states held against random directions, and what may not.

import { join } from "node:path";
import { tensor } from "orthonorm";
import { describe, expect, test } from "vitest";
import { PairSums } from "../../study/src/measure/likeness.js";
import { unitRows } from "../../study/src/measure/unit-rows.js";
import { finding } from "../../study/src/report/finding.js";
import { verdictOf } from "../../study/src/report/verdict.js";
import type { Norm, Site } from "../../study/src/types.js";
import { normals } from "../support/random.js";
import { sharedReference } from "../support/shared.js";
import { f32, folder, type Given, random, study, twins, write } from "../support/study-runs.js";

async function reportOf(tensors: Record<string, Given>, options: { norm?: Norm } = {}) {
  const name = write(`${Object.keys(tensors)[0]}-${Object.keys(tensors).length}.safetensors`, tensors);
  const report = await study([join(folder, name)], { withSpeed: false, ...options });
  return { sites: report.groups[0].sites, says: finding(report) };
}

async function verdictsOf(file: string) {
  const report = await study([file], { withSpeed: false });
  return { verdicts: report.groups[0].sites.map(verdictOf), says: finding(report) };
}

/** Rows that share a direction: the cosine of two is `cosine` in the mean. */
function fromTemplate(rows: number, cols: number, cosine: number): Given {
  const template = normals(cols, 0, 1, 77);
  const scale = Math.sqrt((cosine * cols) / template.reduce((sum, value) => sum + value * value, 0));
  const own = normals(rows * cols, 0, Math.sqrt(1 - cosine), 78);
  return f32(
    rows,
    cols,
    own.map((value, i) => value + scale * template[i % cols]),
  );
}

/** Random rows whose uniform component is `by` times as long. */
function stretched(rows: number, cols: number, by: number, seed: number): Given {
  const data = normals(rows * cols, 0, 1, seed);
  for (let row = 0; row < rows; row++) {
    const values = data.subarray(row * cols, (row + 1) * cols);
    const mean = values.reduce((sum, value) => sum + value, 0) / cols;
    for (let i = 0; i < cols; i++) values[i] += (by - 1) * mean;
  }
  return f32(rows, cols, data);
}

describe("what is said of", () => {
  test("twenty rows of one template: no verdict, and how alike they are", async () => {
    const { sites, says } = await reportOf({ template: fromTemplate(20, 768, 0.85) });
    const verdict = verdictOf(sites[0]);
    expect(verdict).toMatchObject({ claim: null, doubt: "alike", interval: null });
    expect(verdict.alike?.toFixed(2)).toBe("0.85");
    // n/(1 + (n − 1)·r) with r = 0.85² = 0.72
    expect(verdict.effectiveRows?.toFixed(1)).toBe("1.4");
    expect(says).toContain(
      "no verdict, for 20 rows as alike as these (mean cosine 0.85) say no more than 1.4 independent ones",
    );
    expect(says).not.toMatch(/closer|farther|as far/);
  });

  test("one vector, and a few: no verdict", async () => {
    for (const [rows, why] of [
      [1, "one row is no sample"],
      [7, "7 rows are too few"],
    ] as const) {
      const { sites, says } = await reportOf({ [`few-${rows}`]: random(rows, 64) });
      expect(verdictOf(sites[0])).toMatchObject({ claim: null, doubt: "few" });
      expect(says).toContain(`no verdict, for ${why};`);
    }
  });

  test("eight independent rows are too few, and not too alike", async () => {
    const { sites, says } = await reportOf({ eight: random(8, 64) });
    expect(verdictOf(sites[0]).effectiveRows).toBeLessThanOrEqual(8);
    if ((verdictOf(sites[0]).effectiveRows ?? 0) < 8) expect(says).not.toContain("as alike as these");
  });

  test("rows along one direction, both ways, are alike though their mean cosine is 0", async () => {
    const along = normals(64, 0, 1, 9);
    const rows = Float64Array.from({ length: 40 * 64 }, (_, i) => (i % 128 < 64 ? 1 : -1) * along[i % 64]);
    const noise = normals(rows.length, 0, 0.2, 10);
    const { sites, says } = await reportOf({
      ways: f32(
        40,
        64,
        rows.map((value, i) => value + noise[i]),
      ),
    });
    expect(Math.abs(verdictOf(sites[0]).alike ?? 1)).toBeLessThan(0.1);
    expect(says).toMatch(/40 rows as alike as these \(cosines of ±0\.9\d, root mean square\) say no more than 1\.\d /);
  });

  test("the swap is what was measured, where eps is not small beside the states; and the other way round for RMSNorm", async () => {
    const tiny = f32(64, 16, normals(64 * 16, 0, 1e-5, 11));
    const { sites, says } = await reportOf({ tiny });
    const { swap } = sites[0].sample ?? { swap: { mean: 1 } };
    expect(100 * swap.mean).toBeLessThan(1);
    expect(says).toMatch(
      /RMSNorm in LayerNorm's place would change what the norm gives by 0\.\d+ % as run, and without eps by \d\d %\.$/,
    );
    expect((await reportOf({ plain: random(64, 16) }, { norm: "RMSNorm" })).says).toMatch(
      /; LayerNorm in RMSNorm's place would change what the norm gives by \d\d %\.$/,
    );
  });

  test("of one dimension there is none, and no talk of rows that are alike", async () => {
    const { sites, says } = await reportOf({ line: random(50, 1) });
    expect(verdictOf(sites[0])).toMatchObject({ claim: null, doubt: "flat" });
    expect(says).toContain("no verdict, for in one dimension every vector lies along the uniform one;");
  });

  test("one vector that lies along the uniform vector: none either", async () => {
    const { sites } = await reportOf({ single: random(1, 64, 20) });
    expect(verdictOf(sites[0])).toMatchObject({ claim: null, doubt: "few", alike: null });
    expect(sites[0].sample?.uniformRank.lower).toBe(99);
  });

  test("states along the uniform vector: farther, with the share of ‖x‖² that is in the mean", async () => {
    const tangent = Math.tan((4.7 * Math.PI) / 180);
    const { sites, says } = await reportOf({ along: random(508, 128, 1 / tangent) });
    const verdict = verdictOf(sites[0]);
    expect(sites[0].ordinary.angle.mean.toFixed(1)).toBe("4.7");
    // However alike the rows are: no random direction has so large a part of them.
    expect(verdict.effectiveRows).toBeLessThan(1.1);
    expect(verdict).toMatchObject({ claim: "farther", doubt: null, rank: { lower: 99, directions: 99 } });
    expect(verdict.meanShare.toFixed(3)).toBe("0.993");
    expect(says).toMatch(
      /farther than random directions, .*: they lie along the uniform vector, for 99 % of ‖x‖² is in the mean, which LayerNorm removes; /,
    );
  });

  test("random states of four dimensions: as far as chance; in a plane across the uniform vector: closer", async () => {
    const { sites, says } = await reportOf({ four: random(300, 4), across: stretched(300, 4, 0.1, 9) });
    const [across, four] = sites.map(verdictOf);
    expect(across.claim).toBe("closer");
    expect(four.claim).toBe("asFar");
    expect(sites[1].null.deviation.toFixed(2)).toBe("26.76");
    expect(Math.abs(four.ratio - 1)).toBeLessThan(0.1);
    // The directions are not those of ±1, of which there are eight.
    const { min, max } = sites[1].sample?.uniformRank.directionsMeanAbsCos ?? { min: 0, max: 0 };
    expect(max - min).toBeGreaterThan(0.02);
    expect(says).toContain("closer at across (0.1");
  });

  test("nine sites of which one differs: it is named", async () => {
    const names = Array.from({ length: 9 }, (_, layer) => `h.${layer}.ln_1`);
    const { sites, says } = await reportOf(
      Object.fromEntries(names.map((name, i) => [name, stretched(400, 64, i === 5 ? 1.62 : 1, 40 + i)])),
    );
    const verdicts = sites.map(verdictOf);
    expect(verdicts.map(({ claim }) => claim)).toEqual(names.map((_, i) => (i === 5 ? "farther" : "asFar")));
    const [other] = verdicts.splice(5, 1);
    expect(other.ratio).toBeGreaterThan(1.5);
    expect(Math.max(...verdicts.map(({ ratio }) => ratio))).toBeLessThan(1.25);
    const share = (100 * other.meanShare).toFixed(1);
    expect(says).toContain(
      `, farther at h.5.ln_1 (${other.ratio.toFixed(2)}): ${share} % of ‖x‖² is in the mean, which LayerNorm removes`,
    );
    expect(says).toContain("at 8 of 9 sites as far as random directions");
  });

  test("a start token that is 14 % of the rows counts once, in the ratio and in the rank", async () => {
    const cols = 64;
    const token = stretched(1, cols, 40, 5).data as Float32Array;
    const rows = random(172, cols).data as Float32Array;
    const data = Float32Array.from({ length: 200 * cols }, (_, i) =>
      i < 28 * cols ? token[i % cols] : rows[i - 28 * cols],
    );
    const { sites, says } = await reportOf({ started: f32(200, cols, data) });
    const { sites: without } = await reportOf({ unstarted: f32(172 + 1, cols, data.slice(27 * cols)) });
    expect(sites[0].apart.repeated).toBe(27);
    const [got, right] = [sites[0], without[0]].map(verdictOf);
    expect(got.claim).toBe("asFar");
    expect(got).toEqual({ ...right, ratio: expect.closeTo(right.ratio, 12), interval: expect.anything() });
    expect(says).toContain("as far as random directions");
  });

  test("the twins: nine sites closer at rank 0, nine as far as chance", async () => {
    const [ln, rms] = await Promise.all(
      ["ln", "rms"].map((norm) => verdictsOf(join(twins, norm, "states.safetensors"))),
    );
    expect(ln.verdicts.map(({ claim, rank }) => [claim, rank?.lower])).toEqual(Array(9).fill(["closer", 0]));
    expect(rms.verdicts.map(({ claim }) => claim)).toEqual(Array(9).fill("asFar"));
    for (const { interval, effectiveRows } of ln.verdicts) {
      expect(interval?.high).toBeLessThan(1);
      expect(effectiveRows).toBeGreaterThan(16);
      expect(effectiveRows).toBeLessThan(30);
    }
    for (const { interval } of rms.verdicts) {
      expect(interval?.low).toBeLessThan(1);
      expect(interval?.high).toBeGreaterThan(1);
    }
  });
});

const real = sharedReference === null ? "(not run: ../shared/data/reference is not there)" : "";

describe.runIf(sharedReference !== null)(`what is said of real language models ${real}`, () => {
  test("GPT-2's blocks, 40 prompts: their ranks, and no verdict", async () => {
    const file = join(sharedReference as string, "hidden-gpt2-small/raw_blocks_7_11.safetensors");
    const { verdicts, says } = await verdictsOf(file);
    expect(verdicts.map(({ rank }) => rank?.lower)).toEqual([1, 5, 31, 56, 1]);
    expect(verdicts.map(({ claim, doubt }) => [claim, doubt])).toEqual(Array(5).fill([null, "alike"]));
    expect(verdicts.map(({ alike }) => alike?.toFixed(2))).toEqual(["0.89", "0.89", "0.90", "0.93", "0.97"]);
    expect(says).toContain(
      "no verdict, for 40 rows as alike as these (mean cosine 0.89–0.97) say no more than 1.1–1.3 independent ones",
    );
  });

  test("Qwen's layer 12: 280 prompts say as much as 3.4", async () => {
    const { verdicts, says } = await verdictsOf(
      join(sharedReference as string, "hidden-qwen2.5-0.5b/layer12.safetensors"),
    );
    expect(verdicts).toMatchObject([{ claim: null, doubt: "alike", rank: { lower: 36 } }]);
    expect(says).toContain("280 rows as alike as these (mean cosine 0.53) say no more than 3.4 independent ones");
  });
});

describe("the rule", () => {
  let site: Site;
  const judged = async (lower: number, ratio: number, correlation: number, rows = 200) => {
    site ??= (await reportOf({ rule: random(200, 64) })).sites[0];
    const { ordinary, sample } = site;
    if (sample === null) throw new Error("no sample");
    return verdictOf({
      ...site,
      ordinary: { ...ordinary, rows, deviation: { ...ordinary.deviation, mean: ratio * site.null.deviation } },
      sample: {
        ...sample,
        uniformRank: { ...sample.uniformRank, lower },
        pairs: { cosine: Math.sqrt(correlation), correlation },
      },
    });
  };

  test.each([
    // [directions with less, ratio, correlation of two rows, claim, doubt]
    [1, 0.5, 0.05, "closer", null],
    [2, 0.5, 0.05, null, "rank"],
    [0, 0.81, 0.05, "asFar", null],
    [0, 0.5, 0.49, "closer", null],
    [0, 0.5, 0.51, null, "alike"],
    [98, 1.3, 0.05, "farther", null],
    [97, 1.3, 0.05, null, "rank"],
    [99, 1.24, 0.05, "asFar", null],
    [99, 2.8, 0.9, null, "alike"],
    [99, 2.82, 0.9, "farther", null],
    [50, 1, 0.12, "asFar", null],
    [50, 1, 0.125, null, "alike"],
  ] as const)("%i of 99 lower, %f of chance, correlated by %f: %s %s", async (lower, ratio, r, claim, doubt) => {
    expect(await judged(lower, ratio, r)).toMatchObject({ claim, doubt });
  });

  test("the interval is two standard errors of as many rows as the effective ones", async () => {
    const { interval, effectiveRows } = await judged(50, 1, 0.1);
    expect(effectiveRows).toBeCloseTo(200 / (1 + 199 * 0.1), 12);
    const error = site.ordinary.deviation.sd / Math.sqrt(0.9 * (200 / 20.9)) / site.null.deviation;
    expect(interval?.low).toBeCloseTo(1 - 2 * error, 12);
    expect(interval?.high).toBeCloseTo(1 + 2 * error, 12);
  });
});

describe("pairs of rows", () => {
  const rows = Float64Array.from([3, 0, 0, 4, 3, 4, -6, -8]);
  const units = (rows: Float64Array, cols = 2) =>
    tensor("f64", [rows.length / cols, cols], unitRows(rows, rows.length / cols, cols));

  test("mean cosine and correlation, by hand", () => {
    // Of two dimensions: cos 0, 0.6, 0.8, −0.6, −0.8, −1.
    const figures = PairSums.measure(units(rows), [1, 1, 1, 1]).figures(2);
    expect(figures?.cosine).toBeCloseTo(-1 / 6, 12);
    expect(figures?.correlation).toBeCloseTo((2 * (0.36 + 0.64 + 0.36 + 0.64 + 1)) / 6 - 1, 12);
    expect(PairSums.measure(units(rows.subarray(0, 2)), [1]).figures(2)).toBeNull();
  });

  test("a row that occurs three times is three rows", () => {
    const thrice = Float64Array.from([1, 0, 1, 0, 1, 0, 0, 1]);
    expect(PairSums.measure(units(Float64Array.from([1, 0, 0, 1])), [3, 1])).toEqual(
      PairSums.measure(units(thrice), [1, 1, 1, 1]),
    );
  });

  test("rows at the ends of f64's range have the pairs of others", () => {
    for (const scale of [1e-300, 1e150]) {
      const figures = PairSums.measure(units(rows.map((value) => value * scale)), [1, 1, 1, 1]).figures(2);
      expect(figures?.cosine).toBeCloseTo(-1 / 6, 12);
    }
  });

  test("independent rows are not correlated, in any number of dimensions", () => {
    for (const cols of [2, 4, 64, 1024]) {
      const data = normals(256 * cols, 0, 1, cols);
      const figures = PairSums.measure(units(data, cols), Array(256).fill(1)).figures(cols);
      expect(Math.abs(figures?.correlation ?? 1)).toBeLessThan((4 * Math.SQRT2) / cols / 128);
    }
  });

  test("sums of two parts are those of their pairs together", () => {
    const sums = PairSums.measure(units(rows.subarray(0, 4)), [1, 1]);
    sums.addAll(PairSums.from(JSON.parse(JSON.stringify(PairSums.measure(units(rows.subarray(4)), [1, 1])))));
    expect(sums.figures(2)?.cosine).toBeCloseTo((0 - 1) / 2, 12);
  });
});
