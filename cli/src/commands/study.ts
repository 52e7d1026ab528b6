/** `orthonorm study [FILE…]`: measures hidden states, of files and of models that it runs. */
import { existsSync, statSync } from "node:fs";
import { relative } from "node:path";
import { openContainer, printable, type Source } from "@orthonorm/files";
import { expand, expandFiles, openDisk, openModel, openStream } from "@orthonorm/files/node";
import {
  type Mask,
  type ModelFile,
  type Norm,
  type OffsetOption,
  parsePairs,
  readMask,
  type StudySums,
  sumSources,
} from "@orthonorm/study";
import { Command, InvalidArgumentError, Option } from "commander";
import { CommandError } from "../error.js";
import { expectThere, filesOfModel, readText, sha256 } from "../inputs.js";
import { CapturedModels, type FeedOptions, feedOf, withFeeds } from "../models.js";
import { notBelowZero } from "../numbers.js";
import { requireBeside } from "../options.js";
import { emit, type OutputOptions, prepareOutputs, withOutputs } from "../outputs.js";
import { root, version } from "../package.js";
import { hasSettings, isModelFolder, isRunnable, Running, readModelText } from "../running.js";
import { stoppable } from "../stoppable.js";
import type { Progress } from "../terminal/progress.js";

interface StudyOptions extends OutputOptions, FeedOptions {
  weights?: string[];
  weightOffset: OffsetOption;
  pairs?: string;
  norm: "auto" | Norm;
  eps?: number;
  pool?: string;
  sites?: (name: string) => boolean;
  split?: number;
  mask?: string;
  dtype?: "bf16" | "f16";
}

export function studyCommand(): Command {
  return withFeeds(
    withOutputs(
      new Command("study")
        .summary("measure the geometry of LayerNorm and RMSNorm on hidden states")
        .description(
          `Measures hidden states against the uniform vector 1 = [1, …, 1], the direction that LayerNorm removes and RMSNorm \
keeps (arXiv 2409.12951), by really running both norms of the engine.

A FILE is a model that is run on a --text, for what enters its norms: all that orthonorm run takes, and .onnx models with --text \
or --inputs. Or it has states, as .safetensors, .npy or .npz: every tensor in it of F32, F64, F16 or BF16 is one site, rows × d, \
where all dimensions but the last are rows. A folder without config.json means such files in it, - standard input. Files are \
read in blocks, so that their size does not matter; with --html once more, for their SHA-256. Without FILE, in a checkout of the \
repository, the project's own two models are run on a text of its own: twins that differ only in the norm.`,
        )
        .argument("[FILE...]", "models, or hidden states: files, folders, patterns like 'layers/*.npy', or -")
        .option(
          "--weights <FILE>",
          "the model, for its norms' weight and bias: a file, a folder, an index, or a pattern of shards; once, or once per model",
          collectOption,
        )
        .addOption(
          new Option(
            "--weight-offset <N>",
            "1 where norms multiply by 1 + weight, else 0; auto asks config.json's model_type",
          )
            .argParser(parseOffset)
            .default("auto"),
        )
        .option("--pairs <FILE>", 'which they are, as JSON: {"site": {"weight": "name", "bias": "name"}}')
        .addOption(
          new Option("--norm <NORM>", "the model's norm: layernorm, rmsnorm, or auto (metadata, weights)")
            .argParser(parseNorm)
            .default("auto"),
        )
        .addOption(
          new Option("--eps <N>", "the eps of both norms (default: what a captured file tells, else 1e-5)").argParser(
            notBelowZero,
          ),
        )
        .addOption(
          new Option(
            "--split <AXIS>",
            "a site per slice: 0 for [layers, tokens, d], where layers are stacked",
          ).argParser(parseAxis),
        )
        .option("--mask <FILE[:TENSOR]>", "padding, [batch, seq]: rows where it is 0 are left out")
        .addOption(
          new Option("--dtype <TYPE>", "what integers of 16 bits are, where halves were saved as their bits").choices([
            "bf16",
            "f16",
          ]),
        )
        .addOption(
          new Option("--sites <PATTERN>", "only tensors of such names, like 'h.*.ln_1'").argParser(parsePattern),
        )
        .option("--pool <NAME>", "all files are parts of one model: tensors of one name are one site"),
    ),
    "how many tokens of --text are run at most; of an .onnx model, the longest piece it runs at a time (default: 512)",
  )
    .addHelpText(
      "after",
      `
Columns:
  site           a place in the model where states were taken: a tensor of the
                 file, such as the input of a norm
  angle θ        to the uniform vector 1: mean and sd over the rows
  |90°−θ|        how far that is from orthogonal, mean
  chance         the same for random directions of that d; the sd of their
                 angle is near 57.3°/√d
  d·cos²θ        the share of the uniform direction: 1 is chance, 0 is none
  norm           ‖x‖, median
  LN−RMS         ‖RMSNorm(x) − LN(x)‖/√d, in per cent: what it changes to put
                 one norm in the other's place
  engine error   largest |Δ|/max(1, |y|) of both norms against an f64 reference

Below them the verdict, and what it rests on: |90°−θ| over chance, the interval
of that ratio, the rank of the uniform vector among 99 random directions (to how
many of them the states are nearer to orthogonal), the rows, and how many
independent ones say as much.

Then what the norm does (medians): ‖x‖ before it, after the projection,
after standardization, after weight and bias; the angle to 1 after it; and the
rotation: what standardization does, what weight and bias do, and both.

Rows that these figures leave out: masked, without a direction (zeros, NaN),
massive (longer than eight times the power of two at or above the median norm),
copies of a row that makes up 5 % of all (it counts once). They are counted and
named.

Examples:
  orthonorm study                              the twins, in a checkout
  orthonorm study models/gpt2 --text book.txt --tokens 20000 --swap
  orthonorm study states.safetensors --weights model.safetensors
  orthonorm study states.npz --html report.html
  orthonorm study layers/ --norm rmsnorm --eps 1e-6 --json figures.json
  orthonorm study hidden.npy --split 0 --mask inputs.npz:attention_mask
  orthonorm study part-7.safetensors --pool gpt2 --save part-7.json
  orthonorm study model.onnx --inputs inputs.npz --swap
  zcat states.npy.gz | orthonorm study -

Exit status:
  0 measured, 1 a file cannot be read, measured or written,
  2 a wrong command line, 130 stopped by Ctrl-C (what was measured until then is
  shown and written, and says so; a second Ctrl-C stops at once)`,
    )
    .action(run);
}

