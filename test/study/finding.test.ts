// The finding's sentences: what comes first, what is named apart, and why there is no verdict.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { finding } from "../../study/src/report/finding.js";
import type { Group, Norm, Report, Site } from "../../study/src/types.js";
import { folder, random, study, write } from "../support/study-runs.js";

const measured = await study([join(folder, write("base.safetensors", { base: random(200, 64) }))], {
  withSpeed: false,
});
const base = measured.groups[0].sites[0];

interface Made {
  ratio: number;
  /** How alike two rows are; null where no part had two. */
  correlation?: number | null;
  rows?: number;
  dCos2?: number;
  centredRows?: number;
  lower?: number;
  cols?: number;
}

/** A site whose rows scatter like random ones. Unless it is said otherwise, its rank confirms its ratio. */
function siteOf(site: string, made: Made): Site {
  const { ratio, correlation = 0.005, rows = 200, dCos2 = ratio ** 2, centredRows = 0, cols = 64 } = made;
  const { ordinary, sample, null: chance } = base;
  if (sample === null) throw new Error("no sample");
  const mean = ratio * chance.deviation;
  const deviation = { ...ordinary.deviation, mean, sd: 0.75 * mean, q1: 0.4 * mean };
  const lower = made.lower ?? (ratio < 0.8 ? 0 : ratio > 1.25 ? 99 : 50);
  return {
    ...base,
    site,
    cols,
    centredRows,
    centred: 2 * centredRows >= rows,
    ordinary: { ...ordinary, rows, deviation, dCos2: { mean: dCos2 } },
    sample: {
      ...sample,
      swap: { ...sample.swap, predicted: sample.swap },
      uniformRank: { ...sample.uniformRank, lower },
      pairs: correlation === null ? null : { cosine: Math.sqrt(correlation), correlation },
    },
  };
}

function said(...models: [label: string, norm: Norm | null, sites: Record<string, Made>][]): string {
  const groups: Group[] = models.map(([label, norm, sites]) => ({
    ...measured.groups[0],
    label,
    norm,
    sites: Object.entries(sites).map(([name, made]) => siteOf(name, made)),
  }));
  return finding({ ...measured, groups } as Report);
}

const swap = /RMSNorm in LayerNorm's place would change what the norm gives by [\d.]+ %\.$/;

/** Of one model, without the last sentence. */
function saidOf(sites: Record<string, Made>): string {
  const says = said(["m", null, sites]);
  expect(says).toMatch(swap);
  return says.replace(swap, "").trim();
}

describe("of one model", () => {
  test("one claim at all sites", () => {
    expect(saidOf({ a: { ratio: 0.5 }, b: { ratio: 0.6 } })).toBe(
      "These states lie 2.88–3.46° from orthogonal to the uniform vector (mean |90°−θ|), closer than random directions, which lie 5.77° from it (0.50–0.60 times as far, 95 % intervals within 0.42–0.71).",
    );
  });

  test("what holds at most sites leads, and the others are sentences of their own", () => {
    expect(
      saidOf({
        a: { ratio: 1 },
        b: { ratio: 1.1 },
        c: { ratio: 0.9 },
        d: { ratio: 1 },
        e: { ratio: 0.5 },
        f: { ratio: 2, dCos2: 4 },
        g: { ratio: 1, rows: 7 },
      }),
    ).toBe(
      "These states lie 2.88–11.53° from orthogonal to the uniform vector (mean |90°−θ|), at 4 of 7 sites as far as random directions, " +
        "which lie 5.77° from it (0.90–1.10 times as far, 90 % intervals within 0.79–1.25). Closer at e (0.50 times chance); farther at f (2.00 times chance), with 6.3 % of ‖x‖² in the mean, which " +
        "LayerNorm removes. No verdict at g (1.00 times chance): 7 rows are too few.",
    );
  });

  test("where no claim holds at more sites than another, none leads", () => {
    expect(saidOf({ a: { ratio: 0.5 }, b: { ratio: 1 }, c: { ratio: 2 } })).toBe(
      "These states lie 2.88–11.53° from orthogonal to the uniform vector (mean |90°−θ|), 0.50–2.00 times the 5.77° of random directions. " +
        "Closer at a (0.50 times chance); as far at b (1.00 times chance); farther at c (2.00 times chance), with 6.3 % of ‖x‖² in the mean, which LayerNorm removes.",
    );
  });

  test("a claim leads where it holds at as many sites as have no verdict, and not where at fewer", () => {
    const few = { ratio: 1, rows: 3 };
    expect(saidOf({ a: { ratio: 0.5 }, b: few })).toMatch(
      /, at a closer than random directions, .* No verdict at b \(1\.00 times chance\): 3 rows are too few\.$/,
    );
    expect(saidOf({ a: { ratio: 0.5 }, b: few, c: few })).toMatch(
      /, 0\.50–1\.00 times the 5\.77° of random directions\. No verdict at b, c \(1\.00 times chance\): 3 rows are too few\. Closer at a \(0\.50 times chance\)\.$/,
    );
  });

  test("each reason has its sites, in clauses of their own", () => {
    expect(
      saidOf({
        a: { ratio: 1, rows: 1 },
        b: { ratio: 0.5, correlation: 0.8 },
        c: { ratio: 1.2, rows: 20, correlation: 0 },
        d: { ratio: 0.6, lower: 5 },
        e: { ratio: 1.5, lower: 95 },
        f: { ratio: 0.6, dCos2: 2.754 },
        g: { ratio: 0.6, centredRows: 80 },
        h: { ratio: 1, cols: 1 },
      }),
    ).toBe(
      "These states lie 2.88–8.65° from orthogonal to the uniform vector (mean |90°−θ|), 0.50–1.50 times what random directions do. " +
        "No verdict at a (1.00 times chance): one row is no sample; at b (0.50 times chance): 200 rows as alike as these (mean cosine 0.89) say no more than 1.2 independent ones; " +
        "at c (1.20 times chance): the interval of the ratio, 0.89 to 1.62, is too wide; at d, e (0.60–1.50 times chance): the states lie nearer to orthogonal to 5 of 99 random " +
        "directions than to the uniform vector; elsewhere the states lie farther from orthogonal to 4 of 99 random directions than to the uniform vector; " +
        "at f (0.60 times chance): a few rows lie so far from orthogonal that d·cos²θ is 2.75 in the mean, where chance has 1; " +
        "at g (0.60 times chance): 80 of 200 rows were centred beforehand, and nothing shows that the others lie closer; " +
        "at h (1.00 times chance): in one dimension every vector lies along the uniform one.",
    );
  });

  test("of parts of one row each nobody knows how alike the rows are", () => {
    expect(
      saidOf({ a: { ratio: 1, rows: 20, correlation: null }, b: { ratio: 1, rows: 20, correlation: 0.64 } }),
    ).toContain(
      "No verdict: 20 rows as alike as these (mean cosine 0.80) say no more than 1.5 independent ones; " +
        "elsewhere no part has two of the 20 rows, so how alike they are is not known.",
    );
  });

  test("a mean of d·cos²θ below that of chance does not say that no row lies far", () => {
    expect(saidOf({ a: { ratio: 0.85, dCos2: 0.5 } })).toContain(
      "No verdict: so few rows lie far from orthogonal that d·cos²θ is 0.50 in the mean, where chance has 1.",
    );
  });

  test("of sites with different d, chance has no one number", () => {
    expect(saidOf({ a: { ratio: 0.5 }, b: { ratio: 0.6, cols: 32 } })).toContain(
      "closer than random directions (0.50–0.60 times as far, 95 % intervals within 0.42–0.71).",
    );
  });
});

