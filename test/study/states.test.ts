// States that are made so that their figures are known.

import { join } from "node:path";
import { convert } from "orthonorm";
import { describe, expect, test } from "vitest";
import { median } from "../../study/src/median.js";
import { finding } from "../../study/src/report/finding.js";
import { normals } from "../support/random.js";
import { average, centred, f32, figures, folder, orthonorm, random, study, write } from "../support/study-runs.js";

describe("what the states say", () => {
  const text = (...args: string[]) => orthonorm(["study", ...args]).stdout.replace(/\s+/g, " ");

  test("random states lie as far as chance, states with a uniform component farther", () => {
    write("random.safetensors", { states: random(200, 64) });
    expect(text("random.safetensors")).toMatch(
      /These states lie [\d.]+° .* as far as random directions, which lie 5\.77°/,
    );
    write("leaning.safetensors", { states: random(200, 64, 1) });
    expect(text("leaning.safetensors")).toContain("farther than random directions");
  });

  test("several files are held against each other", () => {
    write("a.safetensors", { states: random(200, 64) });
    write("b.safetensors", { states: random(200, 128, 1) });
    expect(text("a.safetensors", "b.safetensors")).toMatch(
      /the states of a lie as far from orthogonal to the uniform vector .*; those of b farther \(/,
    );
  });

  test("centred states are told apart, and left out of the finding", () => {
    write("centred.safetensors", { early: centred(50, 96), late: centred(50, 96) });
    const alone = text("centred.safetensors");
    expect(alone).toContain("These states were centred beforehand");
    expect(alone).not.toContain("Centred beforehand:");
    write("half.safetensors", { early: centred(50, 96), late: random(50, 96) });
    const half = text("half.safetensors");
    expect(half).toContain("Centred beforehand: early.");
    expect(half).toContain("as far as random directions");
    expect(figures("half.safetensors").sites.map((site) => site.centred)).toEqual([true, false]);
  });

  test("a study stopped before its first row says nothing of states", async () => {
    write("unread.safetensors", { states: random(4, 16) });
    const report = await study([join(folder, "unread.safetensors")], { signal: AbortSignal.abort() });
    expect(finding(report)).toBe("No row with an angle was read.");
  });

  test("rows of zeros and rows that are not finite are counted, and in no figure", () => {
    const clean = random(6, 32);
    const dirty = f32(9, 32, [
      ...new Float32Array(32),
      ...clean.data.slice(0, 96),
      ...clean.data.slice(0, 64),
      ...clean.data.slice(96),
    ] as number[]);
    dirty.data[4 * 32 + 7] = Number.NaN;
    dirty.data[5 * 32 + 3] = Number.NEGATIVE_INFINITY;
    write("clean.safetensors", { states: clean });
    write("dirty.safetensors", { states: dirty });
    const [{ angle, norm, swapError, dCos2 }] = figures("clean.safetensors").sites;
    const [site] = figures("dirty.safetensors").sites;
    expect(site.tokens?.map((tilt) => tilt !== null)).toEqual([0, 1, 1, 1, 0, 0, 1, 1, 1].map(Boolean));
    expect(average(site.tokens?.filter((tilt) => tilt !== null) ?? [])).toBeCloseTo(site.deviation.mean, 9);
    expect(site).toMatchObject({ rows: 9, excluded: { zero: 1, notFinite: 2 }, angle, norm, swapError, dCos2 });
    expect(text("dirty.safetensors")).toContain(
      "Without a direction, in no figure of the table: states (1 row of zeros, 2 rows with NaN, infinite or too large values).",
    );
  });

  test("tensors that are no sites are named with the reason", () => {
    write("mixed.safetensors", {
      states: random(4, 16),
      bias: { dtype: "F32", shape: [3], data: new Float32Array(3) },
      cube: { dtype: "F32", shape: [2, 2, 2], data: Float32Array.from(normals(8)) },
      ids: { dtype: "I64", shape: [2, 2], data: new BigInt64Array(4) },
      none: { dtype: "F32", shape: [0, 16], data: new Float32Array(0) },
      blank: f32(2, 16, new Float32Array(32)),
    });
    const { sites, skipped } = figures("mixed.safetensors");
    expect(sites.map(({ site, rows }) => [site, rows])).toEqual([
      ["cube", 4],
      ["states", 4],
    ]);
    expect(Object.fromEntries(skipped.map(({ tensor, reason }) => [tensor, reason]))).toEqual({
      bias: "1-D, not rows × d",
      ids: "I64, not F32, F64, F16 or BF16",
      none: "empty",
      blank: "no row has an angle: 2 rows of zeros",
    });
    expect(text("mixed.safetensors")).toContain("Skipped 4 tensors: bias (1-D, not rows × d); ids (I64");
  });

  test("the four element types agree on values they all can hold", () => {
    const data = normals(8 * 40, 0.25).map((value) => Math.round(value * 32) / 32);
    const bits = new Uint32Array(Float32Array.from(data).buffer);
    // Eight significant bits: what bf16 can hold, f16 holds too at these sizes.
    const bf16 = Uint16Array.from(bits, (bit) => bit >>> 16);
    const values = convert(bf16, "f32", { dtype: "bf16" });
    const f16 = convert(values, "f16");
    const shape = [8, 40];
    write("types.safetensors", {
      f32: { dtype: "F32", shape, data: values },
      f64: { dtype: "F64", shape, data: Float64Array.from(values) },
      bf16: { dtype: "BF16", shape, data: bf16 },
      f16: { dtype: "F16", shape, data: f16 },
    });
    const [first, ...others] = figures("types.safetensors").sites;
    for (const other of others) {
      expect(other.angle.mean).toBeCloseTo(first.angle.mean, 4);
      expect(other.swapError.mean).toBeCloseTo(first.swapError.mean, 6);
      expect(other.error.max).toBeLessThan(5e-7);
    }
  });

  test("f64 states beyond f32 are measured, and not timed in f32", () => {
    const far = Float64Array.from(normals(8 * 16), (value) => value * 1e100);
    write("far.safetensors", { states: { dtype: "F64", shape: [8, 16], data: far } });
    const { status, stdout } = orthonorm(["study", "far.safetensors"]);
    expect(status).toBe(0);
    expect(stdout).not.toContain("Speed:");
    expect(figures("far.safetensors").sites[0].norm.median).toBeGreaterThan(1e100);
  });

  test("f64 states of any size have the angles of those of another, and their norms to the size", () => {
    const shape = [64, 16];
    const near = normals(64 * 16);
    const scaled = (scale: number) => ({ dtype: "F64", shape, data: near.map((value) => value * scale) });
    const scales = [2 ** -1060, 2 ** -600, 1, 2 ** 300, 2 ** 490];
    write("sizes.safetensors", Object.fromEntries(scales.map((scale, at) => [`h.${at}`, scaled(scale)])));
    const { sites } = figures("sizes.safetensors");
    const { norm } = sites[2];
    for (const [at, { angle, norm: far, apart, counted, sample }] of sites.entries()) {
      expect({ apart, counted, rows: sample.rows }).toEqual({ apart: sites[2].apart, counted: 64, rows: 64 });
      // Of the subnormal ones only some bits are left.
      if (at === 0) continue;
      expect(angle).toEqual(sites[2].angle);
      for (const key of ["q1", "median", "q3"] as const) expect(far[key] / scales[at]).toBeCloseTo(norm[key], 9);
    }
  });

  test("a row that is massive only as its norm is rounded is in no sample", () => {
    const data = normals(20 * 8);
    // 32 − 2⁻²² long, which is 32 in f32: eight times the power of two above the median.
    data.set([32 - 2 ** -19, Math.sqrt(2 ** -13 - 2 ** -16), 0, 0, 0, 0, 0, 0]);
    write("rounded.safetensors", { states: f32(20, 8, data) });
    const [{ apart, counted, sample }] = figures("rounded.safetensors").sites;
    expect(apart.massive).toBe(1);
    expect([counted, sample.rows]).toEqual([19, 19]);
  });

  test("rows that share norm and mean are not copies of one another", () => {
    const data = new Float32Array(200 * 200);
    for (let row = 0; row < 200; row++) data[201 * row] = 1;
    write("one-hot.safetensors", { states: f32(200, 200, data) });
    const [site] = figures("one-hot.safetensors").sites;
    expect(site).toMatchObject({ counted: 200, apart: { massive: 0, repeated: 0 }, repeatedShare: 0 });
    expect(site.sample.rows).toBe(200);
  });

  test("eps takes part in the swap", () => {
    write("small.safetensors", { states: random(4, 16, 0.5) });
    const [without] = figures("small.safetensors", "--eps", "0").sites;
    const [with_] = figures("small.safetensors", "--eps", "10").sites;
    expect(with_.angle).toEqual(without.angle);
    expect(with_.swapError.mean).toBeLessThan(without.swapError.mean / 2);
  });

  test("where a huge eps leaves nothing to bring back, the inverse's error is a number", () => {
    write("lost.safetensors", { states: random(4, 16) });
    const [{ sample }] = figures("lost.safetensors", "--eps", "1e100").sites;
    expect(sample.inverseError).toBeGreaterThan(1);
  });

  test("a site of several blocks, the last one short", async () => {
    const rows = 4500;
    const cols = 1024;
    const data = new Float32Array(rows * cols);
    // Row r is r at even columns and 1 at odd ones: its angle is known.
    for (let i = 0; i < data.length; i++) data[i] = i % 2 === 0 ? Math.floor(i / cols) : 1;
    write("large.safetensors", { states: f32(rows, cols, data) });
    const expected = Array.from(
      { length: rows },
      (_, row) => (Math.acos((row + 1) / Math.sqrt(2 * (row * row + 1))) * 180) / Math.PI,
    );
    const heard: number[] = [];
    const { groups } = await study([join(folder, "large.safetensors")], {
      withSpeed: false,
      progress: (_, share) => heard.push(share),
    });
    const [{ all, sample }] = groups[0].sites;
    const { angle } = all;
    expect(all.rows).toBe(rows);
    expect(angle.mean).toBeCloseTo(average(expected), 3);
    expect(Math.abs(angle.median - median(expected))).toBeLessThan(0.011);
    // The angles are 45°, 0° and then up again to 45°.
    expect(angle.min).toBeCloseTo(0, 4);
    expect(angle.max).toBeCloseTo(45, 4);
    expect(heard.length).toBeGreaterThan(2);
    expect(heard.at(-1)).toBeCloseTo(1, 9);
    expect(sample?.engineError.rows).toBe(64);
  });
});
