// "Inside a model": the twins and dropped models, run in workers of the page.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NormKind, surprise } from "@orthonorm/models";
import { openTransformer } from "@orthonorm/models/node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { address, describeExplorer, middle, number, open, page, root, soon, twins } from "../support/explorer.js";
import { cases, randomCase } from "../support/models/cases.js";
import { writeModel } from "../support/models/checkpoints.js";
import { letters } from "../support/models/tokenizers.js";

const folder = mkdtempSync(join(tmpdir(), "orthonorm-inside-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const text = "export function min(a: i32): i32 { return a; }";

/** What the twins say of a text in Node. */
async function twinOf(name: string, words: string) {
  const { model, tokenizer } = await openTransformer(join(twins, name, "model.safetensors"));
  const { encode } = await tokenizer();
  const ids = encode(words);
  const lossWith = (norm: NormKind) => {
    const run = model.begin({ norm });
    const logits = run.forward(ids.slice(0, -1), { logits: "all" });
    const nats = ids.slice(1).map((id, row) => surprise(logits, row, model.vocabulary, id));
    return nats.reduce((sum, one) => sum + one, 0) / nats.length;
  };
  const [loss, swapped] =
    name === "ln" ? [lossWith("LayerNorm"), lossWith("RMSNorm")] : [lossWith("RMSNorm"), lossWith("LayerNorm")];
  model.engine.dispose();
  return { loss, swapped, count: ids.length };
}

describeExplorer("inside a model", () => {
  const maps = () => page.locator("#inside .map");
  const drawn = () => page.waitForFunction(() => document.querySelectorAll("#inside .map[data-drawn]").length === 2);
  const show = async (options: Parameters<typeof open>[1] = {}) => {
    await open("#inside", options);
    await drawn();
  };
  const type = (words: string) => page.fill("#inside-text", words);
  const losses = () => page.locator("#inside .loss").allTextContents();
  const spoken = (map: number) => maps().nth(map).getAttribute("aria-valuetext");
  const continued = (map: number) => page.locator("#inside .continued").nth(map).textContent();
  /** What a model says to `text`, when it has said all of it. */
  const settled = async (map: number) => {
    const output = page.locator("#inside .continued").nth(map);
    await soon(() => output.textContent()).toContain(text);
    await soon(() => output.getAttribute("aria-busy")).toBe("false");
    return output.textContent();
  };
  /** The models of `text`, measured in Node. */
  let known: Awaited<ReturnType<typeof twinOf>>[];
  beforeAll(async () => {
    known = [await twinOf("ln", text), await twinOf("rms", text)];
  });

  it("asks for the models only when the reader comes near", async () => {
    const asked: string[] = [];
    await open();
    page.on("request", (request) => asked.push(request.url()));
    await page.waitForTimeout(300);
    expect(asked.filter((url) => /model-|worker/.test(url))).toEqual([]);
    await page.locator("#inside").scrollIntoViewIfNeeded();
    await drawn();
    expect(asked.filter((url) => url.endsWith(".safetensors"))).toHaveLength(2);
    expect(asked.every((url) => url.startsWith(address))).toBe(true);
  });

  it("begins nothing else of the page for who comes by a link to it", async () => {
    await show();
    // for longer than a part must be near to begin
    await page.waitForTimeout(900);
    expect(page.workers().map((worker) => /\/([\w-]*worker)-/.exec(worker.url())?.[1])).toEqual([
      "model-worker",
      "model-worker",
    ]);
  });

  it("reads what is typed: the losses are those that Node has", async () => {
    await show();
    await type(text);
    await soon(async () => (await losses()).map((words) => number(words.split(" nats")[0]))).toEqual(
      known.map(({ loss }) => Number(loss.toFixed(3))),
    );
    expect(await maps().first().getAttribute("aria-valuemax")).toBe(String(known[0].count * 9));
    await soon(() => page.locator("#inside .finding").textContent()).toMatch(
      /^Over these 46 characters \|90° − θ\| is 0\.\d\d of chance .* and \d\.\d\d of chance .*LayerNorm’s place .* %; .*RMSNorm’s place .* %\.$/,
    );
    // more than there are positions
    await type(text.repeat(2));
    await soon(() => page.locator("#inside .finding").textContent()).toContain("these 64 characters, the last of 92,");
    // what is not known is said, and forgotten with the next good text
    await type("é");
    await soon(() => page.locator("#inside-status [role=alert]").textContent()).toMatch(
      /^(ln|rms)\/model\.safetensors expected a text of characters that it knows, got "é"$/,
    );
    await type("a");
    await soon(() => page.locator("#inside .loss").first().textContent()).toContain("a loss needs a second token");
    expect(await page.locator("#inside-status [role=alert]").count()).toBe(0);
  });

  it("swaps the norm: the loss and the text of that model change, and say what they were", async () => {
    await show();
    await type(text);
    const first = await settled(0);
    const second = await settled(1);
    await page.getByRole("switch", { name: "LayerNorm in RMSNorm’s place" }).click();
    const [{ loss, swapped: other }] = known.slice(1);
    const change = 100 * (other / loss - 1);
    const sign = change < 0 ? "−" : "+";
    await soon(async () => (await losses())[1]).toBe(
      `Loss with LayerNorm ${other.toFixed(3)} nats a character; with RMSNorm ${loss.toFixed(3)} (now ${sign}${Math.abs(change).toFixed(1)} %).`,
    );
    await soon(() => page.locator("#inside .reader .beside").nth(1).textContent()).toMatch(/with RMSNorm/);
    const swapped = await continued(1);
    expect(swapped).not.toBe(second);
    const mark = (await page.locator("#inside .continued mark").nth(1).textContent()) as string;
    expect(mark.length).toBeGreaterThan(0);
    expect(swapped?.endsWith(mark)).toBe(true);
    expect(second?.startsWith((swapped as string).slice(0, -mark.length))).toBe(true);
    expect(await continued(0)).toBe(first);
  });

  it("takes a vector apart, chosen by pointer or by keys", async () => {
    await show();
    await type(text);
    await soon(() => spoken(0)).toContain("of 46");
    const map = maps().first();
    const box = await map.boundingBox();
    if (box === null) throw new Error("no map");
    // the first square of the first norm is right of the labels and below them
    await map.click({ position: { x: 82, y: 28 } });
    await soon(() => spoken(0)).toMatch(
      /^character 1 of 46, “e”; norm 1 of 9, before attention of block 1: \d\.\d\d of chance$/,
    );
    expect((await spoken(1))?.split(":")[0]).toBe((await spoken(0))?.split(":")[0]);
    await map.focus();
    for (const key of ["ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown"]) await page.keyboard.press(key);
    await soon(() => spoken(0)).toMatch(/^character 3 of 46, “p”; norm 3 of 9, before attention of block 2/);
    await page.keyboard.press("End");
    for (let i = 0; i < 9; i++) await page.keyboard.press("ArrowDown");
    await soon(() => spoken(0)).toMatch(/^character 46 of 46, “}”; norm 9 of 9, the last, before the logits/);
    const title = page.locator("#inside .detail h3");
    await soon(() => title.textContent()).toBe(
      "One vector: character 46 of 46, “}”, norm 9 of 9, the last, before the logits",
    );
    await page.keyboard.press("Enter");
    expect(await title.evaluate((element) => element === document.activeElement)).toBe(true);

    const cells = async (row: string) =>
      (await page.locator("#inside .parts tr", { hasText: row }).locator("td").allTextContents()).map(number);
    const [norms, uniforms, rests] = [
      await cells("length, ‖x‖"),
      await cells("uniform part, x·1̂"),
      await cells("the rest"),
    ];
    for (const [i, norm] of norms.entries()) {
      expect(Math.hypot(uniforms[i], rests[i]) / norm).toBeCloseTo(1, 2);
      // LayerNorm by itself turns x onto the plane, RMSNorm not at all
      const tilt = (await cells("|90° − θ|"))[i];
      expect((await cells("turned by it alone"))[i]).toBeCloseTo(i === 0 ? tilt : 0, 1);
      const ratio = number(((await spoken(i)) as string).split(": ")[1]);
      expect((await cells("the same, over chance"))[i]).toBe(ratio);
      expect(tilt / ratio).toBeCloseTo(4.06, 0);
    }
  });

  it("has the map as a table too", async () => {
    await show();
    await type(text);
    await page.getByText("The map as a table").click();
    await soon(() => page.locator("#inside details .norms tbody tr").count()).toBe(9);
    await soon(() => page.locator("#inside .finding").textContent()).toContain("these 46 characters");
    const rows = await page.locator("#inside details .norms tbody tr").allTextContents();
    expect(rows[2]).toMatch(/^norm 3 of 9, before attention of block 2\d\.\d\d/);
    const means = await page.locator("#inside details .norms tbody td:nth-child(2)").allTextContents();
    const mean = means.reduce((sum, one) => sum + Number(one), 0) / 9;
    const said = (await page.locator("#inside .finding").textContent()) as string;
    expect(Number(/is (\d\.\d\d) of chance/.exec(said)?.[1])).toBeCloseTo(mean, 1);
  });

  it("runs a folder as on a hub that is dropped, and goes back", async () => {
    const path = await writeModel(join(folder, "dropped-model"), cases[0].config, randomCase(cases[0]).tensors, 20000);
    writeFileSync(join(path, "tokenizer.json"), JSON.stringify(letters()));
    await show();
    await type("hello there");
    const client = await page.context().newCDPSession(page);
    const data = { items: [], files: [path], dragOperationsMask: 1 };
    const drag = async (type: "dragEnter" | "dragOver" | "drop") => {
      await page.locator("#inside .drop").scrollIntoViewIfNeeded();
      await client.send("Input.dispatchDragEvent", { type, ...(await middle("#inside .drop")), data });
    };
    await drag("dragEnter");
    // the samples may be measured meanwhile, above, and their figures move what stands below them
    await soon(async () => {
      await drag("dragOver");
      return page.locator("#inside .drop").getAttribute("data-over");
    }).toBe("");
    expect(await page.locator("#drop").getAttribute("data-over")).toBe(null);
    await drag("drop");
    await soon(() => maps().count()).toBe(1);
    await soon(() => spoken(0)).toMatch(
      /^character \d+ of 11, .*; norm 3 of 5, before attention of block 2: \d\.\d\d of chance$/,
    );
    await soon(() => page.locator("#inside .reader h3").first().textContent()).toBe("dropped-model");
    // the states' part measures its own samples, and has not taken what was dropped here
    expect((await page.locator("#states-status, #states-result").allTextContents()).join()).not.toContain(
      "dropped-model",
    );
    // how much is said without an end is the model's own
    await page.getByRole("switch", { name: "RMSNorm in LayerNorm’s place" }).click();
    await soon(async () => (await losses())[0]).toMatch(/^Loss with RMSNorm .*with LayerNorm/);
    await page.getByRole("button", { name: "Back to the two models" }).click();
    await drawn();
    await soon(() => spoken(0)).toContain("of 9, before");
  });

  it("says in one line what is wrong with files that are chosen", async () => {
    await show();
    await page.setInputFiles("#inside-files", [
      { name: "config.json", mimeType: "application/json", buffer: Buffer.from('{"model_type": "bloom"}') },
      { name: "model.safetensors", mimeType: "", buffer: readFileSync(join(twins, "ln/model.safetensors")) },
    ]);
    await soon(() => page.locator("#inside-status [role=alert]").textContent()).toMatch(
      /^config\.json expected a model_type among gpt2, .*, got "bloom"$/,
    );
    await page.setInputFiles("#inside-files", [{ name: "some.bin", mimeType: "", buffer: Buffer.from("abc") }]);
    await soon(() => page.locator("#inside-status [role=alert]").textContent()).toBe(
      "some.bin expected a checkpoint of llama2.c, got 3 bytes",
    );
    // a lone file with its settings is a model
    await page.setInputFiles("#inside-files", [join(twins, "rms/model.safetensors")]);
    await soon(() => maps().first().getAttribute("data-drawn")).not.toBe(null);
    expect(await page.locator("#inside-status").textContent()).toBe("");
  });

  it.each([
    [1280, "light"],
    [390, "dark"],
  ] as const)(
    "fits %i pixels, has no fault that axe knows, and works without motion, %s",
    async (width, colorScheme) => {
      await show({ viewport: { width, height: 844 }, colorScheme, reducedMotion: "reduce", hasTouch: width < 400 });
      await soon(() => page.locator("#inside .vector").count()).toBe(2);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      await page.getByText("The map as a table").click();
      await page.evaluate(readFileSync(join(root, "node_modules/axe-core/axe.min.js"), "utf8"));
      const violations = await page.evaluate(async () => {
        interface Violation {
          id: string;
          nodes: { html: string; failureSummary: string }[];
        }
        const { axe } = globalThis as unknown as { axe: { run(host: string): Promise<{ violations: Violation[] }> } };
        return (await axe.run("#inside")).violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => html + failureSummary)}`,
        );
      });
      expect(violations).toEqual([]);
      // on a phone the tokens run down: an arrow down is the next token
      await maps().first().focus();
      await page.keyboard.press("Home");
      await page.keyboard.press(width < 480 ? "ArrowDown" : "ArrowRight");
      await soon(() => spoken(0)).toMatch(/^character 2 of/);
    },
  );
});
