// The explorer's snippets: what they print is what the page says, they can be changed and passed on, and what runs is shut in.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { fromHash, toHash } from "../../explorer/src/code/link.js";
import { program, SnippetError } from "../../explorer/src/code/program.js";
import { address, describeOnePage, forgive, goTo, number, open, page, read, root, soon } from "../support/explorer.js";
import { card, type Name, names, run, text, write } from "../support/snippets.js";

const file = (name: Name) => readFileSync(join(root, `explorer/src/code/snippets/${name}.ts`), "utf8").trimEnd();
/** The x that the files have, as the page has at first. */
const first = [3, -0.4, 0.8];

/** The numbers after a name in what a snippet has printed. */
const printed = (output: string, name: string) =>
  (output.match(new RegExp(`^${name}: \\[(.*)\\]$`, "m"))?.[1] ?? "").split(", ").map(Number);
const numbersOf = (tuple: string) => tuple.split(",").map(number);

describeOnePage("the snippets", () => {
  const handle = () => page.getByRole("slider", { name: "Vector x" });
  const reset = (name: Name) => card(name).getByRole("button", { name: "Reset" });
  /** Has x in the scene, and waits until the snippets have it. */
  const take = async (x: readonly number[]) => {
    await goTo(`?x=${x}&view=0,0`);
    for (const name of ["geometry", "swap"] as const) await soon(() => text(name)).toContain(`[${x.join(", ")}]`);
  };

  // without smooth scrolling, which would have all that lies on the way measured and loaded too
  beforeAll(() => open("", { reducedMotion: "reduce" }));
  beforeEach(async () => {
    for (const name of names) if (await reset(name).isVisible()) await reset(name).click();
    await take(first);
  });

  it("are in editors as they stand in their files", async () => {
    for (const name of names) expect(await text(name)).toBe(file(name));
  });

  it.each([[first], [[1, 2, 3.5]], [[-0.3, 0.2, 0.1]], [[2, 2, 2]], [[1.5, -0.5, -1]]])(
    "print what the scene says of the same x: %j",
    async (x) => {
      await take(x);
      const steps = await run("geometry");
      const near = (got: readonly number[], expected: readonly number[], off = 0.0051) => {
        expect(got).toHaveLength(expected.length);
        for (const [i, value] of got.entries()) expect(Math.abs(value - expected[i])).toBeLessThan(off);
      };
      near(printed(steps, "layerNorm"), numbersOf(await read("layerNorm")));
      near(
        printed(steps, "unit").map((one) => one * Math.sqrt(3)),
        numbersOf(await read("layerNorm")),
      );
      near(printed(steps, "rmsNorm"), numbersOf(await read("rmsNorm")));
      near([Math.hypot(...printed(steps, "orthogonal"))], [number(await read("orthogonal"))]);
      near([printed(steps, "meanVector")[0]], [number(await read("mean"))]);
      const both = (await run("swap")).split("\n").map((line) => line.slice(1, -1).split(", ").map(Number));
      expect(both).toHaveLength(2);
      for (const one of both) near(one, numbersOf(await read("rmsNorm")));
    },
  );

  it("print the chance that the page tells", async () => {
    const [mean, deviation, dCos2] = (await run("states")).split("\n").map((line) => number(line.split(":")[1]));
    const chance = number(await read("chance"));
    // 2048 rows: five times the sampling errors of a mean and of a deviation
    expect(Math.abs(mean - 90)).toBeLessThan((5 * chance) / Math.sqrt(2048));
    expect(Math.abs(deviation - chance)).toBeLessThan((5 * chance) / Math.sqrt(2 * 2048));
    expect(Math.abs(dCos2 - 1)).toBeLessThan(5 * Math.sqrt(2 / 2048));
  });

  it("follow the ball, so long as the line says so, and keep what has been changed beside it", async () => {
    await write("swap", `${file("swap")}\nconsole.log("mine");`);
    await handle().press("ArrowUp");
    const x = await read("x");
    let inText = "";
    await soon(async () => {
      [, inText = ""] = (await text("swap")).match(/\[(.*)\]\); \/\/ x of the scene/) ?? [];
      const parts = inText.split(", ").map((part) => Number(part).toFixed(2));
      return `(${parts.join(", ")})`;
    }).toBe(x.replaceAll("−", "-"));
    expect(await run("swap")).toContain("mine");
    expect(numbersOf((await run("swap")).split("\n")[1].slice(1, -1)).map((one) => one.toFixed(2))).toEqual(
      numbersOf(await read("rmsNorm")).map((one) => one.toFixed(2)),
    );
    await write("geometry", 'import { rmsNorm } from "orthonorm";\nconst x = [1, 2];\nconsole.log(x[0]);');
    await handle().press("ArrowUp");
    // it has come to the one that follows, and so to all
    await soon(() => text("swap")).not.toContain(inText);
    expect(await text("geometry")).toContain("const x = [1, 2];");
    await reset("geometry").click();
    expect(await text("geometry")).toContain("// x of the scene");
    expect(await reset("geometry").isHidden()).toBe(true);
  });

  it("say in which line an error is: of syntax while it is written, of the engine where it was called", async () => {
    const output = card("geometry").locator("output.error");
    const wrong = card("geometry").locator(".cm-line.wrong");
    await write("geometry", "const a = 1;\nconst b = ;\n");
    await soon(() => output.textContent()).toBe("Line 2: Unexpected token");
    expect(await wrong.textContent()).toBe("const b = ;");
    expect(await run("geometry")).toBe("Line 2: Unexpected token");
    await write(
      "geometry",
      'import {\n  layerNorm,\n} from "orthonorm";\n\nconsole.log("before");\nlayerNorm([1, 2]);',
    );
    await soon(() => output.count()).toBe(0);
    const got = await run("geometry");
    expect(got).toMatch(/^before\nLine 6: TypeError: layerNorm: x expected /);
    expect(await wrong.textContent()).toBe("layerNorm([1, 2]);");
    await write("geometry", "setTimeout(() => nothing.at.all);\nawait new Promise(() => {});");
    expect(await run("geometry")).toBe("Line 1: ReferenceError: nothing is not defined");
    await write("geometry", 'import { a } from "elsewhere";');
    await soon(() => output.textContent()).toBe('Line 1: import expected "orthonorm", got "elsewhere"');
    forgive("nothing is not defined");
  });

  it("can be stopped, print a thousand lines at most, and run by the keyboard", async () => {
    await write("geometry", "for (;;);");
    await card("geometry").getByRole("button", { name: "Run" }).click();
    await card("geometry").getByRole("button", { name: "Stop" }).click();
    expect(await card("geometry").locator("output").textContent()).toBe("Stopped.");
    await soon(() => page.locator("iframe").count()).toBe(0);
    await write("geometry", "for (let i = 0; ; i++) console.log(i);");
    const got = await run("geometry");
    expect(got.split("\n")).toHaveLength(1001);
    expect(got).toMatch(/^0\n1\n[\s\S]*expected at most 1000 lines, got more$/);
    await write("geometry", 'console.log("by keys");');
    await page.keyboard.press("ControlOrMeta+Enter");
    await soon(() => card("geometry").locator("output").textContent()).toBe("by keys");
    // tab leads out of the editor
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Run");
  });

  it("are shut in: no storage, no cache, no network, no evaluation, no page", async () => {
    await write(
      "geometry",
      `const tried = {
        caches: async () => (await caches.keys()).length,
        indexedDB: () => new Promise((done, fail) => {
          const asked = indexedDB.open("x");
          asked.onsuccess = () => done("opened");
          asked.onerror = () => fail(asked.error);
        }),
        own: () => fetch("${address}", { mode: "no-cors" }),
        other: () => fetch("https://example.org", { mode: "no-cors" }),
        scripts: () => importScripts("${address}theme.js"),
        modules: () => import("${address}theme.js"),
        evaluation: () => new Function("return 1")(),
        socket: () => new Promise((done, fail) => {
          const socket = new WebSocket("ws://127.0.0.1:9");
          socket.onopen = done;
          socket.onerror = () => fail("refused");
        }),
      };
      for (const [name, attempt] of Object.entries(tried)) {
        try {
          console.log(name, "gave", String(await attempt()));
        } catch {
          console.log(name, "failed");
        }
      }
      console.log(typeof window, typeof document, typeof parent, self.origin);`,
    );
    expect((await run("geometry")).split("\n")).toEqual([
      "caches failed",
      "indexedDB failed",
      "own failed",
      "other failed",
      "scripts failed",
      "modules failed",
      "evaluation failed",
      "socket failed",
      "undefined undefined undefined null",
    ]);
    forgive("Content Security Policy");
    forgive("WebSocket");
    forgive("ERR_");
  });

  it("are joined by how a PyTorch model's states are got, as docs/recipes.md has it", async () => {
    const recipes = readFileSync(join(root, "docs/recipes.md"), "utf8");
    const [, recipe] = recipes.match(/^```py pytorch\.py\n([\s\S]*?)^```$/m) ?? [];
    await page.getByText("How to get such a file from your own model").click();
    expect(await page.locator("#recipe").textContent()).toBe(recipe);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.locator("#copy-recipe").click();
    await soon(() => page.evaluate(() => navigator.clipboard.readText())).toBe(recipe);
  });

  // the last, for it leaves the page
  it("come with a link, which runs nothing by itself", async () => {
    await take([1, 2, 3.5]);
    const code = 'const x = [0]; // x of the scene\nconsole.log(x, "ä√", typeof document);';
    await write("geometry", code);
    await card("geometry").getByRole("button", { name: "Copy a link to it" }).click();
    const link = page.url();
    expect(new URL(link).search).toBe("?x=1,2,3.5&view=0,0");
    await page.goto("about:blank");
    await page.goto(link);
    await page.waitForSelector("#scene[data-ready]");
    await soon(() => text("geometry")).toBe(code.replace("[0]", "[1, 2, 3.5]"));
    expect(await card("geometry").locator("output").textContent()).toMatch(
      /^This code came with the link\. It runs when/,
    );
    await page.waitForTimeout(500);
    expect(page.workers().filter((worker) => worker.url().startsWith("blob:"))).toEqual([]);
    expect(await page.locator("iframe").count()).toBe(0);
    expect(await run("geometry")).toBe("[1, 2, 3.5] ä√ undefined");
    await page.goto(`${link.split("#")[0]}#code=geometry.!!`);
    await page.getByText("The link expected code that can be read").waitFor();
  });
});

it("a snippet's program keeps its lines, whatever its imports are", () => {
  const prelude = "one\ntwo";
  const code = 'import * as all from "orthonorm";\nimport {\n  a,\n  b as c,\n} from "orthonorm"; call(a);\nthrow 1;';
  const made = program(prelude, code);
  const lines = made.text.split("\n");
  expect(lines.indexOf("throw 1;")).toBe(8);
  expect(made.lineOf(9)).toBe(6);
  expect([made.lineOf(3), made.lineOf(4), made.lineOf(10)]).toEqual([undefined, 1, undefined]);
  expect(made.text).toContain('const a = globalThis.orthonorm["a"]; const c = globalThis.orthonorm["b"];');
  expect(() => program(prelude, "export const a = 1;")).toThrow(SnippetError);
});

it("a link has the text and nothing else, and one that was cut is none", () => {
  const linked = { name: "swap", text: "console.log('θ √3 🙂');\n" };
  const hash = toHash(linked);
  expect(hash).toMatch(/^#code=swap\.[\w-]+$/);
  expect(fromHash(hash)).toEqual(linked);
  expect(fromHash(hash.slice(0, -9))).toBeUndefined();
  expect([fromHash("#code"), fromHash("#code=swap"), fromHash("#code=swap.*")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
