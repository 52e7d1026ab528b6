// Norms that multiply by 1 + weight: which models have them, and what they do.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { weightOffset } from "../../study/src/weight-offset.js";
import { f32, figures, folder, orthonorm, random, type Seven, write } from "../support/study-runs.js";

/** A folder of a model, with config.json where a type is given. */
function model(name: string, weights: Record<string, number[]>, modelType?: string): string {
  mkdirSync(join(folder, name));
  write(
    `${name}/model.safetensors`,
    Object.fromEntries(
      Object.entries(weights).map(([tensor, values]) => [
        tensor,
        { dtype: "F32", shape: [values.length], data: Float32Array.from(values) },
      ]),
    ),
  );
  if (modelType !== undefined)
    writeFileSync(join(folder, name, "config.json"), JSON.stringify({ model_type: modelType }));
  return name;
}

describe("1 + weight", () => {
  write("gemma.safetensors", { "model.norm": f32(2, 4, [1, 2, 3, 4, 4, 3, 2, 2]) }, { norm: "RMSNorm" });
  const weight = { "model.norm.weight": [-0.5, 0.5, 0, 1] };
  const gemma = model("gemma", weight, "gemma2");
  const llama = model("llama", weight, "llama");
  const bare = model("bare", weight);
  const afterNorm = (...args: string[]) => {
    const [site] = figures("gemma.safetensors", ...args).sites;
    const angle = site.angleAfter as Seven;
    const scaled = site.scaled as Seven;
    // Of two rows the median is the smaller value.
    expect([scaled.median, angle.median]).toEqual([scaled.min, angle.min]);
    return [scaled.max.toFixed(3), scaled.min.toFixed(3), angle.max.toFixed(2), angle.min.toFixed(2)];
  };

  test("of a Gemma: lengths 3.312 and 2.316, 36.93° and 20.02° after the norm", () => {
    const right = ["3.312", "2.316", "36.93", "20.02"];
    expect(afterNorm("--weights", gemma)).toEqual(right);
    expect(afterNorm("--weights", `${gemma}/model.safetensors`)).toEqual(right);
    expect(afterNorm("--weights", bare, "--weight-offset", "1")).toEqual(right);
    expect(afterNorm("--weights", llama, "--weight-offset", "1")).toEqual(right);
  });

  test("not of a Llama, nor where nothing says so", () => {
    const stored = afterNorm("--weights", llama);
    expect(stored[2]).toBe("76.45");
    expect(afterNorm("--weights", bare)).toEqual(stored);
    expect(afterNorm("--weights", gemma, "--weight-offset", "0")).toEqual(stored);
  });

  test("which it was, and why, stands under the table and in the JSON", () => {
    const says = (...args: string[]) =>
      orthonorm(["study", "gemma.safetensors", "--weights", ...args]).stdout.replace(/\s+/g, " ");
    expect(says(gemma)).toContain("The norms multiply by 1 + weight (model_type gemma2 in config.json).");
    expect(says(llama)).toContain(
      "The norms multiply by the weight as it is stored (model_type llama in config.json).",
    );
    expect(says(bare)).toContain("the weight as it is stored (no config.json beside the weights).");
    expect(says(bare, "--weight-offset", "1")).toContain("1 + weight (--weight-offset).");
    expect(figures("gemma.safetensors", "--weights", gemma).sites[0]).toMatchObject({
      affine: { offset: { value: 1, from: "model_type gemma2 in config.json" } },
    });
    const wrong = orthonorm(["study", "gemma.safetensors", "--weight-offset", "2"]);
    expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining("Expected auto, 0 or 1.")]);
  });

  test("LayerNorm's too: (1 + w)·x̂ + b", () => {
    write("nemotron.safetensors", { ln: f32(1, 4, [1, 2, 3, 6]) });
    const layer = model("nemotron", { "ln.weight": [-0.5, 0, 0.5, 1], "ln.bias": [1, 0, 0, 0] }, "nemotron");
    const [site] = figures("nemotron.safetensors", "--weights", layer, "--eps", "0").sites;
    const sd = Math.sqrt(14 / 4);
    const z = [(0.5 * -2) / sd + 1, -1 / sd, 0, (2 * 3) / sd];
    expect((site.scaled as Seven).mean).toBeCloseTo(Math.hypot(...z), 6);
  });

  test("of Qwen3-Next all norms but linear_attn's, of Gemma 3 all but the vision tower's", () => {
    const offset = (type: string, name: string) => weightOffset("auto", type, name).value;
    expect(offset("qwen3_next", "model.layers.0.input_layernorm.weight")).toBe(1);
    expect(offset("qwen3_next", "model.layers.0.linear_attn.norm.weight")).toBe(0);
    expect(offset("gemma3", "language_model.model.norm.weight")).toBe(1);
    expect(offset("gemma3", "vision_tower.vision_model.encoder.layers.0.layer_norm1.weight")).toBe(0);
    expect(offset("gemma4", "model.norm.weight")).toBe(0);
  });
});

describe("a weight that leaves a vector no direction", () => {
  test("makes no angle, and its rows are counted", () => {
    const rows = [1, 2, 3, 4, 0, 0, 5, 6, 1, -1, 2, 0];
    write("holes.safetensors", { norm: f32(3, 4, rows) }, { norm: "RMSNorm" });
    const holed = model("holed", { "norm.weight": [1, 1, 0, 0] });
    const [site] = figures("holes.safetensors", "--weights", holed).sites;
    expect(site).toMatchObject({ counted: 3, withoutAngleAfter: 1 });
    // (1, 2, 0, 0) and (1, −1, 0, 0), and not 90° for (0, 0, 0, 0)
    const angles = [Math.acos(3 / Math.sqrt(20)), Math.PI / 2].map((angle) => (angle * 180) / Math.PI);
    expect((site.angleAfter as Seven).mean).toBeCloseTo((angles[0] + angles[1]) / 2, 4);
    expect(orthonorm(["study", "holes.safetensors", "--weights", holed]).stdout.replace(/\s+/g, " ")).toContain(
      "Zeros after weight and bias, in no angle after the norm: norm (1 row).",
    );
  });

  test("throughout: there is no angle after, and the others stand", () => {
    const zeros = model("zeros", { "states.weight": Array(16).fill(0) });
    write("whole.safetensors", { states: random(20, 16) });
    const [site] = figures("whole.safetensors", "--weights", zeros).sites;
    expect(site).toMatchObject({ counted: 20, withoutAngleAfter: 20, angleAfter: null });
    expect(site.rotation).toMatchObject({ affine: null, total: null });
    const { status, stdout } = orthonorm(["study", "whole.safetensors", "--weights", zeros, "--save", "zeros.json"]);
    expect([status, /90\.00/.test(stdout.split("What the norm does")[0].split("chance")[0])]).toEqual([0, false]);
    // Neither has the table an angle after them: that of before would stand there.
    const line = stdout
      .split("What the norm does")[1]
      .split("\n")
      .find((one) => one.startsWith("  states"));
    expect(line?.trim().split(/\s+/)[5]).toBe("–");
    const merged = JSON.parse(orthonorm(["merge", "zeros.json", "--json", "-"]).stdout).sites[0];
    expect({ ...merged, tokens: site.tokens }).toEqual(site);
  });
});
