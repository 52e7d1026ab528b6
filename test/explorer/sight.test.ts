// The explorer's picture at its limits: the ball is in sight whatever x is, names do not lie over each other, and where nothing is
// left of x the page says so.

import { expect, it } from "vitest";
import { address, describeExplorer, middle, number, open, page, read, soon } from "../support/explorer.js";

const round = (value: number) => Math.round(value * 1e3) / 1e3;

/** The boxes of what is shown in the picture, relative to it. */
const boxes = () =>
  page.evaluate(() => {
    const scene = (document.querySelector("#scene") as HTMLElement).getBoundingClientRect();
    return [...document.querySelectorAll<HTMLElement>("#scene .label, #handle")]
      .filter((one) => one.offsetWidth > 0)
      .map((one) => {
        const { left, top, right, bottom } = one.getBoundingClientRect();
        const own = {
          left: left - scene.left,
          top: top - scene.top,
          right: right - scene.left,
          bottom: bottom - scene.top,
        };
        return { name: one.textContent || "ball", ...own, width: scene.width, height: scene.height };
      });
  });

const extremes = [
  "4,4,4",
  "4,-4,4",
  "-4,-4,-4",
  "-4,4,4",
  "4,-4,-4",
  "2,2,2",
  "1,1,1.01",
  "0.3,0.3,0.2",
  "0,0,0",
  "0,0,0.01",
];