/** The project's own models, and a text that they have not seen, which are in a checkout of its repository only. */
const twins = {
  models: ["ln", "rms"].map((name) => `${root}study/data/twins/${name}/model.safetensors`),
  text: `${root}study/data/twins/held-out.txt`,
};

async function run(files: string[], options: StudyOptions, command: Command): Promise<void> {
  const own = files.length === 0;
  if (own && !twins.models.every((file) => existsSync(file))) {
    throw new CommandError(
      "expected at least one FILE (a model, .safetensors, .npy, .npz), got none (the project's own models are in a checkout of its repository only)\n\n" +
        "Usage: orthonorm study FILE… [--text FILE] [--weights FILE] [--html FILE] [--json FILE]\nTry:   orthonorm study --help",
      2,
    );
  }
  if (files.filter((file) => file === "-").length > 1) {
    throw new CommandError("expected - (standard input) once, got it more often", 2);
  }
  const text = options.text ?? (own ? twins.text : undefined);
  const fed = text !== undefined;
  const given = own
    ? twins.models.map((file) => ({ file, explicit: true }))
    : await expandFiles(files, undefined, (folder) => isModelFolder(folder, fed));
  const all = given.map(({ file }) => file);
  const onnx = all.filter((file) => file.toLowerCase().endsWith(".onnx"));
  const runnable: string[] = [];
  for (const file of all) if (!onnx.includes(file) && (await isRunnable(file, fed))) runnable.push(file);
  if (runnable.length > 0 && !fed) {
    throw new CommandError(`${printable(runnable[0])} expected --text FILE, to run the model on, got none`, 2);
  }
  const withStates = given.filter(({ file }) => !runnable.includes(file));
  const states = withStates.map(({ file }) => file);
  for (const file of states) if (file !== "-" && !onnx.includes(file)) await expectThere(file);
  requireBeside(command, ["inputs", "batch"], onnx.length > 0, "an .onnx model to feed");
  requireBeside(command, ["text", "tokens", "swap"], onnx.length + runnable.length > 0, "a model to run");
  requireBeside(command, ["weights", "split", "mask", "dtype"], states.length > 0, "files of states");
  const feed = onnx.length > 0 ? [feedOf(options, command)] : fed ? [text] : [];
  if (options.swap && options.pool !== undefined && onnx.length > 1) {
    throw new CommandError("--swap expected models that are measured each by itself, got --pool", 2);
  }
  const weighted = options.weights !== undefined || onnx.length > 0;
  requireBeside(command, ["weight-offset", "pairs"], weighted, "--weights beside it");
  // A pattern means the shards of one model.
  const weights: string[][] = [];
  for (const name of options.weights ?? []) weights.push(await expand([name]));
  const mask = options.mask === undefined ? null : maskFile(options.mask);
  const others = [options.pairs, mask?.file].filter((file) => file !== undefined);
  const inputs = [...states, ...runnable.flatMap(filesOfModel), ...feed, ...weights.flat(), ...others];
  const outputs = await prepareOutputs(options, inputs);
  const pairs = options.pairs === undefined ? null : parsePairs(await readText(options.pairs), options.pairs);
  const ours = own ? [...twins.models, twins.text] : [];
  const nameOf = (file: string) => (ours.includes(file) ? relative(root, file).replaceAll("\\", "/") : file);

  await stoppable(async (signal, progress) => {
    const captured = new CapturedModels();
    const running: Running[] = [];
    try {
      if (runnable.length > 0) {
        const read = { file: text as string, text: await readModelText(text as string), tokens: options.tokens };
        for (const file of runnable) {
          progress.update(`reading ${printable(file)}`, 0);
          running.push(await Running.open(file, read, nameOf));
        }
      }
      for (const file of onnx) await captured.add(file, options, signal, progress);
      if (signal.aborted) process.exitCode = 130;
      if (!signal.aborted || captured.files.length > 0) await measure(captured, running, signal, progress);
      else {
        progress.clear();
        process.stderr.write("study: stopped before a state was captured\n");
      }
    } finally {
      captured.remove();
      for (const model of running) model.dispose();
    }
  });

  async function measure(
    captured: CapturedModels,
    running: readonly Running[],
    signal: AbortSignal,
    progress: Progress,
  ): Promise<void> {
    // Stopped while a model was captured: what it gave until then is measured, and no file or model that was not begun.
    const stopped = signal.aborted;
    const begun = states.map((file) => !stopped || captured.has(file));
    const ofBegun = weights.length === states.length ? weights.filter((_, at) => begun[at]) : weights;
    const sources: Source[] = [];
    const implied = new Set<Source>();
    for (const { file, explicit } of withStates.filter((_, at) => begun[at])) {
      const open = explicit ? openStates : openDisk;
      const source = file === "-" ? openStream(process.stdin) : await open(captured.pathOf(file), nameOf(file));
      sources.push(source);
      if (!explicit) implied.add(source);
    }
    const models: ModelFile[] = [];
    // A captured model has its own weights; where other files are measured beside it, they have to be given for all.
    const withThem = options.weights === undefined && onnx.length === states.length ? captured.files : [];
    for (const shards of [...ofBegun, ...withThem.map((file) => [file])]) models.push(await openModel(shards, nameOf));
    const saved = outputs.targets.save !== undefined || outputs.printed === "save";
    const sums: StudySums = await sumSources(sources, {
      eps: options.eps ?? null,
      norm: options.norm,
      weights: models,
      weightOffset: options.weightOffset,
      pairs,
      pool: options.pool ?? null,
      sites: (name) => !captured.parameters.has(name) && (options.sites?.(name) ?? true),
      split: options.split ?? null,
      mask: mask === null ? null : captured.maskOf(await openMask(mask)),
      bits: options.dtype ?? null,
      implied,
      running: stopped ? [] : running.map((model) => model.measured),
      withSpeed: outputs.printed !== "json" && !stopped,
      merges: saved,
      version: version(),
      signal: stopped ? undefined : signal,
      progress: (what, share) => progress.update(printable(what), share),
    });
    sums.complete &&= captured.complete && !(stopped && running.length > 0) && begun.every((one) => one);
    await addSwaps(sums, captured, running, signal, progress);
    if (!fed) for (const file of states) if (await hasSettings(file)) sums.hints.push(runHint(nameOf(file)));
    // Models are measured before files; they are shown in the order in which they were given.
    const place = ({ sources: [{ name }] }: (typeof sums.groups)[0]) => all.findIndex((file) => nameOf(file) === name);
    if (running.length > 0) sums.groups.sort((a, b) => place(a) - place(b));
    // A part may be without a row that has an angle: what it counts is merged all the same.
    if (!saved) sums.expectFigures();
    const report = sums.report();
    const hashes: Record<string, string> = {};
    if (outputs.targets.html !== undefined || outputs.printed === "html") {
      for (const file of [...all, ...weights.flat(), ...(runnable.length > 0 ? feed : [])]) {
        if (isFile(file) && !signal.aborted) hashes[nameOf(file)] = await sha256(file, signal, progress);
      }
    }
    progress.clear();
    await emit(report, sums, outputs, options.color, hashes);
    if (report.speed.some(({ microseconds }) => microseconds === null)) {
      throw new CommandError("expected engine and plain JavaScript to agree within 1e-5, got the difference above");
    }
    if (signal.aborted) process.exitCode = 130;
  }

  /** What swapped norms change in the models' outputs, as far as they were run with them. */
  async function addSwaps(
    sums: StudySums,
    captured: CapturedModels,
    running: readonly Running[],
    signal: AbortSignal,
    progress: Progress,
  ): Promise<void> {
    if (!options.swap) return;
    const swaps = new Map(captured.swaps);
    for (const model of running) {
      const swap = signal.aborted ? null : await model.swap(signal, progress);
      if (swap !== null) swaps.set(nameOf(model.path), swap);
    }
    for (const group of sums.groups) {
      for (const { name } of group.sources) group.swap = swaps.get(name) ?? group.swap;
    }
    if (outputs.targets.save !== undefined && swaps.size > 0) {
      sums.hints.push("What --swap found belongs to this run: it is not among the sums that --save writes.");
    }
    if (swaps.size < onnx.length + runnable.length) {
      sums.hints.push(
        "Stopped before all models had been run with RMSNorm in LayerNorm's place: what that changes in their output is not told.",
      );
    }
  }
}

