// The command line: help, outputs, signals.

import { spawn } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { interrupted } from "../support/interrupted.js";
import { cli, type Figures, folder, orthonorm, random, root, sparse, write } from "../support/study-runs.js";

describe("the command line", () => {
  const good = write("plain.safetensors", { states: random(4, 16) });

  test("help teaches: every column, examples, exit status", () => {
    const { status, stdout } = orthonorm(["study", "--help"]);
    expect(status).toBe(0);
    for (const word of ["angle θ", "|90°−θ|", "chance", "57.3°/√d", "d·cos²θ", "LN−RMS", "engine error"]) {
      expect(stdout).toContain(word);
    }
    expect(stdout).toMatch(/--weights <FILE>.*--eps <N>.*--json <FILE>.*--no-color.*Examples:.*Exit status:/s);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    const overview = orthonorm(["--help"]);
    expect(overview.stdout).toContain("orthonorm study states.safetensors");
    expect(orthonorm([])).toMatchObject({ status: 0, stdout: overview.stdout });
  });

  test("--version is the package's", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(orthonorm(["--version"])).toMatchObject({ status: 0, stdout: `${version}\n` });
  });

  test("--json FILE replaces the file whole, beside the table; --json - prints nothing else", () => {
    mkdirSync(join(folder, "out"));
    writeFileSync(join(folder, "out/figures.json"), "old and longer than the new ".repeat(1000));
    const { status, stdout } = orthonorm(["study", good, "--json", "out/figures.json"]);
    expect(status).toBe(0);
    expect(stdout).toContain("4 × 16");
    expect(readdirSync(join(folder, "out"))).toEqual(["figures.json"]);
    const saved = readFileSync(join(folder, "out/figures.json"), "utf8");
    expect(orthonorm(["study", good, "--json", "-"]).stdout).toBe(saved);
  });

  test("--csv FILE is the JSON's figures, a line per site, and --csv - prints the same and nothing else", () => {
    const two = write("two.safetensors", { "a, b": random(4, 16), "=c": random(3, 16) });
    expect(orthonorm(["study", two, "--csv", "out/figures.csv"])).toMatchObject({ status: 0 });
    const saved = readFileSync(join(folder, "out/figures.csv"), "utf8");
    expect(orthonorm(["study", two, "--csv", "-"])).toMatchObject({ status: 0, stdout: saved, stderr: "" });
    const { sites } = JSON.parse(orthonorm(["study", two, "--json", "-"]).stdout) as Figures;
    const [head, ...lines] = saved.split("\r\n");
    expect(lines.pop()).toBe("");
    const columns = head.split(",");
    const named: Record<string, string> = { "a, b": '"a, b"', "=c": "'=c" };
    expect(lines).toHaveLength(2);
    for (const [i, { site, rows, angle }] of sites.entries()) {
      expect(lines[i]).toContain(named[site]);
      const cells = lines[i].replace('"a, b"', "a b").split(",");
      expect(cells).toHaveLength(columns.length);
      const cell = (column: string) => cells[columns.indexOf(column)];
      expect([cell("rows"), cell("angle.mean"), cell("affine")]).toEqual([String(rows), String(angle.mean), ""]);
    }
    const both = orthonorm(["study", two, "--csv", "-", "--json", "-"]);
    expect(both).toMatchObject({ status: 2, stdout: "" });
  });

  test("--html - and --save - print the page and the sums instead of the table; only one of them all can", () => {
    const page = orthonorm(["study", good, "--html", "-"]);
    expect(page).toMatchObject({ status: 0, stderr: "" });
    expect(page.stdout).toMatch(/^<!DOCTYPE html>.*<\/html>\s*$/s);
    expect(orthonorm(["study", good, "--save", "saved-plain.json"]).status).toBe(0);
    const saved = readFileSync(join(folder, "saved-plain.json"), "utf8");
    expect(orthonorm(["study", good, "--save", "-"])).toMatchObject({ status: 0, stdout: saved, stderr: "" });
    const merged = orthonorm(["merge", "saved-plain.json", "--save", "merged-plain.json", "--json", "-"]);
    expect(orthonorm(["merge", "saved-plain.json", "--save", "-"])).toMatchObject({
      status: 0,
      stdout: readFileSync(join(folder, "merged-plain.json"), "utf8"),
    });
    // The record of the first rows is kept in the run that reads them.
    const whole = JSON.parse(orthonorm(["study", good, "--json", "-"]).stdout);
    expect(JSON.parse(merged.stdout)).toEqual({ ...whole, sites: [{ ...whole.sites[0], tokens: null }] });
    const both = orthonorm(["study", good, "--save", "-", "--html", "-"]);
    expect(both).toMatchObject({ status: 2, stdout: "" });
    expect(both.stderr).toBe("study: --save - expected standard output, got that of --html\n");
    expect(readdirSync(folder)).not.toContain("-");
  });

  test("errors begin with the command they are of, and point to its help", () => {
    expect(orthonorm(["merge", "nowhere.json"])).toMatchObject({
      status: 1,
      stderr: "merge: nowhere.json expected a file that can be read, got no such file or directory\n",
    });
    for (const command of ["study", "merge"]) {
      const { status, stderr } = orthonorm([command, "--colour"]);
      expect(status).toBe(2);
      expect(stderr).toBe(`orthonorm: unknown option '--colour'\nTry: orthonorm ${command} --help\n`);
    }
  });

  test("what --save wrote is for merge, which study says", () => {
    expect(orthonorm(["study", good, "--save", "for-merge.json"]).status).toBe(0);
    expect(orthonorm(["study", good, "for-merge.json"])).toMatchObject({
      status: 1,
      stdout: "",
      stderr:
        "study: for-merge.json expected a .safetensors, .npy or .npz file, got sums that --save wrote (orthonorm merge reads them)\n",
    });
  });

  test("a link as JSON target stays a link", () => {
    writeFileSync(join(folder, "target.json"), "");
    symlinkSync("target.json", join(folder, "link.json"));
    expect(orthonorm(["study", good, "--json", "link.json"]).status).toBe(0);
    expect(JSON.parse(readFileSync(join(folder, "target.json"), "utf8")).sites).toHaveLength(1);
  });

  test("a link to what is not there yet is followed too, and refused where it leads to itself", () => {
    mkdirSync(join(folder, "elsewhere"));
    symlinkSync("elsewhere/new.json", join(folder, "dangling.json"));
    expect(orthonorm(["study", good, "--json", "dangling.json"])).toMatchObject({ status: 0, stderr: "" });
    expect(lstatSync(join(folder, "dangling.json")).isSymbolicLink()).toBe(true);
    expect(JSON.parse(readFileSync(join(folder, "elsewhere/new.json"), "utf8")).sites).toHaveLength(1);
    symlinkSync("round.json", join(folder, "round.json"));
    expect(orthonorm(["study", good, "--json", "round.json"])).toMatchObject({
      status: 1,
      stdout: "",
      stderr: "study: --json round.json expected a file that can be written, got a link that leads to itself\n",
    });
  });

  test("no colour where the output is not a terminal, whatever is asked for", () => {
    for (const env of [{}, { FORCE_COLOR: "1" }, { NO_COLOR: "1" }] as Record<string, string>[]) {
      expect(orthonorm(["study", good], env).stdout).not.toContain("\u001b");
    }
  });

  test("a reader that stops reading is no failure", async () => {
    const child = spawn(process.execPath, [cli, "study", good], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    let complaint = "";
    child.stderr.on("data", (data) => {
      complaint += data;
    });
    const status = await new Promise((resolve) => child.on("close", resolve));
    expect({ status, complaint }).toEqual({ status: 0, complaint: "" });
  });

  test("Ctrl-C ends a long study with what was read until then, which says so, and with 130", async () => {
    // Sixteen gigabytes: half a minute's work.
    sparse("huge.safetensors", 1 << 22, 1024, [1]);
    mkdirSync(join(folder, "stopped"));
    const outputs = ["--json", "stopped/figures.json", "--save", "stopped/sums.json", "--html", "stopped/page.html"];
    const figures = () => JSON.parse(readFileSync(join(folder, "stopped/figures.json"), "utf8")) as Figures;
    const { status, stdout } = await interrupted(["study", good, "huge.safetensors", ...outputs], /[1-9]\d? %/);
    expect(status).toBe(130);
    expect(stdout).toContain("Stopped before the end");
    expect(readdirSync(join(folder, "stopped")).sort()).toEqual(["figures.json", "page.html", "sums.json"]);
    const { complete, sites } = figures();
    expect(complete).toBe(false);
    expect(sites[1].read).toBeLessThan(sites[1].rows);
    expect(readFileSync(join(folder, "stopped/page.html"), "utf8")).toContain("Stopped");
    expect(orthonorm(["merge", "stopped/sums.json"]).stdout).toContain("Stopped before the end");
  });
});
