/** The command line of Orthonorm: `orthonorm study [FILE…]`, `orthonorm merge FILE…`. */

import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { FileError, printable, type Source } from "@orthonorm/files";
import { expand, openDisk, openStream, systemReason } from "@orthonorm/files/node";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { StudyFailure } from "./failure.js";
import type { Norm, Report } from "./figures.js";
import { finding, notes } from "./finding.js";
import { toJson } from "./json.js";
import { lookFor } from "./look.js";
import { render } from "./page.js";
import { Progress } from "./progress.js";
import { sumSources } from "./study.js";
import { StudySums } from "./sums.js";
import { prepareTarget, type Target, writeWhole } from "./target.js";
import { parsePairs } from "./weights.js";

/** The package's own folder: the same from study/src as from dist/cli. */
const root = fileURLToPath(new URL("../../", import.meta.url));
const twin = (name: string, file: string) =>
  fileURLToPath(new URL(`../../study/data/twins/${name}/${file}.safetensors`, import.meta.url));
const twins = {
  states: ["ln", "rms"].map((name) => twin(name, "states")),
  weights: ["ln", "rms"].map((name) => twin(name, "model")),
};

/** Where the figures go besides the terminal. */
interface Outputs {
  json?: string;
  html?: string;
  save?: string;
  color: boolean;
}

interface StudyCommand extends Outputs {
  weights?: string[];
  pairs?: string;
  norm: "auto" | Norm;
  eps: number;
  pool?: string;
  sites?: (name: string) => boolean;
}

const program = new Command("orthonorm")
  .description("LayerNorm, RMSNorm and projections on WebAssembly SIMD: what they do to your hidden states.")
  .version(version(), "-v, --version", "print the version")
  .helpOption("-h, --help", "print this help")
  .helpCommand("help [command]", "print the help of a command")
  .addHelpText(
    "after",
    `
Examples:
  orthonorm study states.safetensors                  every float tensor of a file
  orthonorm study states.npz --html report.html       a page with figures too
  orthonorm study a.safetensors b.safetensors         two models beside each other
  orthonorm merge part-1.json part-2.json             parts that study --save wrote

orthonorm study --help explains the columns.`,
  )
  .showHelpAfterError("Try: orthonorm study --help")
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "orthonorm: ")) })
  .exitOverride();

function withOutputs(command: Command): Command {
  return command
    .option("--json <FILE>", "write the figures as JSON to FILE; - prints them instead of the table")
    .option("--html <FILE>", "write the report to FILE: one page with figures, tables and methods")
    .option("--save <FILE>", "write the sums to FILE, for orthonorm merge")
    .option("--no-color", "no colour (also: NO_COLOR=1, or output that is not a terminal)");
}

withOutputs(
  program
    .command("study")
    .summary("measure the geometry of LayerNorm and RMSNorm on hidden states")
    .description(
      `Measures hidden states against the uniform vector 1 = [1, …, 1], the direction that LayerNorm removes and RMSNorm \
keeps (arXiv 2409.12951), by really running both norms of the engine.

A FILE is .safetensors, .npy or .npz; every tensor in it of F32, F64, F16 or BF16 is one site: rows × d, where all \
dimensions but the last are rows. - is standard input. Files are read once, in blocks: their size does not matter. Without \
FILE, in a checkout of the repository, the project's own two models are measured: twins that differ only in the norm.`,
    )
    .argument("[FILE...]", "hidden states: names, patterns like 'layers/*.npy', or -")
    .option("--weights <FILE>", "the model, for its norms' weight and bias; once, or once a model", collectOption)
    .option("--pairs <FILE>", 'which they are, as JSON: {"site": {"weight": "name", "bias": "name"}}')
    .addOption(
      new Option("--norm <NORM>", "the model's norm: layernorm, rmsnorm, or auto (metadata, weights)")
        .argParser(parseNorm)
        .default("auto"),
    )
    .addOption(new Option("--eps <N>", "the eps of both norms").argParser(parseEps).default(1e-5, "1e-5"))
    .addOption(new Option("--sites <PATTERN>", "only tensors of such names, like 'h.*.ln_1'").argParser(parsePattern))
    .option("--pool <NAME>", "all files are parts of one model: tensors of one name are one site"),
)
  .addHelpText(
    "after",
    `
Columns:
  angle θ        to the uniform vector 1: mean and sd over the rows
  |90°−θ|        how far that is from orthogonal, mean
  chance         the same for random directions of that d: 0.80 of the sd of
                 their angle, which is 57.3°/√d
  d·cos²θ        the share of the uniform direction: 1 is chance, 0 is none
  norm           ‖x‖, median
  LN−RMS         ‖RMSNorm(x) − LN(x)‖/√d, in per cent: what it changes to put
                 one norm in the other's place
  engine error   largest |Δ|/max(1, |y|) of both norms against an f64 reference

Below them, what the norm does (medians): ‖x‖ before it, after the projection,
after standardization, after weight and bias; the angle to 1 after it; and the
rotation: what standardization does, what weight and bias do, and both.

Rows apart from these: without a direction (zeros, NaN), massive (longer than
eight times the power of two at or above the median norm), copies of a row that
makes up 5 % of all (it counts once). They are counted, named, and reported.

Examples:
  orthonorm study                              the twins, in a checkout
  orthonorm study states.safetensors --weights model.safetensors
  orthonorm study states.npz --html report.html
  orthonorm study 'layers/*.npy' --norm rmsnorm --eps 1e-6 --json figures.json
  orthonorm study part-7.safetensors --pool gpt2 --save part-7.json
  zcat states.npy.gz | orthonorm study -

Exit status:
  0 measured, 1 a file cannot be read, measured or written,
  2 a wrong command line, 130 stopped by Ctrl-C (what was measured until then is
  shown and written, and says so; a second Ctrl-C stops at once)`,
  )
  .action(runStudy);

