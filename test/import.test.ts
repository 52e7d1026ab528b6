// Importing the package does nothing at all: it needs nothing of the scope, adds nothing to it and touches no WebAssembly, in
// Node and inside an AudioWorklet. And what is said in a process that gets no memory.

import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { layerNorm } from "orthonorm";
import { chromium as chrome, firefox as fox } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromium, firefox, launchOptions } from "./support/browsers.js";
import { serve } from "./support/serve.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "orthonorm-import-"));
const index = join(folder, "node_modules/orthonorm.js");
const expected = layerNorm(new Float32Array([1, 2, 3, 4])).join(" ");

beforeAll(async () => {
  mkdirSync(join(folder, "node_modules"));
  cpSync(join(root, "node_modules/@assemblyscript"), join(folder, "node_modules/@assemblyscript"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  // as scripts/build-bindings.ts makes dist/index.js
  await build({
    entryPoints: [join(root, "bindings/index.ts")],
    outfile: index,
    bundle: true,
    format: "esm",
    target: "es2022",
    external: ["@assemblyscript/loader"],
    logLevel: "error",
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a module logs, run by Node with these arguments. */
async function run(code: string, ...args: string[]): Promise<string> {
  const text = code.replaceAll("ORTHONORM", JSON.stringify(pathToFileURL(index).href));
  const options = [...args, "--input-type=module", "--eval", text];
  const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: folder });
  return stdout.trim();
}

/** The first call, and its result. */
const call = 'console.log(layerNorm(new Float32Array([1, 2, 3, 4])).join(" "));';

describe("importing", () => {
  it.each([
    "TextDecoder",
    "TextEncoder",
    "URL",
    "fetch",
    "performance",
    "queueMicrotask",
    "structuredClone",
    "process",
  ])("needs no %s, nor does a call", async (name) => {
    expect(await run(`delete globalThis.${name}; const { layerNorm } = await import(ORTHONORM); ${call}`)).toBe(
      expected,
    );
  });

  it("needs no WebAssembly", async () => {
    const said = await run(
      `delete globalThis.WebAssembly;
      const { layerNorm } = await import(ORTHONORM);
      try { layerNorm(new Float32Array(4)); } catch (error) { console.log(error.message); }`,
    );
    expect(said).toMatch(/^orthonorm needs WebAssembly SIMD: .*; this engine has no WebAssembly$/);
  });

  it("needs no FinalizationRegistry and no Float16Array", async () => {
    const said = await run(
      `delete globalThis.FinalizationRegistry; delete globalThis.Float16Array;
      const { isTensor } = await import(ORTHONORM);
      console.log(isTensor(1));`,
    );
    expect(said).toBe("false");
  });

  it("adds no globals, changes none, and touches no WebAssembly", async () => {
    const said = await run(`
      const list = () => Reflect.ownKeys(globalThis).flatMap((name) => {
        const { value, get } = Object.getOwnPropertyDescriptor(globalThis, name);
        return [name, value, get];
      });
      const prototypes = [Object, Array, Float32Array, Uint8Array, Function, Symbol].flatMap((of) => [of, of.prototype]);
      const members = () => prototypes.flatMap((of) => Reflect.ownKeys(of));
      const touched = [];
      const real = globalThis.WebAssembly;
      globalThis.WebAssembly = new Proxy(real, {
        get(target, name) { touched.push(String(name)); return Reflect.get(target, name); },
      });
      const [before, had] = [list(), members()];
      const { layerNorm } = await import(ORTHONORM);
      await new Promise((resolve) => setTimeout(resolve, 20));
      const [after, has] = [list(), members()];
      const same = (a, b) => a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
      console.log(same(before, after), same(had, has), touched.length);
      layerNorm(new Float32Array(4));
      console.log(touched.length > 0);
    `);
    expect(said.split("\n")).toEqual(["true true 0", "true"]);
  });
});

describe("a process that gets little memory", () => {
  const sentence = "RangeError: createEngine: memory expected at least 65536 bytes of the system, got none";

  it("none at all: one sentence, and the same again", async () => {
    const said = await run(
      `import { createEngine, layerNorm, tensor } from ORTHONORM;
      for (const call of [() => createEngine(), () => layerNorm(new Float32Array(4)), () => tensor("f32", 4)]) {
        try { call(); } catch (error) { console.log(String(error)); }
      }`,
      "--wasm-max-mem-pages=0",
    );
    expect(said.split("\n")).toEqual([sentence, sentence, sentence]);
  });

  it("three pages: works, and says so when they are full", async () => {
    const said = await run(
      `import { layerNorm, tensor } from ORTHONORM;
      ${call}
      const kept = tensor("f32", 30000);
      try { tensor("f32", 30000); } catch (error) { console.log(String(error)); }
      kept.dispose();
      ${call}`,
      "--wasm-max-mem-pages=3",
    );
    const full =
      "RangeError: tensor: memory expected room to grow to 242048 bytes, got 131072: its own maximum, or the system's, " +
      "with 120000 bytes in 1 live Tensor (dispose() gives them back)";
    expect(said.split("\n")).toEqual([expected, full, expected]);
  });
});

/** A page that hears from its worklet, and one line of what it hears. */
const page = `<!doctype html><meta charset="utf-8"><title>worklet</title><script type="module">
  const context = new OfflineAudioContext(1, 128, 44100);
  try {
    await context.audioWorklet.addModule("./worklet.js");
    const node = new AudioWorkletNode(context, "norm");
    const said = new Promise((resolve) => { node.port.onmessage = ({ data }) => resolve(data); });
    node.connect(context.destination);
    context.startRendering();
    console.log(await said);
  } catch (error) {
    console.log(String(error));
  }
</script>`;

const worklet = `
import { createEngine, layerNorm } from "./orthonorm.js";
const first = layerNorm(new Float32Array([1, 2, 3, 4])).join(" ");
const engine = createEngine();
const x = engine.tensor("f32", [1, 4], [1, 2, 3, 4]);
registerProcessor("norm", class extends AudioWorkletProcessor {
  process() {
    const again = layerNorm(x, { out: engine.tensor("f32", [1, 4]) }).toArray().join(" ");
    this.port.postMessage([typeof TextDecoder, first, again].join("; "));
    return false;
  }
});
`;

describe.each([
  { name: "chromium", found: chromium, type: chrome },
  { name: "firefox", found: firefox, type: fox },
])("an AudioWorklet in $name", ({ found, type }) => {
  it.runIf(found.path !== null)("imports the package, makes an engine and normalises", async () => {
    writeFileSync(join(folder, "node_modules/index.html"), page);
    writeFileSync(join(folder, "node_modules/worklet.js"), worklet);
    const site = await serve(join(folder, "node_modules"));
    const browser = await type.launch(launchOptions(found));
    try {
      const tab = await browser.newPage();
      const heard = new Promise<string>((resolve) => {
        tab.on("console", (message) => message.type() === "log" && resolve(message.text()));
      });
      await tab.goto(site.url);
      // that scope has no TextDecoder: else this would show nothing
      expect(await heard).toBe(`undefined; ${expected}; ${expected}`);
    } finally {
      await browser.close();
      site.close();
    }
  });
});
