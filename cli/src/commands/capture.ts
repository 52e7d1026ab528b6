/** `orthonorm capture MODEL.onnx`: runs a model and keeps what goes into its norms. */
import { dirname, resolve } from "node:path";
import { counted, printable } from "@orthonorm/files";
import { openDisk } from "@orthonorm/files/node";
import { type Arrays, type Effect, normsToCapture, type OpenModel, openModel, swapEffects } from "@orthonorm/onnx";
import type { CapturedFile } from "@orthonorm/onnx/node";
import { Command, InvalidArgumentError, Option } from "commander";
import { CommandError } from "../error.js";
import { prepareTarget, writeWhole } from "../target.js";
import { stoppable } from "./study.js";

interface CaptureOptions {
  inputs?: string;
  text?: string;
  output: string;
  batch: number;
  tokens: number;
  swap?: boolean;
  json?: string;
}

export function captureCommand(): Command {
  return new Command("capture")
    .summary("run an ONNX model and keep what goes into its norms")
    .description(
      `Finds every LayerNorm and RMSNorm of an ONNX model, as an operator or as what exporters write in its place, runs the model \
with onnxruntime, and writes the inputs of its norms to a safetensors file for orthonorm study: a tensor per norm, with its \
weight and bias beside it.`,
    )
    .argument("<MODEL>", "an .onnx file; weights in files beside it are found")
    .option("--inputs <FILE>", "what the model is fed: .npz or .safetensors, an array per input; or one .npy")
    .option("--text <FILE>", "a text for a language model, by the tokenizer.json beside it or in the folder above")
    .option("-o, --output <FILE>", "where the states go", "states.safetensors")
    .addOption(
      new Option("--batch <N>", "how much of the first axis is run at a time").argParser(parseCount).default(16, "16"),
    )
    .addOption(
      new Option("--tokens <N>", "the longest piece of --text that is run at a time")
        .argParser(parseCount)
        .default(512, "512"),
    )
    .option(
      "--swap",
      "also run the model with RMSNorm in the place of each LayerNorm, and print what its output changes",
    )
    .option("--json <FILE>", "write the norms, and what --swap found, as JSON to FILE")
    .addHelpText(
      "after",
      `
Needs onnxruntime-node: npm install onnxruntime-node --onnxruntime-node-install=skip

Examples:
  orthonorm capture model.onnx --inputs inputs.npz
  orthonorm capture onnx/model.onnx --text book.txt -o states.safetensors
  orthonorm study states.safetensors --weights states.safetensors

Exit status:
  0 written, 1 a file or the model is at fault, 2 a wrong command line,
  130 stopped by Ctrl-C: no file is half written`,
    )
    .action(run);
}

async function run(path: string, options: CaptureOptions): Promise<void> {
  const { inputs, text, output, batch, tokens } = options;
  if ((inputs === undefined) === (text === undefined)) {
    throw new CommandError(
      `expected --inputs FILE or --text FILE, got ${inputs === undefined ? "neither" : "both"}`,
      2,
    );
  }
  for (const [option, file] of Object.entries({ "--output": output, "--json": options.json })) {
    if (file === "-") throw new CommandError(`${option} expected the name of a file, got -`, 2);
  }
  const given = (inputs ?? text) as string;
  await prepareTarget("--output", output, [path, given]);
  const json = options.json === undefined ? null : await prepareTarget("--json", options.json, [path, given, output]);
  await stoppable(async (signal, progress) => {
    const open = await openFile(path);
    normsToCapture(open);
    // Loaded when a model is run: the study needs no tokenizer.
    const { captureToFile, loadRuntime, readArrays, tokenize } = await import("@orthonorm/onnx/node");
    const arrays: Arrays[] = text === undefined ? [await readArrays(open, given)] : await tokenize(open, given, tokens);
    const runtime = await loadRuntime();
    try {
      const captured = await captureToFile(runtime, open, arrays, output, {
        batch,
        signal,
        progress: (what, share) => progress.update(printable(what), share),
      });
      progress.clear();
      process.stdout.write(summary(open, captured, output));
      const folder = resolve(dirname(path));
      const show = (what: string, share: number) => progress.update(printable(what), share);
      const effects = options.swap
        ? await swapEffects(runtime, open, arrays, { folder, batch, signal, progress: show })
        : null;
      progress.clear();
      if (effects !== null) process.stdout.write(`\n${swapTable(open, effects)}`);
      if (json !== null) writeWhole(json, toJson(open, captured, effects));
    } catch (error) {
      if (!signal.aborted) throw error;
      progress.clear();
      process.stderr.write("capture: stopped\n");
      process.exitCode = 130;
    }
  });
}

async function openFile(path: string): Promise<OpenModel> {
  const source = await openDisk(path);
  try {
    return await openModel(source);
  } finally {
    await source.close();
  }
}

function summary({ norms }: OpenModel, { sites }: CapturedFile, output: string): string {
  const lines = sites.map(({ norm, dtype, shape }) => {
    const eps = norm.eps === 0 ? "no eps" : `eps ${norm.eps.toExponential()}`;
    return `  ${printable(norm.name)}  ${norm.kind}  ${dtype} [${shape.join(", ")}]  ${eps}`;
  });
  const hidden = norms.hidden.map(
    ({ name, kind, reason }) => `  not shown: ${printable(name)} (${kind}): ${printable(reason)}`,
  );
  const count = counted(sites.length, "norm");
  const next = `orthonorm study ${output} --weights ${output}`;
  return `${[`${count} in ${printable(output)}:`, ...lines, ...hidden, "", next].join("\n")}\n`;
}

function toJson({ norms }: OpenModel, { sites }: CapturedFile, effects: readonly Effect[] | null): string {
  const swap = effects?.map(({ norm, ...figures }) => ({ norm: norm?.name ?? null, ...figures })) ?? null;
  const shown = sites.map(({ norm: { name, kind, written, weight, bias, eps }, dtype, shape }) => {
    return { name, kind, written, weight, bias, eps, dtype, shape };
  });
  return `${JSON.stringify({ norms: shown, hidden: norms.hidden, swap }, null, 2)}\n`;
}

/** What the model's own output changes, per norm. */
function swapTable({ norms }: OpenModel, effects: readonly Effect[]): string {
  const fixed = norms.found.filter(({ kind, swap }) => kind === "LayerNorm" && swap.by === "none");
  const reasons = fixed.map(
    ({ name, swap }) => `  ${printable(name)}: not swapped, ${swap.by === "none" ? swap.reason : ""}`,
  );
  if (effects.length === 0) return `${["No LayerNorm to swap.", ...reasons].join("\n")}\n`;
  const names = effects.map(({ norm }) => printable(norm?.name ?? "all at once"));
  const width = Math.max(...names.map((name) => name.length));
  const lines = effects.map(({ relative, agreement, divergence }, at) => {
    const parts = [`‖Δ‖/‖y‖ ${percent(relative)}`];
    if (agreement !== null) parts.push(`same largest element ${percent(agreement)}`);
    if (divergence !== null) parts.push(`KL ${divergence.toPrecision(3)} nats`);
    return `  ${names[at].padEnd(width)}  ${parts.join("  ")}`;
  });
  return `${["RMSNorm in LayerNorm's place, in the model's output:", ...lines, ...reasons].join("\n")}\n`;
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(3)} %`;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError("Expected a whole number, 1 or more.");
  return count;
}
