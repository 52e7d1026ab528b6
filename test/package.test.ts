// The package as it is published: what publint and arethetypeswrong say of it, that nothing in it runs at install, and that its
// links lead somewhere: in the package, or on the repository's host, whose files are this repository's.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { outsideCode, pages, repository, stage } from "../scripts/stage.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "orthonorm-package-"));
const staged = join(folder, "package");
let tarball = "";

beforeAll(() => {
  stage(staged);
  execFileSync("npm", ["pack", "./package", "--silent", "--pack-destination", "."], { cwd: folder, stdio: "pipe" });
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? expect.fail("no tarball"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const manifest = () => JSON.parse(readFileSync(join(staged, "package.json"), "utf8"));

describe("the manifest", () => {
  it("runs nothing at install, and asks for one package", () => {
    expect(manifest()).not.toHaveProperty("scripts");
    expect(manifest()).not.toHaveProperty("devDependencies");
    expect(manifest()).not.toHaveProperty("workspaces");
    expect(manifest()).not.toHaveProperty("private");
    expect(Object.keys(manifest().dependencies)).toEqual(["@assemblyscript/loader"]);
  });

  it("says where the package comes from", () => {
    expect(manifest()).toMatchObject({
      homepage: `${repository}#readme`,
      repository: { type: "git", url: `git+${repository}.git` },
      bugs: { url: `${repository}/issues` },
      license: "MIT",
    });
  });

  it("of the clone cannot be published in its place", () => {
    expect(JSON.parse(readFileSync(join(root, "package.json"), "utf8"))).toMatchObject({ private: true });
  });
});

it("publint has nothing to say", async () => {
  const { messages, pkg } = await publint({ pkgDir: staged, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
});

it("arethetypeswrong finds every entry's types, wherever ES modules are", () => {
  const attw = join(root, "node_modules/@arethetypeswrong/cli/dist/index.js");
  const args = [attw, tarball, "--profile", "esm-only", "--format", "json"];
  const { analysis, problems } = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
  expect(Object.keys(analysis.entrypoints)).toEqual(expect.arrayContaining([".", "./reference", "./threads"]));
  // the package has no CommonJS, which Node 10's resolution and require() ask for
  const others: { resolutionKind?: string }[] = Object.values<object[]>(problems).flat();
  const left = others.filter(({ resolutionKind = "" }) => !["node10", "node16-cjs"].includes(resolutionKind));
  expect(left).toEqual([]);
});

/** A page's links and pictures, in Markdown and in HTML. */
function linksOf(text: string): string[] {
  const found: string[] = [];
  outsideCode(text, (prose) => {
    found.push(...[...prose.matchAll(/\]\(([^)\s]+)\)|\b(?:src|srcset)="([^"]+)"/g)].map(([, a, b]) => a ?? b));
    return prose;
  });
  return found;
}

describe("links", () => {
  const hosted = [
    `${repository}/blob/main/`,
    `${repository}/tree/main/`,
    "https://raw.githubusercontent.com/orthonorm/orthonorm/main/",
  ];

  it("of the pages on the registry's site are addresses, of files that the repository has", () => {
    for (const page of ["README.md", "CHANGELOG.md"]) {
      const links = linksOf(readFileSync(join(staged, page), "utf8"));
      expect(links.length).toBeGreaterThan(0);
      expect(links.filter((link) => !/^(https:|#)/.test(link))).toEqual([]);
    }
    const readme = linksOf(readFileSync(join(staged, "README.md"), "utf8"));
    expect(readme.filter((link) => link.endsWith(".png"))).toHaveLength(2);
  });

  it("of every page lead somewhere, in the package or in the repository", () => {
    const all = pages(staged);
    expect(all).toEqual(
      expect.arrayContaining(["README.md", "docs/layernorm.md", "docs/contributing/performance-targets.md"]),
    );
    const broken = all.flatMap((page) =>
      linksOf(readFileSync(join(staged, page), "utf8"))
        .filter((link) => {
          const [path] = link.split("#");
          if (path === "") return false;
          const prefix = hosted.find((one) => path.startsWith(one));
          if (prefix !== undefined) return !matches(prefix, path.slice(prefix.length));
          return !/^[a-z]+:/.test(path) && !existsSync(join(staged, dirname(page), path));
        })
        .map((link) => `${page}: ${link}`),
    );
    expect(broken).toEqual([]);
  });

  /** Is there such a file, or where the address is of a folder, such a folder? */
  function matches(prefix: string, path: string): boolean {
    const file = join(root, path);
    return existsSync(file) && statSync(file).isDirectory() === prefix.includes("/tree/");
  }
});

it("has no picture, test, bench or source", () => {
  const files = readdirSync(staged, { recursive: true, encoding: "utf8" });
  expect(files.filter((path) => /\.png$|^(test|bench|bindings|assembly|study)(\/|$)|(?<!\.d)\.ts$/.test(path))).toEqual(
    [],
  );
});
