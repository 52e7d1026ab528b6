/** Measures the built page: `npm run measure --workspace explorer`. docs/explorer.md has what it says. */
import { readdirSync, readFileSync } from "node:fs";
import { median } from "@orthonorm/study";
import type { BrowserContextOptions, Page } from "playwright";
import { launch, serveBuild } from "./browser.js";
import { choose100MB, lastFigure, notedTasks, noteTasks, take } from "./tasks.js";

const rounds = 5;
const seconds = 3;

const shown = (values: readonly number[], digits: number) =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;

/** Milliseconds of all processes below this one: the browser's share of work, whoever else the machine works for. */
function processorTime(): number {
  const parents = new Map<number, number>();
  const times = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((one) => /^\d+$/.test(one))) {
    try {
      const fields = readFileSync(`/proc/${name}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
      parents.set(Number(name), Number(fields[1]));
      times.set(Number(name), 10 * (Number(fields[11]) + Number(fields[12])));
    } catch {
      // it has ended meanwhile
    }
  }
  const ours = (pid: number | undefined): boolean => pid === process.pid || (!!pid && ours(parents.get(pid)));
  return [...times].filter(([pid]) => pid !== process.pid && ours(pid)).reduce((sum, [, time]) => sum + time, 0);
}

/** Drags the ball round by real pointer events, 120 a second, and counts the frames that the page was given meanwhile. */
async function drag(page: Page): Promise<{ rate: number; cost: number }> {
  const box = await page.locator("#handle").boundingBox();
  if (box === null) throw new Error("the page has no ball");
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const client = await page.context().newCDPSession(page);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.evaluate(
    "window.frames = []; (function next(now) { frames.push(now); requestAnimationFrame(next); })(performance.now());",
  );
  const before = processorTime();
  const start = performance.now();
  while (performance.now() - start < 1000 * seconds) {
    const way = (performance.now() - start) / 400;
    const at = { x: x + 60 * Math.sin(way), y: y + 40 * (1 - Math.cos(way)) };
    client.send("Input.dispatchMouseEvent", { type: "mouseMoved", button: "left", buttons: 1, ...at }).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 8));
  }
  const frames = (await page.evaluate("frames")) as number[];
  const cost = (processorTime() - before) / frames.length;
  // the second half: what the page settles at
  const late = frames.filter((time) => time > (frames[0] + (frames.at(-1) as number)) / 2);
  return { rate: (1000 * (late.length - 1)) / ((late.at(-1) as number) - late[0]), cost };
}

/** What any page can have here: one moving box and a line of text. */
const control = `<button id="handle" style="position:absolute;will-change:transform">x</button><p id="text"></p><script>
  addEventListener("pointermove", ({ x, y }) => {
    handle.style.transform = "translate(" + x + "px," + y + "px)";
    text.textContent = x + ", " + y;
  });
</script>`;

async function measureDrag(name: string, options: BrowserContextOptions, ...args: string[]): Promise<void> {
  const found = { page: [] as number[], control: [] as number[], cost: [] as number[] };
  const browser = await launch(...args);
  for (let i = 0; i < rounds; i++) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    await page.goto(`${server.url}/`);
    await page.waitForSelector("#scene[data-ready]");
    await page.waitForTimeout(1000);
    const { rate, cost } = await drag(page);
    found.page.push(rate);
    found.cost.push(cost);
    await context.close();
    const bare = await browser.newContext(options);
    const empty = await bare.newPage();
    await empty.setContent(control);
    await empty.waitForTimeout(300);
    found.control.push((await drag(empty)).rate);
    await bare.close();
  }
  await browser.close();
  console.log(
    `drag, ${name}: ${shown(found.page, 0)} frames/s, ${shown(found.cost, 0)} ms of processor a frame; a bare page ${shown(found.control, 0)}`,
  );
}

/**
 * From the start of the navigation, in a new browser with an empty profile: the first paint, the ball that can be moved, the
 * picture; and the first paint of a page of one word.
 */
async function measureCold(name: string, ...args: string[]): Promise<void> {
  const found = { painted: [] as number[], live: [] as number[], picture: [] as number[], bare: [] as number[] };
  const painted = (page: Page) =>
    page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime, null, {
      polling: 20,
    });
  for (let i = 0; i < rounds; i++) {
    const bare = await launch(...args);
    const empty = await bare.newPage({ viewport });
    await empty.goto("data:text/html,word");
    found.bare.push((await (await painted(empty)).jsonValue()) as number);
    await bare.close();
    const browser = await launch(...args);
    const page = await browser.newPage({ viewport });
    await page.addInitScript(() => {
      new MutationObserver((changes) => {
        for (const { attributeName } of changes) performance.mark(attributeName as string);
      }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-live", "data-ready"] });
    });
    await page.goto(`${server.url}/`);
    await page.waitForSelector("#scene[data-ready]");
    found.painted.push((await (await painted(page)).jsonValue()) as number);
    const [live, ready] = await page.evaluate(() =>
      ["data-live", "data-ready"].map((mark) => performance.getEntriesByName(mark)[0].startTime),
    );
    found.live.push(live);
    found.picture.push(ready);
    await browser.close();
  }
  console.log(
    `cold, ${name}: painted ${shown(found.painted, 0)} ms, a page of one word ${shown(found.bare, 0)}; the ball moves ${shown(found.live, 0)}, picture ${shown(found.picture, 0)}`,
  );
}

/** The same, opened at "Inside a model": until the maps of both models are drawn, of all that has to be loaded and run. */
async function measureInside(name: string, ...args: string[]): Promise<void> {
  const found: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const browser = await launch(...args);
    const page = await browser.newPage({ viewport });
    await page.goto(`${server.url}/#inside`);
    const drawn = await page.waitForFunction(
      () => document.querySelectorAll("#inside .map[data-drawn]").length === 2 && performance.now(),
      null,
      { polling: 5 },
    );
    found.push((await drawn.jsonValue()) as number);
    await browser.close();
  }
  console.log(`inside a model, ${name}: both maps ${shown(found, 0)} ms`);
}

/** The longest task of the page's main thread, by the thread's processor time, while one types and while 100 MB are measured. */
async function measureTasks(name: string, ...args: string[]): Promise<void> {
  const found = { typing: [] as number[], large: [] as number[] };
  for (let i = 0; i < rounds; i++) {
    const browser = await launch(...args);
    const page = await browser.newPage({ viewport });
    await page.goto(`${server.url}/#inside`);
    const said = () => page.waitForSelector("#inside .continued[aria-busy=false]");
    await said();
    await noteTasks(page);
    await page.focus("#inside-text");
    await page.keyboard.type(" + min(a, b) * 2", { delay: 60 });
    await page.waitForTimeout(500);
    await said();
    found.typing.push(Math.max(...(await notedTasks(page))));
    await page.close();
    const other = await browser.newPage({ viewport });
    await other.goto(server.url);
    await choose100MB(other);
    await other.waitForTimeout(1000);
    await noteTasks(other);
    await take(other);
    await lastFigure(other);
    found.large.push(Math.max(...(await notedTasks(other))));
    await browser.close();
  }
  console.log(
    `longest task of the page, ${name}: ${shown(found.typing, 0)} ms of processor while one types inside a model, ${shown(found.large, 0)} while 100 MB are measured`,
  );
}

const server = await serveBuild();
const wanted = process.argv.slice(2);
const asked = (name: string) => wanted.length === 0 || wanted.includes(name);
const viewport = { width: 1280, height: 800 };
if (asked("cold")) {
  await measureCold("GPU emulated");
  await measureCold("no GPU", "--disable-gpu-compositing");
}
if (asked("inside")) await measureInside("no GPU", "--disable-gpu-compositing");
if (asked("tasks")) await measureTasks("no GPU", "--disable-gpu-compositing");
if (asked("drag")) {
  await measureDrag("GPU emulated", { viewport });
  await measureDrag("GPU emulated, 2 pixels a pixel", { viewport, deviceScaleFactor: 2 });
  await measureDrag("no GPU", { viewport }, "--disable-gpu-compositing");
  await measureDrag("no GPU, 2 pixels a pixel", { viewport, deviceScaleFactor: 2 }, "--disable-gpu-compositing");
}
server.close();
