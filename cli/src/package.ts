/** The package that the command line belongs to. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Its own folder: two levels up, from cli/src as from dist/cli. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

export function version(): string {
  return JSON.parse(readFileSync(`${root}package.json`, "utf8")).version;
}
