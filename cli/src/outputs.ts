/** Where a command's figures go: the terminal, and the files of --json, --csv, --html and --save. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { printable } from "@orthonorm/files";
import { csvPieces, finding, jsonPieces, notes, type Report, type StudySums } from "@orthonorm/study";
import type { Command } from "commander";
import { CommandError } from "./error.js";
import { prepareTarget, type Target, writeWhole } from "./target.js";
import { lookFor } from "./terminal/look.js";
import { render } from "./terminal/render.js";

export interface OutputOptions {
  json?: string;
  csv?: string;
  html?: string;
  save?: string;
  color: boolean;
}

export function withOutputs(command: Command): Command {
  return command
    .option("--json <FILE>", "write the figures as JSON to FILE; - prints them instead of the table")
    .option("--csv <FILE>", "write them as CSV to FILE, a line per site; - prints it")
    .option("--html <FILE>", "write the report to FILE: one page with figures, tables and methods; - prints it")
    .option("--save <FILE>", "write the sums to FILE, for orthonorm merge; - prints them")
    .option("--no-color", "no colour (also: NO_COLOR=1, or output that is not a terminal)");
}

type Kind = "json" | "csv" | "html" | "save";
const kinds: readonly Kind[] = ["json", "csv", "html", "save"];

/** By kind, the target that was asked for; and the kind that takes standard output from the table, or null. */
export interface Outputs {
  targets: Partial<Record<Kind, Target>>;
  printed: Kind | null;
}

/**
 * Finds out before the work whether all results can be written after it.
 *
 * @throws CommandError where one cannot, where two go to the same place, or where one would replace an input
 */
export async function prepareOutputs(options: OutputOptions, inputs: readonly string[]): Promise<Outputs> {
  const outputs: Outputs = { targets: {}, printed: null };
  for (const kind of kinds) {
    const file = options[kind];
    if (file === undefined) continue;
    const option = `--${kind}`;
    if (file === "-") {
      if (outputs.printed !== null) {
        throw new CommandError(`${option} - expected standard output, got that of --${outputs.printed}`, 2);
      }
      outputs.printed = kind;
      continue;
    }
    const target = await prepareTarget(option, file, inputs);
    const same = Object.values(outputs.targets).find(({ path, replace }) => replace && path === target.path);
    if (same !== undefined) {
      throw new CommandError(
        `${option} ${printable(file)} expected a file of its own, got the one of ${same.option}`,
        2,
      );
    }
    outputs.targets[kind] = target;
  }
  return outputs;
}

/** @param hashes of the inputs, by their names; the page shows them */
export async function emit(
  report: Report,
  sums: StudySums,
  { targets, printed }: Outputs,
  color: boolean,
  hashes: Record<string, string> = {},
): Promise<void> {
  const texts: Record<Kind, () => Iterable<string> | Promise<Iterable<string>>> = {
    json: () => jsonPieces(report),
    csv: () => csvPieces(report),
    save: async () => [await sums.save()],
    html: async () => [await page(report, hashes)],
  };
  const table = () => [render(report, lookFor(process.stdout, process.env, color))];
  await print(printed === null ? table() : await texts[printed]());
  for (const kind of ["json", "csv", "save", "html"] as const) {
    const target = targets[kind];
    if (target !== undefined) writeWhole(target, await texts[kind]());
  }
  if (targets.html !== undefined && printed === null) process.stdout.write(`\nReport: ${targets.html.file}\n`);
}

/**
 * Writes to standard output no faster than it takes the text, which else would wait in memory as a whole. Where the reader has
 * seen enough and closed it, the rest is left out.
 */
async function print(pieces: Iterable<string>): Promise<void> {
  try {
    await pipeline(Readable.from(pieces), process.stdout, { end: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EPIPE" && code !== "ERR_STREAM_PREMATURE_CLOSE" && code !== "ERR_STREAM_DESTROYED") throw error;
  }
}

async function page(report: Report, hashes: Record<string, string>): Promise<string> {
  // Loaded when it is asked for: charts take longer to load than a small study takes.
  const { htmlReport } = await import("@orthonorm/study/html");
  return htmlReport(report, {
    finding: finding(report),
    notes: notes(report),
    command: `orthonorm ${process.argv.slice(2).map(quoted).join(" ")}`,
    hashes,
    date: new Date().toISOString().slice(0, 10),
  });
}

/** An argument as a shell takes it. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
