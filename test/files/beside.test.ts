// What is left beside a file by processes that were killed is told from what is still being written.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { beside, leftBeside, removeLeft } from "@orthonorm/files/node";
import { afterAll, expect, test } from "vitest";
import { leftOf } from "../support/leftovers.js";

const folder = mkdtempSync(join(tmpdir(), "orthonorm-beside-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const out = join(folder, "out");

test("names are new each time, and lie beside", () => {
  const names = Array.from({ length: 100 }, () => beside(out));
  expect(new Set(names).size).toBe(100);
  expect(names.every((name) => name.startsWith(`${out}.`) && name.endsWith(".tmp"))).toBe(true);
});

test("files and folders of processes that are gone are removed, and nothing else", () => {
  const gone = spawnSync(process.execPath, ["-e", "0"]).pid;
  const here = beside(out);
  const kept = [
    here, // this process is writing it
    leftOf(here, { pid: process.ppid }), // a process that runs
    leftOf(here, { pid: gone, machine: "00000000" }), // on another machine nobody here knows what runs
    leftOf(beside(`${out}put`), { pid: gone }), // of another file
    `${leftOf(here, { pid: gone })}.old`, // something that was moved aside
    `${out}.0a1b2c3d.tmp`, // somebody else's name
    out,
  ];
  for (const name of kept) writeFileSync(name, "");
  const file = leftOf(here, { pid: gone });
  // As in a container, where each run may have the same number.
  const sameNumber = leftOf(here, { pid: process.pid });
  writeFileSync(file, "half");
  mkdirSync(sameNumber);
  writeFileSync(join(sameNumber, "model.safetensors"), "half");
  expect(leftBeside(out, ".old")).toEqual([`${file}.old`]);
  expect(removeLeft(out).sort()).toEqual([file, sameNumber].sort());
  expect(readdirSync(folder).sort()).toEqual(kept.map((name) => basename(name)).sort());
  expect(removeLeft(out)).toEqual([]);
});

test("of a folder that is not there nothing is left", () => {
  expect(removeLeft(join(folder, "nowhere", "out"))).toEqual([]);
});
