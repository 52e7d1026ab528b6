// orthonorm run: a model's text on standard output, and nothing else there.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { orthonorm, twins } from "../support/study-runs.js";

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
