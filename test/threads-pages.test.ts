// Threads in pages, by every bundler of docs/loading.md and without one: in pages that are cross-origin isolated, in one that is not, and
// under policies that forbid what workers are made of.

import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build as esbuild } from "esbuild";
import { type Browser, chromium as chrome, firefox as fox } from "playwright";
import { createServer, build as vite } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import webpack from "webpack";
import { DONE } from "../bindings/threads/job.js";
import { stage } from "../scripts/stage.js";
import { chromium, firefox, launchOptions } from "./support/browsers.js";
import { serve } from "./support/serve.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "orthonorm-threads-"));

const isolation = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** A page's program: it logs what came of its threads, as JSON. `options` are those of the engine. */
const program = (options: string) => `
  import { layerNorm } from "orthonorm";
  import { createThreadedEngine } from "orthonorm/threads";

  const warnings = [];
  console.warn = (text) => warnings.push(text);
  const engine = await createThreadedEngine({ threads: 2${options} });
  const data = Float32Array.from({ length: 1024 * 768 }, (_, i) => (i * 7919) % 10007);
  const expected = layerNorm(data, { cols: 768 });
  const x = engine.tensor("f32", [1024, 768], data);
  const words = new Int32Array(x.data.buffer);
  let same = true;
  let byWorkers = 0;
  for (const end = performance.now() + 20000; byWorkers === 0 && performance.now() < end; ) {
    const y = layerNorm(x);
    same &&= y.toArray().every((value, i) => value === expected[i]);
    y.dispose();
    if (engine.threads === 1) break;
    byWorkers = words[${DONE}];
    await new Promise((resolve) => setTimeout(resolve));
  }
  await createThreadedEngine({ threads: 2${options} });
  console.log(JSON.stringify({ threads: engine.threads, same, byWorkers: byWorkers > 0, reason: engine.reason ?? null, warnings }));`;

/** What it logs where all is well. */
const shared = { threads: 2, same: true, byWorkers: true, reason: null, warnings: [] };
const alone = (reason: string) => ({
  threads: 1,
  same: true,
  byWorkers: false,
  reason,
  warnings: [`orthonorm: ${reason}`],
});

beforeAll(() => {
  stage(join(folder, "node_modules/orthonorm"));
  cpSync(join(root, "node_modules/@assemblyscript/loader"), join(folder, "node_modules/@assemblyscript/loader"), {
    recursive: true,
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder with a page, its program, and the package above it. */
function application(name: string, script = '<script type="module" src="./main.js"></script>', options = ""): string {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, "package.json"), '{ "type": "module" }');
  writeFileSync(join(path, "main.js"), program(options));
  writeFileSync(join(path, "index.html"), `<!doctype html>\n${script}\n`);
  return path;
}

const built = '<script type="module" src="./dist/main.js"></script>';

async function bundled(name: string, options = ""): Promise<string> {
  const path = application(name, built, options);
  const entry = { absWorkingDir: path, entryPoints: ["main.js"], outfile: "dist/main.js" };
  const { warnings } = await esbuild({ ...entry, bundle: true, minify: true, format: "esm" });
  expect(warnings).toEqual([]);
  return path;
}

const config = (path: string) => ({ root: path, base: "./", configFile: false as const, logLevel: "error" as const });

interface Site {
  url: string;
  close(): unknown;
}

const isolated: Record<string, () => Promise<Site>> = {
  "no bundler, an import map": async () => {
    const map = {
      imports: {
        orthonorm: "./node_modules/orthonorm/dist/index.js",
        "orthonorm/threads": "./node_modules/orthonorm/dist/threads/index.js",
      },
    };
    const path = application(
      "map",
      `<script type="importmap">${JSON.stringify(map)}</script>\n<script type="module" src="./main.js"></script>`,
    );
    cpSync(join(folder, "node_modules/orthonorm/dist"), join(path, "node_modules/orthonorm/dist"), { recursive: true });
    return serve(path, () => isolation);
  },
  "Vite's development server": async () => {
    const path = application("vite-dev");
    const server = await createServer({
      ...config(path),
      server: { host: "127.0.0.1", port: 0, headers: isolation, fs: { allow: [folder] } },
    });
    await server.listen();
    return { url: server.resolvedUrls?.local[0] as string, close: () => server.close() };
  },
  "Vite's build": async () => {
    const path = application("vite-build");
    await vite(config(path));
    return serve(join(path, "dist"), () => isolation);
  },
  webpack: async () => {
    const path = application("webpack", built);
    const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) =>
      webpack(
        { context: path, entry: "./main.js", mode: "production", output: { path: join(path, "dist") } },
        (error, made) => (error ? reject(error) : resolve(made)),
      ),
    );
    const { errors, warnings } = stats?.toJson({ all: false, errors: true, warnings: true }) ?? {};
    // that a bundle of kernels is larger than 244 KB is no news
    expect([errors, warnings?.filter(({ message }) => !/size/.test(message))]).toEqual([[], []]);
    return serve(path, () => isolation);
  },
  esbuild: async () => serve(await bundled("esbuild"), () => isolation),
  "a policy that allows blobs": async () =>
    serve(await bundled("policy"), () => ({ ...isolation, ...policy("worker-src blob:") })),
  "a policy that allows none, and the option worker": async () => {
    const path = await bundled("policy-worker", ', worker: new URL("./worker.js", location.href)');
    cpSync(join(root, "dist/threads/worker.js"), join(path, "worker.js"));
    return serve(path, () => ({ ...isolation, ...policy("worker-src 'self'") }));
  },
};

