/** Ctrl-C in the built command line, pressed when it has shown how far it is: however slow the machine is, it is in the middle of its work. */
import { spawn } from "node:child_process";
import { cli, folder } from "./study-runs.js";

/** Shows progress as on a terminal. */
const asTerminal = "data:text/javascript,process.stderr.isTTY=true";

/**
 * @param when what it shows on standard error before it is interrupted
 * @returns what it exits with, and what it printed, without the progress, which it has erased
 */
export async function interrupted(
  args: readonly string[],
  when: RegExp,
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ["--import", asTerminal, cli, ...args], {
    cwd: folder,
    env: { ...process.env, TERM: "xterm" },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data) => {
    stdout += data;
  });
  let pressed = false;
  child.stderr.on("data", (data) => {
    stderr += data;
    if (pressed || !when.test(stderr)) return;
    pressed = true;
    child.kill("SIGINT");
  });
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape that erases the rest of a line
  return { status, stdout, stderr: stderr.replaceAll(/\r[^\r]*\x1b\[K/g, "") };
}
