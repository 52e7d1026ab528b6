/**
 * Builds what is older than its sources, and says so: before `npm start`, and as `prepare`, which npm runs after `npm ci` and
 * once more when `npx orthonorm` is called in a clone. Plain JavaScript, for it has to speak where nothing is installed yet.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const sources = ["abi", "assembly", "bindings", "files", "models", "study", "cli"];
const scripts = readdirSync(join(root, "scripts")).filter((name) => name === "abi.ts" || name.startsWith("build-"));
const settings = ["asconfig.json", "tsconfig.json", "tsconfig.build.json"];
/** Some of what each step of the build writes: where one of them is gone or stale, all is built. */
const built = [
  "assembly/exports",
  "bindings/wasm/ops.ts",
  "bindings/reference/ops.ts",
  "dist/index.js",
  "dist/cli/orthonorm.js",
].map((name) => join(root, name));

function newest(folder) {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!["node_modules", "wasm", "exports", "data"].includes(entry.name)) time = Math.max(time, newest(path));
    } else if (!built.includes(path)) time = Math.max(time, statSync(path).mtimeMs);
  }
  return time;
}

/** npm keeps to itself what the scripts of a package say that npx is about to run: the terminal is told past it. */
function say(text) {
  console.error(text);
  if (process.stderr.isTTY) return;
  try {
    writeFileSync("/dev/tty", `${text}\n`);
  } catch {
    // no terminal, so nobody who waits in front of it
  }
}

const folders = sources.map((name) => join(root, name)).filter(existsSync);
const source = Math.max(
  ...folders.map(newest),
  ...[...scripts.map((name) => `scripts/${name}`), ...settings].map((name) => statSync(join(root, name)).mtimeMs),
);
const isBuilt = built.every((path) => existsSync(path) && statSync(path).mtimeMs >= source);
if (!isBuilt) {
  if (!existsSync(join(root, "node_modules/tsx"))) {
    say("orthonorm: the tools are missing: npm ci installs them, and builds");
    process.exit(1);
  }
  say("orthonorm: building the kernels, the bindings and the command line into dist/, which takes about a minute");
  const { status } = spawnSync("npm", ["run", "build"], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  process.exitCode = status ?? 1;
}
