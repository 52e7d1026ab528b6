// What the scripts of package.json promise of themselves, and no other test sees.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

test.each([
  ["FUZZ_STEPS", "abc"],
  ["FUZZ_STEPS", "0"],
  ["FUZZ_SEED", "-1"],
  ["FUZZ_SEED", ""],
])("the fuzzer refuses %s=%s", (name, value) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, ["node_modules/tsx/dist/cli.mjs", "scripts/fuzz.ts"], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, [name]: value },
  });
  expect({ status, stderr, stdout }).toEqual({
    status: 1,
    stderr: `${name} expected a positive integer, got ${JSON.stringify(value)}\n`,
    stdout: "",
  });
});

describe("build-if-needed", () => {
  const sources = ["asconfig.json", "tsconfig.json", "tsconfig.build.json", "abi/ops.ts", "cli/src/main.ts"];
  const built = ["bindings/wasm/ops.ts", "bindings/reference/ops.ts", "dist/index.js", "dist/cli/orthonorm.js"];

  /** What it says in a repository of these files alone, where a build would lack its tools; nothing where it needs none. */
  function said(change: (path: (name: string) => string) => void): string {
    const folder = mkdtempSync(join(tmpdir(), "orthonorm-build-"));
    const path = (name: string) => join(folder, name);
    try {
      for (const [names, time] of [[sources, 1000] as const, [[...built, "assembly/exports/norm.ts"], 2000] as const]) {
        for (const name of names) {
          mkdirSync(dirname(path(name)), { recursive: true });
          writeFileSync(path(name), "");
          utimesSync(path(name), time, time);
        }
      }
      mkdirSync(path("scripts"));
      cpSync(join(root, "scripts/build-if-needed.mjs"), path("scripts/build-if-needed.mjs"));
      utimesSync(path("scripts/build-if-needed.mjs"), 1000, 1000);
      utimesSync(path("assembly/exports"), 2000, 2000);
      change(path);
      return spawnSync(process.execPath, [path("scripts/build-if-needed.mjs")], { encoding: "utf8" }).stderr;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  test("is still where all is newer than its sources", () => {
    expect(said(() => {})).toBe("");
  });

  test.each(sources)("builds where %s changed", (name) => {
    expect(said((path) => utimesSync(path(name), 3000, 3000))).toMatch(/^orthonorm: /);
  });

  test.each([...built, "assembly/exports"])("builds where %s is gone", (name) => {
    expect(said((path) => rmSync(path(name), { recursive: true }))).toMatch(/^orthonorm: /);
  });
});
