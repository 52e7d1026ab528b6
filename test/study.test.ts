import { spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  cpSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { printable } from "@orthonorm/files";
import { openDisk } from "@orthonorm/files/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lookFor } from "../cli/src/terminal/look.js";
import { Progress } from "../cli/src/terminal/progress.js";
import { render } from "../cli/src/terminal/render.js";
import { wrap } from "../cli/src/terminal/wrap.js";
import { chanceTilt } from "../study/src/measure/null-model.js";
import { widenBf16, widenF16 } from "../study/src/measure/widen.js";
import { median } from "../study/src/median.js";
import { finding } from "../study/src/report/finding.js";
import { plainLayerNorm } from "../study/src/speed.js";
import { type StudyOptions, studySources } from "../study/src/study.js";
import { shortLabels } from "../study/src/sums.js";
import { decimalsFor, fixed, range, shorten } from "../study/src/text.js";
import type { Report, Skipped, Spread } from "../study/src/types.js";
import { normals } from "./support/random.js";
import { sharedReference } from "./support/shared.js";
import { npy } from "./support/tensor-files.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const cli = join(root, "dist/cli/orthonorm.js");
const twins = join(root, "study/data/twins");

const folder = mkdtempSync(join(tmpdir(), "orthonorm-study-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the built command line in the temporary folder. */
function orthonorm(args: string[], env: Record<string, string> = {}, script = cli) {
  const { NO_COLOR, FORCE_COLOR, ...rest } = process.env;
  return spawnSync(process.execPath, [script, ...args], { cwd: folder, env: { ...rest, ...env }, encoding: "utf8" });
}

type Seven = Omit<Spread, "histogram">;

interface Populated {
  counted: number;
  angle: Seven;
  deviation: Seven;
  dCos2: { mean: number };
  norm: Seven;
  projected: Seven;
  standardized: Seven;
  scaled: Seven | null;
  angleAfter: Seven | null;
  rotation: Record<"standardization" | "affine" | "total", Seven | null>;
}

interface Figures {
  engine: { variant: string };
  eps: number;
  complete: boolean;
  sites: (Populated & {
    source: string;
    model: string;
    site: string;
    rows: number;
    read: number;
    cols: number;
    null: { sd: number; deviation: number };
    centred: boolean;
    excluded: { zero: number; notFinite: number };
    apart: { massive: number; repeated: number };
    repeatedShare: number;
    swapError: { mean: number; max: number; predicted: { mean: number; max: number } };
    error: { max: number; rows: number };
    sample: NonNullable<Report["groups"][0]["sites"][0]["sample"]>;
    massive: Populated | null;
    all: Populated;
    trainedWith: string | null;
  })[];
  skipped: Skipped[];
}

/** The study of files, without the command line around it. */
async function study(paths: readonly string[], options: Omit<StudyOptions, "eps">): Promise<Report> {
  return studySources(await Promise.all(paths.map((path) => openDisk(path))), { eps: 1e-5, ...options });
}

function average(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

/** The JSON of a run that must succeed. */
function figures(...args: string[]): Figures {
  const { status, stdout, stderr } = orthonorm(["study", "--json", "-", ...args]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout);
}

interface Given {
  dtype: string;
  shape: number[];
  data: Float32Array | Float64Array | Uint16Array | BigInt64Array | Uint8Array;
}

/** Writes a safetensors file into the temporary folder; gives its name. */
function write(name: string, tensors: Record<string, Given>, metadata?: Record<string, string>): string {
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  let end = 0;
  for (const [tensor, { dtype, shape, data }] of Object.entries(tensors)) {
    header[tensor] = { dtype, shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const bytes = Object.values(tensors).map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return writeRaw(name, JSON.stringify(header), Buffer.concat(bytes));
}

function writeRaw(name: string, header: string, data = Buffer.alloc(0), length = Buffer.byteLength(header)): string {
  writeFileSync(join(folder, name), Buffer.concat([lengthBytes(length), Buffer.from(header), data]));
  return name;
}

function lengthBytes(length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(length));
  return bytes;
}

const f32 = (rows: number, cols: number, data: ArrayLike<number>): Given => ({
  dtype: "F32",
  shape: [rows, cols],
  data: Float32Array.from(data),
});

/** Random states, moved along the uniform vector by `mean`. */
const random = (rows: number, cols: number, mean = 0) => f32(rows, cols, normals(rows * cols, mean));

/** The same rows with their means taken away, in f64 before they are rounded. */
function centred(rows: number, cols: number): Given {
  const data = normals(rows * cols);
  for (let row = 0; row < rows; row++) {
    const values = data.subarray(row * cols, (row + 1) * cols);
    const mean = average(values);
    for (let i = 0; i < cols; i++) values[i] -= mean;
  }
  return f32(rows, cols, data);
}

/** A file of zeros that takes no room on the disk, whatever its size. */
function sparse(name: string, rows: number, cols: number, start: number[] = []): void {
  const bytes = rows * cols * 4;
  const header = JSON.stringify({ states: { dtype: "F32", shape: [rows, cols], data_offsets: [0, bytes] } });
  const file = openSync(join(folder, name), "w");
  const first = new Uint8Array(Float32Array.from(start).buffer);
  writeSync(file, Buffer.concat([lengthBytes(header.length), Buffer.from(header), first]));
  ftruncateSync(file, 8 + header.length + bytes);
  closeSync(file);
}

describe("the twins", () => {
  let found: Figures;
  beforeAll(() => {
    found = figures();
  });
  const sitesOf = (norm: string) =>
    found.sites.filter(({ source }) => source === `study/data/twins/${norm}/states.safetensors`);

  test("the JSON has the promised names with finite numbers under them", () => {
    expect(found.engine).toEqual({ variant: expect.stringMatching(/^\w+$/) });
    expect(found.sites).toHaveLength(18);
    for (const site of found.sites) {
      expect(Object.keys(site)).toEqual(
        expect.arrayContaining("source site rows cols angle deviation null dCos2 norm swapError".split(" ")),
      );
      expect(Object.keys(site.angle).sort()).toEqual("max mean median min q1 q3 sd".split(" "));
      const { angle, deviation, null: chance, dCos2, norm, swapError } = site;
      for (const group of [angle, deviation, chance, dCos2, norm, [swapError.mean, swapError.max]]) {
        for (const value of Object.values(group)) expect(value).toBeTypeOf("number");
      }
      expect([site.rows, site.cols]).toEqual([256, 128]);
      expect([angle.min, angle.q1, angle.median, angle.q3, angle.max]).toEqual(
        [angle.min, angle.q1, angle.median, angle.q3, angle.max].sort((a, b) => a - b),
      );
      expect(chance.sd).toBeCloseTo(57.29578 / Math.sqrt(128), 5);
    }
  });

  // The README beside the states holds what its author measured, without this engine.
  const readme = readFileSync(join(twins, "README"), "utf8");
  const printed = (label: string, norm: string): string[] => {
    const text = readme.slice(readme.indexOf(`  ${label}`));
    return (new RegExp(`\\b${norm} +([\\d. ]*\\d)`).exec(text)?.[1] ?? "").split(" ");
  };

  test.each(["ln", "rms"])("%s: the sites in order, and every digit of the README", (norm) => {
    const sites = sitesOf(norm);
    const names = [
      "h.0.ln_1",
      "h.0.ln_2",
      "h.1.ln_1",
      "h.1.ln_2",
      "h.2.ln_1",
      "h.2.ln_2",
      "h.3.ln_1",
      "h.3.ln_2",
      "ln_f",
    ];
    expect(sites.map(({ site }) => site)).toEqual(names);
    expect(sites.map(({ angle }) => angle.mean.toFixed(2))).toEqual(printed("mean angle", norm));
    expect(sites.map(({ deviation }) => deviation.mean.toFixed(2))).toEqual(printed("mean |90−θ|", norm));
    expect(sites.map(({ dCos2 }) => dCos2.mean.toFixed(3))).toEqual(printed("d·cos²θ", norm));
  });

  test("swapping the norms costs what the angle predicts, and the engine keeps to the oracle", () => {
    for (const { swapError, deviation, error } of found.sites) {
      // 2 sin(|90° − θ|/2) a row, up to eps: on the mean close to the mean deviation in radians.
      expect(swapError.mean / ((deviation.mean * Math.PI) / 180)).toBeCloseTo(1, 2);
      expect(error.max).toBeLessThan(5e-7);
      expect(error.rows).toBeGreaterThan(200);
    }
  });

  test("what the norms do: LayerNorm's own rotation is |90° − θ|, RMSNorm has none, weight and bias do the rest", () => {
    for (const { trainedWith, deviation, norm, projected, standardized, scaled, rotation, sample } of found.sites) {
      expect(rotation.standardization).toEqual(
        trainedWith === "LayerNorm" ? deviation : expect.objectContaining({ mean: 0, max: 0 }),
      );
      if (trainedWith === "RMSNorm") expect(projected).toEqual(norm);
      else expect(projected.mean).toBeLessThan(norm.mean);
      expect(standardized.max).toBeLessThanOrEqual(Math.sqrt(128));
      expect(standardized.min).toBeGreaterThan(0.99 * Math.sqrt(128));
      expect((scaled as Seven).median).toBeGreaterThan(10);
      expect((rotation.affine as Seven).median).toBeGreaterThan(1);
      expect((rotation.total as Seven).median).toBeGreaterThan(0.9 * (rotation.affine as Seven).median);
      expect(sample.swap.mean / sample.swap.predicted.mean).toBeCloseTo(1, 2);
      expect(sample.identityError).toBeLessThan(1e-6);
      expect(sample.inverseError).toBeLessThan(1e-6);
      expect(sample.recovered?.batchNorm).toBeCloseTo(1, 12);
      expect(sample.recovered?.layerNorm).toBeLessThan(0.9999);
    }
    // Trained with LayerNorm the states avoid the uniform direction more than any of 99 random ones, with RMSNorm they do not.
    const lower = (norm: string) => sitesOf(norm).map(({ sample }) => sample.uniformRank.lower);
    expect(Math.max(...lower("ln"))).toBe(0);
    expect(average(lower("rms"))).toBeGreaterThan(20);
  });

  test("the table: one line a site, points aligned, at most 100 characters, the finding under it", () => {
    const { status, stdout, stderr } = orthonorm(["study"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const lines = stdout.split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(stdout).not.toContain("\u001b");

    const all = lines.filter((line) => /^ {2}(h\.\d\.ln_\d|ln_f) /.test(line));
    expect(all).toHaveLength(36);
    const rows = all.slice(0, 18);
    const columnsOfPoints = rows.map((row) => [...row.slice(14).matchAll(/\./g)].map(({ index }) => index).join());
    expect(new Set(columnsOfPoints).size).toBe(1);
    const first = sitesOf("ln")[0];
    const cells = ["256 × 128", first.angle.mean, first.angle.sd, first.deviation.mean, chanceTilt(128)];
    for (const cell of cells) expect(rows[0]).toContain(typeof cell === "string" ? cell : cell.toFixed(2));

    const text = stdout.replace(/\s+/g, " ");
    const deviations = (norm: string) =>
      range(
        sitesOf(norm).map(({ deviation }) => deviation.mean),
        2,
      );
    expect(text).toContain(
      `Trained with LayerNorm, the states lie ${deviations("ln")}° from orthogonal to the uniform vector (mean |90°−θ|), ` +
        `closer than the 4.04° of random directions; trained with RMSNorm they lie ${deviations("rms")}° from it, as far as chance.`,
    );
    expect([deviations("ln"), deviations("rms")]).toEqual(["1.82–2.68", "3.81–4.76"]);
    expect(text).toMatch(/sd 57\.3°\/√d \(5\.06° at d = 128\)/);
    expect(text).toMatch(
      /Speed: 256 × 128 f32, resident, by the engine \(\w+\): LayerNorm [\d.]+ µs, RMSNorm [\d.]+ µs; LayerNorm in plain/,
    );
  });
});

const real = sharedReference === null ? "(not run: ../shared/data/reference is not there)" : "";

describe.runIf(sharedReference !== null)(`real language models ${real}`, () => {
  test("GPT-2 blocks 7–11 stand at 89.67, 89.52, 89.28, 88.63, 90.20 degrees", () => {
    const { sites } = figures(join(sharedReference as string, "hidden-gpt2-small/raw_blocks_7_11.safetensors"));
    expect(sites.map(({ site }) => site)).toEqual([7, 8, 9, 10, 11].map((block) => `block_${block}_out`));
    expect(sites.map(({ angle }) => angle.mean.toFixed(2))).toEqual(["89.67", "89.52", "89.28", "88.63", "90.20"]);
    expect(sites.map(({ dCos2 }) => dCos2.mean.toFixed(2))).toEqual(["0.04", "0.06", "0.13", "0.44", "0.03"]);
    for (const { swapError } of sites) {
      expect(swapError.mean).toBeGreaterThan(0.0045);
      expect(swapError.mean).toBeLessThan(0.0245);
    }
  });

  test("Qwen's layer 12: 280 rows, 220 massive ones apart, its integer tensor named as skipped", () => {
    const file = join(sharedReference as string, "hidden-qwen2.5-0.5b/layer12.safetensors");
    const { sites, skipped } = figures(file, "--norm", "rmsnorm");
    const [{ angle, deviation, dCos2, counted, apart, norm, massive }] = sites;
    expect(sites).toHaveLength(1);
    expect([counted, apart]).toEqual([280, { massive: 220, repeated: 0 }]);
    expect([angle.mean.toFixed(2), deviation.mean.toFixed(2), dCos2.mean.toFixed(2)]).toEqual([
      "89.16",
      "1.28",
      "0.67",
    ]);
    expect(norm.max).toBeLessThan(23);
    expect(massive?.angle.mean.toFixed(2)).toBe("87.57");
    expect(massive?.angle.sd.toFixed(2)).toBe("0.02");
    expect([massive?.deviation.mean.toFixed(2), massive?.dCos2.mean.toFixed(2)]).toEqual(["2.43", "1.61"]);
    expect(massive?.norm.min).toBeGreaterThan(1400);
    expect(skipped).toEqual([
      expect.objectContaining({ tensor: "token_counts", reason: expect.stringContaining("I64") }),
    ]);
  });
});

describe("what the states say", () => {
  const text = (...args: string[]) => orthonorm(["study", ...args]).stdout.replace(/\s+/g, " ");

  test("random states lie as far as chance, states with a uniform component farther", () => {
    write("random.safetensors", { states: random(200, 64) });
    expect(text("random.safetensors")).toMatch(
      /These states lie [\d.]+° .* as far as random directions, which lie 5\.71°/,
    );
    write("leaning.safetensors", { states: random(200, 64, 1) });
    expect(text("leaning.safetensors")).toContain("farther than random directions");
  });

  test("several files are held against each other", () => {
    write("a.safetensors", { states: random(200, 64) });
    write("b.safetensors", { states: random(200, 128, 1) });
    expect(text("a.safetensors", "b.safetensors")).toMatch(
      /the states of a lie as far from orthogonal to the uniform vector .*, those of b farther \(/,
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
    expect(site).toMatchObject({ rows: 9, excluded: { zero: 1, notFinite: 2 }, angle, norm, swapError, dCos2 });
    expect(text("dirty.safetensors")).toContain(
      "Without a direction, in no figure of the table: states (1 row of zeros, 2 rows with NaN or infinite values).",
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
    const values = new Float32Array(bf16.length);
    widenBf16(bf16, values);
    const halves = new Map<number, number>();
    const half = new Float32Array(65536);
    widenF16(
      Uint16Array.from({ length: 65536 }, (_, at) => at),
      half,
    );
    for (const [at, value] of half.entries()) if (!Number.isNaN(value)) halves.set(value, at);
    const f16 = Uint16Array.from(values, (value) => halves.get(value) as number);
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

describe("misuse", () => {
  const good = write("good.safetensors", { states: random(4, 16) });
  const bytes = readFileSync(join(folder, good));

  /** One line on standard error, nothing on standard output. */
  function fails(args: string[], status: number, message: RegExp) {
    const got = orthonorm(args);
    expect(got.stdout).toBe("");
    expect(got.stderr).toMatch(message);
    expect(got.stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(got.status).toBe(status);
  }

  test("a file that is not there, and a folder", () => {
    fails(
      ["study", "nowhere.safetensors"],
      1,
      /^study: nowhere\.safetensors expected .*, got no such file or directory$/m,
    );
    fails(["study", "."], 1, /^study: \. expected .*, got a directory$/m);
  });

  test("files that are cut off", () => {
    for (const [length, message] of [
      [0, /expected a \.safetensors, \.npy or \.npz file, got nothing: it is empty/],
      [5, /expected a \.safetensors, \.npy or \.npz file, got 5 bytes in all/],
      [40, /expected a header that fits in the file, got a file of 40 bytes whose header claims \d+/],
      [bytes.length - 10, /tensor "states" to have data_offsets within the 246 bytes of data, got \[0, 256\]/],
    ] as const) {
      writeFileSync(join(folder, "cut.safetensors"), bytes.subarray(0, length));
      fails(["study", "cut.safetensors"], 1, message);
    }
  });

  test("files of another format", () => {
    for (const [content, message] of [
      ["PK\x03\x04 and then a zip archive", /expected a sound zip archive, got one that is not/],
      ["# Some notes, which are no tensors", /got a text file/],
      ['{"json": "without a length before it"}', /got a JSON file/],
      ["version https://git-lfs.github.com/spec/v1", /got a Git LFS pointer/],
    ] as const) {
      writeFileSync(join(folder, "other.safetensors"), content);
      fails(["study", "other.safetensors"], 1, message);
    }
    writeRaw("text.safetensors", "not JSON at all");
    fails(
      ["study", "text.safetensors"],
      1,
      /text\.safetensors expected a JSON header, got text that is not valid JSON/,
    );
  });

  test("offsets that lie, and a tensor of more numbers than it has bytes", () => {
    const entry = { dtype: "F32", shape: [4, 16], data_offsets: [0, 256] };
    const data = Buffer.alloc(256);
    writeRaw("lie.safetensors", JSON.stringify({ states: { ...entry, data_offsets: [0, 2 ** 40] } }), data);
    fails(["study", "lie.safetensors"], 1, /tensor "states" .* got \[0, 1099511627776\]/);
    writeRaw("lie.safetensors", JSON.stringify({ states: { ...entry, shape: [400, 16] } }), data);
    fails(["study", "lie.safetensors"], 1, /tensor "states" \(F32 \[400, 16\]\) to take 25600 bytes, got 256/);
  });

  test("a file without a float matrix, and one without a row that has an angle", () => {
    write("ids.safetensors", { ids: { dtype: "I64", shape: [2, 2], data: new BigInt64Array(4) } });
    fails(["study", "ids.safetensors"], 1, /expected a float tensor with rows, got 1 tensor: ids \(I64, not F32/);
    writeRaw("empty.safetensors", "{}");
    fails(["study", "empty.safetensors"], 1, /expected a float tensor with rows, got no tensor at all/);
    write("zeros.safetensors", { states: f32(3, 8, new Float32Array(24)) });
    fails(["study", "zeros.safetensors"], 1, /expected a row with an angle, got none \(states .* 3 rows of zeros/);
  });

  test("rows longer than the engine's memory", () => {
    sparse("wide.safetensors", 1, 1.2e9);
    fails(
      ["study", "wide.safetensors"],
      1,
      /expected tensor "states" to have rows that fit in memory, got rows of 1200000000/,
    );
  });

  test("one broken file among good ones gives no figures at all, and leaves the JSON of before alone", () => {
    writeFileSync(join(folder, "broken.safetensors"), bytes.subarray(0, 60));
    writeFileSync(join(folder, "figures.json"), "before");
    fails(["study", good, "broken.safetensors", "--json", "figures.json"], 1, /^study: broken\.safetensors expected/);
    expect(readFileSync(join(folder, "figures.json"), "utf8")).toBe("before");
  });

  test("a JSON file that cannot be written, or is one of the inputs", () => {
    fails(
      ["study", good, "--json", `${good}/figures.json`],
      1,
      /--json good\.safetensors\/figures\.json expected a file that can be written, got /,
    );
    fails(["study", good, "--json", "."], 1, /--json \. expected .* got a directory/);
    fails(
      ["study", good, "--json", good],
      2,
      /--json good\.safetensors expected a file to write, got one of the files to read/,
    );
    expect(readFileSync(join(folder, good))).toEqual(bytes);
  });

  test("folders are made for what is written, and not where the study fails", () => {
    expect(orthonorm(["study", good, "--json", "new/and/deep.json"]).status).toBe(0);
    expect(JSON.parse(readFileSync(join(folder, "new/and/deep.json"), "utf8")).sites).toHaveLength(1);
    fails(["study", "nowhere.safetensors", "--json", "never/made.json"], 1, /no such file or directory/);
    expect(readdirSync(folder)).not.toContain("never");
  });

  test("two results in one file", () => {
    for (const second of ["twice.json", "./twice.json"]) {
      fails(
        ["study", good, "--json", "twice.json", "--save", second],
        2,
        /--save .*twice\.json expected a file of its own/,
      );
    }
    expect(readdirSync(folder)).not.toContain("twice.json");
  });

  test("a wrong command line exits with 2 and says what to type", () => {
    for (const args of [
      ["stdy"],
      ["study", "--jsn", "x"],
      ["study", "--eps", "-1"],
      ["study", "--eps", "many"],
      ["study", "--json"],
    ]) {
      const { status, stdout, stderr } = orthonorm(args);
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toMatch(/^orthonorm: .*\n.*orthonorm study --help\n$/s);
    }
  });

  test("without FILE outside a checkout: one clear error with the usage", () => {
    const installed = join(folder, "installed");
    cpSync(join(root, "dist"), join(installed, "dist"), { recursive: true });
    cpSync(join(root, "package.json"), join(installed, "package.json"));
    mkdirSync(join(installed, "node_modules"));
    symlinkSync(join(root, "node_modules/@assemblyscript"), join(installed, "node_modules/@assemblyscript"));
    const script = join(installed, "dist/cli/orthonorm.js");
    const { status, stdout, stderr } = orthonorm(["study"], {}, script);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^study: expected at least one FILE .*, got none .*\n\nUsage: orthonorm study FILE/);
    expect(orthonorm(["study", good, "--json", "-"], {}, script).status).toBe(0);
  });

  test("control characters in a name do not reach the terminal", () => {
    write("escape.safetensors", { "red\u001b[31m\nstates": random(4, 16) });
    const { stdout } = orthonorm(["study", "escape.safetensors"]);
    expect(stdout).toContain("red\\u001b[31m\\u000astates");
    expect(stdout).not.toContain("\u001b");
  });
});

describe("the command line", () => {
  const good = write("plain.safetensors", { states: random(4, 16) });

  test("help teaches: every column, examples, exit status", () => {
    const { status, stdout } = orthonorm(["study", "--help"]);
    expect(status).toBe(0);
    for (const word of ["angle θ", "|90°−θ|", "chance", "57.3°/√d", "d·cos²θ", "LN−RMS", "engine error"]) {
      expect(stdout).toContain(word);
    }
    expect(stdout).toMatch(/--weights <FILE>.*--eps <N>.*--json <FILE>.*--no-color.*Examples:.*Exit status:/s);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    const overview = orthonorm(["--help"]);
    expect(overview.stdout).toContain("orthonorm study states.safetensors");
    expect(orthonorm([])).toMatchObject({ status: 0, stdout: overview.stdout });
  });

  test("--version is the package's", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(orthonorm(["--version"])).toMatchObject({ status: 0, stdout: `${version}\n` });
  });

  test("--json FILE replaces the file whole, beside the table; --json - prints nothing else", () => {
    mkdirSync(join(folder, "out"));
    writeFileSync(join(folder, "out/figures.json"), "old and longer than the new ".repeat(1000));
    const { status, stdout } = orthonorm(["study", good, "--json", "out/figures.json"]);
    expect(status).toBe(0);
    expect(stdout).toContain("4 × 16");
    expect(readdirSync(join(folder, "out"))).toEqual(["figures.json"]);
    const saved = readFileSync(join(folder, "out/figures.json"), "utf8");
    expect(orthonorm(["study", good, "--json", "-"]).stdout).toBe(saved);
  });

  test("--html - and --save - print the page and the sums instead of the table; only one of them all can", () => {
    const page = orthonorm(["study", good, "--html", "-"]);
    expect(page).toMatchObject({ status: 0, stderr: "" });
    expect(page.stdout).toMatch(/^<!DOCTYPE html>.*<\/html>\s*$/s);
    expect(orthonorm(["study", good, "--save", "saved-plain.json"]).status).toBe(0);
    const saved = readFileSync(join(folder, "saved-plain.json"), "utf8");
    expect(orthonorm(["study", good, "--save", "-"])).toMatchObject({ status: 0, stdout: saved, stderr: "" });
    const merged = orthonorm(["merge", "saved-plain.json", "--save", "merged-plain.json", "--json", "-"]);
    expect(orthonorm(["merge", "saved-plain.json", "--save", "-"])).toMatchObject({
      status: 0,
      stdout: readFileSync(join(folder, "merged-plain.json"), "utf8"),
    });
    expect(JSON.parse(merged.stdout)).toEqual(JSON.parse(orthonorm(["study", good, "--json", "-"]).stdout));
    const both = orthonorm(["study", good, "--save", "-", "--html", "-"]);
    expect(both).toMatchObject({ status: 2, stdout: "" });
    expect(both.stderr).toBe("study: --save - expected standard output, got that of --html\n");
    expect(readdirSync(folder)).not.toContain("-");
  });

  test("errors begin with the command they are of, and point to its help", () => {
    expect(orthonorm(["merge", "nowhere.json"])).toMatchObject({
      status: 1,
      stderr: "merge: nowhere.json expected a file that can be read, got no such file or directory\n",
    });
    for (const command of ["study", "merge"]) {
      const { status, stderr } = orthonorm([command, "--colour"]);
      expect(status).toBe(2);
      expect(stderr).toBe(`orthonorm: unknown option '--colour'\nTry: orthonorm ${command} --help\n`);
    }
  });

  test("what --save wrote is for merge, which study says", () => {
    expect(orthonorm(["study", good, "--save", "for-merge.json"]).status).toBe(0);
    expect(orthonorm(["study", good, "for-merge.json"])).toMatchObject({
      status: 1,
      stdout: "",
      stderr:
        "study: for-merge.json expected a .safetensors, .npy or .npz file, got sums that --save wrote (orthonorm merge reads them)\n",
    });
  });

  test("a link as JSON target stays a link", () => {
    writeFileSync(join(folder, "target.json"), "");
    symlinkSync("target.json", join(folder, "link.json"));
    expect(orthonorm(["study", good, "--json", "link.json"]).status).toBe(0);
    expect(JSON.parse(readFileSync(join(folder, "target.json"), "utf8")).sites).toHaveLength(1);
  });

  test("no colour where the output is not a terminal, whatever is asked for", () => {
    for (const env of [{}, { FORCE_COLOR: "1" }, { NO_COLOR: "1" }] as Record<string, string>[]) {
      expect(orthonorm(["study", good], env).stdout).not.toContain("\u001b");
    }
  });

  test("a reader that stops reading is no failure", async () => {
    const child = spawn(process.execPath, [cli, "study", good], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    let complaint = "";
    child.stderr.on("data", (data) => {
      complaint += data;
    });
    const status = await new Promise((resolve) => child.on("close", resolve));
    expect({ status, complaint }).toEqual({ status: 0, complaint: "" });
  });

  test("Ctrl-C ends a long study with what was read until then, which says so, and with 130", async () => {
    // Sixteen gigabytes: half a minute's work.
    sparse("huge.safetensors", 1 << 22, 1024, [1]);
    mkdirSync(join(folder, "stopped"));
    const outputs = ["--json", "stopped/figures.json", "--save", "stopped/sums.json", "--html", "stopped/page.html"];
    const args = [cli, "study", good, "huge.safetensors", ...outputs];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (data) => {
      output += data;
    });
    const closed = new Promise<unknown>((resolve) => child.on("close", (code, signal) => resolve({ code, signal })));
    await new Promise((resolve) => setTimeout(resolve, 2500));
    child.kill("SIGINT");
    expect(await closed).toEqual({ code: 130, signal: null });
    expect(output).toContain("Stopped before the end");
    expect(readdirSync(join(folder, "stopped")).sort()).toEqual(["figures.json", "page.html", "sums.json"]);
    const { complete, sites } = JSON.parse(readFileSync(join(folder, "stopped/figures.json"), "utf8")) as Figures;
    expect(complete).toBe(false);
    expect(sites[1].read).toBeLessThan(sites[1].rows);
    expect(readFileSync(join(folder, "stopped/page.html"), "utf8")).toContain("Stopped");
    expect(orthonorm(["merge", "stopped/sums.json"]).stdout).toContain("Stopped before the end");
  });
});

describe("parts that merge", () => {
  const all = normals(600 * 48, 0.1);
  for (let row = 0; row < 600; row += 50) {
    for (let i = 0; i < 48; i++) all[row * 48 + i] *= 200;
  }
  const part = (from: number, to: number) => f32(to - from, 48, all.slice(from * 48, to * 48));
  write("whole.safetensors", { "h.10": part(0, 600), "h.2": part(0, 600) });
  write("part-1.safetensors", { "h.10": part(0, 170), "h.2": part(0, 1) });
  write("part-2.safetensors", { "h.10": part(170, 600), "h.2": part(1, 600) });
  const run = (...args: string[]) => {
    const got = orthonorm(args);
    expect({ status: got.status, stderr: got.stderr }).toEqual({ status: 0, stderr: "" });
    return JSON.parse(got.stdout) as Figures;
  };
  const comparable = ({ sites }: Figures) =>
    sites.map(({ source: _, sample: _s, error: _e, swapError: _w, ...site }) => site);

  test("give what one run over all gives, in any order, and again", () => {
    const whole = run("study", "whole.safetensors", "--pool", "m", "--json", "-");
    expect(whole.sites.map(({ site }) => site)).toEqual(["h.2", "h.10"]);
    expect(whole.sites[0].apart.massive).toBe(12);
    for (const at of [1, 2]) {
      run("study", `part-${at}.safetensors`, "--pool", "m", "--json", "-", "--save", `part-${at}.json`);
    }
    const merged = run("merge", "part-2.json", "part-1.json", "--json", "-", "--save", "both.json");
    expect(comparable(merged)).toEqual(comparable(whole));
    expect(comparable(run("merge", "both.json", "--json", "-"))).toEqual(comparable(whole));
    expect(comparable(run("study", "part-*.safetensors", "--pool", "m", "--json", "-"))).toEqual(comparable(whole));
    // Of every distinct row: the sample's means are then of the same rows too.
    expect(merged.sites[1].sample.rows).toBe(whole.sites[1].sample.rows);
  });

  test("rows of zeros count beside the others where a part of a site has no others", () => {
    const blank = f32(3, 16, new Float32Array(48));
    write("rows-1.safetensors", { "h.0": random(5, 16), "h.1": blank, "h.2": blank });
    write("rows-2.safetensors", { "h.0": random(5, 16), "h.1": random(7, 16), "h.2": blank });
    for (const at of [1, 2])
      run("study", `rows-${at}.safetensors`, "--pool", "m", "--json", "-", "--save", `r${at}.json`);
    const whole = run("study", "rows-*.safetensors", "--pool", "m", "--json", "-");
    const merged = run("merge", "r1.json", "r2.json", "--json", "-");
    expect(whole.sites[1]).toMatchObject({ site: "h.1", rows: 10, read: 10, excluded: { zero: 3 }, counted: 7 });
    expect(comparable(merged)).toEqual(comparable(whole));
    expect(merged.skipped).toEqual(whole.skipped);
  });

  test("a part a second time, or one that does not fit, is refused and nothing is written", () => {
    const refused = (args: string[], message: RegExp) => {
      const got = orthonorm(["merge", ...args, "--json", "never.json"]);
      expect({ status: got.status, stdout: got.stdout }).toEqual({ status: 1, stdout: "" });
      expect(got.stderr).toMatch(message);
      expect(readdirSync(folder)).not.toContain("never.json");
    };
    refused(["part-1.json", "part-1.json"], /part-1\.json expected a part like those before it, got .* a second time/);
    run("study", "part-2.safetensors", "--pool", "m", "--eps", "1", "--json", "-", "--save", "eps.json");
    refused(["part-1.json", "eps.json"], /eps\.json expected a part like those before it, got eps 1, not 0\.00001/);
    writeFileSync(join(folder, "figures-only.json"), orthonorm(["study", "plain.safetensors", "--json", "-"]).stdout);
    refused(["figures-only.json"], /expected "orthonormStudy": 2, as --save writes it/);
    const saved = readFileSync(join(folder, "part-1.json"), "utf8");
    for (const [from, to, message] of [
      [saved.slice(500), "", /expected valid JSON/],
      ['"rows":170', '"rows":1', /expected the rows to add up/],
      ['"swapMax":', '"least":', /expected swapMax as a finite number/],
      ['"dCos2":[', '"dCos2":["1",', /expected a sum as a list of finite numbers/],
      ['"histogram":[[', '"histogram":[[-1,', /expected runs of a cell and its counts/],
      ['"pooled":true', '"pooled":1', /expected a group with name, pooled, sources and sites/],
    ] as const) {
      expect(saved).toContain(from);
      writeFileSync(join(folder, "broken.json"), saved.replace(from, to));
      refused(["broken.json"], message);
    }
  });

  test("files of one name in two folders are two models, in parts as in one run; .npy files of a folder are one", () => {
    for (const name of ["one", "two"]) {
      mkdirSync(join(folder, name));
      write(`${name}/states.safetensors`, { "h.0": random(30, 16), [name]: random(20, 16) });
      run("study", `${name}/states.safetensors`, "--json", "-", "--save", `${name}.json`);
    }
    const both = run("study", "one/states.safetensors", "two/states.safetensors", "--json", "-");
    expect(both.sites.map(({ model }) => model)).toEqual(["one/states", "one/states", "two/states", "two/states"]);
    expect(comparable(run("merge", "one.json", "two.json", "--json", "-"))).toEqual(comparable(both));

    mkdirSync(join(folder, "layers"));
    for (const layer of [2, 10]) {
      writeFileSync(
        join(folder, `layers/h.${layer}.npy`),
        npy("'<f4'", [10, 16], new Uint8Array(Float32Array.from(normals(160)).buffer)),
      );
      run("study", `layers/h.${layer}.npy`, "--json", "-", "--save", `h.${layer}.json`);
    }
    const layers = run("study", "layers/*.npy", "--json", "-");
    expect(layers.sites.map(({ model, site }) => `${model} ${site}`)).toEqual(["layers h.2", "layers h.10"]);
    expect(comparable(run("merge", "h.10.json", "h.2.json", "--json", "-"))).toEqual(comparable(layers));
  });

  test("parts that came through standard input have no name to be known again by", () => {
    for (const at of [1, 2]) {
      const args = [cli, "study", "-", "--pool", "m", "--json", "-", "--save", `stdin-${at}.json`];
      const input = readFileSync(join(folder, `part-${at}.safetensors`));
      expect(spawnSync(process.execPath, args, { cwd: folder, input }).status).toBe(0);
    }
    const merged = run("merge", "stdin-1.json", "stdin-2.json", "--json", "-");
    expect(comparable(merged)).toEqual(comparable(run("study", "whole.safetensors", "--pool", "m", "--json", "-")));
    expect(orthonorm(["study", "-", "-"])).toMatchObject({ status: 2, stdout: "" });
  });
});

describe("weights", () => {
  const weight = { dtype: "F32", shape: [16], data: Float32Array.from(normals(16, 1)) };
  const bias = { dtype: "F32", shape: [16], data: Float32Array.from(normals(16)) };
  write("w-states.safetensors", { "h.0.ln.input": random(20, 16), other: random(20, 16) });
  write("w-model.safetensors", { "model.h.0.ln.weight": weight, "model.h.0.ln.bias": bias });

  test("are found by name, and by a pairs file; a bias means LayerNorm", () => {
    const { sites } = figures("w-states.safetensors", "--weights", "w-model.safetensors");
    expect(sites.map(({ trainedWith, scaled }) => [trainedWith, scaled === null])).toEqual([
      ["LayerNorm", false],
      ["LayerNorm", true],
    ]);
    writeFileSync(join(folder, "pairs.json"), JSON.stringify({ other: { weight: "model.h.0.ln.weight" } }));
    const paired = figures("w-states.safetensors", "--weights", "w-model.safetensors", "--pairs", "pairs.json");
    expect(paired.sites.every(({ scaled }) => scaled !== null)).toBe(true);
  });

  test("rows that weight and bias take out of range are counted, and in no figure", () => {
    const data = new Float32Array(16).fill(1);
    data[3] = 3e38;
    const one = new Float32Array(64).fill(1);
    one[3] = 9;
    one[16 + 4] = 9;
    write("w-large-states.safetensors", { ln: f32(4, 16, [...one.slice(0, 32), ...normals(32)]) });
    write("w-large.safetensors", { "ln.weight": { ...weight, data } });
    const [site] = figures("w-large-states.safetensors", "--weights", "w-large.safetensors").sites;
    expect(site.excluded.notFinite).toBeGreaterThan(0);
    expect(site.all.counted + site.excluded.notFinite).toBe(4);
    for (const value of Object.values(site.scaled as Seven)) expect(value).toBeTypeOf("number");
  });

  test("what does not fit is named", () => {
    const fails = (args: string[], status: number, message: RegExp) => {
      const got = orthonorm(["study", "w-states.safetensors", ...args]);
      expect([got.status, got.stdout]).toEqual([status, ""]);
      expect(got.stderr).toMatch(message);
    };
    write("w-short.safetensors", { "h.0.ln.weight": { ...weight, shape: [8], data: weight.data.slice(0, 8) } });
    fails(
      ["--weights", "w-short.safetensors"],
      1,
      /"h\.0\.ln\.weight" to be 16 floats like the site's rows, got F32 \[8\]/,
    );
    const wide = { dtype: "F64", shape: [16], data: new Float64Array(16).fill(1) };
    wide.data[3] = 1e39;
    write("w-wide.safetensors", { "h.0.ln.weight": wide });
    fails(["--weights", "w-wide.safetensors"], 1, /"h\.0\.ln\.weight" to be finite in F32, got 1e\+39 at 3/);
    write("w-none.safetensors", { "wte.weight": weight });
    fails(
      ["--weights", "w-none.safetensors"],
      1,
      /expected weights of the sites \(h\.0\.ln\.input, other\), got wte\.weight/,
    );
    writeFileSync(join(folder, "wrong.json"), JSON.stringify({ nowhere: { weight: "model.h.0.ln.weight" } }));
    fails(["--weights", "w-model.safetensors", "--pairs", "wrong.json"], 2, /--pairs expected sites .*, got "nowhere"/);
    fails(["--sites", "nothing*"], 1, /2 tensors of other names than --sites wants/);
    fails(["--norm", "batchnorm"], 2, /Expected layernorm, rmsnorm or auto/);
  });
});

describe("the look", () => {
  test("colour on a terminal only, and not where NO_COLOR, --no-color or a dumb terminal forbids it", () => {
    const terminal = { isTTY: true, columns: 120 };
    expect(lookFor(terminal, {})).toEqual({ width: 100, color: true });
    expect(lookFor(terminal, { NO_COLOR: "1" }).color).toBe(false);
    expect(lookFor(terminal, { NO_COLOR: "" }).color).toBe(true);
    expect(lookFor(terminal, { TERM: "dumb" }).color).toBe(false);
    expect(lookFor(terminal, {}, false).color).toBe(false);
    expect(lookFor({}, { FORCE_COLOR: "1" })).toEqual({ width: 100, color: false });
    expect(lookFor({ isTTY: true, columns: 80 }, {}).width).toBe(80);
  });

  const measured: Promise<Report> = study(
    ["ln", "rms"].map((norm) => join(twins, norm, "states.safetensors")),
    { withSpeed: false },
  );

  test("colour adds nothing that is not also in words", async () => {
    const plain = render(await measured, { width: 100, color: false });
    const colored = render(await measured, { width: 100, color: true });
    expect(colored).toContain("\u001b[36m");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
    expect(colored.replace(/\u001b\[\d+m/g, "")).toBe(plain);
  });

  test.each([80, 90, 100])("%i columns hold every line", async (width) => {
    const { groups, ...rest } = await measured;
    const long = groups.map((group) => ({
      ...group,
      sites: group.sites.map((site, layer) => ({
        ...site,
        site: `model.layers.${layer}.post_attention_layernorm.input`,
      })),
    }));
    for (const shown of [groups, long]) {
      const lines = render({ ...rest, groups: shown }, { width, color: false }).split("\n");
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
      expect(lines.join("\n")).toContain("256 × 128");
      // What tells the sites apart is never what is left out of their names.
      const names = lines.filter((line) => /\d{2}\.\d{2} ±/.test(line)).map((line) => line.split(/ {2,}/)[1]);
      expect(new Set(names).size).toBe(9);
    }
  });

  test("progress: nothing in the first 300 ms or off a terminal, then one line that is taken back", async () => {
    const heard = (isTTY: boolean) => {
      const written: string[] = [];
      const stream = {
        isTTY,
        columns: 60,
        write: (text: string) => written.push(text),
      } as unknown as NodeJS.WriteStream;
      return { written, progress: new Progress(stream, { TERM: "xterm" }) };
    };
    const terminal = heard(true);
    const pipe = heard(false);
    terminal.progress.update("early", 0.1);
    expect(terminal.written).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 310));
    for (const { progress } of [terminal, pipe]) {
      progress.update("site", 0.5);
      progress.update("too soon after", 0.6);
      progress.clear();
      progress.clear();
    }
    expect(terminal.written).toEqual(["\r██████████░░░░░░░░░░  50 %  site  (Ctrl-C stops)\u001b[K", "\r\u001b[K"]);
    expect(pipe.written).toEqual([]);
  });
});

describe("the numbers", () => {
  test("f16 and bf16 widen exactly", () => {
    const f16 = new Float32Array(7);
    widenF16(Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00, 0x7e00), f16);
    expect([...f16]).toEqual([1, -2, 65504, 2 ** -24, -0, Number.POSITIVE_INFINITY, Number.NaN]);
    const bf16 = new Float32Array(4);
    widenBf16(Uint16Array.of(0x3f80, 0xc049, 0x0001, 0xff80), bf16);
    expect([...bf16]).toEqual([1, -3.140625, 2 ** -133, Number.NEGATIVE_INFINITY]);
  });

  test("the JavaScript that the engine is timed against is LayerNorm, at every remainder of four", () => {
    for (const cols of [1, 2, 3, 4, 5, 63, 64, 66]) {
      const x = Float32Array.from(normals(3 * cols, 2));
      const y = new Float32Array(x.length);
      plainLayerNorm(x, y, 3, cols, 1e-5);
      for (let row = 0; row < 3; row++) {
        const values = Float64Array.from(x.subarray(row * cols, (row + 1) * cols));
        const mean = average(values);
        const sd = Math.sqrt(average(values.map((value) => (value - mean) ** 2)));
        values.forEach((value, i) => {
          expect(y[row * cols + i]).toBeCloseTo((value - mean) / Math.sqrt(sd * sd + 1e-5), 5);
        });
      }
    }
  });

  test("numbers in words", () => {
    expect(decimalsFor([0.012, 1.5, 150], 3)).toBe(2);
    expect(decimalsFor([0, 0], 3, 2)).toBe(2);
    expect([fixed(1.005, 1), fixed(0.0001, 2), fixed(1e9, 1), fixed(0, 2)]).toEqual([
      "1.0",
      "1.0e-4",
      "1.0e+9",
      "0.00",
    ]);
    expect([range([2, 1], 1), range([1, 1.01], 1)]).toEqual(["1.0–2.0", "1.0"]);
    expect(shorten("model.layers.12.input", 11)).toBe("model…input");
    expect(wrap("one two three four", 9, "  ")).toBe("one two\n  three\n  four");
    expect(printable("a\u0007\u202eb")).toBe("a\\u0007\\u202eb");
  });

  test("sites stand in the order of the layers", async () => {
    const names = ["final_norm", "layer10", "layer2", "h.10.ln_1", "h.2.ln_2", "h.2.ln_1", "wte"];
    write("depth.safetensors", Object.fromEntries(names.map((name) => [name, random(3, 8)])));
    const { groups } = await study([join(folder, "depth.safetensors")], { withSpeed: false });
    const order = ["wte", "h.2.ln_1", "h.2.ln_2", "h.10.ln_1", "layer2", "layer10", "final_norm"];
    expect(groups[0].sites.map(({ site }) => site)).toEqual(order);
  });

  test("labels are as short as tells the files apart", () => {
    const labels = (...paths: string[]) => [...shortLabels(paths).values()];
    expect(labels("x/y/ln/states.safetensors", "x/y/rms/states.safetensors")).toEqual(["ln/states", "rms/states"]);
    expect(labels("a/b.safetensors")).toEqual(["b"]);
    expect(labels("b.safetensors", "b.safetensors")).toEqual(["b"]);
    expect(labels("b.safetensors", "a/b.safetensors")).toEqual(["b", "a/b"]);
    expect(labels("b.safetensors", "b.npz")).toEqual(["b.safetensors", "b.npz"]);
    expect(labels()).toEqual([]);
  });
});