const policy = (workers: string) => ({
  "content-security-policy": `default-src 'none'; img-src 'self'; script-src 'self' 'wasm-unsafe-eval'; ${workers}`,
});

const others: Record<string, [site: () => Promise<Site>, expected: object]> = {
  "a page that is not isolated": [
    async () => serve(await bundled("not-isolated")),
    alone(
      "threads: a page needs to be cross-origin isolated, by the headers Cross-Origin-Opener-Policy: same-origin and " +
        "Cross-Origin-Embedder-Policy: require-corp",
    ),
  ],
  "a policy that forbids the workers": [
    async () => serve(await bundled("policy-none"), () => ({ ...isolation, ...policy("worker-src 'none'") })),
    alone(
      "threads: a worker failed: its program could not be loaded; a Content-Security-Policy needs worker-src blob:, or the " +
        "option worker an address that it allows",
    ),
  ],
};

const made = new Map<() => Promise<Site>, Promise<Site>>();
/** A set-up's address; it is built and served once, however many browsers open it. */
async function open(site: () => Promise<Site>): Promise<string> {
  const known = made.get(site) ?? site();
  made.set(site, known);
  return (await known).url;
}
afterAll(async () => {
  for (const site of made.values()) (await site.catch(() => undefined))?.close();
});

/** What a page logs first. */
async function logged(browser: Browser, url: string): Promise<object> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  try {
    return await new Promise<object>((resolve, reject) => {
      page.on("console", (message) => message.type() === "log" && resolve(JSON.parse(message.text())));
      page.goto(url).catch(reject);
      setTimeout(() => reject(new Error(`nothing logged in 50 seconds; ${errors.join("; ")}`)), 50_000).unref();
    });
  } finally {
    await page.close();
  }
}

describe.each([
  { name: "chromium", found: chromium, type: chrome },
  { name: "firefox", found: firefox, type: fox },
])("pages in $name", ({ found, type }) => {
  let browser: Browser;
  beforeAll(async () => {
    if (found.path !== null) browser = await type.launch(launchOptions(found));
  });
  afterAll(() => browser?.close());

  it.runIf(found.path !== null).each(Object.entries(isolated))("%s: two threads", async (_, site) => {
    expect(await logged(browser, await open(site))).toEqual(shared);
  });

  it.runIf(found.path !== null).each(Object.entries(others))("%s: one thread, and why", async (_, [site, expected]) => {
    expect(await logged(browser, await open(site))).toEqual(expected);
  });
});
