// What may be said of states held against random directions, and what may not.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { chanceTiltBeyond, studentBeyond } from "../../study/src/measure/student.js";
import { finding } from "../../study/src/report/finding.js";
import { notes } from "../../study/src/report/notes.js";
import { judgedSites, verdictOf } from "../../study/src/report/verdict.js";
import type { Norm, Report, Site } from "../../study/src/types.js";
import { normals } from "../support/random.js";
import { sharedReference } from "../support/shared.js";
import { average, f32, folder, type Given, random, study, twins, write } from "../support/study-runs.js";

function verdictsIn(report: Report) {
  const among = { judged: judgedSites(report) };
  return report.groups.flatMap(({ sites }) => sites).map((site) => verdictOf(site, among));
}

async function verdictsOf(...files: string[]) {
  const report = await study(files, { withSpeed: false });
  return { sites: report.groups[0].sites, verdicts: verdictsIn(report), says: finding(report), notes: notes(report) };
}

async function reportOf(tensors: Record<string, Given>, options: { norm?: Norm } = {}) {
  const name = write(`${Object.keys(tensors)[0]}-${Object.keys(tensors).length}.safetensors`, tensors);
  const report = await study([join(folder, name)], { withSpeed: false, ...options });
  return { sites: report.groups[0].sites, verdicts: verdictsIn(report), says: finding(report), notes: notes(report) };
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

/** Random rows of 768, the first of which are centred. */
function centredIn(rows: number, first: number): Given {
  const data = normals(rows * 768, 0, 1, first);
  for (let row = 0; row < first; row++) {
    const values = data.subarray(row * 768, (row + 1) * 768);
    const mean = average(values);
    for (let i = 0; i < 768; i++) values[i] -= mean;
  }
  return f32(rows, 768, data);
}

describe("what is said of", () => {
  test("twenty rows of one template: no verdict, and how alike they are", async () => {
    const { verdicts, says } = await reportOf({ template: fromTemplate(20, 768, 0.85) });
    const [verdict] = verdicts;
    expect(verdict).toMatchObject({ claim: null, doubt: "alike", interval: null, alone: null });
    expect(verdict.alike?.toFixed(2)).toBe("0.85");
    // n/(1 + (n − 1)·r) with r = 0.85² = 0.72
    expect(verdict.effectiveRows?.toFixed(1)).toBe("1.4");
    expect(says).toContain(
      "No verdict: 20 rows as alike as these (mean cosine 0.85) say no more than 1.4 independent ones.",
    );
    expect(says).not.toMatch(/closer|farther|as far/);
  });

  test("one vector, and a few: no verdict", async () => {
    for (const [rows, why] of [
      [1, "one row is no sample"],
      [7, "7 rows are too few"],
    ] as const) {
      const { verdicts, says } = await reportOf({ [`few-${rows}`]: random(rows, 64) });
      expect(verdicts).toMatchObject([{ claim: null, doubt: "few" }]);
      expect(says).toContain(` No verdict: ${why}. `);
    }
  });

  test("eight independent rows are not too alike, but their interval is too wide", async () => {
    const { verdicts, says } = await reportOf({ eight: random(8, 64) });
    const [{ effectiveRows, alone, doubt }] = verdicts;
    expect(effectiveRows).toBeGreaterThan(4);
    expect(doubt).toBe("wide");
    expect(says).toContain(
      `No verdict: the interval of the ratio, ${alone?.low.toFixed(2)} to ${alone?.high.toFixed(2)}, is too wide.`,
    );
  });

  test("one row of a hundred along the uniform vector, or one of ten that are alike: not farther", async () => {
    const along = (given: Given) => {
      (given.data as Float32Array).fill(1, given.data.length - given.shape[1]);
      return given;
    };
    const { verdicts, says } = await reportOf({ outlier: along(random(100, 768)) });
    expect(verdicts).toMatchObject([{ claim: null, doubt: "wide", rank: { lower: 99 } }]);
    expect(verdicts[0].ratio).toBeGreaterThan(1.25);
    expect(verdicts[0].interval?.low).toBeLessThan(1);
    expect(says).toMatch(/ No verdict: the interval of the ratio, 0\.\d\d to \d\.\d\d, is too wide\. /);
    const template = await reportOf({ apart: along(fromTemplate(10, 768, 0.9)) });
    expect(template.verdicts).toMatchObject([{ claim: null, doubt: "alike", interval: null }]);
    expect(template.verdicts[0].ratio).toBeGreaterThan(2.81);
  });

  test("most rows nearer and two of six hundred far off: neither closer nor as far, for d·cos²θ says otherwise", async () => {
    const mixture = (by: number, rows: number, apart: number) => {
      const given = stretched(rows, 768, by, 31);
      (given.data as Float32Array).fill(1, (rows - apart) * 768);
      return given;
    };
    for (const given of [mixture(0.5, 600, 2), mixture(1, 1000, 1)]) {
      const { sites, verdicts, says } = await reportOf({ mixture: given });
      const { mean } = sites[0].ordinary.dCos2;
      expect(mean).toBeGreaterThan(1.6);
      expect(verdicts).toMatchObject([{ claim: null, doubt: "mixed" }]);
      expect(says).toContain(
        `No verdict: a few rows lie so far from orthogonal that d·cos²θ is ${mean.toFixed(2)} in the mean, where chance has 1.`,
      );
    }
  });

  test("299 of 300 rows centred beforehand: the site is; of fewer a note says how many, and the others decide", async () => {
    const { sites, verdicts, says, notes } = await reportOf({ most: centredIn(300, 299), other: random(300, 768) });
    expect(sites.map(({ centred, centredRows }) => [centred, centredRows])).toEqual([
      [true, 299],
      [false, 0],
    ]);
    expect(verdicts[0]).toMatchObject({ claim: null, doubt: "centred", interval: null });
    expect(says).toMatch(/^These states lie 1\.\d\d° .* as far as random directions/);
    expect(notes[0]).toMatch(/^Centred beforehand: most \(299 of 300 rows\)\. The mean of these rows is zero /);
    expect((await reportOf({ only: centredIn(300, 299) })).says).toMatch(
      /^These states were centred beforehand: the mean of 299 of 300 rows is zero up to rounding/,
    );

    const part = await reportOf({ part: centredIn(300, 120) });
    expect(part.sites[0]).toMatchObject({ centred: false, centredRows: 120 });
    expect(part.verdicts).toMatchObject([{ claim: null, doubt: "partly" }]);
    expect(part.says).toContain(
      "No verdict: 120 of 300 rows were centred beforehand, and nothing shows that the others lie closer.",
    );
    expect(part.notes[0]).toMatch(/^Centred beforehand in part: part \(120 of 300 rows\)\./);
    const little = await reportOf({ three: centredIn(300, 3) });
    expect(little.verdicts).toMatchObject([{ claim: "asFar" }]);
    expect(little.notes[0]).toMatch(/^Centred beforehand in part: three \(3 of 300 rows\)\./);
    expect((await reportOf({ two: centredIn(300, 2) })).notes).toEqual([]);
  });

  test("rows along one direction, both ways, are alike though their mean cosine is 0", async () => {
    const along = normals(64, 0, 1, 9);
    const rows = Float64Array.from({ length: 40 * 64 }, (_, i) => (i % 128 < 64 ? 1 : -1) * along[i % 64]);
    const noise = normals(rows.length, 0, 0.2, 10);
    const { verdicts, says } = await reportOf({
      ways: f32(
        40,
        64,
        rows.map((value, i) => value + noise[i]),
      ),
    });
    expect(Math.abs(verdicts[0].alike ?? 1)).toBeLessThan(0.1);
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
      /\. LayerNorm in RMSNorm's place would change what the norm gives by \d\d %\.$/,
    );
  });

  test("of one dimension there is none, and no talk of rows that are alike", async () => {
    const { verdicts, says } = await reportOf({ line: random(50, 1) });
    expect(verdicts).toMatchObject([{ claim: null, doubt: "flat", interval: null }]);
    expect(says).toContain(" No verdict: in one dimension every vector lies along the uniform one. ");
  });

  test("one vector that lies along the uniform vector: none either", async () => {
    const { sites, verdicts } = await reportOf({ single: random(1, 64, 20) });
    expect(verdicts).toMatchObject([{ claim: null, doubt: "few", alike: null, interval: null }]);
    expect(sites[0].sample?.uniformRank.lower).toBe(99);
  });

  test("states along the uniform vector: farther, with the share of ‖x‖² that is in the mean", async () => {
    const tangent = Math.tan((4.7 * Math.PI) / 180);
    const { sites, verdicts, says } = await reportOf({ along: random(508, 128, 1 / tangent) });
    const [verdict] = verdicts;
    expect(sites[0].ordinary.angle.mean.toFixed(1)).toBe("4.7");
    // However alike the rows are: no random direction has so large a part of them.
    expect(verdict.effectiveRows).toBeLessThan(1.1);
    expect(verdict).toMatchObject({ claim: "farther", doubt: null, rank: { lower: 99, directions: 99 } });
    expect(verdict.meanShare.toFixed(3)).toBe("0.993");
    expect(says).toMatch(
      /farther than random directions, .*, along the uniform vector, with 99 % of ‖x‖² in the mean, which LayerNorm removes\. /,
    );
  });

  test("random states of four dimensions: as far as chance; in a plane across the uniform vector: closer", async () => {
    const { sites, verdicts, says } = await reportOf({ four: random(300, 4), across: stretched(300, 4, 0.1, 9) });
    const [across, four] = verdicts;
    expect(across.claim).toBe("closer");
    expect(four.claim).toBe("asFar");
    expect(sites[1].null.deviation.toFixed(2)).toBe("26.76");
    expect(Math.abs(four.ratio - 1)).toBeLessThan(0.1);
    // The directions are not those of ±1, of which there are eight.
    const { min, max } = sites[1].sample?.uniformRank.directionsMeanAbsCos ?? { min: 0, max: 0 };
    expect(max - min).toBeGreaterThan(0.02);
    expect(says).toMatch(
      / of random directions\. Closer at across \(0\.1\d times chance\); as far at four \(\d\.\d\d times chance\)\. /,
    );
  });

  test("nine sites of which one differs: it is named", async () => {
    const names = Array.from({ length: 9 }, (_, layer) => `h.${layer}.ln_1`);
    const { verdicts, says } = await reportOf(
      Object.fromEntries(names.map((name, i) => [name, stretched(400, 64, i === 5 ? 1.8 : 1, 40 + i)])),
    );
    expect(verdicts.map(({ claim }) => claim)).toEqual(names.map((_, i) => (i === 5 ? "farther" : "asFar")));
    const [other] = verdicts.splice(5, 1);
    expect(other.ratio).toBeGreaterThan(1.5);
    expect(Math.max(...verdicts.map(({ ratio }) => ratio))).toBeLessThan(1.25);
    const share = (100 * other.meanShare).toFixed(1);
    expect(says).toContain(
      ` Farther at h.5.ln_1 (${other.ratio.toFixed(2)} times chance), with ${share} % of ‖x‖² in the mean, which LayerNorm removes.`,
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
    const { sites, verdicts, says } = await reportOf({ started: f32(200, cols, data) });
    const { verdicts: without } = await reportOf({ unstarted: f32(172 + 1, cols, data.slice(27 * cols)) });
    expect(sites[0].apart.repeated).toBe(27);
    const [got, right] = [verdicts[0], without[0]];
    expect(got.claim).toBe("asFar");
    const near = (value: number | undefined) => expect.closeTo(value ?? Number.NaN, 12);
    expect(got).toEqual({
      ...right,
      ratio: near(right.ratio),
      interval: { low: near(right.interval?.low), high: near(right.interval?.high) },
      alone: { low: near(right.alone?.low), high: near(right.alone?.high) },
    });
    expect(says).toContain("as far as random directions");
  });

  test("the twins, beside each other: seven sites of nine closer at rank 0, seven as far as chance", async () => {
    const files = ["ln", "rms"].map((norm) => join(twins, norm, "states.safetensors"));
    const { verdicts, says } = await verdictsOf(...files);
    const [ln, rms] = [verdicts.slice(0, 9), verdicts.slice(9)];
    expect(ln.map(({ rank }) => rank?.lower)).toEqual(Array(9).fill(0));
    const first = Array(2).fill([null, "alike"]);
    expect(ln.map(({ claim, doubt }) => [claim, doubt])).toEqual([...first, ...Array(7).fill(["closer", null])]);
    expect(rms.map(({ claim, doubt }) => [claim, doubt])).toEqual([...first, ...Array(7).fill(["asFar", null])]);
    for (const { effectiveRows } of ln) {
      expect(effectiveRows).toBeGreaterThan(16);
      expect(effectiveRows).toBeLessThan(30);
    }
    for (const { interval } of rms) {
      expect(interval?.low).toBeLessThan(1);
      expect(interval?.high).toBeGreaterThan(1);
    }
    expect(says).toMatch(
      /No verdict at h\.0\.ln_1, h\.0\.ln_2 of ln\/states and rms\/states \(0\.55–1\.17 times chance\): 256 rows as alike as these \(.*\) say no more than 16\.8–19\.3 independent ones\.$/,
    );
    // Alone, a model has half as many sites to be wrong about.
    const alone = await verdictsOf(files[0]);
    expect(alone.verdicts.map(({ claim }) => claim)).toEqual(["closer", null, ...Array(7).fill("closer")]);
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
      "No verdict: 40 rows as alike as these (mean cosine 0.89–0.97) say no more than 1.1–1.3 independent ones.",
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
  interface Rows {
    correlation: number;
    rows?: number;
    dCos2?: number;
    /** The lower quartile of |90° − θ|, of chance. */
    quarter?: number;
  }
  const judged = async (lower: number, ratio: number, given: Rows, sites = 1) => {
    const { correlation, rows = 200, dCos2 = ratio * ratio, quarter = 0.4 * ratio } = given;
    site ??= (await reportOf({ rule: random(200, 64) })).sites[0];
    const { ordinary, sample, null: chance } = site;
    if (sample === null) throw new Error("no sample");
    const deviation = {
      ...ordinary.deviation,
      mean: ratio * chance.deviation,
      sd: 0.75 * ratio * chance.deviation,
      q1: quarter * chance.deviation,
    };
    const changed: Site = {
      ...site,
      ordinary: { ...ordinary, rows, deviation, dCos2: { mean: dCos2 } },
      sample: {
        ...sample,
        uniformRank: { ...sample.uniformRank, lower },
        pairs: { cosine: Math.sqrt(correlation), correlation },
      },
    };
    return verdictOf(changed, { judged: sites });
  };

  test.each([
    // [directions with less, ratio, correlation of two rows, claim, doubt]
    [1, 0.5, 0.05, "closer", null],
    [2, 0.5, 0.05, null, "rank"],
    [0, 0.81, 0.005, "asFar", null],
    [0, 0.81, 0.02, null, "alike"],
    [0, 0.79, 0.05, null, "alike"],
    [0, 0.79, 0.005, "closer", null],
    [0, 0.2, 0.12, "closer", null],
    [0, 0.2, 0.51, null, "alike"],
    [98, 1.6, 0.05, "farther", null],
    [97, 1.6, 0.05, null, "rank"],
    [98, 1.3, 0.05, null, "alike"],
    [99, 1.24, 0.005, "asFar", null],
    [99, 1.24, 0.02, null, "alike"],
    [50, 1, 0.05, "asFar", null],
    [50, 1, 0.12, null, "alike"],
  ] as const)(
    "%i of 99 lower, %f of chance, correlated by %f: %s %s",
    async (lower, ratio, correlation, claim, doubt) => {
      expect(await judged(lower, ratio, { correlation })).toMatchObject({ claim, doubt });
    },
  );

  test("both means must agree", async () => {
    for (const [ratio, dCos2, doubt] of [
      [0.5, 0.99, null],
      [0.5, 1.01, "mixed"],
      [1.6, 1.01, null],
      [1.6, 0.99, "mixed"],
      [1, 0.65, null],
      [1, 0.63, "mixed"],
      [1, 1.56, null],
      [1, 1.57, "mixed"],
    ] as const) {
      expect(await judged(ratio < 1 ? 0 : 99, ratio, { correlation: 0.005, dCos2 })).toMatchObject({ doubt });
    }
  });

  test("rows that are as one direction are farther where three quarters of them lie beyond one random direction", async () => {
    const limit = (sites: number) => chanceTiltBeyond((0.75 * 0.025) / sites, 64) / site.null.deviation;
    expect(await judged(99, 4, { correlation: 0.9, quarter: 0 })).toMatchObject({ claim: null, doubt: "alike" });
    expect(limit(1)).toBeCloseTo(2.95, 1);
    for (const sites of [1, 40]) {
      for (const [by, claim] of [
        [0.999, null],
        [1.001, "farther"],
      ] as const) {
        const quarter = by * limit(sites);
        expect((await judged(99, 5, { correlation: 0.9, quarter }, sites)).claim, `${sites} ${by}`).toBe(claim);
      }
    }
  });

  test("the intervals: Student's, of the logarithm, of as many rows as the effective ones", async () => {
    const { interval, alone, effectiveRows } = await judged(50, 1, { correlation: 0.1 }, 18);
    expect(effectiveRows).toBeCloseTo(200 / (1 + 199 * 0.1), 12);
    const error = 0.75 * Math.sqrt(200 / 199 / (0.9 * (200 / 20.9)));
    for (const [got, beyond] of [
      [interval, 0.025 / 18],
      [alone, 0.05],
    ] as const) {
      const factor = Math.exp(error * studentBeyond(beyond, 200 / 20.9 - 1));
      expect(got?.low).toBeCloseTo(1 / factor, 12);
      expect(got?.high).toBeCloseTo(factor, 12);
    }
  });

  test("an interval has an end that is a number, however few rows there are and however many sites", async () => {
    const { interval } = await judged(0, 0.5, { correlation: 0, rows: 2 }, 1e5);
    expect(interval?.low).toBeLessThan(1e-9);
    expect(interval?.high).toBe(90 / site.null.deviation);
  });
});
