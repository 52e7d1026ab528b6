import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const command = fileURLToPath(new URL("../dist/cli/orthonorm.js", import.meta.url));

// Found out before anything is written or timed.
if (!existsSync(command)) throw new Error(`expected a build to measure, got none: npm run build`);

/** How long the study of a file takes as a command, from its start to its end, and its greatest memory. */
export function wholeCommand(file: string): { seconds: number; megabytes: number } {
  const measured = `process.on("exit", () => console.error(process.resourceUsage().maxRSS));`;
  const start = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--import", `data:text/javascript,${encodeURIComponent(measured)}`, command, "study", file, "--json", "-"],
    { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"] },
  );
  const seconds = (performance.now() - start) / 1e3;
  if (status !== 0) throw new Error(`expected ${command} to measure ${file}, got ${stderr}`);
  return { seconds, megabytes: Number(stderr.trim().split("\n").at(-1)) / 1024 };
}
