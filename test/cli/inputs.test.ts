// Files as people have them: folders with other things in them, patterns, models in shards.

import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { normals } from "../support/random.js";
import { f32, figures, folder, orthonorm, random, write } from "../support/study-runs.js";
import { npy } from "../support/tensor-files.js";

const text = (...args: string[]) => orthonorm(["study", ...args]).stdout.replace(/\s+/g, " ");
const matrix = (rows: number, cols: number, seed: number) =>
  npy("'<f4'", [rows, cols], new Uint8Array(Float32Array.from(normals(rows * cols, 0, 1, seed)).buffer));

describe("a folder of eleven layers, and what else lies in it", () => {
  mkdirSync(join(folder, "layers"));
  for (let layer = 0; layer < 11; layer++)
    writeFileSync(join(folder, `layers/layer_${layer}.npy`), matrix(20, 16, layer + 1));
  writeFileSync(join(folder, "layers/input_ids.npy"), npy("'<i8'", [2, 10], new Uint8Array(160)));
  writeFileSync(join(folder, "layers/README.md"), "Hidden states of a model, a file per layer.\n");
  const names = Array.from({ length: 11 }, (_, layer) => `layer_${layer}`);

  test("is measured whole; what is no state is named with the reason", () => {
    const { sites, skipped } = figures("layers");
    expect(sites.map(({ site }) => site)).toEqual(names);
    expect(skipped).toEqual([
      { source: "layers/input_ids.npy", tensor: "input_ids", reason: "I64, not F32, F64, F16 or BF16" },
    ]);
    expect(text("layers")).toContain("Skipped 1 tensor: input_ids (I64, not F32, F64, F16 or BF16).");
  });

  test("by a pattern, too, which may take files of other kinds", () => {
    const { sites, skipped } = figures("layers/*");
    expect(sites).toHaveLength(11);
    expect(skipped.find(({ tensor }) => tensor === null)).toEqual({
      source: "layers/README.md",
      tensor: null,
      reason: "a text file",
    });
    expect(text("layers/*")).toContain("Skipped 1 tensor and 1 file: layers/README.md (a text file); input_ids (I64");
  });

  test("--sites leaves files of other names out", () => {
    expect(figures("layers", "--sites", "layer_?").sites.map(({ site }) => site)).toEqual(names.slice(0, 10));
    expect(figures("layers", "--sites", "layer_?").skipped).toEqual([]);
    const none = orthonorm(["study", "layers", "--sites", "h.*"]);
    expect([none.status, none.stderr]).toEqual([1, expect.stringContaining("of other names than --sites wants")]);
  });

  test("a file that was named itself is refused, and a damaged one in any case", () => {
    const refused = (...files: string[]) => {
      const { status, stdout, stderr } = orthonorm(["study", ...files]);
      expect([status, stdout]).toEqual([1, ""]);
      return stderr;
    };
    expect(refused("layers/layer_0.npy", "layers/input_ids.npy")).toContain(
      "layers/input_ids.npy expected a float tensor with rows, got 1 tensor: input_ids (I64",
    );
    expect(refused("layers/layer_0.npy", "layers/README.md")).toContain("got a text file");
    mkdirSync(join(folder, "damaged"));
    writeFileSync(join(folder, "damaged/a.npy"), matrix(20, 16, 1));
    writeFileSync(join(folder, "damaged/b.npy"), matrix(20, 16, 2).subarray(0, 500));
    expect(refused("damaged")).toContain("damaged/b.npy expected");
  });

  test("a file that is given twice is refused", () => {
    const { status, stderr } = orthonorm(["study", "layers/layer_1.npy", "./layers/layer_1.npy"]);
    expect([status, stderr]).toEqual([
      1,
      "study: ./layers/layer_1.npy expected to be given once, got it given twice, as layers/layer_1.npy before\n",
    ]);
  });
});

describe("weights in shards", () => {
  const vector = (seed: number) => ({ dtype: "F32", shape: [16], data: Float32Array.from(normals(16, 1, 0.3, seed)) });
  mkdirSync(join(folder, "sharded"));
  write("sharded/model-00001-of-00002.safetensors", { "h.0.ln.weight": vector(1), "h.0.ln.bias": vector(2) });
  write("sharded/model-00002-of-00002.safetensors", { "h.1.ln.weight": vector(3), "h.1.ln.bias": vector(4) });
  const map = Object.fromEntries(
    [0, 1].flatMap((at) =>
      ["weight", "bias"].map((end) => [`h.${at}.ln.${end}`, `model-0000${at + 1}-of-00002.safetensors`]),
    ),
  );
  writeFileSync(join(folder, "sharded/model.safetensors.index.json"), JSON.stringify({ weight_map: map }));
  write("two.safetensors", { "h.0.ln": random(20, 16), "h.1.ln": f32(20, 16, normals(320, 0, 1, 5)) });

  test.each(["sharded", "sharded/", "sharded/model.safetensors.index.json", "sharded/model-*.safetensors"])(
    "as %s",
    (given) => {
      const { sites } = figures("two.safetensors", "--weights", given);
      expect(sites.map(({ site, trainedWith, scaled }) => [site, trainedWith, scaled === null])).toEqual([
        ["h.0.ln", "LayerNorm", false],
        ["h.1.ln", "LayerNorm", false],
      ]);
    },
  );

  test("the report hashes the files that there are", () => {
    const page = orthonorm(["study", "two.safetensors", "--weights", "sharded", "--html", "-"]);
    expect([page.status, page.stderr]).toEqual([0, ""]);
    expect(page.stdout).toMatch(/[0-9a-f]{64}/);
    expect(readdirSync(folder)).not.toContain("-");
  });
});
