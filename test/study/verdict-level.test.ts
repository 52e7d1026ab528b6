// How often the verdict is wrong, counted over many reports of states whose truth is known.

import { openBlob } from "@orthonorm/files";
import { expect, test } from "vitest";
import { judgedSites, type Verdict, verdictOf } from "../../study/src/report/verdict.js";
import { studySources } from "../../study/src/study.js";
import { normals } from "../support/random.js";
import { safetensors } from "../support/tensor-files.js";

/**
 * The verdicts of one report of `sites` sites, whose rows lie `truth` times as far from orthogonal as random ones, and of which two rows
 * of a site have a cosine of `alike` in the mean.
 */
async function reported(
  sites: number,
  rows: number,
  cols: number,
  truth: number,
  seed: number,
  alike = 0,
): Promise<Verdict[]> {
  const data = normals(sites * rows * cols, 0, Math.sqrt(1 - alike), seed);
  const shared = normals(sites * cols, 0, Math.sqrt(alike), seed + 1);
  for (let i = 0; i < data.length; i++) data[i] += shared[Math.floor(i / (rows * cols)) * cols + (i % cols)];
  for (let row = 0; row < sites * rows; row++) {
    const x = data.subarray(row * cols, (row + 1) * cols);
    const mean = x.reduce((sum, value) => sum + value, 0) / cols;
    for (let i = 0; i < cols; i++) x[i] += (truth - 1) * mean;
  }
  const bytes = new Uint8Array(Float32Array.from(data).buffer);
  const size = 4 * rows * cols;
  const tensors = Array.from({ length: sites }, (_, i) => [
    `h.${i}`,
    { dtype: "F32", shape: [rows, cols], data: bytes.subarray(i * size, (i + 1) * size) },
  ]);
  const file = new Blob([new Uint8Array(safetensors(Object.fromEntries(tensors)))]);
  const report = await studySources([openBlob(file, "made.safetensors")], { eps: 1e-5, withSpeed: false });
  const judged = judgedSites(report);
  expect(judged).toBe(sites);
  return report.groups[0].sites.map((site) => verdictOf(site, { judged }));
}

/** What a share of 5 % may be counted as, of so many: three standard errors more. */
const fivePercent = (of: number) => 0.05 + 3 * Math.sqrt((0.05 * 0.95) / of);

test("of reports of 48 sites of 20 random rows, 5 % have a wrong claim or a wrong interval", {
  timeout: 120_000,
}, async () => {
  const reports = 100;
  let wrong = 0;
  let missed = 0;
  let asFar = 0;
  for (let seed = 0; seed < reports; seed++) {
    const verdicts = await reported(48, 20, 64, 1, 1000 + seed);
    if (verdicts.some(({ claim }) => claim === "closer" || claim === "farther")) wrong++;
    if (verdicts.some(({ interval }) => interval !== null && !(interval.low < 1 && interval.high > 1))) missed++;
    asFar += verdicts.filter(({ claim }) => claim === "asFar").length;
  }
  expect(wrong / reports).toBeLessThan(fivePercent(reports));
  // docs/study.md has this number.
  expect(wrong).toBe(4);
  expect(missed / reports).toBeLessThan(fivePercent(reports));
  // And it does not keep silent: half of the sites are found to lie as far.
  expect(asFar / (48 * reports)).toBeGreaterThan(0.4);
});

test.each([
  [10, 0.6],
  [20, 0.6],
  [40, 0.6],
  [10, 1.6],
  [20, 1.6],
  [40, 1.6],
])(
  "%i rows that lie %f of chance are called as far in less than one case of twenty",
  { timeout: 60_000 },
  async (rows, truth) => {
    const verdicts = await reported(600, rows, 128, truth, 7);
    expect(verdicts.filter(({ claim }) => claim === "asFar").length / verdicts.length).toBeLessThan(0.05);
  },
);

test.each([2 / 3, 3 / 2])(
  "rows that are alike, 14 effective ones of sixty, and lie %f of chance are called as far in one case of twenty at most",
  { timeout: 120_000 },
  async (truth) => {
    const verdicts = await reported(300, 60, 128, truth, 9, 0.25);
    const effective = verdicts.map(({ effectiveRows }) => effectiveRows ?? 0);
    expect(effective.reduce((sum, one) => sum + one) / verdicts.length).toBeCloseTo(13.5, 0);
    expect(verdicts.filter(({ claim }) => claim === "asFar").length / verdicts.length).toBeLessThan(fivePercent(300));
  },
);

test("a true difference is found where there are rows enough", { timeout: 60_000 }, async () => {
  for (const [truth, claim] of [
    [0.6, "closer"],
    [1.6, "farther"],
  ] as const) {
    const verdicts = await reported(48, 200, 128, truth, 8);
    expect(verdicts.filter((one) => one.claim === claim).length).toBeGreaterThan(45);
  }
});
