// The package loads in every common set-up as docs/loading.md says: it is packed, the tarball is installed, and the files that
// the page shows are run as they stand there, by Node and in the browsers of this machine.

import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build as esbuild } from "esbuild";
import { layerNorm } from "orthonorm";
import { type Browser, chromium as chrome, firefox as fox } from "playwright";
import { createServer, type InlineConfig, build as vite } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import webpack from "webpack";
import { stage } from "../scripts/stage.js";
import { chromium, firefox, launchOptions } from "./support/browsers.js";
import { serve } from "./support/serve.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "orthonorm-loading-"));
const expected = layerNorm(new Float32Array([1, 2, 3, 4])).join(" ");
const needed = "orthonorm needs WebAssembly SIMD: Chrome or Edge 91, Firefox 89, Safari 16.4, Node 16.4, or newer";
const without = `Error: ${needed}; this engine has WebAssembly without SIMD`;
const none = `Error: ${needed}; this engine has no WebAssembly`;
const forbidden =
  "Error: orthonorm could not compile its WebAssembly: a Content-Security-Policy needs script-src 'wasm-unsafe-eval', and " +
  "where compiling bytes is forbidden, loadEngine({ modules }) takes compiled ones";

/** There V8 can be told of a processor without SSE 4.1, and has no SIMD. */
const x64 = process.arch === "x64";

/** What the first call throws, and what loadEngine rejects with. */
const failing = `
import { layerNorm, loadEngine } from "orthonorm";
const said = [];
try { layerNorm(new Float32Array([1, 2, 3, 4])); said.push("none"); } catch (error) { said.push(String(error)); }
await loadEngine().then(() => said.push("none"), (error) => said.push(String(error)));
console.log(said.join("\\n"));
`;

// Applications: folders with the package installed

/** The files of a section of docs/loading.md; `main.js` is the page's first where the section has none. */
function filesOf(section: string): Record<string, string> {
  const page = readFileSync(join(root, "docs/loading.md"), "utf8");
  const sections = page.split(/^## /m);
  const own = sections.find((text) => text.startsWith(`${section}\n`));
  if (own === undefined) throw new Error(`docs/loading.md: expected a section "${section}", got none`);
  const files = (text: string) =>
    [...text.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)].map(([, name, code]) => [name, code] as const);
  return Object.fromEntries([...files(sections[0]), ...files(own)]);
}

/** A folder with these files and the installed package. */
function application(name: string, files: Record<string, string>): string {
  const path = join(folder, name);
  mkdirSync(path);
  cpSync(join(folder, "installed/node_modules"), join(path, "node_modules"), { recursive: true });
  for (const [file, text] of Object.entries({ "package.json": '{ "type": "module" }', ...files })) {
    writeFileSync(join(path, file), text);
  }
  return path;
}

async function run(path: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: path });
  return stdout.trim();
}

const viteOptions = (path: string, more: InlineConfig["build"] = {}): InlineConfig => ({
  root: path,
  base: "./",
  mode: "production",
  configFile: false,
  logLevel: "error",
  build: { ...more },
});

async function bundleByWebpack(path: string): Promise<void> {
  const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) =>
    webpack(
      { context: path, entry: "./main.js", mode: "production", output: { path: join(path, "dist") } },
      (error, made) => (error ? reject(error) : resolve(made)),
    ),
  );
  expect(stats?.toJson({ all: false, errors: true }).errors).toEqual([]);
}

async function bundleByEsbuild(path: string, format: "iife" | "esm" = "iife"): Promise<void> {
  const { warnings } = await esbuild({
    absWorkingDir: path,
    entryPoints: ["main.js"],
    bundle: true,
    minify: true,
    format,
    outfile: "dist/main.js",
  });
  expect(warnings).toEqual([]);
}