describeExplorer("the picture", () => {
  it.each([
    { width: 1280, height: 800 },
    { width: 390, height: 844 },
  ])("has the ball in sight and no name over another, at $width pixels", async (viewport) => {
    await open("", { viewport, reducedMotion: "reduce" });
    for (const x of extremes) {
      for (const view of ["24,21", "120,-20", "200,89"]) {
        for (const step of [0, 1, 3]) {
          await page.evaluate((query) => {
            history.replaceState(null, "", query);
            dispatchEvent(new PopStateEvent("popstate"));
          }, `?x=${x}&view=${view}&step=${step}`);
          const found = await boxes();
          const where = `${x} ${view} ${step}`;
          for (const { name, left, top, right, bottom, width, height } of found) {
            expect(Math.min(left, top), `${name} at ${where}`).toBeGreaterThan(0);
            expect(right, `${name} at ${where}`).toBeLessThan(width);
            expect(bottom, `${name} at ${where}`).toBeLessThan(height);
          }
          for (const [i, a] of found.entries()) {
            for (const b of found.slice(i + 1)) {
              const apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
              // the ball's element is larger than the ball, for fingers
              expect(apart || a.name === "ball" || b.name === "ball", `${a.name}, ${b.name} at ${where}`).toBe(true);
            }
          }
          expect(found.map(({ name }) => name)).toEqual(expect.arrayContaining(["ball", "x"]));
        }
      }
    }
  });

  it("stays under a hand that goes to the border and beyond, and grows again when it is let go", async () => {
    await open("?view=0,0", { reducedMotion: "reduce" });
    const start = await middle("#handle");
    const scene = await page.locator("#scene").boundingBox();
    if (scene === null) throw new Error("the page has no picture");
    await page.mouse.move(start.x, start.y);
    await page.mouse.down();
    for (let i = 1; i <= 40; i++) await page.mouse.move(start.x, start.y - 15 * i);
    await soon(async () => number(await read("mean"))).toBe(4);
    const up = await middle("#handle");
    expect(up.y).toBeGreaterThan(scene.y + 20);
    expect(up.y).toBeLessThan(scene.y + 60);
    const length = async () => number(await read("orthogonal"));
    const before = await length();
    for (let i = 40; i >= 10; i--) await page.mouse.move(start.x, start.y - 15 * i);
    expect(Math.abs((await length()) - before)).toBeLessThan(0.02);
    // it follows the hand back from where the limits held it
    expect((await middle("#handle")).y).toBeGreaterThan(up.y + 100);
    const small = await page.locator("#scene").screenshot();
    await page.mouse.up();
    await soon(async () => (await page.locator("#scene").screenshot()).equals(small)).toBe(false);
  });

  it("draws the light's ray parallel to the uniform direction", async () => {
    const { viewOf, seen, toPicture } = await import("../../explorer/src/geometry/view.js");
    const x = [3, -0.4, 0.8] as const;
    const along = (x[0] + x[1] + x[2]) / 3;
    const shadow = [x[0] - along, x[1] - along, x[2] - along] as const;
    for (const turned of [
      [24, 21],
      [-70, 60],
    ] as const) {
      const view = viewOf(700, 590, turned, toPicture(x));
      const [from, to] = [seen(view, toPicture(x)), seen(view, toPicture(shadow))];
      expect(round(from.left)).toBe(round(to.left));
    }
  });

  it("says that nothing is left, along the uniform direction and at 0, and what eps does where little is", async () => {
    const left = () => page.locator("#remainder").textContent();
    await open();
    expect(await left()).toBe("");
    for (const [x, said, norms] of [
      [
        "2,2,2",
        /^x lies along the uniform direction: nothing is left after step 1, and eps decides.* \(1, 1, 1\)\.$/,
        ["(0.00, 0.00, 0.00)", "(1.00, 1.00, 1.00)"],
      ],
      ["-0.1,-0.1,-0.1", /, RMSNorm −\(1, 1, 1\)\.$/, ["(0.00, 0.00, 0.00)", "(−1.00, −1.00, −1.00)"]],
      [
        "0,0,0",
        /^x is 0 and has no direction: nothing is left to stretch, and eps decides\./,
        ["(0.00, 0.00, 0.00)", "(0.00, 0.00, 0.00)"],
      ],
      // σ² = 2e-6/3: √3 σ/√(σ² + 1e-5) = 0.43
      [
        "1,1.001,0.999",
        /^Little is left after step 1, and eps decides: with 0\.00001.* LayerNorm\(x\) is 0\.43 long\./,
        ["(0.00, 1.22, −1.22)", "(1.00, 1.00, 1.00)"],
      ],
    ] as const) {
      await page.goto(`${address}?x=${x}`);
      await page.waitForSelector("#scene[data-ready]");
      expect(await left()).toMatch(said);
      expect([await read("layerNorm"), await read("rmsNorm")]).toEqual(norms);
      expect(await page.locator(".story").textContent()).not.toMatch(/NaN|Infinity/);
    }
    await page.goto(`${address}?x=0,0,0`);
    const handle = page.getByRole("slider", { name: "Vector x" });
    expect(await handle.getAttribute("aria-valuetext")).toBe("(0.00, 0.00, 0.00), no direction");
    await handle.press("ArrowUp");
    expect(await left()).not.toContain("has no direction");
    expect(number(await read("norm"))).toBeGreaterThan(0);
  });

  it("says in words what of an address it does not take", async () => {
    const refused = () => page.locator("#refused").textContent();
    await open("?x=1e30,0,0&step=2");
    expect(await refused()).toBe("x expected 3 numbers from -4 to 4, got 1e30,0,0: it is 4, 0, 0 here.");
    expect(await read("x")).toBe("(4.00, 0.00, 0.00)");
    await page.getByRole("slider", { name: "Vector x" }).press("ArrowUp");
    expect(await refused()).toBe("");
    await page.goto(`${address}?x=1,2&step=nothing&view=0,0`);
    await page.waitForSelector("#scene[data-ready]");
    expect(await page.locator("#refused > *").allTextContents()).toEqual([
      "x expected 3 numbers from -4 to 4, got 1,2: it is 3, -0.4, 0.8 here.",
      "step expected a number from 0 to 4, got nothing: it is 0 here.",
    ]);
  });

  it("names the shadow so after the first step, and LayerNorm when it is there", async () => {
    await open("?step=1", { reducedMotion: "reduce" });
    const names = async () => (await boxes()).map(({ name }) => name);
    expect(await names()).toContain("shadow");
    expect(await names()).not.toContain("LayerNorm");
    await page.getByRole("button", { name: "2 length 1" }).click();
    expect(await names()).toContain("length 1");
    expect(await names()).not.toContain("LayerNorm");
    await page.getByRole("button", { name: "3 times" }).click();
    expect(await names()).toContain("LayerNorm");
  });
});