withOutputs(
  program
    .command("merge")
    .summary("add up parts of a study")
    .description(
      `Adds up what orthonorm study --save wrote, and shows the figures of all: counts and means to the last bit as of one \
run over all files, quantiles within the stated resolution (0.01° of an angle, 0.3 % of a norm). Models of the same name \
(study --pool NAME) become one.`,
    )
    .argument("<FILE...>", "saved parts: names, or patterns like 'parts/*.json'"),
)
  .addHelpText(
    "after",
    `
Examples:
  orthonorm study shard-1.safetensors --pool gpt2 --save 1.json
  orthonorm study shard-2.safetensors --pool gpt2 --save 2.json
  orthonorm merge 1.json 2.json --html report.html

Parts merge in any order, and merged parts (merge --save) merge again. Each part's
sample stays its own: errors and ranks are of all samples, fits of each.`,
  )
  .action(runMerge);

async function runStudy(files: string[], options: StudyCommand): Promise<void> {
  const own = files.length === 0;
  if (own && !twins.states.every((file) => existsSync(file))) {
    throw new StudyFailure(
      "expected at least one FILE (.safetensors, .npy, .npz), got none (the project's own states are in a checkout of its repository only)\n\n" +
        "Usage: orthonorm study FILE… [--weights FILE] [--html FILE] [--json FILE]\nTry:   orthonorm study --help",
      2,
    );
  }
  const states = own ? twins.states : await expand(files);
  if (states.filter((file) => file === "-").length > 1) {
    throw new StudyFailure("expected - (standard input) once, got it more often", 2);
  }
  const weights = options.weights ?? (own ? twins.weights : []);
  const inputs = [...states, ...weights, ...(options.pairs === undefined ? [] : [options.pairs])];
  const targets = await prepareTargets(options, inputs);
  const pairs = options.pairs === undefined ? null : parsePairs(await readText(options.pairs), options.pairs);
  const nameOf = own ? (file: string) => relative(root, file).replaceAll("\\", "/") : (file: string) => file;

  const progress = new Progress(process.stderr);
  const stop = new AbortController();
  const onInterrupt = () => {
    progress.clear();
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  process.on("SIGINT", onInterrupt);
  try {
    const sources: Source[] = [];
    for (const file of states)
      sources.push(file === "-" ? openStream(process.stdin) : await openDisk(file, nameOf(file)));
    const models: Source[] = [];
    for (const file of weights) models.push(await openDisk(file, nameOf(file)));
    const sums = await sumSources(sources, {
      eps: options.eps,
      norm: options.norm,
      weights: models,
      pairs,
      pool: options.pool ?? null,
      sites: options.sites,
      withSpeed: options.json !== "-",
      version: version(),
      signal: stop.signal,
      progress: (what, share) => progress.update(printable(what), share),
    });
    const report = sums.report();
    const hashes: Record<string, string> = {};
    if (targets.html !== null) {
      for (const file of [...states, ...weights]) {
        if (file !== "-" && !stop.signal.aborted) hashes[nameOf(file)] = await sha256(file, stop.signal, progress);
      }
    }
    progress.clear();
    await emit(report, sums, options, targets, hashes);
    const differing = report.speed.find(({ microseconds }) => microseconds === null);
    if (differing !== undefined) {
      throw new StudyFailure("expected engine and plain JavaScript to agree within 1e-5, got the difference above");
    }
    if (stop.signal.aborted) process.exitCode = 130;
  } finally {
    progress.clear();
    process.off("SIGINT", onInterrupt);
  }
}

async function runMerge(files: string[], options: Outputs): Promise<void> {
  const parts = await expand(files);
  const targets = await prepareTargets(options, parts);
  let all: StudySums | null = null;
  for (const file of parts) {
    const text = await readText(file);
    let part: StudySums;
    try {
      part = StudySums.parse(text);
    } catch (error) {
      throw new StudyFailure(`${printable(file)} expected ${(error as Error).message}, got something else`);
    }
    try {
      if (all === null) all = part;
      else all.addAll(part);
    } catch (error) {
      throw new StudyFailure(
        `${printable(file)} expected a part like those before it, got ${(error as Error).message}`,
      );
    }
  }
  const sums = all as StudySums;
  await emit(sums.report(), sums, options, targets, {});
}

type Targets = Record<"json" | "html" | "save", Target | null>;

/** Whether all results can be written is found out before the work. */
async function prepareTargets({ json, html, save }: Outputs, inputs: readonly string[]): Promise<Targets> {
  const prepared: Target[] = [];
  const prepare = async (option: string, file: string | undefined) => {
    if (file === undefined) return null;
    const target = await prepareTarget(option, file, inputs);
    const same = prepared.find(({ path, replace }) => replace && path === target.path);
    if (same !== undefined) {
      throw new StudyFailure(
        `${option} ${printable(file)} expected a file of its own, got the one of ${same.option}`,
        2,
      );
    }
    prepared.push(target);
    return target;
  };
  return {
    json: json === "-" ? null : await prepare("--json", json),
    html: await prepare("--html", html),
    save: await prepare("--save", save),
  };
}

async function emit(
  report: Report,
  sums: StudySums,
  { json, color }: Outputs,
  targets: Targets,
  hashes: Record<string, string>,
): Promise<void> {
  if (json === "-") process.stdout.write(toJson(report));
  else process.stdout.write(render(report, lookFor(process.stdout, process.env, color)));
  if (targets.json !== null) writeWhole(targets.json, toJson(report));
  if (targets.save !== null) writeWhole(targets.save, `${JSON.stringify(sums)}\n`);
  if (targets.html !== null) {
    // Loaded when it is asked for: charts take longer to load than a small study takes.
    const { htmlReport } = await import("./html/page.js");
    const page = htmlReport(report, {
      finding: finding(report),
      notes: notes(report),
      command: `orthonorm ${process.argv.slice(2).map(quoted).join(" ")}`,
      hashes,
      date: new Date().toISOString().slice(0, 10),
    });
    writeWhole(targets.html, page);
    if (json !== "-") process.stdout.write(`\nReport: ${targets.html.file}\n`);
  }
}

async function sha256(file: string, signal: AbortSignal, progress: Progress): Promise<string> {
  const hash = createHash("sha256");
  let done = 0;
  try {
    const { size } = await stat(file);
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20, signal })) {
      hash.update(chunk);
      done += chunk.length;
      progress.update(`SHA-256 of ${printable(file)}`, done / size);
    }
  } catch (error) {
    if (signal.aborted) return "not taken: stopped";
    throw new StudyFailure(`${printable(file)} expected a file that can be read, got ${systemReason(error)}`);
  }
  return hash.digest("hex");
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new StudyFailure(`${printable(file)} expected a file that can be read, got ${systemReason(error)}`);
  }
}

