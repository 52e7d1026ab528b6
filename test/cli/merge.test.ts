// Parts of a study that are saved and merged give what one run gives.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { StudySums } from "../../study/src/sums.js";
import { normals } from "../support/random.js";
import { centred, cli, type Figures, f32, folder, orthonorm, random, write } from "../support/study-runs.js";
import { npy } from "../support/tensor-files.js";

/** Saved sums with the checksum that belongs to them. */
function signed(text: string): string {
  const { sha256: _, ...sums } = JSON.parse(text);
  const sha256 = createHash("sha256").update(JSON.stringify(sums)).digest("hex");
  return `${JSON.stringify({ ...sums, sha256 })}\n`;
}

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
  // Samples stay those of the parts, on which verdicts rest, and the record of the first rows is kept in the run that reads them.
  const comparable = ({ sites }: Figures) =>
    sites.map(({ source: _, sample: _s, error: _e, swapError: _w, tokens: _t, verdict: _v, ...site }) => site);

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
    expect([whole, merged].map(({ sites }) => sites[0].tokens?.length)).toEqual([512, undefined]);
    // Of every distinct row: the sample's means are then of the same rows too.
    expect(merged.sites[1].sample.rows).toBe(whole.sites[1].sample.rows);
  });

  test("may be without a row that has an angle, whose rows are counted all the same", () => {
    const zeros = f32(5, 48, new Float32Array(5 * 48));
    write("padding.safetensors", { "h.10": zeros });
    const { status, stdout } = orthonorm(["study", "padding.safetensors", "--pool", "m", "--save", "padding.json"]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining("5 rows of zeros") });
    run("study", "part-1.safetensors", "--pool", "m", "--json", "-", "--save", "rows.json");
    const merged = run("merge", "rows.json", "padding.json", "--json", "-");
    expect(comparable(merged)).toEqual(
      comparable(run("study", "part-1.safetensors", "padding.safetensors", "--pool", "m", "--json", "-")),
    );
    expect(merged.sites.find(({ site }) => site === "h.10")?.rows).toBe(175);
    const none = orthonorm(["merge", "padding.json"]);
    expect({ status: none.status, stderr: none.stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^merge: .* expected a row with an angle, got none/),
    });
  });

  test("give it too where each part has few rows, whose values are kept, and all together have many", () => {
    const rows = (from: number, to: number) => f32(to - from, 16, many.slice(from * 16, to * 16));
    const many = normals(1300 * 16, 0.1);
    for (let i = 0; i < 16; i++) many[16 + i] *= 200;
    const weight = { dtype: "F32", shape: [16], data: Float32Array.from(normals(16, 1)) };
    write("many-weights.safetensors", { "h.0.weight": weight, "h.1.weight": weight });
    write("many.safetensors", { "h.0": rows(0, 1300), "h.1": rows(0, 900) });
    write("many-1.safetensors", { "h.0": rows(0, 600), "h.1": rows(0, 3) });
    write("many-2.safetensors", { "h.0": rows(600, 1300), "h.1": rows(3, 900) });
    const measure = (file: string, ...args: string[]) =>
      run("study", file, "--weights", "many-weights.safetensors", "--pool", "m", "--json", "-", ...args);
    const whole = measure("many.safetensors", "--save", "many.json");
    // Of more than 1024 rows none are kept one by one, also not those of a bin with a single one: what is saved stays small.
    const [{ sites }] = JSON.parse(readFileSync(join(folder, "many.json"), "utf8")).groups;
    const kept = sites.map(({ octaves }: { octaves: unknown }) => /"values":/.test(JSON.stringify(octaves)));
    expect(kept).toEqual([false, true]);
    for (const at of [1, 2]) measure(`many-${at}.safetensors`, "--save", `many-${at}.json`);
    expect(comparable(run("merge", "many-2.json", "many-1.json", "--json", "-"))).toEqual(comparable(whole));
    // Of few rows quartiles are those of the values themselves.
    const angles = Array.from({ length: 900 }, (_, row) => {
      const x = Array.from(Float32Array.from(many.slice(row * 16, (row + 1) * 16)));
      const [along, square] = [x.reduce((a, b) => a + b) / 4, x.reduce((a, b) => a + b * b, 0)];
      return 90 - (Math.atan2(along, Math.sqrt(square - along * along)) * 180) / Math.PI;
    });
    const [massive] = angles.splice(1, 1);
    const sorted = angles.sort((a, b) => a - b);
    const { angle, angleAfter } = whole.sites[1];
    expect(whole.sites[1].massive?.angle.median).toBeCloseTo(massive, 5);
    const quartiles = [0.25, 0.5, 0.75].map((share) => sorted[Math.ceil(share * 899) - 1]);
    for (const [at, found] of [angle.q1, angle.median, angle.q3].entries()) expect(found).toBeCloseTo(quartiles[at], 5);
    expect(angleAfter).not.toBeNull();
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

  test("rows centred beforehand are counted in parts as in one run, and copies that are left out in neither", () => {
    const rows = [...centred(40, 64).data, ...random(60, 64).data] as number[];
    for (let i = 64; i < 640; i++) rows[i] = rows[i % 64];
    write("centred-0.safetensors", { h: f32(100, 64, rows) });
    write("centred-1.safetensors", { h: f32(25, 64, rows.slice(0, 25 * 64)) });
    write("centred-2.safetensors", { h: f32(75, 64, rows.slice(25 * 64)) });
    const [whole] = [0, 1, 2].map((at) =>
      run("study", `centred-${at}.safetensors`, "--pool", "m", "--json", "-", "--save", `centred-${at}.json`),
    );
    const merged = run("merge", "centred-1.json", "centred-2.json", "--json", "-");
    expect(whole.sites).toMatchObject([{ centred: false, centredRows: 31, counted: 91, apart: { repeated: 9 } }]);
    expect(comparable(merged)).toEqual(comparable(whole));
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
    const plain = write("plain.safetensors", { states: random(4, 16) });
    writeFileSync(join(folder, "figures-only.json"), orthonorm(["study", plain, "--json", "-"]).stdout);
    refused(["figures-only.json"], /expected "orthonormStudy": 5, as --save writes it/);
    const saved = readFileSync(join(folder, "part-1.json"), "utf8");
    for (const [from, to, message] of [
      [saved.slice(500), "", /expected valid JSON/],
      ['"rows":170', '"rows":1', /expected the rows to add up/],
      ['"swapMax":', '"least":', /expected swapMax as a finite number/],
      ['"centred":0', '"centred":-1', /expected centred as a count/],
      ['"centred":0', '"centred":171', /expected at most as many centred rows as there are/],
      ['"dCos2":[', '"dCos2":["1",', /expected a sum as a list of finite numbers/],
      ['"values":[', '"values":[-1,', /expected at most 1024 values, none below zero/],
      ['"pooled":true', '"pooled":1', /expected a group with name, pooled, sources and sites/],
    ] as const) {
      expect(saved).toContain(from);
      const broken = saved.replace(from, to);
      writeFileSync(join(folder, "broken.json"), to === "" ? broken : signed(broken));
      refused(["broken.json"], message);
    }
    writeFileSync(join(folder, "old.json"), saved.replace('"orthonormStudy":5', '"orthonormStudy":4'));
    refused(["old.json"], /old\.json expected "orthonormStudy": 5, as --save writes it in this version, got/);
  });

  test("saved sums that were shortened, edited or damaged are refused by their checksum", async () => {
    const saved = readFileSync(join(folder, "part-1.json"), "utf8");
    expect(signed(saved)).toBe(saved);
    expect((await StudySums.parse(saved)).report().groups[0].sites[0].read).toBe(1);

    const last = saved.length - 2;
    const without = saved.replace(/,"sha256":"\w+"/, "");
    for (const text of [
      saved.slice(0, last),
      saved.slice(0, 500),
      without,
      saved.replace('"name":"m"', '"name":"n"'),
    ]) {
      expect(text).not.toBe(saved);
      await expect(StudySums.parse(text)).rejects.toThrow(/^(valid JSON|the text that its SHA-256 was taken of)$/);
    }
    for (let at = 0; at < last; at += 97) {
      for (const bit of [1, 4, 64]) {
        const bytes = Buffer.from(saved);
        bytes[at] ^= bit;
        await expect(StudySums.parse(bytes.toString())).rejects.toThrow();
      }
    }
    writeFileSync(join(folder, "edited.json"), saved.replace('"rows":170', '"rows":171'));
    const { status, stderr } = orthonorm(["merge", "edited.json"]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/edited\.json expected the text that its SHA-256 was taken of, got something else\n$/);
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
