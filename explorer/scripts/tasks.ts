/** The tasks of a page's main thread, by Chromium's trace, and what gives it much to do: for the measurement, and for the tests. */
import type { Browser, Page } from "playwright";

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  /** Microseconds of the thread's processor time. */
  tdur?: number;
  args: { name?: string };
}

const browserOf = (page: Page) => page.context().browser() as Browser;

/** Begins to note the tasks of the page. */
export const noteTasks = (page: Page) => browserOf(page).startTracing(page, { categories: ["toplevel"] });

/**
 * Milliseconds of each task noted since, in the main thread's own processor time: a machine that does other work too stretches
 * tasks of 30 ms to 60 by the clock.
 */
export async function notedTasks(page: Page): Promise<number[]> {
  const { traceEvents } = JSON.parse((await browserOf(page).stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const mains = traceEvents.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain");
  const isMain = ({ pid, tid }: TraceEvent) => mains.some((main) => main.pid === pid && main.tid === tid);
  return traceEvents.flatMap((event) =>
    event.name.endsWith("RunTask") && event.tdur !== undefined && isMain(event) ? [event.tdur / 1000] : [],
  );
}

/** Has the states' part take an .npy of 100 MB, made in the page: the driver takes longer to hand one over than the engine to measure it. */
export const choose100MB = (page: Page) =>
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

/** The file that was chosen is taken from here on. */
export const take = (page: Page) =>
  page.evaluate(() => {
    document.querySelector("#file")?.dispatchEvent(new Event("change"));
  });

/** Until the last figure of the states is drawn. */
export const lastFigure = (page: Page) =>
  page.waitForSelector('#states-result figure:has(a[download="recovered.svg"])', { timeout: 120_000 });
