// The explorer as a person uses it: built, served from a sub-path, driven in Chromium. Where there is none it says so.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type Browser, chromium as driver, type Page } from "playwright";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { chromium, launchOptions } from "./support/browsers.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "explorer/dist");
const twins = join(root, "study/data/twins");
const gpt2 = join(root, "../shared/data/reference/hidden-gpt2-small/raw_blocks_7_11.safetensors");

if (chromium.path === null) {
  const missing = `the explorer's tests need Chromium: ${chromium.wanted}`;
  if (process.env.REQUIRE_BROWSERS === "1") throw new Error(missing);
  console.log(`not run: ${missing}`);
}

const types: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
const folder = "/some/where/";

let server: Server;
let address: string;
let browser: Browser;
let page: Page;
let wrong: string[];

beforeAll(async () => {
  if (chromium.path === null) return;
  execFileSync(process.execPath, [join(root, "node_modules/vite/bin/vite.js"), "build", "--logLevel", "error"], {
    cwd: join(root, "explorer"),
    stdio: ["ignore", "ignore", "inherit"],
    // vitest's own says "test", and vite would build that
    env: { ...process.env, NODE_ENV: "production" },
  });
  server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://localhost");
    const name = pathname.replace(folder, "") || "index.html";
    try {
      if (!pathname.startsWith(folder)) throw new Error("outside");
      const body = await readFile(join(dist, name));
      response.writeHead(200, { "content-type": types[extname(name)] ?? "application/octet-stream" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}${folder}`;
  // without a GPU, WebGL is drawn by SwiftShader, and has to be asked for
  const software = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"];
  const options = launchOptions(chromium, software);
  browser = await driver.launch({ ...options, args: options.args?.filter((one) => one !== "--disable-gpu") });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  server?.close();
});

const number = (text: string | null) => Number((text ?? "").replace("−", "-").replace(/[^\d.-]/g, ""));
const read = async (name: string) => (await page.locator(`[data-n="${name}"]`).first().textContent()) ?? "";

async function open(query = "", options: Parameters<Browser["newPage"]>[0] = {}): Promise<void> {
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") wrong.push(message.text());
  });
  await page.goto(address + query);
  await page.waitForSelector("#scene[data-ready]");
}

describe.skipIf(chromium.path === null)("the explorer", () => {
  beforeEach(() => {
    wrong = [];
  });
  afterEach(async () => {
    await page.context().close();
    expect(wrong).toEqual([]);
  });

  describe("the geometry", () => {
    it("opens with the numbers of its first vector, and a picture", async () => {
      await open();
      expect(await read("x")).toBe("(3.00, −0.40, 0.80)");
      expect([await read("norm"), await read("angle"), await read("mean")]).toEqual(["3.13", "51.2°", "1.13"]);
      expect(await read("layerNorm")).toBe("(1.33, −1.09, −0.24)");
      expect(await read("rmsNorm")).toBe("(1.66, −0.22, 0.44)");
      expect(await page.locator("#scene canvas").count()).toBe(1);
    });

    it("changes them when the ball is dragged: straight up is the uniform direction", async () => {
      await open("?view=0,0");
      const [angle, mean, shadow] = [await read("angle"), await read("mean"), await read("orthogonal")];
      const box = await page.locator("#handle").boundingBox();
      if (box === null) throw new Error("no handle");
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x, y - 60, { steps: 5 });
      await page.mouse.up();
      expect(number(await read("mean"))).toBeGreaterThan(number(mean) + 0.2);
      expect(number(await read("angle"))).toBeLessThan(number(angle) - 3);
      expect(await read("orthogonal")).toBe(shadow);
      await page.waitForFunction(() => location.search.includes("x="));
      const shared = page.url();
      const now = await read("x");
      await page.goto(shared);
      await page.waitForSelector("#scene[data-ready]");
      expect(await read("x")).toBe(now);
      await page.getByRole("button", { name: "Reset" }).click();
      expect(await read("x")).toBe("(3.00, −0.40, 0.80)");
    });

    it("is moved by arrow keys, with shift a tenth as far, and says where it is", async () => {
      await open("?view=0,0");
      const handle = page.getByRole("slider", { name: "Vector x" });
      await handle.focus();
      const start = number(await read("mean"));
      await page.keyboard.press("ArrowUp");
      const far = number(await read("mean")) - start;
      for (let i = 0; i < 5; i++) await page.keyboard.press("Shift+ArrowUp");
      const fine = number(await read("mean")) - start - far;
      expect(far).toBeGreaterThan(0.02);
      expect(fine / far).toBeGreaterThan(0.3);
      expect(fine / far).toBeLessThan(0.7);
      expect(await handle.getAttribute("aria-valuetext")).toContain("degrees to the uniform direction");
      await expect.poll(() => page.locator("#spoken").textContent()).toContain("LayerNorm gives");
    });

    it("walks through the steps by slider, stops and keys; weight and bias come last", async () => {
      await open();
      const slider = page.getByRole("slider", { name: "The steps of LayerNorm" });
      await slider.fill("1.5");
      expect(await slider.getAttribute("aria-valuetext")).toBe("50 % of the way to length 1");
      expect(await page.locator('[data-step="1"]').getAttribute("data-state")).toBe("done");
      expect(await page.locator('[data-step="2"]').getAttribute("data-state")).toBe("now");
      await slider.press("ArrowRight");
      expect(await slider.inputValue()).toBe("1.6");
      await page.getByText("Set them").click();
      await page.getByRole("slider", { name: "bias₁" }).fill("1");
      expect(await slider.inputValue()).toBe("4");
      expect(await read("affine")).toBe("(2.72, −0.45, −0.51)");
    });

    it("jumps where less motion is wanted, and plays where it is not", async () => {
      await open("", { reducedMotion: "reduce" });
      await page.getByRole("button", { name: "3 times" }).click();
      expect(await page.locator("#step").inputValue()).toBe("3");
      await page.context().close();
      await open();
      await page.getByRole("button", { name: "Play" }).click();
      await expect.poll(() => page.locator("#step").inputValue().then(Number)).toBeGreaterThan(0.2);
    });
  });

  describe("the states", () => {
    const angles = () => page.locator(".sites tbody tr td:nth-child(4)").allTextContents();
    const measured = () => page.waitForSelector("#states-result figure", { timeout: 60_000 });

    it("measures a sample at a click: the angles of the twins' README, with figures", async () => {
      await open();
      await page.getByRole("button", { name: "Trained with LayerNorm" }).click();
      await measured();
      const known = [89.7, 89.85, 90.16, 90.43, 90.09, 90.25, 90.71, 90.73, 90.57];
      expect((await angles()).map((text) => Number(text.split("°")[0]))).toEqual(known);
      expect(await page.locator("#states-result svg").count()).toBeGreaterThan(2);
    });

    it("measures a file that is chosen", async () => {
      await open();
      await page.setInputFiles("#file", join(twins, "rms/states.safetensors"));
      await measured();
      expect((await angles())[0]).toMatch(/^91\.44°/);
    });

    it.skipIf(!existsSync(gpt2))("measures GPT-2's states", async () => {
      await open();
      await page.setInputFiles("#file", gpt2);
      await measured();
      const found = (await angles()).map((text) => Number(text.split("°")[0]));
      for (const [i, known] of [89.67, 89.52, 89.28, 88.63, 90.2].entries()) {
        expect(Math.abs(found[i] - known)).toBeLessThan(0.011);
      }
    });

    it("says what is wrong with a file it cannot read, beside it", async () => {
      await open();
      await page.setInputFiles("#file", {
        name: "notes.txt",
        mimeType: "text/plain",
        buffer: Buffer.from("no states"),
      });
      const error = page.locator("#states-status [role=alert]");
      await error.waitFor();
      expect(await error.textContent()).toMatch(/notes\.txt.*expected/);
    });

    it("measures 100 MB in no task of the page over 50 ms, and can be cancelled", async () => {
      await open();
      await page.evaluate(() => {
        const found: number[] = [];
        Object.assign(globalThis, { found });
        new PerformanceObserver((list) => found.push(...list.getEntries().map(({ duration }) => duration))).observe({
          type: "longtask",
        });
        // made in the page: a file of 100 MB takes the driver longer to hand over than the engine to measure
        const [rows, cols] = [32_768, 800];
        const head = `${`{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${cols}), }`.padEnd(117)}\n`;
        const magic = new Uint8Array([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, head.length, 0]);
        const piece = Float32Array.from({ length: cols * 256 }, (_, i) => Math.sin(i * i));
        const file = new File([magic, head, ...Array(rows / 256).fill(piece)], "large.npy");
        const transfer = new DataTransfer();
        transfer.items.add(file);
        (document.querySelector("#file") as HTMLInputElement).files = transfer.files;
      });
      await page.waitForTimeout(500);
      await page.evaluate(() => {
        (globalThis as unknown as { found: number[] }).found.length = 0;
        document.querySelector("#file")?.dispatchEvent(new Event("change"));
      });
      await page.waitForFunction(() => (document.querySelector("progress")?.value ?? 0) > 0.05);
      await page.getByRole("button", { name: "Cancel" }).click();
      await expect.poll(() => page.locator("#states-status").textContent()).toContain("Cancelled");
      expect(await page.locator("#states-result").textContent()).toBe("");
      expect(await page.evaluate(() => (globalThis as unknown as { found: number[] }).found)).toEqual([]);
    });
  });

  it("runs the benches, and keeps a record that can be copied", async () => {
    await open();
    await page.getByRole("button", { name: "Measure", exact: true }).click();
    await page.waitForSelector("#machine-result .finding", { timeout: 60_000 });
    expect(await page.locator(".bars").count()).toBe(6);
    expect(await page.locator("#machine-result .error").count()).toBe(0);
    const record = JSON.parse((await page.locator(".record").textContent()) ?? "");
    expect(record.userAgent).toContain("Chrome");
    expect(record.results[1].contestants.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(["engine, resident", "best JavaScript", "plain JavaScript", "v128 copy"]),
    );
    await page.getByRole("button", { name: "Measure", exact: true }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    expect(await page.locator("#machine-status").textContent()).toContain("Cancelled");
  });

  it("runs the very snippets that it shows", async () => {
    await open();
    for (const name of ["geometry", "swap", "states", "machine"]) {
      const text = readFileSync(join(root, `explorer/src/code/snippets/${name}.ts`), "utf8").trimEnd();
      const card = page.locator(".snippet").filter({ has: page.getByText(text, { exact: true }) });
      await card.getByRole("button", { name: "Run" }).click();
      await expect.poll(() => card.locator("output").textContent()).not.toBe("");
      expect(await card.locator("output.error").count()).toBe(0);
    }
    const swap = await page.locator(".snippet output").nth(1).textContent();
    expect(swap).toBe("[1.6599, -0.22131, 0.44263]\n[1.6599, -0.22131, 0.44263]");
  });

  it.each(["light", "dark"] as const)("has nothing that axe objects to, %s", async (colorScheme) => {
    await open("?step=2", { colorScheme });
    await page.getByRole("button", { name: "Trained with LayerNorm" }).click();
    await page.waitForSelector("#states-result figure", { timeout: 60_000 });
    await page.evaluate(readFileSync(join(root, "node_modules/axe-core/axe.min.js"), "utf8"));
    const violations = await page.evaluate(async () => {
      const axe = (globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }).axe;
      interface Violation {
        id: string;
        nodes: { html: string; failureSummary: string }[];
      }
      const { violations } = await axe.run();
      return violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => html + failureSummary)}`,
      );
    });
    expect(violations).toEqual([]);
  });

  it("fits a phone, and nothing shifts while it loads", async () => {
    await open("", { viewport: { width: 390, height: 844 }, hasTouch: true });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    const shift = await page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          let sum = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) sum += (entry as PerformanceEntry & { value: number }).value;
          }).observe({ type: "layout-shift", buffered: true });
          setTimeout(() => resolve(sum), 300);
        }),
    );
    expect(shift).toBeLessThan(0.02);
  });

  it("works offline once it is loaded, samples apart", async () => {
    await open();
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await page.context().setOffline(true);
    await page.goto(`${address}?step=3`);
    await page.waitForSelector("#scene[data-ready]");
    expect(await page.locator("#step").inputValue()).toBe("3");
    await page.setInputFiles("#file", join(twins, "ln/states.safetensors"));
    await page.waitForSelector("#states-result figure", { timeout: 60_000 });
  });

  it("loads less than 300 KB before a sample is asked for", async () => {
    await open("", { serviceWorkers: "block" });
    const names = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
    const files = ["index.html", ...names.map((name) => name.slice(address.length))];
    expect(names.every((name) => name.startsWith(address))).toBe(true);
    const sizes = files.map((name) => gzipSync(readFileSync(join(dist, name)), { level: 9 }).length);
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(300_000);
  });
});
