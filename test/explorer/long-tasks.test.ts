// What would freeze the page: tasks of its main thread that work for 200 ms, in the thread's own processor time as Chromium's trace has it.
// Without yielding, what is done here would be tasks of seconds. How long they are on this machine, of which 50 ms are promised, is
// measured by `npm run measure --workspace explorer -- tasks`. It runs by itself, after everything else.

import { expect, it } from "vitest";
import * as tasks from "../../explorer/scripts/tasks.js";
import { describeExplorer, open, page, soon, workers } from "../support/explorer.js";

/** Milliseconds of the main thread: a slow machine stretches tasks of 25 to 120. */
const freezing = 200;

/** No task froze the page, of tasks that were seen. */
async function expectNoneLong(): Promise<void> {
  const noted = await tasks.notedTasks(page);
  expect(noted.length).toBeGreaterThan(100);
  expect(noted.filter((time) => time >= freezing)).toEqual([]);
}

describeExplorer("the page while it measures 100 MB", () => {
  /** Takes the file, and notes from here on the tasks of the page. */
  const takeIt = async () => {
    await tasks.choose100MB(page);
    await page.waitForTimeout(500);
    await tasks.noteTasks(page);
    await tasks.take(page);
  };

  it("shows the last figure after no task that freezes the page", async () => {
    await open();
    await takeIt();
    await tasks.lastFigure(page);
    await page.waitForTimeout(500);
    await expectNoneLong();
    expect(await page.locator(".sites tbody td").nth(1).textContent()).toBe("32768");
  });

  it("can be cancelled, and keeps nothing", async () => {
    await open();
    await takeIt();
    await page.waitForFunction(() => (document.querySelector("progress")?.value ?? 0) > 0.05);
    expect(await page.locator("#states-status .what").textContent()).toMatch(/^large · \d+ %$/);
    await page.getByRole("button", { name: "Cancel" }).click();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("states-status");
    expect(await page.locator("#states-status").textContent()).toContain("Cancelled");
    await page.waitForTimeout(500);
    expect(await page.locator("#states-result").textContent()).toBe("");
    expect(workers()).toEqual([]);
    await expectNoneLong();
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

  it("keeps up with typing, and no task freezes the page", async () => {
    await open("#inside");
    await said(/return a/);
    await tasks.noteTasks(page);
    await page.focus("#inside-text");
    await page.keyboard.type(" + min(a, b) * 2", { delay: 60 });
    await soon(() => spoken(0)).toContain("of 64");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("abc", { delay: 200 });
    await soon(() => spoken(0)).toContain("of 3");
    await said(/^abc/);
    await expectNoneLong();
  });
});
