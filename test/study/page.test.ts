// The report in a browser: nothing that axe objects to, and no label that a figure cuts. Where there is no Chromium it says so.

import { type Browser, chromium as driver } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { violations } from "../support/axe.js";
import { chromium, launchOptions } from "../support/browsers.js";
import { pages } from "../support/report-pages.js";

if (chromium.path === null) console.log(`not run: the report's page needs Chromium: ${chromium.wanted}`);

let browser: Browser;

beforeAll(async () => {
  if (chromium.path !== null) browser = await driver.launch(launchOptions(chromium));
});

afterAll(async () => {
  await browser?.close();
});

const themes = ["light", "dark"] as const;
const everywhere = [390, 1024, 1440].flatMap((width) => themes.map((colorScheme) => ({ width, colorScheme })));
const cases = [
  ...everywhere.map((place) => ({ name: "twins", ...place })),
  // With rows as dots, with rows that are left out, and with a model of 96 sites.
  ...["one", "centred", "models", "massive", "deep"].flatMap((name) => [
    { name, width: 1440, colorScheme: "light" as const },
    { name, width: 390, colorScheme: "dark" as const },
  ]),
];

describe.runIf(chromium.path !== null).each(cases)("the report $name at $width px, $colorScheme", (shown) => {
  const { name, width, colorScheme } = shown;

  it("has no fault that axe knows, fits the window, and cuts no label", async () => {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    try {
      await page.setContent(pages[name]);
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      const cut = await page.evaluate(() =>
        [...document.querySelectorAll("figure svg text")]
          .filter((text) => {
            const [part, whole] = [text, text.closest("svg") as Element].map((one) => one.getBoundingClientRect());
            return part.width > 0 && (part.left < whole.left - 0.5 || part.right > whole.right + 0.5);
          })
          .map((text) => text.textContent),
      );
      expect(cut).toEqual([]);
    } finally {
      await page.close();
    }
  });
});

describe.runIf(chromium.path !== null)("the marks of a figure", () => {
  it.each([1280, 390])("say their value under the pointer and by arrow keys, at %i px", async (width) => {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    try {
      await page.setContent(pages.twins);
      const figure = page.locator("#figure-ratio");
      const said = () => figure.locator(".readout").textContent();
      await figure.locator(".drawing").focus();
      expect(await said()).toMatch(
        /^ln\/states, h\.0\.ln_1: 0\.5\d+ of chance, interval 0\.29–1\.02; verdict: none: rows too alike$/,
      );
      await page.keyboard.press("ArrowRight");
      expect(await said()).toMatch(
        /^ln\/states, h\.1\.ln_1: 0\.46\d* of chance, interval 0\.28–0\.75; verdict: closer$/,
      );
      const marks = figure.locator("svg:visible [data-part='rms/states'][data-mark=dot] :has(> title)");
      await marks.first().hover({ force: true });
      expect(await said()).toMatch(/^rms\/states, h\.0\.ln_1: 1\.17/);
    } finally {
      await page.close();
    }
  });
});

describe.runIf(chromium.path !== null)("the heat map", () => {
  it.each([1280, 390])("shows the value of the cell that is pointed at or reached by keys, at %i px", async (width) => {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    try {
      await page.setContent(pages.twins);
      const figure = page.locator("#figure-tokens");
      const line = figure.locator("svg:visible [data-cells]").nth(2);
      const cells = ((await line.getAttribute("data-cells")) as string).split(" ");
      const said = () => figure.locator(".readout").textContent();
      await line.scrollIntoViewIfNeeded();
      await line.hover({ position: { x: 1, y: 4 } });
      expect(await said()).toMatch(new RegExp(`^h\\.1\\.ln_1, rows? .*0.*: ${cells[0]} % of chance$`));
      await figure.locator(".drawing").focus();
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowLeft");
      expect(await said()).toMatch(new RegExp(`^h\\.1\\.ln_1, .*: ${cells[1]} % of chance$`));
      await page.keyboard.press("ArrowDown");
      expect(await said()).toMatch(/^h\.1\.ln_2, /);
    } finally {
      await page.close();
    }
  });
});
