// What would freeze the page: tasks of its main thread that last 50 ms. They are counted in the thread's own processor time, as Chromium's
// trace has it, for a machine that does other work too stretches tasks of 30 ms to 60. It runs by itself, after everything else.

import type { Browser } from "playwright";
import { expect, it } from "vitest";
import { describeExplorer, open, page, soon, workers } from "../support/explorer.js";

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  /** Microseconds of the thread's processor time. */
  tdur?: number;
  args: { name?: string };
}

const browser = () => page.context().browser() as Browser;

/** Begins to note the tasks of the page. */
const note = () => browser().startTracing(page, { categories: ["toplevel"] });

/** The tasks noted since, in milliseconds of the main thread: all that there were, and those of 50 and more. */
async function noted(): Promise<{ all: number; long: number[] }> {
  const { traceEvents } = JSON.parse((await browser().stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const mains = traceEvents.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain");
  const isMain = ({ pid, tid }: TraceEvent) => mains.some((main) => main.pid === pid && main.tid === tid);
  const times = traceEvents.flatMap((event) =>
    event.name.endsWith("RunTask") && event.tdur !== undefined && isMain(event) ? [event.tdur / 1000] : [],
  );
  return { all: times.length, long: times.filter((time) => time >= 50) };
}

/** No task was long, of tasks that were seen. */
async function expectNoneLong(): Promise<void> {
  const { all, long } = await noted();
  expect(all).toBeGreaterThan(100);
  expect(long).toEqual([]);
}

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
  /** Takes the file, and notes from here on the tasks of the page. */
  const take = async () => {
    await page.waitForTimeout(500);
    await note();
    await page.evaluate(() => document.querySelector("#file")?.dispatchEvent(new Event("change")));
  };

  it("shows the last figure after no task of over 50 ms", async () => {
    await open();
    await choose100MB();
    await take();
    await page.waitForSelector('#states-result figure:has(a[download="recovered.svg"])', { timeout: 120_000 });
    await page.waitForTimeout(500);
    await expectNoneLong();
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

  it("keeps up with typing, and no task of the page lasts 50 ms", async () => {
    await open("#inside");
    await said(/return a/);
    await note();
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
