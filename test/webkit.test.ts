// WebKit, which neither vitest nor Playwright drives as a distribution builds it: a page with an import map runs the sweep of
// test/engine/bits.test.ts on the built package, and raw WebDriver asks it for the digests.

import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, describe, expect, it } from "vitest";
import expected from "./data/bits.json" with { type: "json" };
import { webkit } from "./support/browsers.js";
import { serve } from "./support/serve.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const processes: ChildProcess[] = [];
const folder = mkdtempSync(join(tmpdir(), "orthonorm-webkit-"));
afterAll(() => {
  for (const child of processes.reverse()) child.kill();
  rmSync(folder, { recursive: true, force: true });
});

const index = `<!doctype html>
<script type="importmap">
  { "imports": { "orthonorm": "./dist/index.js", "@assemblyscript/loader": "./loader/index.js" } }
</script>
<script type="module">
  import * as orthonorm from "orthonorm";
  import { digests } from "./bits.js";
  globalThis.found = digests(orthonorm).catch(String);
</script>
`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A display, where there is none. */
async function display(): Promise<string> {
  if (process.env.DISPLAY) return process.env.DISPLAY;
  const server = spawn("Xvfb", ["-displayfd", "3", "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  processes.push(server);
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.on("exit", (code) => reject(new Error(`Xvfb ended with ${code}`)));
    server.stdio[3]?.once("data", (number) => resolve(`:${String(number).trim()}`));
  });
}

/** Starts the driver: a function that sends it a command. */
async function driver(path: string): Promise<(method: string, command: string, body?: object) => Promise<unknown>> {
  const port = await freePort();
  const env = { ...process.env, DISPLAY: await display() };
  processes.push(spawn(path, [`--port=${port}`], { env, stdio: "ignore" }));
  const send = async (method: string, command: string, body?: object) => {
    const response = await fetch(`http://127.0.0.1:${port}${command}`, { method, body: body && JSON.stringify(body) });
    const { value } = (await response.json()) as { value: unknown };
    if (!response.ok) throw new Error(`${method} ${command}: ${JSON.stringify(value)}`);
    return value;
  };
  for (let tries = 0; ; tries++) {
    try {
      await send("GET", "/status");
      return send;
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

const absent = webkit.path === null ? ` (not run: ${webkit.wanted})` : "";
describe.runIf(webkit.path !== null)(`the built package in WebKit${absent}`, () => {
  it("has the bits of test/data/bits.json", { timeout: 120_000 }, async () => {
    cpSync(join(root, "dist"), join(folder, "dist"), { recursive: true });
    mkdirSync(join(folder, "loader"));
    cpSync(join(root, "node_modules/@assemblyscript/loader/index.js"), join(folder, "loader/index.js"));
    writeFileSync(join(folder, "index.html"), index);
    await build({
      entryPoints: [join(root, "test/support/bits.ts")],
      outfile: join(folder, "bits.js"),
      bundle: true,
      format: "esm",
      external: ["orthonorm"],
    });
    const site = await serve(folder);
    const send = await driver(webkit.path as string);
    const { sessionId } = (await send("POST", "/session", { capabilities: {} })) as { sessionId: string };
    try {
      await send("POST", `/session/${sessionId}/timeouts`, { script: 100_000 });
      await send("POST", `/session/${sessionId}/url`, { url: site.url });
      // The driver may answer before the page's module has run.
      const script = `const [done] = arguments;
        (function wait() { globalThis.found ? globalThis.found.then(done) : setTimeout(wait, 50); })();`;
      expect(await send("POST", `/session/${sessionId}/execute/async`, { script, args: [] })).toEqual(expected);
    } finally {
      await send("DELETE", `/session/${sessionId}`);
      site.close();
    }
  });
});
