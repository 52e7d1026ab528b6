// The explorer's benches: samples are long by the clock that they are taken by, and figures agree with the times beside them.

import { expect, it } from "vitest";
import { describeExplorer, number, open, page } from "../support/explorer.js";

describeExplorer("the benches of the page", () => {
  it("take samples of 50 steps of a coarse clock, and read no other", async () => {
    await open("", { serviceWorkers: "block" });
    await page.route(/assets\/worker-.*\.js/, async (route) => {
      const response = await route.fetch();
      const coarse = `{
        const fine = performance.now.bind(performance);
        performance.now = () => Math.floor(fine() / 2) * 2;
        Date.now = () => 0;
      }`;
      await route.fulfill({ response, body: `${coarse}\n${await response.text()}` });
    });
    await page.getByRole("button", { name: "Measure", exact: true }).click();
    await page.waitForSelector("#machine-result .finding", { timeout: 60_000 });
    const record = JSON.parse((await page.locator(".record").textContent()) ?? "");
    expect(record.clockStep).toBeCloseTo(2e-3, 6);
    expect(record.shortestSample).toBeGreaterThanOrEqual(0.1 - 1e-9);
    expect(record.shortestSample).toBeLessThan(1);
    const steps = record.shortestSample / record.clockStep;
    expect(Math.abs(steps - Math.round(steps))).toBeLessThan(1e-6);
    expect(await page.locator("#machine-result .beside").textContent()).toContain(
      `The clock of this browser moves by 2.00 ms; the shortest sample lasted ${(record.shortestSample * 1e3).toFixed(0)} ms, ${Math.round(steps)} of its steps.`,
    );
  });

  it("show ratios that are those of the times beside them", async () => {
    await open();
    await page.getByRole("button", { name: "Measure", exact: true }).click();
    await page.waitForSelector("#machine-result .finding", { timeout: 60_000 });
    const units: Record<string, number> = { ns: 1, µs: 1e3, ms: 1e6, s: 1e9 };
    const time = (text: string) => number(text) * units[text.trim().split(" ")[1]];
    let rows = 0;
    for (const table of await page.locator(".bars").all()) {
      const lines = await table.locator("tbody tr").all();
      const cells = await Promise.all(lines.map((line) => line.locator("th, td").allTextContents()));
      const plain = cells.find(([name]) => name === "plain JavaScript")?.[4] ?? "";
      for (const [, , , ratio, own] of cells) {
        const expected = time(plain) / time(own);
        // both times are rounded to three digits, and so is the ratio
        expect(Math.abs(number(ratio) / expected - 1)).toBeLessThan(0.012);
        rows++;
      }
    }
    expect(rows).toBeGreaterThanOrEqual(24);
    const said = (await page.locator("#machine-result .finding").textContent()) ?? "";
    const own = await page.locator(".bars", { has: page.getByText("LayerNorm 128×768", { exact: true }) });
    const engine = await own.locator("tbody tr").first().locator("td").allTextContents();
    expect(said).toContain(`takes ${engine[3]} here: ${engine[2]} times as fast as a plain loop`);
  });
});