beforeAll(() => {
  stage(join(folder, "package"));
  const pack = ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder];
  const loader = join(root, "node_modules/@assemblyscript/loader");
  execFileSync("npm", [...pack, join(folder, "package"), loader], { cwd: root, stdio: "pipe" });
  mkdirSync(join(folder, "installed"));
  writeFileSync(join(folder, "installed/package.json"), "{}");
  const tarballs = readdirSync(folder).filter((file) => file.endsWith(".tgz"));
  expect(tarballs).toHaveLength(2);
  const install = ["install", "--offline", "--no-audit", "--no-fund", "--silent", "--no-package-lock"];
  execFileSync("npm", [...install, ...tarballs.map((file) => `../${file}`)], {
    cwd: join(folder, "installed"),
    stdio: "pipe",
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A flag for it is not in every version of Node. */
const noWebAssembly = ["--import", "data:text/javascript,delete globalThis.WebAssembly"];

describe("Node", () => {
  it("an ES module, and CommonJS by import()", async () => {
    const path = application("node", filesOf("Node"));
    expect(await Promise.all([run(path, "main.js"), run(path, "main.cjs")])).toEqual([expected, expected]);
  });

  it("the entry of one element type", async () => {
    const path = application("f32", filesOf("One element type"));
    expect(await run(path, "f32.js")).toBe(expected);
  });

  it("kernels compiled by hand", async () => {
    const path = application("modules", filesOf("Where compiling bytes is forbidden"));
    expect(await run(path, "main.js")).toBe(expected);
  });

  it("importing touches nothing of WebAssembly, nor the network, nor a timer", async () => {
    const path = application("importing", {
      "main.js": `
        const touched = [];
        for (const name of ["WebAssembly", "fetch", "setTimeout", "queueMicrotask", "Worker", "atob"]) {
          const value = globalThis[name];
          Object.defineProperty(globalThis, name, { configurable: true, get() { touched.push(name); return value; } });
        }
        const before = Object.getOwnPropertyNames(globalThis).length;
        const module = await import("orthonorm");
        const added = Object.getOwnPropertyNames(globalThis).length - before;
        console.log(JSON.stringify([touched, added, typeof module.layerNorm]));`,
    });
    expect(JSON.parse(await run(path, "main.js"))).toEqual([[], 0, "function"]);
  });

  it("without WebAssembly, the first call says what is missing", async () => {
    const path = application("no-wasm", {
      "main.js": `
        import { createEngine, layerNorm, loadEngine, tensor } from "orthonorm";
        const said = [];
        const x = new Float32Array(4);
        for (const call of [() => layerNorm(x), () => layerNorm(x), () => tensor("f32", 4), createEngine, loadEngine]) {
          try { await call(); said.push("none"); } catch (error) { said.push(String(error)); }
        }
        console.log(said.join("\\n"));`,
    });
    expect((await run(path, ...noWebAssembly, "main.js")).split("\n")).toEqual(new Array(5).fill(none));
  });

  it.runIf(x64)("without SIMD, the first call says what is missing and what has it", async () => {
    const path = application("no-simd", { "main.js": failing });
    expect((await run(path, "--no-enable-sse4-1", "main.js")).split("\n")).toEqual([without, without]);
  });
});

describe("server rendering", () => {
  it("by Node, and in Vite's bundle, without WebAssembly", async () => {
    const path = application("server", filesOf("Server rendering"));
    await vite({ ...viteOptions(path, { ssr: "server.js", outDir: "server" }), ssr: { noExternal: true } });
    expect(readFileSync(join(path, "server/server.js"), "utf8")).not.toContain('from "orthonorm"');
    const rendered = ["server.js", "server/server.js"].map((file) => run(path, ...noWebAssembly, file));
    expect(await Promise.all(rendered)).toEqual(["<output></output>", "<output></output>"]);
  });
});

// Pages

/** A page to open: its address, and what to do when it is no longer needed. */
interface Site {
  url: string;
  close(): unknown;
}

const html = (script: string) => `<!doctype html>\n${script}\n`;
const policy = (sources: string) => ({
  "content-security-policy": `default-src 'none'; img-src 'self'; script-src ${sources}`,
});

/** Each set-up, built and served once, however many browsers open it. */
const sites: Record<string, () => Promise<Site>> = {
  "no bundler, an import map": async () => serve(application("map", filesOf("No bundler"))),
  "Vite's development server": () => develop(application("vite-dev", filesOf("Vite"))),
  "Vite's build, from a sub-path": async () => {
    const path = application("vite-build", filesOf("Vite"));
    await vite(viteOptions(path, { outDir: "some/where" }));
    const site = await serve(path);
    return { ...site, url: `${site.url}/some/where/` };
  },
  webpack: async () => {
    const path = application("webpack", filesOf("webpack"));
    await bundleByWebpack(path);
    return serve(path);
  },
  esbuild: async () => {
    const path = application("esbuild", filesOf("esbuild"));
    await bundleByEsbuild(path);
    return serve(path);
  },
  "a worker, by Vite's development server": () => develop(application("worker-dev", workerFiles())),
  "a worker, in Vite's build": async () => {
    const path = application("worker-vite", workerFiles());
    await vite(viteOptions(path));
    const site = await serve(path);
    return { ...site, url: `${site.url}/dist/` };
  },
  "a worker, by webpack": async () => {
    const path = application("worker-webpack", {
      ...filesOf("In a worker"),
      "index.html": html('<script src="./dist/main.js"></script>'),
    });
    await bundleByWebpack(path);
    return serve(path);
  },
  "what a server without WebAssembly rendered": async () => {
    const files = filesOf("Server rendering");
    const page = html('<output></output>\n<script type="module" src="./main.js"></script>');
    const path = application("hydrate", { ...files, "index.html": page });
    await vite(viteOptions(path));
    const site = await serve(path);
    return { ...site, url: `${site.url}/dist/` };
  },
  "a strict policy": async () => {
    const path = application("policy", filesOf("esbuild"));
    await bundleByEsbuild(path);
    return serve(path, () => policy("'self' 'wasm-unsafe-eval'"));
  },
};

/** A page that logs what the first call throws. */
const failingPage = async () => {
  const path = application("failing", {
    "main.js": failing,
    "index.html": html('<script type="module" src="./dist/main.js"></script>'),
  });
  await bundleByEsbuild(path, "esm");
  return serve(path);
};
const refused = async () => {
  await open(failingPage);
  return serve(join(folder, "failing"), () => policy("'self'"));
};

/** The page may not compile; a worker, which has a policy of its own, does it for the page. */
const compiledElsewhere = async () => {
  const path = application("policy-modules", {
    "main.js": `
        import { layerNorm, loadEngine } from "orthonorm";
        const refused = await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).then(() => "no", () => "yes");
        if (refused === "no") throw new Error("the page may compile");
        const worker = new Worker("./worker.js");
        const norm = await new Promise((resolve) => { worker.onmessage = ({ data }) => resolve(data); });
        const engine = await loadEngine({ modules: { norm } });
        console.log(layerNorm(new Float32Array([1, 2, 3, 4]), { engine }).join(" "));`,
    "worker.js": `
        WebAssembly.compileStreaming(fetch("./node_modules/orthonorm/dist/wasm/norm.simd.wasm")).then(postMessage);`,
    "index.html": html('<script type="module" src="./dist/main.js"></script>'),
  });
  await bundleByEsbuild(path, "esm");
  return serve(path, (file) => (file === "/worker.js" ? {} : policy("'self'")));
};

function workerFiles(): Record<string, string> {
  return { ...filesOf("In a worker"), "index.html": html('<script type="module" src="./main.js"></script>') };
}

async function develop(path: string): Promise<Site> {
  const options = viteOptions(path);
  const server = await createServer({ ...options, mode: "development", server: { host: "127.0.0.1", port: 0 } });
  await server.listen();
  return { url: server.resolvedUrls?.local[0] as string, close: () => server.close() };
}

const made = new Map<() => Promise<Site>, Promise<Site>>();
/** A set-up's address. */
async function open(setUp: () => Promise<Site>): Promise<string> {
  let site = made.get(setUp);
  if (site === undefined) {
    site = setUp();
    made.set(setUp, site);
  }
  return (await site).url;
}
afterAll(async () => {
  for (const site of made.values()) (await site.catch(() => undefined))?.close();
});

/** What a page logs first; else what it threw, among which Firefox counts each thing that a policy has blocked. */
async function logged(browser: Browser, url: string): Promise<string> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  try {
    return await new Promise<string>((resolve, reject) => {
      page.on("console", (message) => message.type() === "log" && resolve(message.text()));
      page.goto(url).catch(reject);
      setTimeout(() => reject(new Error(`nothing logged in 40 seconds; ${errors.join("; ")}`)), 40_000).unref();
    });
  } finally {
    await page.close();
  }
}

describe.each([
  { name: "chromium", found: chromium, type: chrome },
  { name: "firefox", found: firefox, type: fox },
])("pages in $name", { concurrent: true }, ({ found, type }) => {
  let browser: Browser;
  beforeAll(async () => {
    if (found.path !== null) browser = await type.launch(launchOptions(found));
  });
  afterAll(() => browser?.close());

  it.runIf(found.path !== null).each(Object.entries(sites))("%s", async (_, setUp) => {
    expect(await logged(browser, await open(setUp))).toBe(expected);
  });

  it.runIf(found.path !== null)("a policy without 'wasm-unsafe-eval': one sentence says what is missing", async () => {
    const said = await logged(browser, await open(refused));
    expect(said.split("\n")).toEqual([forbidden, forbidden]);
  });
});

// Firefox hands such a page no compiled module either
it.runIf(chromium.path !== null)("compiled modules, where a policy forbids compiling, in chromium", async () => {
  const browser = await chrome.launch(launchOptions(chromium));
  try {
    expect(await logged(browser, await open(compiledElsewhere))).toBe(expected);
  } finally {
    await browser.close();
  }
});

describe("a page where it is missing", () => {
  async function said(launched: Promise<Browser>): Promise<string[]> {
    const browser = await launched;
    try {
      return (await logged(browser, await open(failingPage))).split("\n");
    } finally {
      await browser.close();
    }
  }

  it.runIf(chromium.path !== null && x64)("SIMD, in Chromium on an old processor", async () => {
    const launched = chrome.launch(launchOptions(chromium, ["--js-flags=--no-enable-sse4-1"]));
    expect(await said(launched)).toEqual([without, without]);
  });

  it.runIf(firefox.path !== null)("WebAssembly, in Firefox where it is turned off", async () => {
    const firefoxUserPrefs = { "javascript.options.wasm": false };
    expect(await said(fox.launch({ ...launchOptions(firefox), firefoxUserPrefs }))).toEqual([none, none]);
  });
});