/** As a shell takes it. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

function collectOption(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function parseNorm(text: string): "auto" | Norm {
  const norms: Record<string, "auto" | Norm> = { auto: "auto", layernorm: "LayerNorm", rmsnorm: "RMSNorm" };
  const norm = norms[text.toLowerCase()];
  if (norm === undefined) throw new InvalidArgumentError("Expected layernorm, rmsnorm or auto.");
  return norm;
}

/** * is anything, ? one character. */
function parsePattern(text: string): (name: string) => boolean {
  const source = text
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  const pattern = new RegExp(`^${source}$`, "su");
  return (name) => pattern.test(name);
}

function parseEps(text: string): number {
  const eps = Number(text);
  if (text.trim() === "" || !Number.isFinite(eps) || eps < 0) {
    throw new InvalidArgumentError("Expected a finite number, zero or more.");
  }
  return eps;
}

function version(): string {
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;
}

/** Runs the command line and gives the exit status; throws what is not the user's to mend. */
async function main(): Promise<number> {
  try {
    if (process.argv.length > 2) await program.parseAsync();
    else program.outputHelp();
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander has printed its own; its status for a wrong command line is 1, which here means a file.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof FileError) {
      process.stderr.write(`study: ${error.message}\n`);
      return 1;
    }
    if (!(error instanceof StudyFailure)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
}

// A reader that has seen enough (| head) closes the pipe: that is no failure, and the JSON file is still to be written.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await main();
