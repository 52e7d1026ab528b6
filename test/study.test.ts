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
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lookFor } from "../study/src/look.js";
import type { Site, Skipped } from "../study/src/measure.js";
import { chanceDeviation, chanceSd } from "../study/src/null-model.js";
import { render } from "../study/src/page.js";
import { Progress } from "../study/src/progress.js";
import { parseHeader } from "../study/src/safetensors.js";
import { plainLayerNorm } from "../study/src/speed.js";
import { average, median, quantile, summarize } from "../study/src/statistics.js";
import { type Study, shortLabels, study } from "../study/src/study.js";
import { decimalsFor, fixed, printable, range, shorten, wrap } from "../study/src/text.js";
import { widenBf16, widenF16 } from "../study/src/widen.js";
import { normals } from "./support/random.js";
import { sharedReference } from "./support/shared.js";

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

interface Figures {
  engine: { variant: string };
  eps: number;
  sites: (Site & { trainedWith: string | null })[];
  skipped: Skipped[];
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
function sparse(name: string, rows: number, cols: number): void {
  const bytes = rows * cols * 4;
  const header = JSON.stringify({ states: { dtype: "F32", shape: [rows, cols], data_offsets: [0, bytes] } });
  const file = openSync(join(folder, name), "w");
  writeSync(file, Buffer.concat([lengthBytes(header.length), Buffer.from(header)]));
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
      for (const group of [angle, deviation, chance, dCos2, norm, swapError]) {
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
      expect(error.rows).toBe(256);
    }
  });

  test("the table: one line a site, points aligned, at most 100 characters, the finding under it", () => {
    const { status, stdout, stderr } = orthonorm(["study"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const lines = stdout.split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(stdout).not.toContain("\u001b");

    const rows = lines.filter((line) => /^ {2}(h\.\d\.ln_\d|ln_f) /.test(line));
    expect(rows).toHaveLength(18);
    const columnsOfPoints = rows.map((row) => [...row.slice(14).matchAll(/\./g)].map(({ index }) => index).join());
    expect(new Set(columnsOfPoints).size).toBe(1);
    const first = sitesOf("ln")[0];
    const cells = ["256 × 128", first.angle.mean, first.angle.sd, first.deviation.mean, chanceDeviation(128)];
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
      /Speed: LayerNorm of 256 × 128 f32, resident tensors, .* engine \(\w+\) [\d.]+ µs, plain JavaScript/,
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

  test("Qwen's layer 12: 500 rows, its integer tensor named as skipped", () => {
    const { sites, skipped } = figures(join(sharedReference as string, "hidden-qwen2.5-0.5b/layer12.safetensors"));
    expect(sites).toHaveLength(1);
    // 280 rows at 89.16° and 220 at 87.57° (the README beside them).
    expect(sites[0].angle.mean).toBeCloseTo((280 * 89.16 + 220 * 87.57) / 500, 1);
    expect(sites[0].norm.max).toBeGreaterThan(1600);
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
      "Set apart, in no figure of the table: states (1 row of zeros, 2 rows with NaN or infinite values).",
    );
  });

  test("tensors that are no sites are named with the reason", () => {
    write("mixed.safetensors", {
      states: random(4, 16),
      bias: { dtype: "F32", shape: [3], data: new Float32Array(3) },
      cube: { dtype: "F32", shape: [2, 2, 2], data: new Float32Array(8) },
      ids: { dtype: "I64", shape: [2, 2], data: new BigInt64Array(4) },
      none: { dtype: "F32", shape: [0, 16], data: new Float32Array(0) },
      blank: f32(2, 16, new Float32Array(32)),
    });
    const { sites, skipped } = figures("mixed.safetensors");
    expect(sites.map(({ site }) => site)).toEqual(["states"]);
    expect(Object.fromEntries(skipped.map(({ tensor, reason }) => [tensor, reason]))).toEqual({
      bias: "1-D, not 2-D",
      cube: "3-D, not 2-D",
      ids: "I64, not F32, F64, F16 or BF16",
      none: "empty",
      blank: "no row has an angle: 2 rows of zeros",
    });
    expect(text("mixed.safetensors")).toContain(
      "Skipped 5 tensors: bias (1-D, not 2-D); cube (3-D, not 2-D); ids (I64",
    );
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

  test("eps takes part in the swap", () => {
    write("small.safetensors", { states: random(4, 16, 0.5) });
    const [without] = figures("small.safetensors", "--eps", "0").sites;
    const [with_] = figures("small.safetensors", "--eps", "10").sites;
    expect(with_.angle).toEqual(without.angle);
    expect(with_.swapError.mean).toBeLessThan(without.swapError.mean / 2);
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
      eps: 1e-5,
      withSpeed: false,
      progress: (_, share) => heard.push(share),
    });
    const [{ angle, error }] = groups[0].sites;
    expect(angle.mean).toBeCloseTo(average(expected), 3);
    expect(angle.median).toBeCloseTo(median(expected), 3);
    // The angles are 45°, 0° and then up again to 45°.
    expect(angle.min).toBeCloseTo(0, 4);
    expect(angle.max).toBeCloseTo(45, 4);
    expect(heard.length).toBeGreaterThan(2);
    expect(heard.at(-1)).toBeCloseTo(1, 9);
    expect(error.rows).toBe(500);
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
    fails(["study", "."], 1, /^study: \. expected a \.safetensors file, got a directory$/m);
  });

  test("files that are cut off", () => {
    for (const [length, message] of [
      [0, /expected at least the 8 bytes of a header length, got a file of 0 bytes/],
      [5, /expected at least the 8 bytes of a header length, got a file of 5 bytes/],
      [40, /expected a header that fits in the file, got a file of 40 bytes whose header claims \d+/],
      [bytes.length - 10, /tensor "states" to have data_offsets within the 246 bytes of data, got \[0, 256\]/],
    ] as const) {
      writeFileSync(join(folder, "cut.safetensors"), bytes.subarray(0, length));
      fails(["study", "cut.safetensors"], 1, message);
    }
  });

  test("files of another format", () => {
    for (const [content, message] of [
      ["PK\x03\x04 and then a zip archive", /got a zip archive/],
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
    fails(["study", "ids.safetensors"], 1, /expected a 2-D float tensor .*, got 1 tensor: ids \(I64, not F32/);
    writeRaw("empty.safetensors", "{}");
    fails(["study", "empty.safetensors"], 1, /expected a 2-D float tensor .*, got no tensor at all/);
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
      ["study", good, "--json", "no/such/folder.json"],
      1,
      /--json no\/such\/folder\.json expected a file that can be written, got no such/,
    );
    fails(["study", good, "--json", "."], 1, /--json \. expected .* got a directory/);
    fails(
      ["study", good, "--json", good],
      2,
      /--json good\.safetensors expected a file to write, got one of the files to read/,
    );
    expect(readFileSync(join(folder, good))).toEqual(bytes);
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
    expect(stdout).toMatch(/--json <FILE>.*--eps <N>.*--no-color.*Examples:.*Exit status:/s);
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

  test("Ctrl-C stops a long study with 130 and leaves no file behind", async () => {
    // Sixteen gigabytes: half a minute's work.
    sparse("huge.safetensors", 1 << 22, 1024);
    mkdirSync(join(folder, "stopped"));
    const args = [cli, "study", "huge.safetensors", "--json", "stopped/figures.json"];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data) => {
        output += data;
      });
    }
    const closed = new Promise<unknown>((resolve) => child.on("close", (code, signal) => resolve({ code, signal })));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    child.kill("SIGINT");
    expect(await closed).toEqual({ code: 130, signal: null });
    expect(output).toBe("");
    expect(readdirSync(join(folder, "stopped"))).toEqual([]);
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

  const measured: Promise<Study> = study(
    ["ln", "rms"].map((norm) => join(twins, norm, "states.safetensors")),
    { eps: 1e-5, withSpeed: false },
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

describe("the header of a safetensors file", () => {
  const parse = (header: unknown, dataBytes: number) =>
    parseHeader("f", new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header)), dataBytes);
  const tensor = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
    dtype: "F32",
    shape,
    data_offsets: [begin, end],
  });

  test("tensors in the order of the header, positions in the file, padding and metadata", () => {
    const header = `${JSON.stringify({ __metadata__: { norm: "RMSNorm" }, b: tensor(8, 24, [2, 2]), a: tensor(0, 8) })}   `;
    const { tensors, metadata } = parse(header, 24);
    expect(tensors).toEqual([
      { name: "b", dtype: "F32", shape: [2, 2], position: 8 + header.length + 8, bytes: 16 },
      { name: "a", dtype: "F32", shape: [2], position: 8 + header.length, bytes: 8 },
    ]);
    expect({ ...metadata }).toEqual({ norm: "RMSNorm" });
  });

  test("scalars and empty tensors are in order", () => {
    const header = { none: tensor(0, 0, [0, 2 ** 40, 2 ** 40]), scalar: tensor(0, 4, []), end: tensor(4, 4, [0]) };
    expect(parse(header, 4).tensors).toHaveLength(3);
    expect(parse({ packed: { dtype: "F4", shape: [3, 2], data_offsets: [0, 3] } }, 3).tensors[0].bytes).toBe(3);
  });

  test.each([
    ["a list", [], /expected a JSON object as header, got an array/],
    ["null", "null", /got null/],
    ["a byte order mark", "\ufeff{}", /not valid JSON/],
    ["metadata that is no object", { __metadata__: "x" }, /__metadata__ to be an object of strings, got a string/],
    ["metadata of numbers", { __metadata__: { n: 1 } }, /__metadata__ "n" to be a string, got a number/],
    ["a tensor that is no object", { a: 1 }, /tensor "a" to be an object, got a number/],
    ["no dtype", { a: { shape: [], data_offsets: [0, 0] } }, /tensor "a" to have a dtype of the format, got none/],
    ["an unknown dtype", { a: { ...tensor(0, 8), dtype: "F33" } }, /dtype of the format, got "F33"/],
    ["a dtype of Object's own", { a: { ...tensor(0, 8), dtype: "constructor" } }, /got "constructor"/],
    ["a negative size", { a: tensor(0, 8, [-1, -2]) }, /shape of non-negative integers, got \[-1,-2\]/],
    ["a fractional size", { a: tensor(0, 8, [0.5, 4]) }, /shape of non-negative integers/],
    ["a size beyond exact integers", { a: tensor(0, 8, [2 ** 60]) }, /shape of non-negative integers/],
    ["a product beyond exact integers", { a: tensor(0, 8, [2 ** 40, 2 ** 40]) }, /that can be addressed, got 8/],
    ["one offset", { a: { ...tensor(0, 8), data_offsets: [0] } }, /data_offsets \[begin, end\], got \[0\]/],
    ["offsets in reverse", { a: { ...tensor(0, 8), data_offsets: [8, 0] } }, /data_offsets within .*, got \[8, 0\]/],
    ["offsets past the end", { a: tensor(0, 12) }, /data_offsets within the 8 bytes of data, got \[0, 12\]/],
    ["too few bytes", { a: tensor(0, 8, [3]) }, /tensor "a" \(F32 \[3\]\) to take 12 bytes, got 8/],
    ["an overlap", { a: tensor(0, 8), b: tensor(4, 8) }, /tensor "b" to begin at byte 8 .* overlaps/],
    ["a gap", { a: tensor(4, 8) }, /tensor "a" to begin at byte 0 .* gap/],
    ["bytes of nobody at the end", { a: tensor(0, 4) }, /expected 4 bytes of data, the sum of its tensors, got 8/],
    [
      "a name given twice",
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
      /gap/,
    ],
  ])("refuses %s", (_, header, message) => {
    expect(() => parse(header, 8)).toThrow(message);
    expect(() => parse(header, 8)).toThrow(/^study: f expected .*, got /);
  });

  test("refuses bytes that are not UTF-8", () => {
    expect(() => parseHeader("f", Uint8Array.of(0x7b, 0xff, 0x7d), 0)).toThrow(/not valid JSON/);
  });
});

describe("the numbers", () => {
  test("quartiles as numpy has them, the deviation of the population", () => {
    expect(summarize(Float64Array.of(4, 1, 3, 2))).toEqual({
      mean: 2.5,
      median: 2.5,
      q1: 1.75,
      q3: 3.25,
      sd: Math.sqrt(1.25),
      min: 1,
      max: 4,
    });
    expect(summarize(Float64Array.of(7))).toEqual({ mean: 7, median: 7, q1: 7, q3: 7, sd: 0, min: 7, max: 7 });
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(median([3, 1, 2])).toBe(2);
    const values = Float64Array.of(10, 9, 1);
    summarize(values);
    expect([...values]).toEqual([10, 9, 1]);
  });

  test("the null is what random directions really give", () => {
    const d = 64;
    const n = 4000;
    const x = normals(n * d);
    const leans = Float64Array.from({ length: n }, (_, row) => {
      const values = x.subarray(row * d, (row + 1) * d);
      const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
      return (Math.asin((average(values) * Math.sqrt(d)) / length) * 180) / Math.PI;
    });
    expect(summarize(leans).sd / chanceSd(d)).toBeCloseTo(1, 1);
    expect(average(leans.map(Math.abs)) / chanceDeviation(d)).toBeCloseTo(1, 1);
  });

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
        const { mean, sd } = summarize(values);
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

  test("labels are as short as tells the files apart", () => {
    expect(shortLabels(["x/y/ln/states.safetensors", "x/y/rms/states.safetensors"])).toEqual([
      "ln/states",
      "rms/states",
    ]);
    expect(shortLabels(["a/b.safetensors"])).toEqual(["b"]);
    expect(shortLabels(["b.safetensors", "b.safetensors"])).toEqual(["b", "b"]);
    expect(shortLabels(["b.safetensors", "a/b.safetensors"])).toEqual(["b", "a/b"]);
  });
});
