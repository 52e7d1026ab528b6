// The package's types in a project of their own: the least TypeScript that README promises, the newest 5 and the repository's,
// each with the library of ES2022 alone and every declaration checked.

import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "orthonorm-types-"));
const compilers = [
  "test/consumers/typescript-5.2/node_modules/typescript",
  "test/consumers/typescript-5.9/node_modules/typescript",
  "node_modules/typescript",
].map((path): [version: string, path: string] => {
  const { version } = JSON.parse(readFileSync(join(root, path, "package.json"), "utf8"));
  return [version, join(root, path, "bin/tsc")];
});

const compilerOptions = {
  target: "ES2022",
  lib: ["ES2022"],
  types: [],
  strict: true,
  skipLibCheck: false,
  noEmit: true,
};

beforeAll(() => {
  const [, tsc] = compilers[2];
  const installed = join(folder, "node_modules/orthonorm");
  mkdirSync(installed, { recursive: true });
  cpSync(join(root, "package.json"), join(installed, "package.json"));
  execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json"), "--outDir", join(installed, "dist")]);
  cpSync(join(root, "test/consumers/consumer.ts"), join(folder, "consumer.ts"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  for (const [name, module, moduleResolution] of [
    ["node", "NodeNext", "NodeNext"],
    ["bundler", "ESNext", "Bundler"],
  ]) {
    const config = { compilerOptions: { ...compilerOptions, module, moduleResolution }, files: ["consumer.ts"] };
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(config));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ...compilers.map(([version, path]) => ({ version, path, resolution: "node" })),
  { version: compilers[2][0], path: compilers[2][1], resolution: "bundler" },
])("TypeScript $version, modules as $resolution resolves them", async ({ path, resolution }) => {
  const said = await promisify(execFile)(process.execPath, [path, "-p", join(folder, `${resolution}.json`)]).then(
    ({ stdout }) => stdout,
    ({ stdout }) => stdout,
  );
  expect(said).toBe("");
});

it("README states the least TypeScript", () => {
  const [[least]] = compilers;
  const readme = readFileSync(join(root, "README.md"), "utf8");
  expect(readme).toContain(`Types need TypeScript ${least.split(".").slice(0, 2).join(".")} or newer`);
});
