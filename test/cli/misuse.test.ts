// Every mistake ends in one line that says what was expected and what came.

import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { modelBytes } from "../support/onnx-model.js";
import { layerNorm } from "../support/onnx-norms.js";
import { f32, folder, orthonorm, random, root, sparse, write, writeRaw } from "../support/study-runs.js";

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
    mkdirSync(join(folder, "nothing"));
    fails(["study", "nothing"], 1, /^study: nothing expected a folder with .*, got none in it$/m);
  });

  test("files that are cut off", () => {
    for (const [length, message] of [
      [0, /expected a \.safetensors, \.npy or \.npz file, got nothing: it is empty/],
      [5, /expected a \.safetensors, \.npy or \.npz file, got 5 bytes in all/],
      [40, /expected a header that fits in the file, got a file of 40 bytes whose header claims \d+/],
      [bytes.length - 10, /tensor "states" to have data_offsets within the 246 bytes of data, got \[0, 256\]/],
    ] as const) {
      writeFileSync(join(folder, "cut.safetensors"), bytes.subarray(0, length));
      fails(["study", "cut.safetensors"], 1, message);
    }
  });

  test("files of another format", () => {
    for (const [content, message] of [
      ["PK\x03\x04 and then a zip archive", /expected a sound zip archive, got one that is not/],
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
    fails(["study", "ids.safetensors"], 1, /expected a float tensor with rows, got 1 tensor: ids \(I64, not F32/);
    writeRaw("empty.safetensors", "{}");
    fails(["study", "empty.safetensors"], 1, /expected a float tensor with rows, got no tensor at all/);
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
      ["study", good, "--json", `${good}/figures.json`],
      1,
      /--json good\.safetensors\/figures\.json expected a file that can be written, got /,
    );
    fails(["study", good, "--json", "."], 1, /--json \. expected .* got a directory/);
    fails(
      ["study", good, "--json", good],
      2,
      /--json good\.safetensors expected a file to write, got one of the files to read/,
    );
    expect(readFileSync(join(folder, good))).toEqual(bytes);
  });

  test("a folder that takes no files is refused at once by every option that writes", () => {
    // Linux's /proc takes none, and Node's recursive mkdir tries for ever there. As root no permission is missing.
    if (process.platform !== "linux") return;
    writeFileSync(join(folder, "model.onnx"), modelBytes(layerNorm()));
    write("fed.safetensors", { x: random(4, 8) });
    const refused = (option: string, file: string) =>
      new RegExp(
        `: ${option} ${file} expected a file that can be written, got (a folder that takes no files|no permission)$`,
        "m",
      );
    for (const file of ["/proc/x", "/proc/orthonorm/deep/x"]) {
      for (const option of ["--json", "--csv", "--html", "--save"]) {
        fails(["study", good, option, file], 1, refused(option, file));
      }
      fails(["capture", "model.onnx", "--inputs", "fed.safetensors", "-o", file], 1, refused("--output", file));
    }
    const { status, stderr } = orthonorm(["study", "model.onnx", "--inputs", "fed.safetensors"], { TMPDIR: "/proc" });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^study: \/proc expected a folder for temporary files \(TMPDIR\), got [^\n]+\n$/);
  });

  test("an option that means nothing without another, or is given twice", () => {
    writeFileSync(join(folder, "text.txt"), "a text");
    const alone: [string, string, string][] = [
      ["--weight-offset", "1", "--weights beside it"],
      ["--pairs", "pairs.json", "--weights beside it"],
      ["--inputs", "fed.safetensors", "an .onnx model to feed"],
      ["--text", "text.txt", "a model to run"],
      ["--batch", "16", "an .onnx model to feed"],
      ["--tokens", "512", "a model to run"],
    ];
    for (const [option, value, what] of alone) {
      fails(["study", good, option, value], 2, new RegExp(`^study: ${option} expected ${what}, got none$`, "m"));
    }
    const tokens = ["--inputs", "fed.safetensors", "--tokens", "9"];
    for (const command of ["study", "capture"]) {
      fails([command, "any.onnx", ...tokens], 2, /^\w+: --tokens expected --text beside it, got none$/m);
    }
    // As help has them, so that none is forgotten; only --weights may be given again.
    const valued = (command: string) =>
      [...orthonorm([command, "--help"]).stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+) </gm)].map(([, option]) => option);
    const values: Record<string, string> = { "--norm": "rmsnorm", "--dtype": "bf16", "--batch": "2", "--tokens": "2" };
    for (const command of ["study", "merge", "capture"]) {
      const options = valued(command).filter((option) => option !== "--weights");
      expect(options.length).toBeGreaterThan(3);
      for (const option of options) {
        const [value, other] = [values[option] ?? "1", values[option] ?? "0"];
        const twice = new RegExp(`^${command}: ${option} expected once, got it twice$`, "m");
        fails([command, good, option, value, option, other], 2, twice);
      }
    }
    fails(["capture", good, "-o", "a", "--output", "b", "-o", "c"], 2, /--output expected once, got it 3 times$/m);
    // One without a value says the same twice.
    expect(orthonorm(["study", good, "--no-color", "--no-color"]).status).toBe(0);
  });

  test("an empty value, as a variable of a shell gives it that is not set", () => {
    fails(["study", good, "--json", ""], 2, /^study: --json expected a value, got an empty one$/m);
    fails(["study", good, "--csv="], 2, /^study: --csv expected a value, got an empty one$/m);
    fails(["study", ""], 2, /^study: <FILE> expected a value, got an empty one$/m);
    fails(["convert", good, "-o", ""], 2, /^convert: --output expected a value, got an empty one$/m);
  });

  test("numbers are written in decimals", () => {
    for (const [command, option] of [
      ["study", "--eps"],
      ["study", "--tokens"],
      ["capture", "--batch"],
      ["run", "--seed"],
      ["run", "--top-p"],
      ["verify", "--tolerance"],
    ]) {
      const { status, stdout, stderr } = orthonorm([command, good, option, "0x1"]);
      expect({ status, stdout }, option).toEqual({ status: 2, stdout: "" });
      expect(stderr).toMatch(/^orthonorm: option '.*' argument '0x1' is invalid\. Expected a .*number.*\.\nTry: /);
    }
  });

  test("folders are made for what is written, and not where the study fails", () => {
    expect(orthonorm(["study", good, "--json", "new/and/deep.json"]).status).toBe(0);
    expect(JSON.parse(readFileSync(join(folder, "new/and/deep.json"), "utf8")).sites).toHaveLength(1);
    fails(["study", "nowhere.safetensors", "--json", "never/made.json"], 1, /no such file or directory/);
    expect(readdirSync(folder)).not.toContain("never");
  });

  test("two results in one file", () => {
    for (const second of ["twice.json", "./twice.json"]) {
      fails(
        ["study", good, "--json", "twice.json", "--save", second],
        2,
        /--save .*twice\.json expected a file of its own/,
      );
    }
    expect(readdirSync(folder)).not.toContain("twice.json");
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
