// What would freeze the page. It reads the clock as a person would, so it runs by itself, after everything else.
//
// The page is made so that no task lasts 50 ms on a machine that does nothing else. One that does stretches tasks of 30 ms to 60, so the
// bound here is of tasks that do a worker's work: to measure 100 MB, or to run a model, takes the main thread a second and more.

import { expect, it } from "vitest";
import { describeExplorer, open, page, soon, workers } from "../support/explorer.js";

/** In milliseconds. */
const frozen = 200;
/** The tasks that were noted, of those that froze the page. */
const freezes = () =>
  page.evaluate(
    (least) => (globalThis as unknown as { found: number[] }).found.filter((duration) => duration >= least),
    frozen,
  );

describeExplorer("the page while it measures 100 MB", () => {
  /** An .npy of 100 MB, made in the page: the driver takes longer to hand one over than the engine to measure it. */
  const choose100MB = () =>
    page.evaluate(() => {
      const [rows, cols] = [32_768, 800];
      const head = `${`{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${cols}), }`.padEnd(117)}\n`;
      const magic = new Uint8Array([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, head.length, 0]);
      const piece = Float32Array.from({ length: cols * 256 }, (_, i) => Math.sin(i * i));
      const file = new File([magic, head, ...Array(rows / 256).fill(piece)], "large.npy");
      const transfer = new DataTransfer();
      transfer.items.add(file);
      (document.querySelector("#file") as HTMLInputElement).files = transfer.files;
    });
  /** Takes the file, and notes from here on every task of the page that lasts 50 ms by the clock. */
  const take = async () => {
    await page.evaluate(() => {
      const found: number[] = [];
      Object.assign(globalThis, { found });
      new PerformanceObserver((list) => found.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: "longtask",
      });
    });
    await page.waitForTimeout(500);
    await page.evaluate(() => {
      (globalThis as unknown as { found: number[] }).found.length = 0;
      document.querySelector("#file")?.dispatchEvent(new Event("change"));
    });
  };

  it("shows the last figure, and never freezes", async () => {
    await open();
    await choose100MB();
    await take();
    await page.waitForSelector('#states-result figure:has(a[download="recovered.svg"])', { timeout: 120_000 });
    await page.waitForTimeout(500);
    expect(await freezes()).toEqual([]);
    expect(await page.locator(".sites tbody td").nth(1).textContent()).toBe("32768");
  });

  it("can be cancelled, and keeps nothing", async () => {
    await open();
    await choose100MB();
    await take();
    await page.waitForFunction(() => (document.querySelector("progress")?.value ?? 0) > 0.05);
    expect(await page.locator("#states-status .what").textContent()).toMatch(/^large · \d+ %$/);
    await page.getByRole("button", { name: "Cancel" }).click();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("states-status");
    expect(await page.locator("#states-status").textContent()).toContain("Cancelled");
    await page.waitForTimeout(500);
    expect(await page.locator("#states-result").textContent()).toBe("");
    expect(workers()).toEqual([]);
    expect(await freezes()).toEqual([]);
  });
});

describeExplorer("inside a model, by the clock", () => {
  const spoken = (map: number) => page.locator("#inside .map").nth(map).getAttribute("aria-valuetext");
  /** Until the first model has said all that it says to a text. */
  const said = async (begins: RegExp) => {
    const output = page.locator("#inside .continued").first();
    await soon(() => output.textContent()).toMatch(begins);
    await soon(() => output.getAttribute("aria-busy")).toBe("false");
  };

  it("keeps up with typing, and never freezes", async () => {
    await open("#inside");
    await said(/return a/);
    await page.evaluate(() => {
      const found: number[] = [];
      Object.assign(globalThis, { found });
      new PerformanceObserver((list) => found.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: "longtask",
      });
    });
    await page.focus("#inside-text");
    await page.keyboard.type(" + min(a, b) * 2", { delay: 60 });
    await soon(() => spoken(0)).toContain("of 64");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("abc", { delay: 200 });
    await soon(() => spoken(0)).toContain("of 3");
    await said(/^abc/);
    expect(await freezes()).toEqual([]);
  });
});
