// The weight and bias of a site's norm, found in a model's file.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { normals } from "../support/random.js";
import { f32, figures, folder, orthonorm, random, type Seven, write } from "../support/study-runs.js";

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

  test("a weight or bias that some sites of a model lack is said under the table", () => {
    write("w-three.safetensors", { a: random(20, 16), b: random(20, 16), c: random(20, 16) });
    const text = (tensors: string[]) => {
      const parameters = Object.fromEntries(tensors.map((name) => [name, name.endsWith("bias") ? bias : weight]));
      write("w-parts.safetensors", parameters);
      const { status, stdout } = orthonorm(["study", "w-three.safetensors", "--weights", "w-parts.safetensors"]);
      expect(status).toBe(0);
      return stdout.replace(/\s+/g, " ");
    };
    const weights = ["a.weight", "b.weight", "c.weight"];
    const noWeight = "Measured without scale and shift, for the weights have none of that name";
    const noBias = "Measured with scale and without shift, for the weights have no bias of that name";
    expect(text([...weights, "b.bias"])).toContain(`${noBias}: a, c.`);
    const one = text(["b.weight", "b.bias"]);
    expect(one).toContain(`${noWeight}: a, c.`);
    expect(one).not.toContain(noBias);
    expect(text(["a.weight", "b.weight", "b.bias"])).toMatch(new RegExp(`${noWeight}: c\\..*${noBias}: a\\.`));
    for (const whole of [weights, [...weights, "a.bias", "b.bias", "c.bias"]]) {
      expect(text(whole)).not.toMatch(/Measured with/);
    }
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
