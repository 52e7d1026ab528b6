/** ONNX models given to a command: opened, fed, and captured to files. */
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { printable } from "@orthonorm/files";
import { openDisk, systemReason } from "@orthonorm/files/node";
import { type Arrays, type Effect, normsToCapture, type OpenModel, openModel, swapEffects } from "@orthonorm/onnx";
import { firstOfMask, type Mask, type ModelSwap } from "@orthonorm/study";
import { type Command, Option } from "commander";
import { CommandError } from "./error.js";
import { count } from "./numbers.js";
import { requireBeside } from "./options.js";
import type { Progress } from "./terminal/progress.js";

export interface FeedOptions {
  inputs?: string;
  text?: string;
  batch: number;
  tokens?: number;
  swap?: boolean;
}

/** The longest piece of a text that an .onnx model is run on at a time. */
const longestPiece = 512;

/** @param tokens what --tokens means to the command */
export function withFeeds(
  command: Command,
  tokens = `the longest piece of --text it runs at a time (default: ${longestPiece})`,
): Command {
  return command
    .option("--inputs <FILE>", "what an .onnx model is fed: .npz or .safetensors, an array per input; or one .npy")
    .option("--text <FILE>", "a text for it instead, by the tokenizer.json beside it or in the folder above")
    .addOption(
      new Option("--batch <N>", "how much of the first axis it runs at a time").argParser(count).default(16, "16"),
    )
    .addOption(new Option("--tokens <N>", tokens).argParser(count))
    .option("--swap", "also run it with RMSNorm in the place of each LayerNorm, and tell what its output changes");
}

/** The file that a model is fed from. @throws CommandError unless there is exactly one */
export function feedOf({ inputs, text }: FeedOptions, command: Command): string {
  if ((inputs === undefined) === (text === undefined)) {
    throw new CommandError(
      `expected --inputs FILE or --text FILE, got ${inputs === undefined ? "neither" : "both"}`,
      2,
    );
  }
  requireBeside(command, ["tokens"], text !== undefined, "--text beside it");
  return (inputs ?? text) as string;
}

/** @throws OnnxError where the file is no model, or has no norm that can be shown */
export async function openModelFile(path: string): Promise<OpenModel> {
  const source = await openDisk(path);
  try {
    const open = await openModel(source);
    normsToCapture(open);
    return open;
  } finally {
    await source.close();
  }
}

export async function readFeeds(open: OpenModel, options: FeedOptions): Promise<Arrays[]> {
  // Loaded when a model is run: files of states need no tokenizer.
  const { readArrays, tokenize } = await import("@orthonorm/onnx/node");
  if (options.text !== undefined) return tokenize(open, options.text, options.tokens ?? longestPiece);
  return [await readArrays(open, options.inputs as string)];
}

/** The effects of a model's norms, by the names of their sites. */
export function modelSwap({ norms }: OpenModel, effects: readonly Effect[]): ModelSwap {
  const finite = effects.filter(({ relative }) => Number.isFinite(relative));
  const [last = null] = finite.slice(-1).map(({ norm: _, ...effect }) => effect);
  return {
    sites: new Map(finite.flatMap(({ norm, ...effect }) => (norm === null ? [] : [[norm.name, effect]]))),
    // Of several norms the last effect is that of all at once; of one norm it is the same.
    together: last,
    fixed: norms.found.flatMap(({ name, kind, swap }) =>
      kind === "LayerNorm" && swap.by === "none" ? [{ site: name, reason: swap.reason }] : [],
    ),
  };
}

/** Models as files of their states, in a folder for the time of one command. */
export class CapturedModels {
  private folder: string | null = null;
  private readonly paths = new Map<string, string>();
  /** The tensors in these files that are no states. */
  readonly parameters = new Set<string>();
  /** Whether all inputs of all models were run: false after Ctrl-C, where the files have the states until then. */
  complete = true;
  /** The shape of the states of the model that was stopped. */
  private stoppedAt: readonly number[] | null = null;
  /** What swapped norms change in the output, by the model's file. */
  readonly swaps = new Map<string, ModelSwap>();

  /** The file to read states from: of a model, what was captured; any other file is itself. */
  pathOf(file: string): string {
    return this.paths.get(file) ?? file;
  }

  has(file: string): boolean {
    return this.paths.has(file);
  }

  /** A mask for all that a model is fed, cut to what it was fed until it was stopped. */
  maskOf(mask: Mask): Mask {
    return this.stoppedAt === null ? mask : firstOfMask(mask, this.stoppedAt);
  }

  get files(): string[] {
    return [...this.paths.values()];
  }

  async add(file: string, options: FeedOptions, signal: AbortSignal, progress: Progress): Promise<void> {
    const open = await openModelFile(file);
    const arrays = await readFeeds(open, options);
    const { captureToFile, loadRuntime } = await import("@orthonorm/onnx/node");
    const runtime = await loadRuntime();
    if (signal.aborted) {
      this.complete = false;
      return;
    }
    this.folder ??= await this.newFolder();
    const path = join(this.folder, `${this.paths.size}.safetensors`);
    const show = (what: string, share: number) => progress.update(printable(what), share);
    const { sites, complete } = await captureToFile(runtime, open, arrays, path, {
      batch: options.batch,
      signal,
      partial: true,
      progress: show,
    });
    for (const { norm } of sites) {
      for (const end of ["weight", "bias"]) this.parameters.add(`${norm.name}.${end}`);
    }
    this.paths.set(file, path);
    if (!complete) {
      this.complete = false;
      this.stoppedAt = sites[0].shape;
      return;
    }
    if (!options.swap) return;
    try {
      const run = { folder: resolve(dirname(file)), batch: options.batch, signal, progress: show };
      this.swaps.set(file, modelSwap(open, await swapEffects(runtime, open, arrays, run)));
    } catch (error) {
      // Stopped there, it has its states, and no word of its output.
      if (!signal.aborted) throw error;
    }
  }

  /** Removed too where a second Ctrl-C ends the process at once, which is why that is synchronous. */
  private async newFolder(): Promise<string> {
    process.once("exit", this.remove);
    try {
      return await mkdtemp(join(tmpdir(), "orthonorm-"));
    } catch (error) {
      throw new CommandError(
        `${printable(tmpdir())} expected a folder for temporary files (TMPDIR), got ${systemReason(error)}`,
      );
    }
  }

  readonly remove = (): void => {
    if (this.folder !== null) rmSync(this.folder, { recursive: true, force: true });
    process.off("exit", this.remove);
  };
}
