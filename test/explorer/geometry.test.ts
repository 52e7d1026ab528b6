// The first part of the explorer: a vector in three dimensions, what the norms make of it, and the steps between.

import { expect, it } from "vitest";
import { address, describeExplorer, middle, number, open, page, read, soon } from "../support/explorer.js";

async function drag(selector: string, right: number, down: number): Promise<void> {
  const { x, y } = await middle(selector);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + right, y + down, { steps: 5 });
  await page.mouse.up();
}

describeExplorer("the geometry", () => {
  it("opens with the numbers of its first vector, and a picture", async () => {
    await open();
    expect(await read("x")).toBe("(3.00, −0.40, 0.80)");
    expect([await read("norm"), await read("angle"), await read("mean")]).toEqual(["3.13", "51.2°", "1.13"]);
    expect(await read("layerNorm")).toBe("(1.33, −1.09, −0.24)");
    expect(await read("rmsNorm")).toBe("(1.66, −0.22, 0.44)");
    // Σx² = 9.8 and Σx = 3.4: cos²θ = 3.4²/(3 · 9.8), and the rest follows
    expect([await read("share"), await read("sine"), await read("cosine")]).toEqual(["39 %", "0.78", "0.63"]);
    expect([await read("uniform"), await read("orthogonal"), await read("apart")]).toEqual(["1.96", "2.44", "38.8°"]);
    expect(await read("chance")).toBe("2.07°");
  });

  /** Counts from here on how often the picture has been drawn: each time begins with its ground. */
  const countDrawn = () =>
    page.evaluate(() => {
      const { fillRect } = CanvasRenderingContext2D.prototype;
      Object.assign(globalThis, { drawn: 0 });
      CanvasRenderingContext2D.prototype.fillRect = function (...all) {
        (globalThis as unknown as { drawn: number }).drawn++;
        fillRect.apply(this, all);
      };
    });
  const drawn = () => page.evaluate(() => (globalThis as unknown as { drawn: number }).drawn);
  const frames = (count: number) =>
    page.evaluate(async (count) => {
      for (let i = 0; i < count; i++) await new Promise(requestAnimationFrame);
    }, count);

  it("draws when something has changed, never otherwise; and again when the canvas was lost", async () => {
    await open("", { reducedMotion: "reduce" });
    await countDrawn();
    await frames(20);
    expect(await drawn()).toBe(0);
    await page.getByRole("slider", { name: "Vector x" }).press("ArrowUp");
    await soon(drawn).toBeGreaterThan(0);
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());

    const shot = () => page.locator("#scene").screenshot();
    const shown = await shot();
    const empty = await page.locator("#scene").screenshot({ style: "canvas { visibility: hidden }" });
    expect(shown.equals(empty)).toBe(false);
    await page.evaluate(() => {
      const canvas = document.querySelector("canvas") as HTMLCanvasElement;
      canvas.getContext("2d")?.clearRect(0, 0, canvas.width, canvas.height);
    });
    expect((await shot()).equals(shown)).toBe(false);
    await page.evaluate(() => document.querySelector("canvas")?.dispatchEvent(new Event("contextrestored")));
    await soon(async () => (await shot()).equals(shown)).toBe(true);
  });

  it("is not black where it has another size out of sight, as on paper", async () => {
    await open();
    await page.waitForSelector("#scene canvas[data-drawn]");
    await page.evaluate(() => document.getElementById("code")?.scrollIntoView({ behavior: "instant" }));
    const width = () => page.evaluate(() => (document.querySelector("#scene canvas") as HTMLCanvasElement).width);
    const before = await width();
    await page.setViewportSize({ width: 1100, height: 800 });
    await soon(width).not.toBe(before);
    const corner = await page.evaluate(() => {
      const canvas = document.querySelector("#scene canvas") as HTMLCanvasElement;
      return [...(canvas.getContext("2d") as CanvasRenderingContext2D).getImageData(2, 2, 1, 1).data];
    });
    expect(Math.min(...corner)).toBeGreaterThan(200);
  });

  it("draws only where it is in sight, and there before it is seen", async () => {
    await open("#machine", { reducedMotion: "reduce" });
    await countDrawn();
    await frames(20);
    const away = page.locator("#scene canvas:not([data-drawn])");
    expect(await away.count()).toBe(1);
    await page
      .getByRole("slider", { name: "Vector x" })
      .evaluate((handle) => handle.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowUp", bubbles: true })));
    await frames(20);
    expect(await drawn()).toBe(0);
    // the numbers and the address do not wait
    expect(await read("x")).not.toBe("(3.00, −0.40, 0.80)");
    await page.evaluate(() => scrollTo({ top: 0, behavior: "instant" }));
    await soon(drawn).toBe(1);
    expect(await away.count()).toBe(0);
  });

  it.each([1, 2, 1.25])("has the pixels of the screen, no more and no fewer, at %d pixels a pixel", async (ratio) => {
    await open("", { deviceScaleFactor: ratio });
    const [canvas, scene] = await page.evaluate(() =>
      ["#scene canvas", "#scene"].map((selector) => {
        const found = document.querySelector(selector) as HTMLCanvasElement;
        return { shown: found.getBoundingClientRect().width, pixels: found.width };
      }),
    );
    expect(canvas.shown * ratio).toBeCloseTo(canvas.pixels, 1);
    expect(Math.abs(scene.shown - canvas.shown - 10)).toBeLessThan(1);
  });

  it("changes them when the ball is dragged: straight up is the uniform direction", async () => {
    await open("?view=0,0");
    const [angle, mean, shadow] = [await read("angle"), await read("mean"), await read("orthogonal")];
    const before = await middle("#handle");
    await drag("#handle", 0, -60);
    const after = await middle("#handle");
    // it stays under the pointer
    expect(Math.abs(after.x - before.x)).toBeLessThan(1);
    expect(Math.abs(after.y - before.y + 60)).toBeLessThan(1);
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

  it("follows a finger, and no second one", async () => {
    await open("?view=0,0", { hasTouch: true });
    const before = await middle("#handle");
    const client = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...touchPoints: { x: number; y: number }[]) =>
      client.send("Input.dispatchTouchEvent", { type, touchPoints });
    const moved = { x: before.x - 40, y: before.y - 50 };
    const second = { x: before.x + 8, y: before.y + 8 };
    await touch("touchStart", before);
    await touch("touchStart", before, second);
    await touch("touchMove", moved, second);
    await touch("touchMove", moved, { x: second.x + 30, y: second.y + 30 });
    await touch("touchEnd");
    const after = await middle("#handle");
    expect(Math.abs(after.x - moved.x)).toBeLessThan(1);
    expect(Math.abs(after.y - moved.y)).toBeLessThan(1);
  });

  it("is turned by pointer and keys, and x stays", async () => {
    await open("?view=0,0");
    const camera = page.getByRole("slider", { name: "Camera" });
    const turn = () => camera.getAttribute("aria-valuetext");
    await camera.press("ArrowRight");
    await camera.press("ArrowUp");
    await camera.press("Shift+ArrowUp");
    expect(await turn()).toBe("6 degrees round, 7 degrees up");
    const { x, y } = await middle("#camera");
    await page.mouse.move(x - 200, y + 200);
    await page.mouse.down();
    await page.mouse.move(x - 150, y + 225);
    await page.mouse.up();
    expect(await turn()).toBe("-14 degrees round, 17 degrees up");
    expect(await read("x")).toBe("(3.00, −0.40, 0.80)");
  });

  it("has all of the view in the address, and takes what is wrong there for the first view", async () => {
    const whole = "?x=1,2,3.5&step=3.25&weight=1,-1,0.5&bias=0,0.1,0&view=10,30&rmsnorm=off";
    await open(whole);
    expect(await read("x")).toBe("(1.00, 2.00, 3.50)");
    expect(await page.locator("#show-rms").isChecked()).toBe(false);
    await page.locator("#show-rms").check();
    await soon(() => new URL(page.url()).search).toBe(whole.replace("&rmsnorm=off", ""));
    await page.goto(`${address}?x=1,2&step=nothing&weight=1,,1&bias=NaN,0,0&view=1000,1000`);
    await page.waitForSelector("#scene[data-ready]");
    expect(await read("x")).toBe("(3.00, −0.40, 0.80)");
    await soon(() => new URL(page.url()).search).toBe("?view=0,89");
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
    // towards the eye, which looks along (1, 1, −2): height stays
    const [mean, before] = [await read("mean"), await middle("#handle")];
    const third = async () => number((await read("x")).split(",")[2]);
    const depth = await third();
    await page.keyboard.press("PageDown");
    expect(await third()).toBeGreaterThan(depth + 0.02);
    expect(await read("mean")).toBe(mean);
    await page.keyboard.press("PageUp");
    expect(await third()).toBeCloseTo(depth, 1);
    await page.keyboard.press("ArrowRight");
    expect((await middle("#handle")).x).toBeGreaterThan(before.x + 5);
    expect(await handle.getAttribute("aria-valuetext")).toContain("degrees to the uniform direction");
    await soon(() => page.locator("#spoken").textContent()).toContain("LayerNorm gives");
  });

  it("leaves keys with alt, control and meta to the browser", async () => {
    await open();
    const answers = await page.evaluate(() =>
      ["#handle", "#camera", "#step"].flatMap((selector) =>
        [{}, { altKey: true }, { ctrlKey: true }, { metaKey: true }].map((held) => {
          const event = new KeyboardEvent("keydown", { key: "ArrowLeft", cancelable: true, bubbles: true, ...held });
          return document.querySelector(selector)?.dispatchEvent(event);
        }),
      ),
    );
    expect(answers).toEqual([false, true, true, true, false, true, true, true, false, true, true, true]);
    expect(await page.getByRole("slider", { name: "Camera" }).getAttribute("aria-valuenow")).toBe("18");
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
    const at = () => page.locator("#step").inputValue();
    expect(await at()).toBe("3");
    const play = page.getByRole("button", { name: "Play" });
    const presses = [];
    for (let i = 0; i < 2; i++) {
      // as in Safari, where a click on a button does not focus it
      await play.evaluate((button: HTMLElement) => button.click());
      presses.push(await at());
    }
    expect(presses).toEqual(["4", "1"]);
    await page.context().close();
    await open();
    await page.getByRole("button", { name: "Play" }).click();
    await soon(() => page.locator("#step").inputValue().then(Number)).toBeGreaterThan(0.2);
  });

  it("lights up the part of the picture whose word is pointed at, has the focus or is pressed", async () => {
    await open("", { reducedMotion: "reduce" });
    const word = (part: string) => page.locator(`#geometry .word[data-lights="${part}"]`);
    /** Which colours the picture has as they are in the text, and not paler. */
    const strong = () =>
      page.evaluate(() => {
        const canvas = document.querySelector("#scene canvas") as HTMLCanvasElement;
        const { data } = (canvas.getContext("2d") as CanvasRenderingContext2D).getImageData(
          0,
          0,
          canvas.width,
          canvas.height,
        );
        const seen = new Map<string, number>();
        for (let i = 0; i < data.length; i += 4) {
          const colour = `rgb(${data[i]}, ${data[i + 1]}, ${data[i + 2]})`;
          seen.set(colour, (seen.get(colour) ?? 0) + 1);
        }
        const probe = document.body.appendChild(document.createElement("span"));
        return ["ink", "uniform", "orthogonal", "layernorm"].filter((name) => {
          probe.style.color = `var(--${name})`;
          return (seen.get(getComputedStyle(probe).color) ?? 0) > 20;
        });
      });
    const all = ["ink", "uniform", "orthogonal", "layernorm"];
    await soon(strong).toEqual(all);
    for (const [part, colours] of [
      ["circle", ["layernorm"]],
      ["shadow", ["orthogonal"]],
      ["x", ["ink"]],
      ["mean", ["uniform"]],
      ["uniform", ["uniform"]],
      ["sphere", []],
    ] as const) {
      await word(part).hover();
      await soon(strong).toEqual(colours);
    }
    await page.mouse.move(0, 0);
    await soon(strong).toEqual(all);
    // by keyboard, and names with what they name
    await word("circle").focus();
    await soon(strong).toEqual(["layernorm"]);
    expect(await page.locator("#scene .label:not(.faint):visible").allTextContents()).toEqual(["circle, radius √3"]);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Shift+Tab");
    await soon(strong).toEqual(["orthogonal"]);
    // pressed, it stays while x is dragged, until it is pressed again
    await word("mean").click();
    await drag("#handle", -20, -20);
    await soon(strong).toEqual(["uniform"]);
    expect(await word("mean").getAttribute("aria-pressed")).toBe("true");
    await word("mean").press("Enter");
    await word("mean").blur();
    await page.mouse.move(0, 0);
    await soon(strong).toEqual(all);
  });

  it("shows a sphere that is not beside the rest while its word asks for it", async () => {
    await open("?rmsnorm=off", { hasTouch: true, viewport: { width: 390, height: 844 }, reducedMotion: "reduce" });
    const drawing = () => page.locator("#scene canvas").evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
    await page.waitForSelector("#scene canvas[data-drawn]");
    const before = await drawing();
    const sphere = page.locator('.word[data-lights="sphere"]');
    await sphere.tap();
    await soon(async () => (await drawing()) === before).toBe(false);
    expect(await sphere.getAttribute("aria-pressed")).toBe("true");
    await sphere.tap();
    expect(await sphere.getAttribute("aria-pressed")).toBe("false");
    await sphere.blur();
    await page.evaluate(() => document.querySelector("#scene")?.scrollIntoView({ behavior: "instant" }));
    await soon(async () => (await drawing()) === before).toBe(true);
  });

  it("has its picture below one sentence on a phone, and all of it in the first view", async () => {
    await open("", { viewport: { width: 390, height: 844 } });
    const scene = await page.locator("#scene").boundingBox();
    const story = await page.locator(".story").boundingBox();
    if (scene === null || story === null) throw new Error("the page has no picture");
    expect(scene.y + scene.height).toBeLessThan(844);
    expect(story.y).toBeGreaterThan(scene.y + scene.height);
  });
});
