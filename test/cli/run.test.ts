// orthonorm run: a model's text on standard output, and nothing else there.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Case, cases, randomCase } from "../support/models/cases.js";
import { writeModel } from "../support/models/checkpoints.js";
import { writeHub } from "../support/models/texts.js";
import { cli, folder, orthonorm, twins } from "../support/study-runs.js";

const twin = join(twins, "ln", "model.safetensors");

describe("orthonorm run", () => {
  it("says on what the prompt begins, and its pace to standard error", () => {
    const args = ["run", twin, "--prompt", "export function ", "--tokens", "40"];
    const { status, stdout, stderr } = orthonorm(args);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^export function [\n\x20-\x7e]{40}\n$/);
    expect(stderr).toMatch(/^40 tokens after 16 of the prompt, \d+\.\d a second\n$/);
    expect(orthonorm(args).stdout).toBe(stdout);
    expect(orthonorm([...args, "--seed", "2"]).stdout).not.toBe(stdout);
    expect(orthonorm([...args, "--weights", "int8"]).status).toBe(0);
    const greedy = orthonorm([...args, "--temperature", "0"]).stdout;
    expect(orthonorm([...args, "--top-k", "1"]).stdout).toBe(greedy);
    expect(orthonorm([...args, "--temperature", "0", "--weights", "f32"]).stdout).toBe(greedy);
  });

  it.each([
    [["--tokens", "0"], "option '--tokens <N>' argument '0' is invalid. Expected a whole number, 1 or more."],
    [["--top-p", "0"], "option '--top-p <P>' argument '0' is invalid. Expected a number above 0, at most 1."],
    [["--temperature", "-1"], "option '--temperature <T>' argument '-1' is invalid. Expected a number, 0 or more."],
    [["--weights", "f8"], "option '--weights <KIND>' argument 'f8' is invalid. Allowed choices are stored, f32, int8."],
  ])("%j is a wrong command line", (options, message) => {
    const { status, stdout, stderr } = orthonorm(["run", twin, ...options]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toBe(`orthonorm: ${message}\nTry: orthonorm run --help\n`);
  });

  it("ends when its reader has seen enough", async () => {
    const child = spawn(process.execPath, [cli, "run", twin, "--tokens", "1000000"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (data) => {
      stderr += data;
    });
    child.stdout.once("data", () => child.stdout.destroy());
    const status = await new Promise((resolve) => child.on("close", resolve));
    expect([status, stderr]).toEqual([
      0,
      expect.stringMatching(/^\d+ tokens after 1 of the prompt, \d+\.\d a second\n$/),
    ]);
    expect(Number.parseInt(stderr, 10)).toBeLessThan(1_000_000);
  });

  it("says in one line that standard output has no room", () => {
    if (!existsSync("/dev/full")) return;
    for (const args of [
      ["run", twin, "--tokens", "5"],
      ["study", join(twins, "ln", "states.safetensors"), "--json", "-"],
    ]) {
      const full = openSync("/dev/full", "w");
      const run = spawnSync(process.execPath, [cli, ...args], { stdio: ["ignore", full, "pipe"], encoding: "utf8" });
      closeSync(full);
      const message = `${args[0]}: standard output expected to be written, got no space left on the device\n`;
      expect([run.status, run.stderr]).toEqual([1, message]);
    }
  });

  it("says in one line that a model has weights that are no numbers, and that a prompt is needed", async () => {
    const path = join(folder, "broken");
    await writeHub(path, "gpt2", false);
    const silent = orthonorm(["run", path]);
    const needed = "run: --prompt expected a text, for this model's texts begin with no token of their own, got none\n";
    expect(silent).toMatchObject({ status: 2, stdout: "", stderr: needed });
    const file = join(path, "model.safetensors");
    const one = cases.find(({ name }) => name === "gpt2") as Case;
    const { tensors } = randomCase(one);
    const last = tensors.find(({ name }) => name === "transformer.ln_f.weight");
    (last?.data as Float32Array)[3] = Number.NaN;
    await writeModel(path, one.config, tensors);
    for (const args of [
      ["run", path, "--prompt", "abc"],
      ["run", path, "--prompt", "abc", "--temperature", "0"],
    ]) {
      const { status, stderr } = orthonorm(args);
      const message = `run: ${file} expected weights whose logits are numbers, got NaN\n`;
      expect([status, stderr]).toEqual([1, message]);
    }
    writeFileSync(join(folder, "abc.txt"), "abc");
    const verified = orthonorm(["verify", path, path, "--text", "abc.txt"]);
    expect([verified.status, verified.stdout]).toEqual([1, ""]);
    expect(verified.stderr).toBe(`verify: ${file} expected weights whose logits are numbers, got NaN\n`);
  });

  it("says in one line what is wrong with a model, and with a prompt", () => {
    const absent = orthonorm(["run", "absent"]);
    expect(absent.stderr).toBe("run: absent expected a file that can be read, got no such file or directory\n");
    expect([absent.status, absent.stdout]).toEqual([1, ""]);
    const states = orthonorm(["run", join(twins, "ln", "states.safetensors")]);
    expect(states.status).toBe(1);
    expect(states.stderr).toMatch(
      /^run: .*states\.safetensors expected tensor "transformer\.wte\.weight" of .*, got none\n$/,
    );
    const prompt = orthonorm(["run", twin, "--prompt", "é"]);
    expect([prompt.status, prompt.stdout]).toEqual([1, ""]);
    expect(prompt.stderr).toMatch(/expected a text of characters that it knows, got "é"\n$/);
  });
});
