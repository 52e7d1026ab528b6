/** An earlier commit's package, built from git as it would have been published: what today's build is timed against. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cache = fileURLToPath(new URL(".cache", import.meta.url));

/** The last commit before the engine was reshaped around a table of ops. */
export const baseline = "6e9b9e4";

/** The folder of the unpacked package, which is built at the first call and kept in .cache, out of git. */
export function buildBaseline(commit = baseline): string {
  const hash = hashOf(commit);
  const folder = join(cache, hash);
  const unpacked = join(folder, "package");
  if (existsSync(join(unpacked, "dist/index.js"))) return unpacked;

  console.error(`building the package of ${commit}, once: about a minute`);
  rmSync(folder, { recursive: true, force: true });
  const source = join(folder, "source");
  mkdirSync(source, { recursive: true });
  execFileSync("tar", ["-x", "-C", source], { input: git("archive", hash) });
  if (sharesTools(source)) symlinkSync(join(root, "node_modules"), join(source, "node_modules"), "junction");
  else npm(source, "ci", "--ignore-scripts", "--no-audit", "--no-fund");
  npm(source, "run", "build:wasm");
  npm(source, "run", "build:bindings");
  npm(source, "pack", "--ignore-scripts", "--pack-destination", folder);
  const { name, version } = manifest(source);
  execFileSync("tar", ["-xzf", `${name}-${version}.tgz`], { cwd: folder });
  rmSync(source, { recursive: true, force: true });
  return unpacked;
}

function hashOf(commit: string): string {
  try {
    return git("rev-parse", "--quiet", "--verify", `${commit}^{commit}`).toString().trim();
  } catch (cause) {
    throw new Error(`baseline: git expected to know commit ${commit}, got none of that name: a full clone has it`, {
      cause,
    });
  }
}

/** Does the commit ask for no package, and no version, that is not installed here already? */
function sharesTools(source: string): boolean {
  const needed = manifest(source);
  const here = manifest(root);
  return (["dependencies", "devDependencies"] as const).every((kind) =>
    Object.entries(needed[kind]).every(([name, version]) => here[kind][name] === version),
  );
}

interface Manifest {
  name: string;
  version: string;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

const manifest = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

const git = (...args: string[]) =>
  execFileSync("git", args, { cwd: root, maxBuffer: 2 ** 30, stdio: ["ignore", "pipe", "inherit"] });

function npm(cwd: string, ...args: string[]): void {
  execFileSync("npm", [...args, "--silent"], { cwd, stdio: ["ignore", "ignore", "inherit"] });
}
