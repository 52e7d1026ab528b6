/** The peers: packages of this folder, which are installed on first use, for they are half a gigabyte. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));

export interface Gathered<Contestant> {
  others: Contestant[];
  absent: { name: string; reason: string }[];
  /** Of those who can be had. */
  versions: Record<string, string>;
}

/** Everyone who can be had, the last first, and why not the others. */
export async function gather<Contestant>(
  peers: readonly [name: string, load: () => Promise<Contestant[]>][],
): Promise<Gathered<Contestant>> {
  const gathered: Gathered<Contestant> = { others: [], absent: [], versions: {} };
  const failed = install();
  for (const [name, load] of peers) {
    try {
      if (failed !== undefined) throw new Error(failed);
      gathered.others.unshift(...(await load()));
      const { version } = JSON.parse(readFileSync(`${folder}/node_modules/${name}/package.json`, "utf8"));
      gathered.versions[name] = version;
    } catch (error) {
      gathered.absent.push({ name, reason: reasonOf(error) });
    }
  }
  return gathered;
}

/** What package-lock.json says, unless it is there already; if that fails, why. */
function install(): string | undefined {
  const done = `${folder}/node_modules/.package-lock.json`;
  if (existsSync(done) && statSync(done).mtimeMs >= statSync(`${folder}/package-lock.json`).mtimeMs) return undefined;
  console.error("installing the peers, once\n");
  try {
    execFileSync("npm", ["ci", "--loglevel=error"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
      encoding: "utf8",
    });
    return undefined;
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    const said = stderr.split("\n").filter((line) => line.startsWith("npm error"));
    return `npm ci failed: ${said[0] ?? reasonOf(error)}`;
  }
}

/** The first line of what went wrong. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0];
}
