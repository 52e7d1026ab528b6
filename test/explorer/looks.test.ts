// The page with every part of it opened and filled, at every width and in both themes: axe finds nothing, and nothing is cut off.

import { beforeAll, expect, it } from "vitest";
import { violations } from "../support/axe.js";
import { describeOnePage, goTo, open, page } from "../support/explorer.js";
import { card, names, run, write } from "../support/snippets.js";

/** What `settled` waits for. */
const everything = {
  "#dimensions .mark": 2 * (18 + 11),
  '#states-result a[download="recovered.svg"]': 1,
  "#inside .map[data-drawn]": 2,
  "#inside .vector": 2,
  "#machine-result .bars": 6,
  "#machine-result .finding": 1,
  ".cm-editor": 4,
  "output.error": 1,
};

/** What there is when a part has begun, which it does when it has been in sight for a moment. */
const begun: Record<string, string> = {
  "#dimensions": "#dimensions .mark",
  "#states": "#states-result figure",
  "#inside": "#inside .map",
};

describeOnePage("the whole page", () => {
  const settled = async () => {
    await page.waitForFunction(
      (everything) => {
        const count = (selector: string) => document.querySelectorAll(selector).length;
        return (
          Object.entries(everything).every(([selector, expected]) => count(selector) === expected) &&
          [...document.querySelectorAll('#dimensions [data-of="rows"]')].at(-1)?.textContent === "2048" &&
          count('#inside .continued[aria-busy="true"]') === 0
        );
      },
      everything,
      { timeout: 100_000, polling: 250 },
    );
  };

  beforeAll(async () => {
    await open("?step=2&x=1,1.001,1e3", { reducedMotion: "reduce" });
    for (const [part, found] of Object.entries(begun)) {
      await page.locator(part).evaluate((section) => section.scrollIntoView());
      await page.locator(found).first().waitFor();
    }
    await page.getByRole("button", { name: "Measure", exact: true }).click();
    for (const name of names) await card(name).hover();
    await write("geometry", "const a = ;");
    await run("geometry");
    await page.getByRole("button", { name: "Both samples" }).click();
    await settled();
    await page.evaluate(() => {
      for (const folded of document.querySelectorAll("details")) folded.open = true;
    });
  }, 180_000);

  it.each([390, 1024, 1440])(
    "has nothing that axe objects to and cuts nothing at %i pixels, light and dark",
    async (width) => {
      await page.setViewportSize({ width, height: 900 });
      // the study's figures are drawn for the width that there is
      await page.getByRole("button", { name: "Both samples" }).click();
      await settled();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        expect(await violations(page, "html")).toEqual([]);
        await goTo("?also=layernorm");
        expect(await violations(page, "#geometry")).toEqual([]);
        await goTo("?step=2&x=1,1.001,1e3");
      }
      for (const d of ["4096", "3"]) {
        await page.getByRole("button", { name: d, exact: true }).click();
        const outside = await page.locator("#dimensions svg text").evaluateAll((all) =>
          all
            .filter((one) => one.textContent !== "")
            .map((one) => ({ text: one.textContent, ...one.getBoundingClientRect().toJSON() }))
            .filter(({ left, right }) => left < 0 || right > innerWidth)
            .map(({ text }) => text),
        );
        expect(outside).toEqual([]);
      }
    },
  );
});
