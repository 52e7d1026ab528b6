/** The study as a program reads it: the JSON, written whole or not at all. */
import { randomBytes } from "node:crypto";
import { constants, renameSync, rmSync, writeFileSync } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { StudyFailure } from "./failure.js";
import { systemReason } from "./safetensors.js";
import type { Study } from "./study.js";
import { printable } from "./text.js";

/**
 * The figures, angles in degrees. Speed is left out, so that the same states give the same bytes on the same engine.
 * Every number is finite: rows without an angle are counted in `excluded` and tensors without rows are in `skipped`.
 */
export function toJson({ variant, eps, groups, skipped }: Study): string {
  const sites = groups.flatMap(({ sites, trainedWith }) => sites.map((site) => ({ ...site, trainedWith })));
  return `${JSON.stringify({ engine: { variant }, eps, sites, skipped }, null, 2)}\n`;
}

/** Where the JSON goes: a regular file that is replaced whole, or a device or pipe that is written to. */
export interface Target {
  path: string;
  replace: boolean;
}

/**
 * Finds out before the work whether the JSON can be written after it.
 *
 * @throws StudyFailure where it cannot, or where it would replace one of the inputs.
 */
export async function prepareTarget(file: string, inputs: readonly string[]): Promise<Target> {
  try {
    // A link is followed, so that the file it points to is replaced and not the link.
    const path = await realpath(file).catch(async () => join(await realpath(dirname(file)), basename(file)));
    const there = await stat(path).catch(() => null);
    if (there?.isDirectory()) throw unwritable(file, "a directory");
    if (there !== null && !there.isFile()) return { path, replace: false };
    for (const input of inputs) {
      if ((await realpath(input).catch(() => null)) === path) {
        throw new StudyFailure(`--json ${printable(file)} expected a file to write, got one of the files to read`, 2);
      }
    }
    await access(dirname(path), constants.W_OK);
    if (there !== null) await access(path, constants.W_OK);
    return { path, replace: true };
  } catch (error) {
    throw error instanceof StudyFailure ? error : unwritable(file, systemReason(error));
  }
}

/**
 * Writes to a file beside the target and moves it there: nobody ever reads half of it. Without a pause, so that Ctrl-C
 * comes before or after, and leaves no half of it behind either.
 */
export function writeWhole(file: string, { path, replace }: Target, text: string): void {
  const written = replace ? `${path}.${randomBytes(4).toString("hex")}.tmp` : path;
  try {
    writeFileSync(written, text, { flag: replace ? "wx" : "w" });
    if (replace) renameSync(written, path);
  } catch (error) {
    if (replace) rmSync(written, { force: true });
    throw unwritable(file, systemReason(error));
  }
}

function unwritable(file: string, got: string): StudyFailure {
  return new StudyFailure(`--json ${printable(file)} expected a file that can be written, got ${got}`);
}
