// Stacked tensors as a site per layer, and masks of padding.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openBlob, openContainer, readTensor } from "@orthonorm/files";
import { describe, expect, test } from "vitest";
import { splitTensors } from "../../study/src/split.js";
import { normals } from "../support/random.js";
import { cli, f32, figures, folder, type Given, orthonorm, study, write } from "../support/study-runs.js";
import { npy, safetensors, zip } from "../support/tensor-files.js";

const bytesOf = (data: Float32Array) => new Uint8Array(data.buffer);
const says = (...args: string[]) => orthonorm(["study", ...args]).stdout.replace(/\s+/g, " ");

/** Rows at the given angle to the uniform vector, a little around it. */
function atAngle(rows: number, cols: number, degrees: number, seed: number): Float64Array {
  const data = normals(rows * cols, 0, 1, seed);
  for (let row = 0; row < rows; row++) {
    const x = data.subarray(row * cols, (row + 1) * cols);
    const mean = x.reduce((sum, value) => sum + value, 0) / cols;
    const across = Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0));
    const along = across / Math.tan((degrees * Math.PI) / 180) / Math.sqrt(cols);
    for (let i = 0; i < cols; i++) x[i] += along - mean;
  }
  return data;
}

describe("--split", () => {
  const [layers, tokens, cols] = [3, 40, 64];
  const angles = [72.87, 89.49, 37.41];
  const stacked = Float32Array.from(angles.flatMap((angle, layer) => [...atAngle(tokens, cols, angle, 60 + layer)]));
  writeFileSync(join(folder, "hidden.npy"), npy("'<f4'", [layers, tokens, cols], bytesOf(stacked)));
  const means = (...args: string[]) => figures(...args).sites.map(({ site, angle }) => [site, angle.mean.toFixed(2)]);
  const right = angles.map((angle, layer) => [`hidden[${layer}]`, angle.toFixed(2)]);

  test("0: layers at 72.87°, 89.49° and 37.41° are three sites, and not one of 66.59 ± 22.13°", () => {
    const [site] = figures("hidden.npy").sites;
    expect([site.angle.mean.toFixed(2), site.angle.sd.toFixed(2)]).toEqual(["66.59", "21.72"]);
    expect(means("hidden.npy", "--split", "0")).toEqual(right);
  });

  test("is suggested where the slices differ, and where there are four dimensions", () => {
    expect(says("hidden.npy")).toContain(
      "hidden [3, 40, 64] has 3 slices along its first axis that differ (θ 72.87°, 89.49°, 37.41°): if those are layers, --split 0 makes a site of each.",
    );
    expect(says("hidden.npy", "--split", "0")).not.toContain("--split");
    write("texts.safetensors", {
      texts: { dtype: "F32", shape: [8, 20, 32], data: Float32Array.from(normals(8 * 20 * 32)) },
    });
    expect(says("texts.safetensors")).not.toContain("--split");
    write("deep.safetensors", {
      deep: { dtype: "F32", shape: [2, 4, 10, 32], data: Float32Array.from(normals(8 * 10 * 32)) },
    });
    expect(says("deep.safetensors")).toContain("deep [2, 4, 10, 32] has 4 dimensions: if those are layers, --split 0");
    expect(figures("deep.safetensors", "--split", "0").sites.map(({ site, rows }) => [site, rows])).toEqual([
      ["deep[0]", 40],
      ["deep[1]", 40],
    ]);
  });

  test("layers whose norms differ are layers too", () => {
    const data = normals(4 * 20 * 32).map((value, i) => value * 4 ** Math.floor(i / 640));
    write("growing.safetensors", { h: { dtype: "F32", shape: [4, 20, 32], data: Float32Array.from(data) } });
    expect(says("growing.safetensors")).toContain("h [4, 20, 32] has 4 slices along its first axis that differ");
  });

  test("of a stream, of an archive, and of slices that are not all wanted", () => {
    const input = npy("'<f4'", [layers, tokens, cols], bytesOf(stacked));
    const args = [cli, "study", "-", "--split", "0", "--json", "-"];
    const { stdout } = spawnSync(process.execPath, args, { cwd: folder, input, encoding: "utf8" });
    expect(JSON.parse(stdout).sites.map(({ angle }: { angle: { mean: number } }) => angle.mean.toFixed(2))).toEqual(
      angles.map(String),
    );
    writeFileSync(join(folder, "hidden.npz"), zip([{ name: "hidden.npy", data: input, deflate: true }]));
    expect(means("hidden.npz", "--split", "0")).toEqual(right);
    expect(means("hidden.npz", "--split", "0", "--sites", "hidden?2?")).toEqual([right[2]]);
  });

  test("1: [tokens, layers, d], which takes strides; a stream cannot give them", () => {
    const turned = new Float32Array(stacked.length);
    for (let layer = 0; layer < layers; layer++) {
      for (let token = 0; token < tokens; token++) {
        const row = stacked.subarray((layer * tokens + token) * cols, (layer * tokens + token + 1) * cols);
        turned.set(row, (token * layers + layer) * cols);
      }
    }
    const file = npy("'<f4'", [tokens, layers, cols], bytesOf(turned));
    writeFileSync(join(folder, "turned.npy"), file);
    expect(means("turned.npy", "--split", "1")).toEqual(angles.map((angle, at) => [`turned[${at}]`, angle.toFixed(2)]));
    const args = [cli, "study", "-", "--split", "1"];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, input: file, encoding: "utf8" });
    expect([status, stderr]).toEqual([
      1,
      "study: standard input expected a file for --split 1, which reads it once per slice, got a stream: save it first\n",
    ]);
  });

  test("every slice has its elements, along every axis, read in pieces of any size", async () => {
    const shape = [3, 4, 5, 2];
    const data = Float32Array.from({ length: 120 }, (_, i) => i);
    const blob = new Blob([new Uint8Array(safetensors({ x: { dtype: "F32", shape, data: bytesOf(data) } }))]);
    for (const axis of [0, 1, 2]) {
      const whole = await openContainer(openBlob(blob, "x"));
      const [{ tensors }] = splitTensors([whole], axis);
      expect(tensors.map(({ shape }) => shape)).toEqual(Array(shape[axis]).fill(shape.filter((_, at) => at !== axis)));
      const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
      // The first slice again after the last: a file can be read twice.
      for (const index of [...tensors.keys(), 0]) {
        const wanted = data.filter((i) => Math.floor(i / inner) % shape[axis] === index);
        const { data: got } = await readTensor({ ...whole, tensors }, `x[${index}]`);
        expect(got).toEqual(wanted);
        const reader = await tensors[index].open();
        const bytes = new Uint8Array(wanted.length * 4);
        for (let at = 0; at < bytes.length; at += 7) await reader.read(bytes.subarray(at, at + 7));
        await reader.close();
        expect(bytes).toEqual(bytesOf(wanted));
      }
    }
  });

  test("refuses what cannot be split, by name", () => {
    write("flat.safetensors", { flat: f32(4, 16, normals(64)) });
    const flat = orthonorm(["study", "flat.safetensors", "--split", "0"]);
    expect([flat.status, flat.stderr]).toEqual([
      2,
      "study: --split 0 expected a tensor of three dimensions or more, with axis 0 before the last, got flat [4, 16]\n",
    ]);
    expect(orthonorm(["study", "hidden.npy", "--split", "2"]).stderr).toContain("got hidden [3, 40, 64]");
    expect(orthonorm(["study", "hidden.npy", "--split", "last"]).stderr).toContain("Expected an axis: 0, 1 and so on.");
  });
});

