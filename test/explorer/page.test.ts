// The explorer as a whole: how it loads, that nothing shifts meanwhile, and what it keeps.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import {
  address,
  controlled,
  describeExplorer,
  dist,
  forgive,
  open,
  page,
  replacePage,
  root,
  site,
  soon,
  twins,
  under,
} from "../support/explorer.js";
import { serve } from "../support/serve.js";

describeExplorer("the page", () => {
  it.each([
    { width: 1280, height: 800 },
    { width: 390, height: 844 },
  ])("fits $width pixels, and nothing shifts, while it loads or when numbers change", async (viewport) => {
    const places = [];
    for (const query of ["", "?x=-4,-4,-4", "?x=-1.3,-4,3.9&weight=-2,-2,-2&bias=-2,-2,-2", "?x=0.1,-0.1,0"]) {
      await page?.context().close();
      await open(query, { viewport, hasTouch: viewport.width < 400 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width);
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
      // what follows in the line of a number that gets a minus, and nothing else
      expect(shift).toBeLessThan(1e-3);
      places.push(
        await page.evaluate(() =>
          [...document.querySelectorAll(".story :is(p, li, h2, .line, .n)")].map((one) => {
            const { left, top, right } = one.getBoundingClientRect();
            // within a line of its own a number's width may change
            return one.closest(".line") === null ? [left, top, right] : top;
          }),
        ),
      );
    }
    for (const place of places) expect(place).toEqual(places[0]);
  });

  it("works offline once it is loaded, with the samples that were asked for", async () => {
    const own = await serve(site);
    const at = own.url + under;
    await open("", {}, at);
    await controlled();
    // else both samples would be asked for on the way to the button
    await page.evaluate(() => Object.defineProperty(navigator, "connection", { value: { saveData: true } }));
    await page.getByRole("button", { name: "Trained with LayerNorm" }).click();
    const first = page.locator(".sites tbody tr td:nth-child(4)").first();
    await first.waitFor();
    own.close();
    await page.goto(`${at}?step=3`);
    await page.waitForSelector("#scene[data-ready]");
    await page.evaluate(() => Object.defineProperty(navigator, "connection", { value: { saveData: true } }));
    expect(await page.locator("#step").inputValue()).toBe("3");
    await page.setInputFiles("#file", join(twins, "rms/states.safetensors"));
    await soon(() => first.textContent()).toMatch(/^91\.44°/);
    await page.getByRole("button", { name: "Trained with LayerNorm" }).click();
    await soon(() => first.textContent()).toMatch(/^89\.7/);
    // the figure of dimensions asks for both samples, on the way: what was not asked for is what is not kept
    await page.evaluate(async () => {
      for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) if (request.url.endsWith(".safetensors")) await cache.delete(request);
      }
    });
    await page.getByRole("button", { name: "Trained with RMSNorm" }).click();
    const error = page.locator("#states-status [role=alert]");
    await error.waitFor();
    expect(await error.textContent()).toMatch(/^rms\/states\.safetensors expected to be loaded, got: /);
    forgive("ERR_");
    const card = page.locator(".snippet").first();
    await card.getByRole("button", { name: "Run" }).click();
    await soon(() => card.locator("output").textContent()).toContain("orthogonal: [1.8667, ");
  });

  it("stays whole when another build comes, and is that one when it is opened next", async () => {
    const next = mkdtempSync(join(tmpdir(), "explorer-"));
    cpSync(site, next, { recursive: true });
    // the browser has the page for an hour without asking, and nothing else of the old build
    const own = await serve(next, (path) => ({ "cache-control": path.endsWith("/") ? "max-age=3600" : "no-store" }));
    const at = own.url + under;
    try {
      await open("", {}, at);
      await controlled();
      rmSync(join(next, under, "assets"), { recursive: true });
      writeFileSync(join(next, under, "index.html"), "<title>next</title>");
      const text = readFileSync(join(root, "explorer/service-worker.js"), "utf8");
      writeFileSync(join(next, under, "service-worker.js"), `const kept = { build: "next", files: ["./"] };${text}`);
      await page.reload();
      await page.waitForSelector("#scene[data-ready]");
      await page.evaluate(async () => {
        const registration = await navigator.serviceWorker.ready;
        await registration.update();
        const { installing } = registration;
        await new Promise<void>((resolve) => {
          if (installing === null) resolve();
          else installing.onstatechange = () => installing.state !== "installing" && setTimeout(resolve, 300);
        });
      });
      expect(await page.evaluate(() => caches.keys())).toContain("orthonorm-explorer next");
      const card = page.locator(".snippet").first();
      await card.getByRole("button", { name: "Run" }).click();
      await soon(() => card.locator("output").textContent()).toContain("orthogonal: [1.8667, ");
      await replacePage();
      await soon(async () => {
        // no page of the old build is open, not even the one that is left for this one
        await page.goto("about:blank");
        await page.goto(at);
        return page.title();
      }).toBe("next");
      expect(await page.evaluate(() => caches.keys())).toEqual(["orthonorm-explorer next"]);
    } finally {
      own.close();
      rmSync(next, { recursive: true });
    }
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
