/** Measures the built page: `npm run measure --workspace explorer`. docs/explorer.md has what it says. */
import { readdirSync, readFileSync } from "node:fs";
import type { Browser, BrowserContextOptions, Page } from "playwright";
import { launch, serveBuild } from "./browser.js";

const rounds = 5;
const seconds = 3;

const middle = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];
const shown = (values: readonly number[], digits: number) =>
  `${middle(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;

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

/** From the start of the navigation, in a new browser: the first paint, the ball that can be moved, the picture. */
async function measureCold(): Promise<void> {
  const found: Record<string, number[]> = { painted: [], live: [], picture: [] };
  for (let i = 0; i < rounds; i++) {
    const browser: Browser = await launch();
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.addInitScript(() => {
      new MutationObserver(() => {
        const { live, ready } = document.getElementById("scene")?.dataset ?? {};
        if (live !== undefined && performance.getEntriesByName("live").length === 0) performance.mark("live");
        if (ready !== undefined && performance.getEntriesByName("ready").length === 0) performance.mark("ready");
      }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-live", "data-ready"] });
    });
    await page.goto(`${server.url}/`);
    await page.waitForSelector("#scene[data-ready]");
    await page.waitForTimeout(500);
    const marks = await page.evaluate(() =>
      ["first-contentful-paint", "live", "ready"].map((name) => performance.getEntriesByName(name)[0]?.startTime ?? -1),
    );
    for (const [j, name] of Object.keys(found).entries()) found[name].push(marks[j]);
    await browser.close();
  }
  console.log(
    `cold: ${Object.entries(found)
      .map(([name, values]) => `${name} ${shown(values, 0)} ms`)
      .join(", ")}`,
  );
}

const server = await serveBuild();
const wanted = process.argv.slice(2);
const asked = (name: string) => wanted.length === 0 || wanted.includes(name);
const viewport = { width: 1280, height: 800 };
if (asked("cold")) await measureCold();
if (asked("drag")) {
  await measureDrag("GPU emulated", { viewport });
  await measureDrag("GPU emulated, 2 pixels a pixel", { viewport, deviceScaleFactor: 2 });
  await measureDrag("no GPU", { viewport }, "--disable-gpu-compositing");
  await measureDrag("no GPU, 2 pixels a pixel", { viewport, deviceScaleFactor: 2 }, "--disable-gpu-compositing");
}
server.close();
