/** Runs of cold.mjs: from the import of a built package to its first result, each in a process of its own. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { root } from "./command.js";

const script = fileURLToPath(new URL("cold.mjs", import.meta.url));

/** What cold.mjs prints of a file of a package. */
export function cold(file: string, env: NodeJS.ProcessEnv = {}, ...options: string[]): string {
  const command = { encoding: "utf8", cwd: root, env: { ...process.env, ...env } } as const;
  return execFileSync(process.execPath, [script, pathToFileURL(file).href, ...options], command);
}

/** Node keeps compiled code between processes where it is told to: in 22.1 and newer. */
export function hasCompileCache(): boolean {
  const [major, minor] = process.versions.node.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 1);
}

/** Calls `run` with the environment of a compile cache, which is empty and is gone afterwards. */
export function withCompileCache(run: (env: NodeJS.ProcessEnv) => void): void {
  const cache = mkdtempSync(join(tmpdir(), "orthonorm-compile-cache-"));
  try {
    run({ NODE_COMPILE_CACHE: cache });
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}
