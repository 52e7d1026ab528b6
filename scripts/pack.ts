/** `npm run pack`: the package as it is published, in out/package, and its tarball in out/. What is stale is built first. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { stage } from "./stage.js";

const out = fileURLToPath(new URL("../out", import.meta.url));
const buildIfNeeded = fileURLToPath(new URL("build-if-needed.mjs", import.meta.url));
execFileSync(process.execPath, [buildIfNeeded], { stdio: "inherit" });
stage(`${out}/package`);
execFileSync("npm", ["pack", "./package", "--pack-destination", "."], { cwd: out, stdio: "inherit" });
