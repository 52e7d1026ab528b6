/** `orthonorm capture MODEL.onnx`: runs a model and keeps what goes into its norms. */
import { dirname, resolve } from "node:path";
import { counted, printable } from "@orthonorm/files";
import { type Effect, type OpenModel, swapEffects } from "@orthonorm/onnx";
import type { CapturedFile } from "@orthonorm/onnx/node";
import { Command } from "commander";
import { CommandError } from "../error.js";
import { type FeedOptions, feedOf, modelSwap, openModelFile, readFeeds, withFeeds } from "../models.js";
import { stoppable, tellRemoved } from "../stoppable.js";
import { prepareTarget, writeWhole } from "../target.js";
import { swapLines } from "../terminal/swaps.js";

interface CaptureOptions extends FeedOptions {
  output: string;
  json?: string;
}

export function captureCommand(): Command {
  return withFeeds(
    new Command("capture")
      .summary("run an ONNX model and keep what goes into its norms")
      .description(
        `Finds every LayerNorm and RMSNorm of an ONNX model, as an operator or as what exporters write in its place, runs the model \
with onnxruntime, and writes the inputs of its norms to a safetensors file for orthonorm study: a tensor per norm, with its \
weight and bias beside it.`,
      )
      .argument("<MODEL>", "an .onnx file; weights in files beside it are found"),
  )
    .option("-o, --output <FILE>", "where the states go", "states.safetensors")
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

async function run(path: string, options: CaptureOptions, command: Command): Promise<void> {
  const { output, batch } = options;
  for (const [option, file] of Object.entries({ "--output": output, "--json": options.json })) {
    if (file === "-") throw new CommandError(`${option} expected the name of a file, got -`, 2);
  }
  const given = feedOf(options, command);
  await prepareTarget("--output", output, [path, given]);
  const json = options.json === undefined ? null : await prepareTarget("--json", options.json, [path, given, output]);
  await stoppable(async (signal, progress) => {
    const open = await openModelFile(path);
    const arrays = await readFeeds(open, options);
    const { captureToFile, loadRuntime } = await import("@orthonorm/onnx/node");
    const runtime = await loadRuntime();
    try {
      const captured = await captureToFile(runtime, open, arrays, output, {
        batch,
        signal,
        progress: (what, share) => progress.update(printable(what), share),
        removed: tellRemoved("capture", progress),
      });
      progress.clear();
      process.stdout.write(summary(open, captured, output));
      const folder = resolve(dirname(path));
      const show = (what: string, share: number) => progress.update(printable(what), share);
      const effects = options.swap
        ? await swapEffects(runtime, open, arrays, { folder, batch, signal, progress: show })
        : null;
      progress.clear();
      if (effects !== null) process.stdout.write(`\n${swapLines(modelSwap(open, effects))}\n`);
      if (json !== null) writeWhole(json, [toJson(open, captured, effects)]);
    } catch (error) {
      if (!signal.aborted) throw error;
      progress.clear();
      process.stderr.write("capture: stopped\n");
      process.exitCode = 130;
    }
  });
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
