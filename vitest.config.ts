import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import type { Reporter } from "vitest/reporters";
import { browsers, chromium, firefox, launchOptions } from "./test/support/browsers.js";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const missing = browsers.filter(({ path }) => path === null).map(({ name, wanted }) => `${name} (${wanted})`);
if (process.env.REQUIRE_BROWSERS === "1" && missing.length > 0) {
  throw new Error(`REQUIRE_BROWSERS=1: expected every browser on this machine, got none of ${missing.join(", ")}`);
}

/** Names, before the summary, the browsers in which nothing has run. */
const absent: Reporter = {
  onTestRunEnd() {
    for (const browser of missing) console.log(`Not run, for this machine has no ${browser}`);
  },
};

/**
 * What needs no more than a JavaScript engine and a page: the same files in Node and in each browser. test/kernels and the long
 * comparisons of bits with bits in test/node run in Node alone: they would take as long again, and the suite's digests
 * (bits.test.ts) show that browsers compute the same bits.
 */
const engineSuite = "test/engine/**/*.test.ts";
const explorerSuite = "test/explorer/**/*.test.ts";
const explorerByTheClock = "test/explorer/long-tasks.test.ts";
/** Builds the page that they open, once. */
const explorerBuild = "test/support/explorer-build.ts";

const instances = [chromium, firefox]
  .filter(({ path }) => path !== null)
  .map((browser) => ({
    browser: browser.name,
    name: browser.name,
    provider: playwright({ launchOptions: launchOptions(browser) }),
  }));

/**
 * As many files at a time as there are processors: of themselves vitest leaves one of two idle, and opens a page in each browser beside
 * the other. The files of Node come first, then those of the browsers, then what needs the machine for itself.
 */
const workers = availableParallelism();
const pagesEach = Math.max(1, Math.floor(workers / Math.max(1, instances.length)));

const inBrowsers: TestProjectInlineConfiguration = {
  extends: true,
  // found before the first test, for finding one later reloads the page
  optimizeDeps: { include: ["@assemblyscript/loader", "fast-check"] },
  server: {
    fs: { allow: [here("."), here("../shared")] },
    // a page has workers over one memory only where it is cross-origin isolated
    headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
  },
  test: {
    include: [engineSuite],
    maxWorkers: pagesEach,
    sequence: { groupOrder: 1 },
    // a page per file would load the engine and its helpers anew each time
    isolate: false,
    browser: { enabled: true, headless: true, screenshotFailures: false, instances },
  },
};

export default defineConfig({
  resolve: {
    alias: [
      { find: /^orthonorm$/, replacement: here("bindings/index.ts") },
      { find: /^orthonorm\/reference$/, replacement: here("bindings/reference/index.ts") },
      { find: /^orthonorm\/threads$/, replacement: here("bindings/threads/index.ts") },
    ],
  },
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: workers,
    reporters: [absent, "default"],
    projects: [
      { extends: true, test: { name: "node", include: ["test/**/*.test.ts"], exclude: [explorerSuite] } },
      {
        extends: true,
        test: { name: "explorer", include: [explorerSuite], exclude: [explorerByTheClock], globalSetup: explorerBuild },
      },
      // after the others, with nothing beside it: it counts the tasks that freeze the page by the clock
      {
        extends: true,
        test: {
          name: "explorer, by the clock",
          include: [explorerByTheClock],
          globalSetup: explorerBuild,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      ...(instances.length > 0 ? [inBrowsers] : []),
    ],
  },
});
