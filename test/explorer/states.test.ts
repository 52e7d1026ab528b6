// The second part of the explorer: states from files, measured in the page.

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import {
  address,
  controlled,
  describeExplorer,
  describeOnePage,
  middle,
  open,
  page,
  root,
  soon,
  twins,
  workers,
} from "../support/explorer.js";
import { sharedReference } from "../support/shared.js";

const gpt2 = join(sharedReference ?? "", "hidden-gpt2-small/raw_blocks_7_11.safetensors");

const angles = () => page.locator(".sites tbody tr td:nth-child(4)").allTextContents();
const measured = () => page.waitForSelector("#states-result figure", { timeout: 60_000 });
/** All figures are there: they are put in one by one. */
const complete = () => page.locator('#states-result a[download="recovered.svg"]').waitFor({ timeout: 60_000 });

describeOnePage("the states", () => {
  beforeAll(() => open("", { reducedMotion: "reduce" }));

  it("says a mark's value under the pointer and by arrow keys, and its words light up their part", async () => {
    await page.getByRole("button", { name: "Both samples" }).click();
    await complete();
    const figure = page.locator(".answer figure");
    const said = () => figure.locator(".readout").textContent();
    const json = await page.locator(".sites tbody tr").nth(1).locator("td").allTextContents();
    await figure.locator(".scroll").focus();
    expect(await said()).toMatch(
      /^ln\/states, h\.0\.ln_1: 0\.5\d+ of chance, interval 0\.29–1\.02; verdict: none: rows too alike$/,
    );
    expect(json).toContain("0.29–1.02");
    await page.keyboard.press("ArrowRight");
    expect(await said()).toMatch(/^ln\/states, h\.1\.ln_1: 0\.46/);
    await page.keyboard.press("ArrowDown");
    expect(await said()).toMatch(/^ln\/states, h\.\d\.ln_2: /);
    await figure
      .locator(
        "[data-part='rms/states'][data-mark=dot] path, [data-part='rms/states'][data-mark=dot] circle, [data-part='rms/states'][data-mark=dot] rect",
      )
      .first()
      .hover({ force: true });
    expect(await said()).toMatch(/^rms\/states, h\.0\.ln_1: 1\.17/);

    const dimmed = (part: string) => figure.locator(`[data-part="${part}"].dimmed`).count();
    const word = page.locator(".word", { hasText: "ln/states" }).first();
    await word.hover();
    expect(await dimmed("ln/states")).toBe(0);
    expect(await dimmed("rms/states")).toBeGreaterThan(2);
    expect(await dimmed("chance")).toBeGreaterThan(0);
    await page.locator("#states-title").hover();
    expect(await dimmed("rms/states")).toBe(0);
    await word.focus();
    await page.keyboard.press("Enter");
    expect(await word.getAttribute("aria-pressed")).toBe("true");
    await page.locator(".word", { hasText: "random directions" }).first().focus();
    expect([await dimmed("chance"), (await dimmed("ln/states")) > 0]).toEqual([0, true]);
    await page.locator("#drop label").first().hover();
    await page.locator("#states-result a").first().focus();
    expect([await dimmed("ln/states"), (await dimmed("chance")) > 0]).toEqual([0, true]);
  });

  it("measures a sample at a click: the angles of the twins' README, with figures", async () => {
    await page.getByRole("button", { name: "Trained with LayerNorm" }).click();
    await measured();
    const known = [89.7, 89.85, 90.16, 90.43, 90.09, 90.25, 90.71, 90.73, 90.57];
    expect((await angles()).map((text) => Number(text.split("°")[0]))).toEqual(known);
    await complete();
    const last = page.locator("#states-result figure").filter({ has: page.locator('a[download="recovered.svg"]') });
    await last.locator("svg").waitFor();
  });

  it("gives what the command line gives as JSON, and its table as CSV", async () => {
    const files = ["ln", "rms"].map((name) => join(twins, name, "states.safetensors"));
    await page.setInputFiles("#file", files[0]);
    await measured();
    const saved = async (name: string) => {
      const [download] = await Promise.all([page.waitForEvent("download"), page.click(`a[download="${name}"]`)]);
      return readFileSync(await download.path(), "utf8");
    };
    const json = await saved("states.json");
    // where the file was is not known to a page
    const folder = mkdtempSync(join(tmpdir(), "explorer-"));
    cpSync(files[0], join(folder, "states.safetensors"));
    const command = [join(root, "dist/cli/orthonorm.js"), "study", "states.safetensors", "--json", "-"];
    const written = execFileSync(process.execPath, command, { cwd: folder, encoding: "utf8" });
    rmSync(folder, { recursive: true });
    expect(json).toBe(`${JSON.stringify(JSON.parse(json), null, 2)}\n`);
    // the browser's Math.acos may be another than Node's, in the last digit
    const rounded = (text: string) =>
      JSON.parse(text, (_, value) => (typeof value === "number" ? Number(value.toPrecision(13)) : value));
    expect(rounded(json)).toEqual(rounded(written));
    const [head, ...lines] = (await saved("states.csv")).split("\r\n");
    const { sites } = JSON.parse(json);
    expect(head.split(",").slice(0, 3)).toEqual(["model", "site", "dtype"]);
    const angle = head.split(",").indexOf("angle.mean");
    expect(lines.slice(0, -1).map((line) => Number(line.split(",")[angle]))).toEqual(
      sites.map((site: { angle: { mean: number } }) => site.angle.mean),
    );
    expect(lines.at(-1)).toBe("");
  });

  it.skipIf(sharedReference === null)("measures GPT-2's states", async () => {
    await page.setInputFiles("#file", gpt2);
    await measured();
    const found = (await angles()).map((text) => Number(text.split("°")[0]));
    for (const [i, known] of [89.67, 89.52, 89.28, 88.63, 90.2].entries()) {
      expect(Math.abs(found[i] - known)).toBeLessThan(0.011);
    }
  });

  it("says what is wrong with a file it cannot read, beside it", async () => {
    await page.setInputFiles("#file", {
      name: "notes.txt",
      mimeType: "text/plain",
      buffer: Buffer.from("no states"),
    });
    const error = page.locator("#states-status [role=alert]");
    await error.waitFor();
    expect(await error.textContent()).toMatch(/notes\.txt.*expected/);
  });

  it("measures two files beside each other, and shows a tensor's name as what it is", async () => {
    const named = (name: string) => {
      const head = JSON.stringify({ [name]: { dtype: "F32", shape: [4, 8], data_offsets: [0, 128] } });
      const size = Buffer.alloc(8);
      size.writeBigUInt64LE(BigInt(Buffer.byteLength(head)));
      const data = Buffer.from(Float32Array.from({ length: 32 }, (_, i) => Math.sin(i * i)).buffer);
      return Buffer.concat([size, Buffer.from(head), data]);
    };
    const files = ["one", "other"].map((name) => ({
      name: `${name}.safetensors`,
      mimeType: "application/octet-stream",
      buffer: named("a\u202eb"),
    }));
    await page.setInputFiles("#file", files);
    await measured();
    expect(await page.locator(".sites tbody th").allTextContents()).toEqual(["one", "a\\u202eb", "other", "a\\u202eb"]);
    // of one name, as from two folders
    await page.setInputFiles("#file", [
      { ...files[0], name: "x.safetensors" },
      { ...files[1], name: "x.safetensors" },
    ]);
    await soon(() => page.locator(".sites tbody th[scope=rowgroup]").allTextContents()).toEqual(["x (1)", "x (2)"]);
  });

  it("measures a file that is chosen, or dropped, and sends nothing anywhere", async () => {
    await controlled();
    const asked: string[] = [];
    page.context().on("request", (request) => asked.push(`${request.method()} ${request.url()}`));
    await page.setInputFiles("#file", join(twins, "rms/states.safetensors"));
    await measured();
    expect((await angles())[0]).toMatch(/^91\.44°/);
    expect(asked.filter((one) => !one.startsWith(`GET ${address}assets/`))).toEqual([]);
    await page.evaluate(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(["no states"], "dropped.npy"));
      const dropped = new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
      document.querySelector("#drop")?.dispatchEvent(dropped);
    });
    await soon(() => page.locator("#states-status").textContent()).toMatch(/dropped\.npy.*expected/);
  });

  it("takes a file that is dropped anywhere, and never leaves the page for it", async () => {
    const client = await page.context().newCDPSession(page);
    await page.locator("#geometry h1").scrollIntoViewIfNeeded();
    const { x, y } = await middle("#geometry h1");
    const files = [join(twins, "rms/states.safetensors")];
    const data = { items: [], files, dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver"] as const) {
      await client.send("Input.dispatchDragEvent", { type, x, y, data });
    }
    const over = () => page.locator("#drop").getAttribute("data-over");
    await soon(over).toBe("");
    await client.send("Input.dispatchDragEvent", { type: "drop", x, y, data });
    await measured();
    expect((await angles())[0]).toMatch(/^91\.44°/);
    expect(await over()).toBe(null);
    expect(page.url()).toBe(address);
    // text is the browser's
    const text = await page.evaluate(() => {
      const transfer = new DataTransfer();
      transfer.setData("text/plain", "text");
      const event = new DragEvent("dragover", { dataTransfer: transfer, bubbles: true, cancelable: true });
      return document.body.dispatchEvent(event);
    });
    expect(text).toBe(true);
  });
});

