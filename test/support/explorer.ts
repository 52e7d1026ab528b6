// The explorer as a person uses it: built, served from a sub-path, driven in Chromium or Firefox. Where there is none it says so.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium as chrome, firefox as fox, type Page } from "playwright";
import { afterAll, afterEach, beforeAll, describe, expect, inject } from "vitest";
import { chromium, firefox, launchOptions } from "./browsers.js";
import { under } from "./explorer-build.js";
import { serve } from "./serve.js";

export { under };

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const twins = join(root, "study/data/twins");
/** The folder that is served, and the build in it. */
export const site = inject("explorerSite");
export const dist = join(site, under);

/** Where the built page is. */
export let address: string;
/** The page that `open` opened last. */
export let page: Page;

let browser: Browser;
/** What pages reported as errors. */
let wrong: string[] = [];

const launch = {
  chromium: () => chrome.launch(launchOptions(chromium)),
  firefox: () => fox.launch(launchOptions(firefox)),
};

/** The explorer's tests, each with pages of its own that must report no error. */
export const describeExplorer = (name: string, tests: () => void) => describeIn(chromium, name, tests, closePage);

/** Tests of one page, which they open before the first of them and leave open. */
export const describeOnePage = (name: string, tests: () => void) => describeIn(chromium, name, tests);

/** The same in Firefox. */
export const describeOnePageInFirefox = (name: string, tests: () => void) => describeIn(firefox, name, tests);

const closePage = () => page.context().close();

function describeIn(
  program: typeof chromium | typeof firefox,
  name: string,
  tests: () => void,
  after = async () => {},
): void {
  if (program.path === null) {
    const missing = `the explorer's tests need ${program.name}: ${program.wanted}`;
    if (process.env.REQUIRE_BROWSERS === "1") throw new Error(missing);
    console.log(`not run: ${missing}`);
  }
  describe.skipIf(program.path === null)(name, () => {
    let server: Awaited<ReturnType<typeof serve>>;
    beforeAll(async () => {
      server = await serve(site);
      address = server.url + under;
      browser = await launch[program.name]();
    });
    afterAll(async () => {
      await browser?.close();
      server?.close();
    });
    afterEach(async () => {
      await after();
      const reported = wrong;
      wrong = [];
      expect(reported).toEqual([]);
    });
    tests();
  });
}

/** Opens the explorer in a context of its own, and waits until it is ready. */
export async function open(
  query = "",
  options: Parameters<Browser["newContext"]>[0] = {},
  from = address,
): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  page = await context.newPage();
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") wrong.push(message.text());
  });
  await page.goto(from + query);
  await page.waitForSelector("#scene[data-ready]");
}

/** Takes the view of another address, as a step back in the browser's history does. */
export const goTo = (query: string) =>
  page.evaluate((query) => {
    history.replaceState(null, "", query || location.pathname);
    dispatchEvent(new PopStateEvent("popstate"));
  }, query);

/** An empty page beside the present one, which is then closed. */
export async function replacePage(): Promise<void> {
  const before = page;
  page = await before.context().newPage();
  await before.close();
}

/** Errors that the test meant to cause. */
export function forgive(expected: string): void {
  wrong = wrong.filter((message) => !message.includes(expected));
}

/** The machine may have other things to do. */
export const soon = (found: () => unknown) => expect.poll(found, { timeout: 20_000 });

export const number = (text: string | null) => Number((text ?? "").replace("−", "-").replace(/[^\d.-]/g, ""));
/** The text of a number of the page, by its name. */
export const read = async (name: string) => (await page.locator(`[data-n="${name}"]`).first().textContent()) ?? "";

/** Until the service worker has kept the page and answers in the server's place. */
export const controlled = () => page.waitForFunction(() => navigator.serviceWorker.controller !== null);

/** In pixels of the page. */
export async function middle(selector: string): Promise<{ x: number; y: number }> {
  const box = await page.locator(selector).boundingBox();
  if (box === null) throw new Error(`no ${selector}`);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** The workers of what was asked for: without those of the parts that begin by themselves when they come near. */
export const workers = () =>
  page.workers().filter((worker) => !/\/(model|directions|samples)-worker-/.test(worker.url()));