function runHint(name: string): string {
  return `${printable(name)} is a model, and its weights were measured as if they were states: with --text FILE it is run, and what enters its norms is measured.`;
}

/** What `study --save` writes begins with this. */
const savedSums = Buffer.from('{"orthonormStudy":');

/** Opens a file of states. That of --save is easily mistaken for one, and belongs to the other command. */
async function openStates(file: string, name: string): Promise<Source> {
  const source = await openDisk(file, name);
  if (source.size === null || source.size < savedSums.length) return source;
  const start = Buffer.alloc(savedSums.length);
  await source.read(start, 0);
  if (!start.equals(savedSums)) return source;
  await source.close();
  throw new CommandError(
    `${printable(name)} expected a .safetensors, .npy or .npz file, got sums that --save wrote (orthonorm merge reads them)`,
  );
}

/** FILE or FILE:TENSOR. A file may have a colon in its name. */
function maskFile(given: string): { file: string; tensor: string | null } {
  const colon = given.lastIndexOf(":");
  if (colon < 1 || existsSync(given)) return { file: given, tensor: null };
  return { file: given.slice(0, colon), tensor: given.slice(colon + 1) };
}

async function openMask({ file, tensor }: { file: string; tensor: string | null }): Promise<Mask> {
  const source = await openDisk(file);
  try {
    return await readMask(await openContainer(source), tensor);
  } finally {
    await source.close();
  }
}

/** A folder of weights has no hash of its own, and standard input cannot be read again. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
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

/** Whether a name matches a pattern in which * stands for anything, and ? for one character. */
function parsePattern(text: string): (name: string) => boolean {
  const source = text
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  const pattern = new RegExp(`^${source}$`, "su");
  return (name) => pattern.test(name);
}

function parseOffset(text: string): OffsetOption {
  if (text === "auto") return "auto";
  if (text === "0" || text === "1") return text === "1" ? 1 : 0;
  throw new InvalidArgumentError("Expected auto, 0 or 1.");
}

function parseAxis(text: string): number {
  if (!/^\d{1,2}$/.test(text)) throw new InvalidArgumentError("Expected an axis: 0, 1 and so on.");
  return Number(text);
}