describeExplorer("the states of a page of their own", () => {
  it("measures both samples when the section comes into sight, and not before; the answer stands beside its picture", async () => {
    for (const width of [1440, 390]) {
      await page?.context().close();
      await open("", { viewport: { width, height: 700 } });
      await page.waitForTimeout(300);
      expect(workers()).toEqual([]);
      await page.locator("#states").scrollIntoViewIfNeeded();
      await measured();
      const says = (await page.locator("#states .finding").textContent()) ?? "";
      expect(says).toMatch(
        /^The states of ln\/states, trained with LayerNorm, .* 95 % intervals within 0\.22–0\.99\); those of rms/,
      );
      const [words, picture] = await Promise.all(
        [".answer .words", ".answer figure"].map(
          async (one) => (await page.locator(one).boundingBox()) ?? { x: 0, y: 0 },
        ),
      );
      if (width === 1440) expect(picture.x).toBeGreaterThan(words.x + 500);
      else expect(picture.y).toBeGreaterThan(words.y + 100);
      await complete();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      expect(await page.locator(".sites tbody tr").nth(3).locator("td").allTextContents()).toEqual(
        expect.arrayContaining(["0.46", "0.28–0.75", "closer"]),
      );
    }
  });

  it("measures nothing by itself for a reader who saves data", async () => {
    await open();
    await page.evaluate(() => Object.defineProperty(navigator, "connection", { value: { saveData: true } }));
    await page.locator("#states").scrollIntoViewIfNeeded();
    await page.waitForTimeout(500);
    expect(workers()).toEqual([]);
    expect(await page.locator("#states-result").textContent()).toBe("");
  });

  it("has a worker of its own for what is taken, and no picture of what was taken before", async () => {
    await open("", { serviceWorkers: "block" });
    await page.route("**/*.safetensors", async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await route.continue().catch(() => {});
    });
    // a sample that is still on its way, and a file meanwhile
    await page.getByRole("button", { name: "Trained with LayerNorm" }).click();
    await page.getByRole("button", { name: "Cancel" }).waitFor();
    await page.setInputFiles("#file", join(twins, "rms/states.safetensors"));
    await measured();
    await page.waitForTimeout(1500);
    expect((await angles())[0]).toMatch(/^91\.44°/);
    // another while the figures are put in, piece by piece
    await page.evaluate(() => {
      const result = document.querySelector("#states-result") as HTMLElement;
      const press = (name: string) =>
        [...document.querySelectorAll("button")].find((one) => one.textContent === name)?.click();
      new MutationObserver((_, observer) => {
        if (result.querySelector("figure") === null) return;
        observer.disconnect();
        press("Trained with RMSNorm");
        press("Cancel");
      }).observe(result, { childList: true, subtree: true });
      press("Trained with LayerNorm");
    });
    await soon(() => page.locator("#states-status").textContent()).toContain("Cancelled");
    await page.waitForTimeout(500);
    expect(await page.locator("#states-result").textContent()).toBe("");
    expect(workers()).toEqual([]);
  });
});
