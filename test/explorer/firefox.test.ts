// The explorer in Firefox, by pointer and by keyboard: what of a page differs between browsers is pointers, workers, sandboxed frames,
// clocks and canvases, and every part of this one needs some of them.

import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { describeOnePageInFirefox, middle, number, open, page, read, soon, twins } from "../support/explorer.js";
import { card, editor, run, text } from "../support/snippets.js";

describeOnePageInFirefox("the explorer in Firefox", () => {
  const handle = () => page.getByRole("slider", { name: "Vector x", exact: true });
  const drag = async (selector: string, right: number, down: number) => {
    const { x, y } = await middle(selector);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + right, y + down, { steps: 5 });
    await page.mouse.up();
  };

  beforeAll(() => open("?view=0,0", { reducedMotion: "reduce" }));

  it("draws the picture", async () => {
    await soon(() => page.locator("#scene canvas[data-drawn]").count()).toBe(1);
  });

  it("has x dragged by the pointer, and moved by arrow keys", async () => {
    const [angle, shadow, before] = [number(await read("angle")), await read("orthogonal"), await middle("#handle")];
    await drag("#handle", 0, -60);
    const after = await middle("#handle");
    expect(Math.abs(after.y - before.y + 60)).toBeLessThan(1);
    expect(number(await read("angle"))).toBeLessThan(angle - 3);
    expect(await read("orthogonal")).toBe(shadow);
    const mean = number(await read("mean"));
    await handle().press("ArrowDown");
    expect(number(await read("mean"))).toBeLessThan(mean);
    await soon(() => page.locator("#spoken").textContent()).toContain("LayerNorm gives");
    await page.getByRole("button", { name: "Reset" }).first().click();
    expect(await read("x")).toBe("(3.00, −0.40, 0.80)");
  });

  it("has x′ dragged over what LayerNorm forgets", async () => {
    const said = async (name: string) => page.locator(`p:not([hidden]) > [data-also="${name}"]`).textContent();
    await page.getByRole("button", { name: "see all that LayerNorm forgets" }).click();
    const [place, layerNorm] = [await said("ghost"), await said("layerNorm")];
    await drag("#ghost", -45, 60);
    expect(await said("ghost")).not.toBe(place);
    expect(await said("layerNorm")).toBe(layerNorm);
  });

  it("has d moved by keys and by the pointer, and draws directions of it", async () => {
    const of = (name: string) => page.locator(`#dimensions [data-of="${name}"]`).last().textContent();
    const slider = page.getByRole("slider", { name: "Dimensions" });
    await page.locator("#dimensions .pair").scrollIntoViewIfNeeded();
    await slider.press("ArrowRight");
    expect(await of("d")).toBe("1024");
    await soon(() => of("rows")).toBe("2048");
    const box = await slider.boundingBox();
    if (box === null) throw new Error("no slider");
    await page.mouse.move(box.x + box.width * 0.7, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + 1, box.y + box.height / 2, { steps: 4 });
    await page.mouse.up();
    expect(await of("d")).toBe("3");
    await soon(() => of("rows")).toBe("2048");
    expect(await of("sd")).toBe("39.2°");
    expect(Math.abs(number(await of("drawn-sd")) - 39.2)).toBeLessThan(2);
    await soon(() => page.locator("#distances .mark").count()).toBe(29);
  });

  it("measures both samples, and a file that is chosen, with the angles of the twins' README", async () => {
    const complete = () => page.locator('#states-result a[download="recovered.svg"]').waitFor({ timeout: 60_000 });
    const angles = () => page.locator(".sites tbody tr td:nth-child(4)").allTextContents();
    await page.getByRole("button", { name: "Both samples" }).click();
    await complete();
    expect(await page.locator("#states .finding").textContent()).toMatch(
      /^The states of ln\/states, trained with LayerNorm, /,
    );
    await page.setInputFiles("#file", join(twins, "ln/states.safetensors"));
    await complete();
    const known = [89.7, 89.85, 90.16, 90.43, 90.09, 90.25, 90.71, 90.73, 90.57];
    expect((await angles()).map((text) => Number(text.split("°")[0]))).toEqual(known);
    await page.locator(".answer figure .scroll").focus();
    expect(await page.locator(".answer figure .readout").textContent()).toMatch(
      /^states, h\.0\.ln_1: 0\.5\d+ of chance/,
    );
  });

  it("reads what is typed inside a model, and swaps the norm", async () => {
    const losses = () => page.locator("#inside .loss").allTextContents();
    await page.locator("#inside").scrollIntoViewIfNeeded();
    await page.waitForSelector("#inside .map[data-drawn]");
    await page.locator("#inside-text").focus();
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("return a + b;");
    await soon(() => page.locator("#inside .map").first().getAttribute("aria-valuetext")).toContain("of 13");
    await soon(async () => (await losses())[1]).toMatch(/^Loss with RMSNorm \d\.\d{3} nats a character/);
    const [, before] = await losses();
    await page.getByRole("switch", { name: "LayerNorm in RMSNorm’s place" }).press("Space");
    await soon(async () => (await losses())[1]).toMatch(
      /^Loss with LayerNorm \d\.\d{3} nats a character; with RMSNorm/,
    );
    // it was what it is again
    await page.getByRole("switch", { name: "LayerNorm in RMSNorm’s place" }).click();
    await soon(async () => (await losses())[1].split(";")[0]).toBe(before.split(";")[0]);
  });

  it("starts the benches, and stops them", async () => {
    await page.getByRole("button", { name: "Measure", exact: true }).click();
    await soon(() => page.locator("#machine-status .what").textContent()).toMatch(/LayerNorm 1×768/);
    await page.getByRole("button", { name: "Cancel" }).click();
    expect(await page.locator("#machine-status").textContent()).toContain("Cancelled");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("bench");
  });

  it("runs a snippet in its sandbox, and says in which line it fails", async () => {
    // key by key: a text that the driver inserts at once gets lines of its own in Firefox
    const type = async (code: string) => {
      await (await editor("geometry")).press("ControlOrMeta+a");
      await page.keyboard.type(code);
    };
    expect(await run("geometry")).toContain("layerNorm: [");
    expect(await text("geometry")).toContain("// x of the scene");
    await type('import { layerNorm } from "orthonorm";\n\nlayerNorm([1, 2]);');
    expect(await run("geometry")).toMatch(/^Line 3: TypeError: layerNorm: x expected /);
    expect(await card("geometry").locator(".cm-line.wrong").textContent()).toBe("layerNorm([1, 2]);");
    await type("console.log(typeof document, self.origin);");
    await page.keyboard.press("ControlOrMeta+Enter");
    await soon(() => card("geometry").locator("output").textContent()).toBe("undefined null");
  });
});
