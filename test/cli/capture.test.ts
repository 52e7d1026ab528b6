// orthonorm capture as it is built: from a model to the study, and every fault in one line with nothing half-written.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { modelSwap } from "../../cli/src/models.js";
import { swapLines } from "../../cli/src/terminal/swaps.js";
import type { OpenModel } from "../../onnx/src/model.js";
import type { FoundNorm } from "../../onnx/src/norm.js";
import { modelBytes, scalar } from "../support/onnx-model.js";
import { cols, layerNorm } from "../support/onnx-norms.js";
import { cli, type Figures, folder, orthonorm, random, write } from "../support/study-runs.js";

const model = "model.onnx";
writeFileSync(join(folder, model), modelBytes(layerNorm()));
write("inputs.safetensors", { x: random(64, cols) });

describe("capture", () => {
  test("writes states that the study reads with their weights", () => {
    const run = orthonorm([
      "capture",
      model,
      "--inputs",
      "inputs.safetensors",
      "-o",
      "states.safetensors",
      "--swap",
      "--json",
      "norms.json",
    ]);
    expect(run).toMatchObject({ status: 0, stderr: "" });
    expect(run.stdout).toMatch(
      /^1 norm in states\.safetensors:\n {2}h\.0\.ln_1 {2}LayerNorm {2}F32 \[64, 8\] {2}eps 1e-5\n/,
    );
    expect(run.stdout).toMatch(/in the model's output:\n {2}h\.0\.ln_1 {2}‖Δ‖\/‖y‖ \d+\.\d %/);
    const { norms, hidden, swap } = JSON.parse(readFileSync(join(folder, "norms.json"), "utf8"));
    expect(norms).toMatchObject([{ name: "h.0.ln_1", kind: "LayerNorm", eps: 1e-5, dtype: "F32", shape: [64, 8] }]);
    expect(hidden).toEqual([]);
    expect(swap).toEqual([
      { norm: "h.0.ln_1", relative: expect.any(Number), agreement: expect.any(Number), divergence: null },
    ]);
    const study = orthonorm(["study", "states.safetensors", "--weights", "states.safetensors", "--json", "-"]);
    expect(study.status).toBe(0);
    const { sites } = JSON.parse(study.stdout) as Figures;
    expect(sites).toMatchObject([
      {
        site: "h.0.ln_1",
        trainedWith: "LayerNorm",
        rows: 64,
        affine: { weight: "h.0.ln_1.weight", bias: "h.0.ln_1.bias" },
      },
    ]);
  });

  test("inputs without a row: one line, nothing written", () => {
    write("empty.safetensors", { x: { dtype: "F32", shape: [0, cols], data: new Float32Array(0) } });
    const run = orthonorm(["capture", model, "--inputs", "empty.safetensors", "-o", "none.safetensors"]);
    expect(run).toMatchObject({ status: 1, stdout: "" });
    expect(run.stderr).toMatch(/^capture: .* expected inputs with rows for its norms, got none\n$/);
    expect(existsSync(join(folder, "none.safetensors"))).toBe(false);
  });

  test("and study takes the model itself, with its weights, and leaves nothing behind", () => {
    const run = orthonorm(["capture", model, "--inputs", "inputs.safetensors", "-o", "same.safetensors"]);
    expect(run.status).toBe(0);
    const figures = (args: string[]) => {
      const study = orthonorm(["study", ...args, "--json", "-"], { TMPDIR: folder });
      expect(study).toMatchObject({ status: 0, stderr: "" });
      return JSON.parse(study.stdout) as Figures;
    };
    const before = readdirSync(folder).sort();
    const direct = figures([model, "--inputs", "inputs.safetensors"]);
    const byFile = figures(["same.safetensors", "--weights", "same.safetensors"]);
    expect(direct).toMatchObject({ sites: [{ source: model, trainedWith: "LayerNorm" }], skipped: [] });
    const [{ source: _, model: _name, ...site }] = direct.sites as unknown as Record<string, unknown>[];
    expect(byFile.sites).toMatchObject([site]);
    expect(readdirSync(folder).sort()).toEqual(before);
    writeFileSync(join(folder, "other-eps.onnx"), modelBytes(layerNorm({ epsAs: scalar(1e-3) })));
    expect(figures(["other-eps.onnx", "--inputs", "inputs.safetensors"])).toMatchObject({ eps: 1e-3 });
    expect(figures(["other-eps.onnx", "--inputs", "inputs.safetensors", "--eps", "0.5"])).toMatchObject({ eps: 0.5 });
    const idle = orthonorm(["study", "same.safetensors", "--inputs", "inputs.safetensors"]);
    expect(idle).toMatchObject({
      status: 2,
      stderr: "study: --inputs expected an .onnx model to feed, got none\n",
    });
  });

  test("study --swap has what the model's output changes: under the tables, in JSON, CSV and the report", () => {
    const inputs = ["--inputs", "inputs.safetensors"];
    const capture = orthonorm([
      "capture",
      model,
      ...inputs,
      "-o",
      "swap.safetensors",
      "--swap",
      "--json",
      "swap-norms.json",
    ]);
    expect(capture.status).toBe(0);
    const [{ norm, ...effect }] = JSON.parse(readFileSync(join(folder, "swap-norms.json"), "utf8")).swap;
    const outputs = ["--json", "swap.json", "--csv", "swap.csv", "--html", "swap.html", "--save", "swap-sums.json"];
    const run = orthonorm(["study", model, ...inputs, "--swap", ...outputs]);
    expect(run).toMatchObject({ status: 0, stderr: "" });
    const told = capture.stdout.slice(capture.stdout.indexOf("RMSNorm in LayerNorm's place")).trimEnd();
    expect(told).toContain(`${norm}  ‖Δ‖/‖y‖ `);
    expect(run.stdout).toContain(told);
    const { sites, swaps } = JSON.parse(readFileSync(join(folder, "swap.json"), "utf8"));
    expect(sites).toMatchObject([{ site: norm, swapOutput: effect }]);
    expect(swaps).toEqual([{ model: "model.onnx", together: effect, fixed: [] }]);
    const [head, line] = readFileSync(join(folder, "swap.csv"), "utf8")
      .split("\r\n")
      .map((row) => row.split(","));
    expect(line[head.indexOf("swapOutput.relative")]).toBe(String(effect.relative));
    const page = readFileSync(join(folder, "swap.html"), "utf8");
    expect(page).toContain("table-output");
    expect(page).toContain(`>${(100 * effect.relative).toFixed(1)}<`);
    // It belongs to one run of the model: sums of parts do not have it.
    const merged = JSON.parse(orthonorm(["merge", "swap-sums.json", "--json", "-"]).stdout);
    expect([merged.sites[0].swapOutput, merged.swaps]).toEqual([null, []]);
    const without = JSON.parse(orthonorm(["study", model, ...inputs, "--json", "-"]).stdout);
    expect([without.sites[0].swapOutput, without.swaps]).toEqual([null, []]);
    expect(orthonorm(["study", "swap.safetensors", "--swap"])).toMatchObject({
      status: 2,
      stderr: "study: --swap expected a model to run, got none\n",
    });
  });

  test("of several norms the swap has a line each, one for all at once, and the reason where there is none", () => {
    const norm = (name: string, swap: object) => ({ name, kind: "LayerNorm", swap }) as unknown as FoundNorm;
    const [a, b] = [norm("a", { by: "operator" }), norm("b", { by: "operator" })];
    const open = { norms: { found: [a, b, norm("c", { by: "none", reason: "its mean is read by d" })] } };
    const effect = (of: FoundNorm | null, relative: number) => ({
      norm: of,
      relative,
      agreement: 0.5,
      divergence: null,
    });
    const effects = [effect(a, 0.01), effect(b, 0.02), effect(null, 0.03)];
    const swap = modelSwap(open as unknown as OpenModel, effects);
    expect([...swap.sites.keys(), swap.together?.relative]).toEqual(["a", "b", 0.03]);
    expect(swapLines(swap)).toBe(
      [
        "RMSNorm in LayerNorm's place, in the model's output:",
        "  a            ‖Δ‖/‖y‖ 1.00 %  same largest element 50.0 %",
        "  b            ‖Δ‖/‖y‖ 2.00 %  same largest element 50.0 %",
        "  all at once  ‖Δ‖/‖y‖ 3.00 %  same largest element 50.0 %",
        "  c: not swapped, its mean is read by d",
      ].join("\n"),
    );
    // An output of zeros has no share that changes: nothing is told of it.
    const zeros = modelSwap(open as unknown as OpenModel, [effect(a, Number.NaN)]);
    expect([zeros.sites.size, zeros.together]).toEqual([0, null]);
  });

  test("Ctrl-C while study runs a model: the figures of what it gave until then, which says so, and 130", async () => {
    const rows = 400_000;
    write("many.safetensors", { x: random(rows, cols) });
    write("kept.safetensors", {
      mask: { dtype: "U8", shape: [rows], data: new Uint8Array(rows).map((_, at) => at % 2) },
    });
    write("not-begun.safetensors", { states: random(4, cols) });
    const temporary = join(folder, "temporary");
    mkdirSync(temporary);
    const args = [model, "not-begun.safetensors", "--inputs", "many.safetensors", "--batch", "1"];
    args.push("--mask", "kept.safetensors", "--json", "stopped.json", "--html", "stopped.html");
    const child = spawn(process.execPath, [cli, "study", ...args], {
      cwd: folder,
      env: { ...process.env, TMPDIR: temporary },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
    const closed = new Promise<unknown>((resolve) => child.on("close", (code, signal) => resolve({ code, signal })));
    // A hundred states of the norm that is captured.
    const running = () =>
      readdirSync(temporary, { recursive: true, encoding: "utf8" }).some(
        (name) => /\.tmp[\\/]0$/.test(name) && statSync(join(temporary, name)).size >= 100 * 4 * cols,
      );
    while (!running() && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGINT");
    expect(await closed, output).toEqual({ code: 130, signal: null });
    expect(output).toMatch(/Stopped before the end: these are the figures of \d+ rows read until then/);
    const { complete, sites } = JSON.parse(readFileSync(join(folder, "stopped.json"), "utf8")) as Figures;
    expect(complete).toBe(false);
    expect(sites).toHaveLength(1);
    const [{ site, read, excluded }] = sites;
    expect(site).toBe("h.0.ln_1");
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(rows);
    expect(excluded.masked).toBe(Math.ceil(read / 2));
    expect(readFileSync(join(folder, "stopped.html"), "utf8")).toContain("The study was stopped when");
    expect(readdirSync(temporary)).toEqual([]);
  });

  test.each<[string, string[], number, RegExp]>([
    ["no inputs", [model], 2, /^capture: expected --inputs FILE or --text FILE, got neither\n$/],
    [
      "both",
      [model, "--inputs", "a", "--text", "b"],
      2,
      /^capture: expected --inputs FILE or --text FILE, got both\n$/,
    ],
    [
      "a file that is no ONNX",
      ["inputs.safetensors", "--inputs", "inputs.safetensors"],
      1,
      /^capture: \S+ expected an ONNX model, got a safetensors file\n$/,
    ],
    [
      "no file",
      ["none.onnx", "--inputs", "inputs.safetensors"],
      1,
      /^capture: none\.onnx expected a file that can be read, got no such file or directory\n$/,
    ],
    [
      "inputs of another name",
      [model, "--inputs", "wrong.safetensors"],
      1,
      /^capture: wrong\.safetensors expected an array "x" F32 \[n, 8\], got y\n$/,
    ],
    [
      "the model as output",
      [model, "--inputs", "inputs.safetensors", "-o", model],
      2,
      /^capture: --output model\.onnx expected a file to write, got one of the files to read\n$/,
    ],
    [
      "a batch of none",
      [model, "--inputs", "inputs.safetensors", "--batch", "0"],
      2,
      /Expected a whole number, 1 or more/,
    ],
  ])("%s: one line, nothing written", (_, args, status, message) => {
    write("wrong.safetensors", { y: random(2, cols) });
    const before = readdirSync(folder).sort();
    const out = args.includes("-o") ? [] : ["-o", "never.safetensors"];
    const run = orthonorm(["capture", ...args, ...out]);
    expect(run.stderr).toMatch(message);
    expect(run.status).toBe(status);
    expect(existsSync(join(folder, "never.safetensors"))).toBe(false);
    expect(readdirSync(folder).sort()).toEqual(before);
  });
});