describe("--mask", () => {
  const [batch, seq, cols] = [4, 10, 32];
  const states = normals(batch * seq * cols);
  const lengths = [10, 7, 3, 1];
  const mask = lengths.flatMap((length) => Array.from({ length: seq }, (_, at) => (at < length ? 1 : 0)));
  // Padding lies along the uniform vector: where it counted, every figure would tell.
  for (const [at, keep] of mask.entries()) if (keep === 0) states.fill(3, at * cols, (at + 1) * cols);
  const cube: Given = { dtype: "F32", shape: [batch, seq, cols], data: Float32Array.from(states) };
  const kept = mask.flatMap((keep, at) => (keep === 1 ? [...states.subarray(at * cols, (at + 1) * cols)] : []));
  write("padded.safetensors", { h: cube });
  write("kept.safetensors", { h: f32(21, cols, kept) });
  const integers = (dtype: string, data: Given["data"]): Given => ({ dtype, shape: [batch, seq], data });
  write("masks.safetensors", {
    attention_mask: integers("I64", BigInt64Array.from(mask.map(BigInt))),
    bytes: integers("BOOL", Uint8Array.from(mask)),
    floats: integers("F32", Float32Array.from(mask)),
    halves: integers(
      "F16",
      Uint16Array.from(mask, (keep) => (keep === 1 ? 0x3c00 : 0x8000)),
    ),
  });

  test.each(["attention_mask", "bytes", "floats", "halves"])("of %s leaves the rows that are no padding", (name) => {
    const [{ source: _, ...site }] = figures("padded.safetensors", "--mask", `masks.safetensors:${name}`).sites;
    const [{ source: _s, ...right }] = figures("kept.safetensors").sites;
    expect(site).toMatchObject({ rows: 40, read: 40, counted: 21, excluded: { masked: 19, zero: 0, notFinite: 0 } });
    for (const key of ["angle", "deviation", "norm", "sample", "verdict"] as const) {
      expect((site as Record<string, unknown>)[key]).toEqual((right as Record<string, unknown>)[key]);
    }
  });

  test("of more rows than are read at a time", async () => {
    const shape = [3, 700];
    const [rows, wide] = [2100, 1024];
    const data = Float32Array.from(normals(rows * wide));
    // The padding is at the end of each text, and along the uniform vector.
    const keep = Uint8Array.from({ length: rows }, (_, row) =>
      row % 700 < [700, 300, 1][Math.floor(row / 700)] ? 1 : 0,
    );
    for (const [row, kept] of keep.entries()) if (kept === 0) data.fill(1, row * wide, (row + 1) * wide);
    write("large.safetensors", { h: { dtype: "F32", shape: [...shape, wide], data } });
    const options = { withSpeed: false, mask: { name: "mask", shape, keep } };
    const [{ apart, all }] = (await study([join(folder, "large.safetensors")], options)).groups[0].sites;
    expect([apart.masked, all.rows]).toEqual([2100 - 1001, 1001]);
    expect(all.angle.min).toBeGreaterThan(80);
  });

  test("says how many, and which sites it does not fit", () => {
    write("both.safetensors", {
      h: cube,
      flat: f32(40, cols, states),
      layers: { ...cube, shape: [2, 4, 10, 16] },
      pooled: f32(4, cols, states.subarray(0, 4 * cols)),
    });
    const text = says("both.safetensors", "--mask", "masks.safetensors:bytes");
    expect(text).toContain("Masked, in no figure: flat (19 rows of 40), h (19 rows of 40), layers (38 rows of 80).");
    expect(text).toContain("The mask [4, 10] fits 3 sites, and not pooled [4, 32].");
  });

  test("that fits nothing, or is not there, is refused", () => {
    write("additive.safetensors", {
      f32: integers(
        "F32",
        Float32Array.from({ length: 40 }, (_, at) => (at % 3 === 0 ? -1e9 : 0)),
      ),
      f16: integers(
        "F16",
        Uint16Array.from({ length: 40 }, (_, at) => (at % 3 === 0 ? 0xfbff : 0x8000)),
      ),
      nan: integers("F32", new Float32Array(40).fill(Number.NaN)),
    });
    for (const [name, got] of [
      ["f32", "-1000000000"],
      ["f16", "a negative number or NaN"],
      ["nan", "a negative number or NaN"],
    ]) {
      const { status, stderr } = orthonorm(["study", "padded.safetensors", "--mask", `additive.safetensors:${name}`]);
      expect([status, stderr]).toEqual([
        2,
        `study: --mask additive.safetensors:${name} expected 0 for padding and 1 elsewhere, got ${got} (one that is added to attention scores has 0 where a row counts)\n`,
      ]);
    }
    const refused = (mask: string, file = "padded.safetensors") => {
      const { status, stdout, stderr } = orthonorm(["study", file, "--mask", mask]);
      expect([status === 0, stdout]).toEqual([false, ""]);
      return stderr;
    };
    write("short.safetensors", { short: f32(3, 7, Array(21).fill(1)) });
    expect(refused("short.safetensors")).toBe(
      "study: --mask short.safetensors expected states of [3, 7, d], got h [4, 10, 32]\n",
    );
    expect(refused("masks.safetensors")).toContain(
      "expected a file of one tensor, or FILE:TENSOR, got attention_mask,",
    );
    expect(refused("masks.safetensors:none")).toContain('expected a tensor "none"');
    expect(refused("nowhere.npy")).toContain("no such file or directory");
  });

  test("merged parts add up their masked rows", () => {
    const args = ["--mask", "masks.safetensors:bytes", "--json", "-"];
    expect(orthonorm(["study", "padded.safetensors", ...args, "--save", "masked.json"]).status).toBe(0);
    const merged = JSON.parse(orthonorm(["merge", "masked.json", "--json", "-"]).stdout);
    expect(merged.sites[0]).toMatchObject({ read: 40, counted: 21, excluded: { masked: 19 } });
  });
});

test("--dtype: halves that were saved as integers", () => {
  const bits = Uint16Array.from(normals(20 * 16), (value) => new Uint32Array(Float32Array.of(value).buffer)[0] >>> 16);
  const bytes = new Uint8Array(bits.buffer);
  writeFileSync(join(folder, "bits.npy"), npy("'<u2'", [20, 16], bytes));
  write("brain.safetensors", { bits: { dtype: "BF16", shape: [20, 16], data: bits } });
  const [{ source: _, model: _m, ...site }] = figures("bits.npy", "--dtype", "bf16").sites;
  const [{ source: _s, model: _t, ...right }] = figures("brain.safetensors").sites;
  expect(site).toEqual(right);
  expect(orthonorm(["study", "bits.npy"]).stderr).toContain(
    "bits (U16, not F32, F64, F16 or BF16: of halves saved as bits, --dtype says which)",
  );
});
