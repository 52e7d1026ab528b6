// What people name as files: names, folders, patterns, the same file twice.

import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileError } from "@orthonorm/files";
import { expand, expandFiles } from "@orthonorm/files/node";
import { describe, expect, test } from "vitest";
import { folder } from "../support/read-files.js";

test("an empty name is refused, and does not mean the folder that one is in", async () => {
  for (const one of [expand, expandFiles]) {
    await expect(one(["a.npy", ""])).rejects.toThrow("an argument expected the name of a file, got an empty one");
  }
});

describe("globs", () => {
  const cwd = join(folder, "globs");
  mkdirSync(join(cwd, "deep"), { recursive: true });
  for (const name of ["h.10.npy", "h.2.npy", "h.1.npy", "deep/h.3.npy", "odd[1].npy", "odd1.npy", "H.1.npy"]) {
    writeFileSync(join(cwd, name), "");
  }

  test("in the order of the arguments, and of the numbers in names", async () => {
    expect(await expand(["odd1.npy", "h.*.npy", "-", "missing"], cwd)).toEqual([
      "odd1.npy",
      "h.1.npy",
      "h.2.npy",
      "h.10.npy",
      "-",
      "missing",
    ]);
    expect(await expand(["**/h.{3,10}.npy"], cwd)).toEqual(["deep/h.3.npy", "h.10.npy"]);
    expect(await expand([join(cwd, "h.?.npy")], tmpdir())).toEqual([join(cwd, "h.1.npy"), join(cwd, "h.2.npy")]);
  });

  test("a file that is called like a pattern is that file", async () => {
    expect(await expand(["odd[1].npy"], cwd)).toEqual(["odd[1].npy"]);
    expect(await expand(["odd[12].npy"], cwd)).toEqual(["odd1.npy"]);
  });

  test("a pattern that nothing matches", async () => {
    await expect(expand(["h.1.npy", "x*.npy"], cwd)).rejects.toThrow(
      new FileError("x*.npy expected at least one file that matches, got none"),
    );
    // a folder is no file
    await expect(expand(["de*"], cwd)).rejects.toThrow(FileError);
  });
});

describe("files of tensors", () => {
  const cwd = join(folder, "given");
  mkdirSync(join(cwd, "states/deep.npy"), { recursive: true });
  mkdirSync(join(cwd, "none"));
  const files = [
    "td.npy",
    "notes.txt",
    "states/h.10.npy",
    "states/h.2.NPY",
    "states/README.md",
    "states/a.safetensors",
  ];
  for (const name of files) writeFileSync(join(cwd, name), "");
  linkSync(join(cwd, "td.npy"), join(cwd, "hard.npy"));
  symlinkSync("td.npy", join(cwd, "soft.npy"));

  const named = (...names: string[]) => names.map((file) => ({ file, explicit: true }));
  const found = (...names: string[]) => names.map((file) => ({ file, explicit: false }));

  test("a folder means the files of tensors in it, in natural order", async () => {
    expect(await expandFiles(["states"], cwd)).toEqual(
      found(join("states", "a.safetensors"), join("states", "h.2.NPY"), join("states", "h.10.npy")),
    );
  });

  test("it is known which files were named, and which a folder or a pattern gave", async () => {
    expect(await expandFiles(["notes.txt", "states/*.md", "-", "missing"], cwd)).toEqual([
      ...named("notes.txt"),
      ...found("states/README.md"),
      ...named("-", "missing"),
    ]);
  });

  test.each([
    [["td.npy", "./td.npy"], "./td.npy expected to be given once, got it given twice, as td.npy before"],
    [["td.npy", "soft.npy"], "soft.npy expected to be given once, got it given twice, as td.npy before"],
    [["t*.npy", "hard.npy"], "hard.npy expected to be given once, got it given twice, as td.npy before"],
    [["states", "states/h.10.npy"], /h\.10\.npy expected to be given once, got it given twice/],
    [["-", "-"], "- expected to be given once, got it given twice"],
    [["missing", "missing"], "missing expected to be given once, got it given twice"],
    [["none"], "none expected a folder with .safetensors, .npy or .npz files, got none in it"],
    [["x*"], "x* expected at least one file that matches, got none"],
  ])("refuses %s", async (args, message) => {
    const error = await expandFiles(args, cwd).catch((reason) => reason);
    expect(error).toBeInstanceOf(FileError);
    expect(error.message).toMatch(message);
  });
});
