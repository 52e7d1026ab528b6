// orthonorm convert and orthonorm verify: the twin with RMSNorm, and the proof.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeSafetensors } from "@orthonorm/files/node";
import type { Compared } from "@orthonorm/models";
import { beforeAll, describe, expect, it } from "vitest";
import { interrupted } from "../support/interrupted.js";
import { characterCases, randomCase } from "../support/models/cases.js";
import { writeModel } from "../support/models/checkpoints.js";
import { cli, folder, orthonorm, root, twins } from "../support/study-runs.js";

const twin = join(twins, "ln", "model.safetensors");
const text = join(folder, "text.txt");

interface Figures extends Compared {
  models: { a: string; b: string };
  tolerance: number;
  complete: boolean;
  agree: boolean;
}

beforeAll(() => {
  const source = readFileSync(join(root, "node_modules/assemblyscript/std/assembly/array.ts"), "utf8");
  writeFileSync(text, source.replaceAll(/[^\n\x20-\x7e]/g, ""));
  for (const fold of [false, true]) {
    const args = ["convert", twin, "-o", fold ? "folded.safetensors" : "converted.safetensors"];
    expect(orthonorm(fold ? [...args, "--fold"] : args)).toMatchObject({ status: 0, stderr: "" });
  }
});

describe("orthonorm convert", () => {
  it("tells what it did, and how to prove it", () => {
    const { status, stdout, stderr } = orthonorm(["convert", twin, "-o", "told", "--fold"]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout.replaceAll(twin, "TWIN")).toBe(
      `TWIN: layernorm-twin, 9 LayerNorms to RMSNorm, eps 1e-5
  36 tensors: 18 centered, 18 with a norm's weight or bias folded in
2 files:
  told/model.safetensors
  told/manifest.json

orthonorm verify TWIN told --text FILE
`,
    );
    expect(JSON.parse(readFileSync(join(folder, "told/manifest.json"), "utf8")).made_by).toMatch(
      /^orthonorm convert \d+\.\d+\.\d+$/,
    );
    const said = orthonorm(["run", "told", "--prompt", "export ", "--tokens", "20", "--temperature", "0"]);
    const own = orthonorm(["run", twin, "--prompt", "export ", "--tokens", "20", "--temperature", "0"]);
    expect(said).toMatchObject({ status: 0, stdout: own.stdout });
  });

  it("divides a model with a tied head into shards", async () => {
    const gpt2 = { model_type: "gpt2", n_embd: 24, n_layer: 2, n_head: 3, n_positions: 40, vocab_size: 29 };
    const [makemore] = characterCases;
    const shapes = Object.entries(makemore.shapes)
      .filter(([name]) => name !== "lm_head.weight")
      .map(([name, shape]) => [name, /(c_attn|c_proj|c_fc)\.weight$/.test(name) ? [shape[1], shape[0]] : shape]);
    const one = { ...makemore, shapes: Object.fromEntries(shapes) };
    await writeModel(join(folder, "hub"), gpt2, randomCase(one).tensors);
    const { status, stdout } = orthonorm(["convert", "hub", "-o", "sharded", "--shard-size", "20KB"]);
    expect(status).toBe(0);
    expect(stdout).toContain("  head untied: the embedding's weights as they were\n");
    expect(stdout).toMatch(
      /sharded\/model-00001-of-0000\d\.safetensors\n.*\n.*sharded\/model\.safetensors\.index\.json/s,
    );
  });

  it.each([
    [
      ["-o", "x", "--shard-size", "0"],
      "option '--shard-size <SIZE>' argument '0' is invalid. Expected a size, like 5GB or 500MB.",
    ],
    [
      ["-o", "x", "--shard-size", "5 apples"],
      "option '--shard-size <SIZE>' argument '5 apples' is invalid. Expected a size, like 5GB or 500MB.",
    ],
    [
      ["-o", "x", "--weights", "int8"],
      "option '--weights <KIND>' argument 'int8' is invalid. Allowed choices are stored, f32.",
    ],
    [[], "required option '-o, --output <OUT>' not specified"],
    [["-o", "x", "--folded"], "unknown option '--folded'\n(Did you mean --fold?)"],
  ])("%j is a wrong command line", (options, message) => {
    const { status, stdout, stderr } = orthonorm(["convert", twin, ...options]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toBe(`orthonorm: ${message}\nTry: orthonorm convert --help\n`);
    expect(existsSync(join(folder, "x"))).toBe(false);
  });

  it("says in one line what cannot be done, and writes nothing", () => {
    const fails = (args: string[], message: RegExp) => {
      const before = readdirSync(folder);
      const { status, stdout, stderr } = orthonorm(["convert", ...args]);
      expect([status, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(message);
      expect(stderr.trimEnd().split("\n")).toHaveLength(1);
      expect(readdirSync(folder)).toEqual(before);
    };
    fails(["absent", "-o", "y"], /^convert: absent expected a file that can be read, got no such file or directory$/m);
    fails([join(twins, "rms"), "-o", "y"], /^convert: .* got a rmsnorm-twin, which has RMSNorm already/);
    fails(
      [twin, "-o", "converted.safetensors"],
      /^convert: converted\.safetensors expected a new name, or --force, got a file/,
    );
    mkdirSync(join(folder, "mine"));
    writeFileSync(join(folder, "mine/notes.txt"), "");
    fails(
      [twin, "-o", "mine", "--force"],
      /^convert: mine expected the result of an earlier conversion, .* got something else$/m,
    );
    writeFileSync(join(folder, "file"), "");
    fails(
      [twin, "-o", "file/x"],
      /^convert: file\/x expected a folder that can be written, got a file in the place of/,
    );
    if (process.platform === "linux") {
      fails([twin, "-o", "/proc/x"], /^convert: \/proc\/x expected a folder that can be written, got /);
      fails([twin, "-o", "/proc/x/y"], /^convert: \/proc\/x\/y expected a folder that can be written, got /);
    }
  });

  /** An embedding and a head of 96 MB each, so that there is time to stop, and no room for either in the memory that is allowed. */
  async function large(): Promise<string> {
    const path = join(folder, "large.safetensors");
    if (existsSync(path)) return path;
    const [makemore] = characterCases;
    const rows = 1_000_000;
    const tensors = randomCase(makemore).tensors.map((one) =>
      /wte|lm_head/.test(one.name) ? { ...one, shape: [rows, 24], data: new Float32Array(24 * rows) } : one,
    );
    const settings = Object.entries(makemore.config).map(([key, value]) => [key, `${value}`]);
    await writeSafetensors(path, tensors, { metadata: { ...Object.fromEntries(settings), vocab: "[]" } });
    return path;
  }

  it("holds a piece of a tensor at a time", async () => {
    const tell = "process.on('exit',()=>process.stderr.write(String(process.resourceUsage().maxRSS)))";
    const args = ["convert", await large(), "-o", "of-large", "--fold"];
    const { status, stderr } = orthonorm(args, { NODE_OPTIONS: `--import=data:text/javascript,${tell}` });
    expect(status).toBe(0);
    // In KiB. Node itself takes some 60 MiB; one of the tensors in f64 alone would be 183 MiB.
    expect(Number(stderr)).toBeGreaterThan(10_000);
    expect(Number(stderr)).toBeLessThan(180 * 1024);
  });

  it.each(["out", "out.safetensors"])("stopped by Ctrl-C while it writes %s leaves nothing", async (out) => {
    await large();
    const before = readdirSync(folder);
    const child = spawn(process.execPath, [cli, "convert", "large.safetensors", "-o", out], { cwd: folder });
    let stderr = "";
    child.stderr.on("data", (data) => {
      stderr += data;
    });
    const closed = new Promise((resolve) => child.on("close", resolve));
    await begun(out);
    child.kill("SIGINT");
    const status = await closed;
    expect({ status, stderr }).toEqual({ status: 130, stderr: "convert: stopped\n" });
    expect(readdirSync(folder)).toEqual(before);
  });

  const written = (out: string) =>
    readdirSync(folder).filter((name) => name.startsWith(`${out}.`) && name.endsWith(".tmp"));

  /** Waits until a conversion writes something beside its place. */
  async function begun(out: string): Promise<void> {
    while (written(out).length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  it.each(["killed", "killed.safetensors"])(
    "a conversion to %s that was killed is cleaned up by the next one, one that runs is left alone",
    async (out) => {
      await large();
      const args = ["convert", "large.safetensors", "-o", out];
      const child = spawn(process.execPath, [cli, ...args], { cwd: folder, stdio: "ignore" });
      const closed = new Promise((resolve) => child.on("close", resolve));
      await begun(out);
      child.kill("SIGSTOP");
      const left = written(out);
      expect(left).toHaveLength(1);
      const other = ["convert", twin, "-o", out];
      expect(orthonorm(other)).toMatchObject({ status: 0, stderr: "" });
      expect(written(out)).toEqual(left);
      child.kill("SIGKILL");
      await closed;
      expect(written(out)).toEqual(left);
      const { status, stderr } = orthonorm([...other, "--force"]);
      expect([status, stderr]).toEqual([
        0,
        expect.stringMatching(/^convert: removed .*, which a run that was killed had left\n$/),
      ]);
      expect(stderr).toContain(left[0]);
      expect(written(out)).toEqual([]);
    },
  );
});

it("- is no place for what convert writes", () => {
  expect(orthonorm(["convert", twin, "-o", "-"])).toMatchObject({
    status: 2,
    stdout: "",
    stderr: "convert: --output expected the name of a folder or a file, got -\n",
  });
});

describe("orthonorm verify", () => {
  const figures = (...args: string[]): Figures => {
    const { status, stdout, stderr } = orthonorm(["verify", ...args, "--text", text, "--json", "-"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return JSON.parse(stdout);
  };

  it.each(["converted.safetensors", "folded.safetensors"])(
    "the twin as %s: the loss is the same to 1e-6, logits to 1e-4",
    (b) => {
      const {
        tokens,
        a,
        b: other,
        swapped,
        norms,
        agree,
        complete,
        tolerance,
        models,
      } = figures(twin, b, "--tokens", "2000");
      expect({ tokens, agree, complete, tolerance, models }).toEqual({
        tokens: 2000,
        agree: true,
        complete: true,
        tolerance: 0.001,
        models: { a: twin, b },
      });
      expect([a.norm, other.norm, swapped?.norm]).toEqual(["LayerNorm", "RMSNorm", "RMSNorm"]);
      expect(Math.abs(other.loss - a.loss)).toBeLessThan(1e-6);
      expect(other.difference).toBeLessThan(1e-4);
      expect(other.agreement).toBeGreaterThan(0.999);
      // The naive swap, beside it.
      expect(swapped?.difference).toBeGreaterThan(0.1);
      expect(swapped?.agreement).toBeLessThan(0.999);
      expect((swapped?.loss as number) - a.loss).toBeGreaterThan(1e-4);
      expect(norms.map(({ name }) => name)).toEqual([
        "h.0.ln_1",
        "h.0.ln_2",
        "h.1.ln_1",
        "h.1.ln_2",
        "h.2.ln_1",
        "h.2.ln_2",
        "h.3.ln_1",
        "h.3.ln_2",
        "ln_f",
      ]);
      for (const norm of norms) {
        expect(norm.a).toBeGreaterThan(0.05);
        expect(norm.b).toBeLessThan(1e-6);
      }
    },
  );

  it("has it all in one table, with the same figures", () => {
    const args = [
      "verify",
      twin,
      "converted.safetensors",
      "--text",
      text,
      "--tokens",
      "200",
      "--json",
      "verified.json",
    ];
    const { status, stdout, stderr } = orthonorm(args);
    expect([status, stderr]).toEqual([0, ""]);
    const saved = JSON.parse(readFileSync(join(folder, "verified.json"), "utf8")) as Figures;
    expect(saved).toEqual(figures(twin, "converted.safetensors", "--tokens", "200"));
    expect(stdout).toMatch(
      /^A {2}.*model\.safetensors\nB {2}converted\.safetensors\n200 tokens, logits up to \d+\.\d\n/,
    );
    expect(stdout).toMatch(/^norm +LayerNorm +RMSNorm +RMSNorm$/m);
    expect(stdout).toMatch(/^same token as A +\d+\.\d\d % +\d+\.\d\d %$/m);
    expect(stdout).toContain(saved.a.loss.toFixed(6));
    expect(stdout).toMatch(/^ {2}ln_f +0\.\d+ +\d\.\de-\d$/m);
    expect(stdout).toMatch(/^B computes what A does: max \|Δlogit\| \d\.\de-[56], within --tolerance 0\.001\.\n$/m);
    expect(stdout).not.toContain("\u001b");
  });

  it("prints the table of its page, but for the last digits of what rounding leaves", () => {
    const page = readFileSync(join(root, "docs/convert-model.md"), "utf8");
    const [wanted] = /^A {2}study[^`]*/m.exec(page) as RegExpExecArray;
    const source = join(root, "node_modules/assemblyscript/std/assembly/array.ts");
    const { stdout } = orthonorm(["verify", twin, "converted.safetensors", "--text", source]);
    const rough = (table: string) =>
      table
        .replaceAll(/[−+]?\d\.\de-[5-9]/g, "small")
        .split("\n")
        .slice(2);
    expect(rough(stdout).map((line) => line.replaceAll(/ +/g, " "))).toEqual(
      rough(wanted).map((line) => line.replaceAll(/ +/g, " ")),
    );
  });

  it("exits with 1 where they differ by more than the tolerance, whichever it is", () => {
    const rms = orthonorm(["verify", twin, join(twins, "rms"), "--text", text, "--tokens", "100"]);
    expect(rms.status).toBe(1);
    expect(rms.stdout).toMatch(
      /^B computes something else than A: max \|Δlogit\| \d+\.\d+, beyond --tolerance 0\.001\.$/m,
    );
    const strict = ["verify", twin, "converted.safetensors", "--text", text, "--tokens", "100"];
    expect(orthonorm([...strict, "--tolerance", "1e-9"]).status).toBe(1);
    expect(orthonorm(["verify", twin, twin, "--text", text, "--tokens", "100", "--tolerance", "0"]).status).toBe(0);
    // A without LayerNorm has nothing to swap.
    const same = orthonorm(["verify", join(twins, "rms"), join(twins, "rms"), "--text", text, "--tokens", "100"]);
    expect([same.status, same.stdout.includes("not centered")]).toEqual([0, false]);
  });

  it("reads a text in windows, each a text of its own", () => {
    const one = figures(twin, "converted.safetensors", "--tokens", "120", "--window", "30");
    const other = figures(twin, "converted.safetensors", "--tokens", "120");
    expect(one.tokens).toBe(other.tokens);
    expect(one.a.loss).not.toBe(other.a.loss);
  });

  it("says in one line what is wrong", () => {
    const line = (args: string[], status: number, message: RegExp) => {
      const got = orthonorm(["verify", ...args]);
      expect([got.status, got.stdout]).toEqual([status, ""]);
      expect(got.stderr).toMatch(message);
    };
    line(
      [twin, "absent", "--text", text],
      1,
      /^verify: absent expected a file that can be read, got no such file or directory\n$/,
    );
    line(
      [twin, twin, "--text", "absent"],
      1,
      /^verify: absent expected a file that can be read, got no such file or directory\n$/,
    );
    writeFileSync(join(folder, "short.txt"), "a");
    line([twin, twin, "--text", "short.txt"], 1, /^verify: short\.txt expected a text of two tokens or more, got 1\n$/);
    writeFileSync(join(folder, "nothing.txt"), "");
    line(
      [twin, twin, "--text", "nothing.txt"],
      1,
      /^verify: --text nothing\.txt expected a text, got an empty file\n$/,
    );
    line(
      [twin, "converted.safetensors", "--text", text, "--json", "converted.safetensors"],
      2,
      /^verify: --json converted\.safetensors expected a file to write, got one of the files to read\n$/,
    );
    line([twin, twin], 2, /^orthonorm: required option '--text <FILE>' not specified\nTry: orthonorm verify --help\n$/);
    line([twin, twin, "--text", text, "--tolerance", "-1"], 2, /Expected a number, 0 or more\.\n/);
    line(
      [twin, twin, "--text", text, "--json", text],
      2,
      /--json .* expected a file to write, got one of the files to read\n$/,
    );
  });

  it("stopped by Ctrl-C shows what it found until then", async () => {
    const long = join(folder, "long.txt");
    writeFileSync(long, readFileSync(text, "utf8").repeat(20));
    const args = ["verify", twin, "converted.safetensors", "--text", long, "--tokens", "300000", "--json", "-"];
    const { status, stdout, stderr } = await interrupted(args, / of 300000 tokens/);
    expect({ status, stderr }).toEqual({ status: 130, stderr: "verify: stopped\n" });
    const { complete, tokens, agree } = JSON.parse(stdout) as Figures;
    expect([complete, agree]).toEqual([false, true]);
    expect(tokens).toBeLessThan(300_000);
    expect(tokens).toBeGreaterThan(0);
  });
});

it.each(["convert", "verify"])("orthonorm %s --help teaches within 80 columns", (command) => {
  const { status, stdout } = orthonorm([command, "--help"]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/Examples:.*Exit status:/s);
  expect(Math.max(...stdout.split("\n").map((line) => [...line].length))).toBeLessThanOrEqual(80);
});
