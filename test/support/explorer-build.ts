// Builds the explorer once for all of its tests: vitest's global set-up of the projects that have them.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { chromium, firefox } from "./browsers.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The build lies below the server's root, as it may on a site that has other pages too. */
export const under = "/some/where/";

declare module "vitest" {
  interface ProvidedContext {
    /** The folder to serve, whose folder `under` has the build. */
    explorerSite: string;
  }
}

export default function build({ provide }: TestProject): () => void {
  const site = mkdtempSync(join(tmpdir(), "explorer-"));
  provide("explorerSite", site);
  if (chromium.path !== null || firefox.path !== null) {
    const vite = join(root, "node_modules/vite/bin/vite.js");
    execFileSync(process.execPath, [vite, "build", "--logLevel", "error", "--outDir", join(site, under)], {
      cwd: join(root, "explorer"),
      stdio: ["ignore", "ignore", "inherit"],
      // vitest's own says "test", and vite would build that
      env: { ...process.env, NODE_ENV: "production" },
    });
  }
  return () => rmSync(site, { recursive: true, force: true });
}