describe("of several models", () => {
  test("two that differ in the norm", () => {
    const few = { ratio: 1, rows: 4 };
    expect(
      said(
        ["ln", "LayerNorm", { a: { ratio: 0.5 }, b: { ratio: 0.6 }, c: few }],
        ["rms", "RMSNorm", { a: { ratio: 1 }, b: { ratio: 1.1 }, c: few }],
      ),
    ).toBe(
      "The states of ln, trained with LayerNorm, lie 2.88–5.77° from orthogonal to the uniform vector (mean |90°−θ|), at a, b closer than the " +
        "5.77° of random directions (0.50–0.60 times as far, 95 % intervals within 0.41–0.73); those of rms, trained with RMSNorm, lie " +
        "5.77–6.34° from it, at a, b as far as chance (1.00–1.10 times as far, 90 % intervals within 0.88–1.25). " +
        "No verdict at c of ln and rms (1.00 times chance): 4 rows are too few.",
    );
  });

  test("two that differ in the norm, without the sites that were centred beforehand", () => {
    const centred = { ratio: 1e-7, centredRows: 200 };
    expect(
      said(["ln", "LayerNorm", { a: centred, b: { ratio: 0.6 } }], ["rms", "RMSNorm", { a: centred, b: { ratio: 1 } }]),
    ).toBe(
      "The states of ln, trained with LayerNorm, lie 3.46° from orthogonal to the uniform vector (mean |90°−θ|), closer than the 5.77° of " +
        "random directions (0.60 times as far, 95 % interval 0.51–0.71); those of rms, trained with RMSNorm, lie 5.77° from it, as far as " +
        "chance (1.00 times as far, 90 % interval 0.88–1.13).",
    );
  });

  test("many: grouped by what leads, then what differs, then those without a verdict", () => {
    expect(
      said(
        ["a", null, { x: { ratio: 0.5 }, y: { ratio: 0.6 }, z: { ratio: 1 } }],
        ["b", null, { x: { ratio: 0.5 } }],
        ["c", null, { x: { ratio: 4, dCos2: 38.4 } }],
        ["d", null, { x: { ratio: 1, rows: 2 } }],
      ),
    ).toBe(
      "Against random directions, the states of a (2 of 3 sites), b lie closer to orthogonal to the uniform vector (mean |90°−θ| 0.50–0.60 times theirs, 95 % intervals within 0.41–0.73); " +
        "those of c farther (4.00 times, 95 % interval 3.27–4.90), along the uniform vector, with 60 % of ‖x‖² in the mean, which LayerNorm removes. " +
        "As far at z of a (1.00 times chance). No verdict on d (1.00 times chance): 2 rows are too few.",
    );
  });

  test("none of which there is a verdict", () => {
    const few = { ratio: 1, rows: 5 };
    expect(said(["a", null, { x: few }], ["b", null, { x: few, y: few }])).toBe(
      "The states of a, b lie 5.77° from orthogonal to the uniform vector (mean |90°−θ|), 1.00 times what random directions do. " +
        "No verdict on a and b (1.00 times chance): 5 rows are too few.",
    );
  });
});
