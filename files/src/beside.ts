/**
 * Names for the time that it takes to write a file or a folder, beside its own name, and what was left under such names by processes that
 * were killed. A name tells the process that writes, so that nothing is taken for left that is still being written.
 */
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readlinkSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join, resolve } from "node:path";

/** Where the numbers of processes are those that are seen here. Another machine, or another container, may write to the same folder. */
const machine = hashOf(`${hostname()} ${processNamespace()}`);

/** Tells this process from an earlier one of the same number, as the processes of containers often have. */
const self = randomBytes(4).toString("hex");

let count = 0;

/** A name that nobody else uses: `PATH.….tmp`. */
export function beside(path: string): string {
  return `${path}.${machine}-${process.pid}-${self}-${count++}.tmp`;
}

const temporary = /^\.([0-9a-f]{8})-(\d+)-([0-9a-f]{8})-\d+\.tmp$/;

/**
 * What lies beside a path under names that `beside` gave to processes of this machine that are gone.
 *
 * @param ending what was added to such a name
 */
export function leftBeside(path: string, ending = ""): string[] {
  const to = resolve(path);
  const name = basename(to);
  return namesIn(dirname(to))
    .filter((one) => one.startsWith(name) && one.endsWith(ending))
    .filter((one) => isLeft(one.slice(name.length, one.length - ending.length)))
    .map((one) => join(dirname(to), one));
}

/** Removes what is left beside a path by processes that were killed. @returns the names of what was removed */
export function removeLeft(path: string): string[] {
  const left = leftBeside(path);
  for (const one of left) rmSync(one, { recursive: true, force: true });
  return left;
}

function isLeft(rest: string): boolean {
  const [, where, pid, who] = temporary.exec(rest) ?? [];
  return where === machine && who !== self && !isRunning(Number(pid));
}

/** A process of the same number that is another one by now counts as running: then what is left stays. */
function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Linux has it; elsewhere all processes of a machine see each other. */
function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
