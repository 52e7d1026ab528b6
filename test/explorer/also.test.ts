// What the picture shows beside the steps: RMSNorm as a sum, and all that each norm forgets, over which x′ is dragged.

import { expect, it } from "vitest";
import { describeExplorer, middle, number, open, page, read, soon } from "../support/explorer.js";

describeExplorer("what is shown beside the steps", () => {
  const choice = () => page.getByLabel("Show also");
  const ring = () => page.getByRole("slider", { name: "Vector x′" });
  const said = async (name: string) =>
    (await page.locator(`p:not([hidden]) > [data-also="${name}"]`).textContent()) ?? "";
  const label = (text: string) => page.locator(".label").filter({ hasText: text });
  /** Drags the ring by pixels. */
  const drag = async (right: number, down: number) => {
    const { x, y } = await middle("#ghost");
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + right, y + down, { steps: 6 });
    await page.mouse.up();
    const after = await middle("#ghost");
    return { right: after.x - x, down: after.y - y };
  };
  const lengthOf = (tuple: string) => Math.hypot(...tuple.split(",").map(number));

  it("draws RMSNorm as sin θ · LayerNorm and cos θ · 1, by the choice or from the text, and leaves at another step", async () => {
    await open("?step=3&rmsnorm=off", { reducedMotion: "reduce" });
    const canvas = () => page.locator("#scene canvas").screenshot({ style: ".label { visibility: hidden }" });
    const before = await canvas();
    expect(await ring().count()).toBe(0);
    await choice().selectOption("identity");
    expect([await said("sine"), await said("cosine")]).toEqual(["0.78", "0.63"]);
    for (const text of ["sin θ · LayerNorm(x)", "cos θ · 1"]) expect(await label(text).isVisible()).toBe(true);
    await soon(async () => (await canvas()).equals(before)).toBe(false);
    await soon(() => new URL(page.url()).search).toBe("?step=3&rmsnorm=off&also=identity");
    await page.getByRole("button", { name: "1 shadow" }).click();
    expect(await choice().inputValue()).toBe("nothing");
    expect(await label("cos θ · 1").isVisible()).toBe(false);
    await page.getByRole("button", { name: "see the sum" }).press("Enter");
    expect(await choice().inputValue()).toBe("identity");
    expect(await page.locator("#step").inputValue()).toBe("3");
  });

  it("has x′ dragged over the half-plane that LayerNorm forgets: LayerNorm stays, RMSNorm does not", async () => {
    await open("?view=0,10");
    await page.getByRole("button", { name: "see all that LayerNorm forgets" }).click();
    expect(await label("x′").first().isVisible()).toBe(true);
    const [ln, rms, x] = [await said("layerNorm"), await said("rmsNorm"), await said("ghost")];
    expect(ln).toBe(await read("layerNorm"));
    // seen nearly from before, the half-plane has room to all sides: x′ stays under the pointer
    const way = await drag(-45, 60);
    expect(Math.abs(way.right + 45)).toBeLessThan(1.5);
    expect(Math.abs(way.down - 60)).toBeLessThan(1.5);
    expect(await said("ghost")).not.toBe(x);
    expect(await said("layerNorm")).toBe(ln);
    expect(await said("rmsNorm")).not.toBe(rms);
    // over the edge, where LayerNorm would be another, it does not go
    await drag(-400, 0);
    expect(await said("layerNorm")).toBe(ln);
    await soon(() => new URL(page.url()).search).toMatch(/^\?step=3&view=0,10&also=layernorm&ghost=0\.2,/);
    const place = await said("ghost");
    await page.reload();
    await page.waitForSelector("#scene[data-ready]");
    expect(await said("ghost")).toBe(place);
  });

  it("has x′ dragged along the ray that RMSNorm forgets: all that changes is how long it is", async () => {
    await open("?also=rmsnorm&ghost=1,0");
    const rms = await said("rmsNorm");
    expect(rms).toBe(await read("rmsNorm"));
    expect(lengthOf(await said("ghost"))).toBeCloseTo(1, 1);
    await drag(80, -40);
    const far = lengthOf(await said("ghost"));
    expect(far).toBeGreaterThan(1.3);
    expect(await said("rmsNorm")).toBe(rms);
    await drag(-600, 300);
    expect(lengthOf(await said("ghost"))).toBeCloseTo(0.2, 1);
    expect(await said("rmsNorm")).toBe(rms);
    // it follows x
    await page.getByRole("slider", { name: "Vector x", exact: true }).press("ArrowUp");
    expect(await said("rmsNorm")).not.toBe(rms);
    expect(await said("rmsNorm")).toBe(await read("rmsNorm"));
  });

  it("is moved by arrow keys, with shift a tenth as far, and says where it is", async () => {
    await open("?also=layernorm&ghost=1,1");
    await ring().focus();
    const mean = async () => {
      const all = (await said("ghost")).split(",").map(number);
      return all.reduce((sum, value) => sum + value) / Math.sqrt(3);
    };
    expect(await mean()).toBeCloseTo(1, 1);
    for (const key of ["ArrowUp", "ArrowUp", "ArrowUp", "Shift+ArrowDown"]) await page.keyboard.press(key);
    expect(Math.abs((await mean()) - 1.29)).toBeLessThan(0.02);
    for (let i = 0; i < 5; i++) await page.keyboard.press("ArrowRight");
    expect(await ring().getAttribute("aria-valuenow")).toBe("1.50");
    expect(await ring().getAttribute("aria-valuetext")).toMatch(
      /^\(.*\); LayerNorm gives \(1\.33, −1\.09, −0\.24\), as for x$/,
    );
    await choice().selectOption("rmsnorm");
    await ring().press("ArrowUp");
    expect(await ring().getAttribute("aria-valuenow")).toBe("1.60");
  });

  it("says what it does not know in an address", async () => {
    await open("?also=batchnorm");
    expect(await page.locator("#refused").textContent()).toContain(
      "also expected one of nothing, identity, layernorm, rmsnorm, got batchnorm",
    );
    expect(await choice().inputValue()).toBe("nothing");
  });
});
