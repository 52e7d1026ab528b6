/** `orthonorm convert MODEL -o OUT`: an RMSNorm model that computes what a LayerNorm model does. */
import { counted, printable } from "@orthonorm/files";
import type { Converted } from "@orthonorm/models/node";
import { Command, InvalidArgumentError, Option } from "commander";
import { CommandError } from "../error.js";
import { version } from "../package.js";
import { stoppable, tellRemoved } from "../stoppable.js";

interface ConvertOptions {
  output: string;
  fold?: boolean;
  weights: "stored" | "f32";
  shardSize: number;
  force?: boolean;
}

export function convertCommand(): Command {
  return new Command("convert")
    .summary("make an exact RMSNorm model of a LayerNorm one")
    .description(
      "Makes an RMSNorm model that computes what a LayerNorm model computes: all that is added to the residual stream is centered \
in its files, so that there is no mean left to subtract. Weights are computed in f64 and rounded once to the type that they have. What cannot be \
exact is refused, with the reason.",
    )
    .argument("<MODEL>", "a folder with config.json and safetensors; a twin of this repository")
    .requiredOption("-o, --output <OUT>", "the folder to write; of a twin also a .safetensors file")
    .option("--fold", "fold each norm's weight and bias into the projections that read it")
    .addOption(
      new Option("--weights <KIND>", "what halves become: halves again, rounded once more, or f32")
        .choices(["stored", "f32"])
        .default("stored"),
    )
    .addOption(
      new Option("--shard-size <SIZE>", "how large a file of weights becomes at most: 5GB, 500MB")
        .argParser(size)
        .default(5e9, "5GB"),
    )
    .option("--force", "replace what an earlier conversion has written there")
    .addHelpText(
      "after",
      `
What is centered: token and position embeddings, row by row; the outputs of
attention and MLP, weights and biases. What reads the stream reads it through a
norm and stays as it is. A head that is tied to the embedding gets the weights
that the embedding had. OUT/manifest.json tells what was done to each tensor.

OUT has the architecture of MODEL, and "norm": "RMSNorm" in its config.json,
which orthonorm reads. LayerNorm of what is centered is RMSNorm: so without
--fold other programs load it as before, and compute the same.

Examples:
  orthonorm convert models/gpt2 -o models/gpt2-rms
  orthonorm convert models/pythia-160m -o pythia-rms --weights f32
  orthonorm convert models/opt-1.3b -o opt-rms --fold --shard-size 500MB
  orthonorm convert study/data/twins/ln/model.safetensors -o twin.safetensors
  orthonorm verify models/gpt2 models/gpt2-rms --text book.txt

Exit status:
  0 written, 1 a file or the model is at fault, 2 a wrong command line,
  130 stopped by Ctrl-C: OUT is written whole or not at all`,
    )
    .action(run);
}

async function run(path: string, { output, fold, weights, shardSize, force }: ConvertOptions): Promise<void> {
  if (output === "-") throw new CommandError("--output expected the name of a folder or a file, got -", 2);
  // Loaded when a model is converted: files of states need none of it.
  const { convertModel } = await import("@orthonorm/models/node");
  await stoppable(async (signal, progress) => {
    try {
      const converted = await convertModel(path, output, {
        fold,
        weights,
        force,
        maximumBytes: shardSize,
        madeBy: `orthonorm convert ${version()}`,
        signal,
        progress: (what, share) => progress.update(printable(what), share),
        removed: tellRemoved("convert", progress),
      });
      progress.clear();
      process.stdout.write(summary(path, output, converted));
    } catch (error) {
      if (!signal.aborted) throw error;
      progress.clear();
      process.stderr.write("convert: stopped\n");
      process.exitCode = 130;
    }
  });
}

function summary(path: string, output: string, { conversion, files }: Converted): string {
  const { plan, manifest, norms } = conversion;
  const count = (...kinds: string[]) => plan.tensors.filter(({ change }) => kinds.includes(change.kind)).length;
  const folded = count("scale", "shift");
  const done = [
    `${count("center")} centered`,
    ...(folded > 0 ? [`${folded} with a norm's weight or bias folded in`] : []),
    ...(count("copy") > 0 ? [`${count("copy")} as they were`] : []),
  ];
  const head = plan.untied ? [`  head ${manifest.head}`] : [];
  return [
    `${printable(path)}: ${manifest.architecture}, ${counted(norms, "LayerNorm")} to RMSNorm, eps ${manifest.norm.eps.toExponential()}`,
    `  ${counted(plan.tensors.length, "tensor")}: ${done.join(", ")}`,
    ...head,
    `${counted(files.length, "file")}:`,
    ...files.map((file) => `  ${printable(file)}`),
    "",
    `orthonorm verify ${printable(path)} ${printable(output)} --text FILE`,
    "",
  ].join("\n");
}

const units: Readonly<Record<string, number>> = { "": 1, K: 1e3, M: 1e6, G: 1e9 };

/** As the hub's libraries write it: "5GB", "500MB". */
function size(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([KMG]?)B?$/i.exec(text) ?? [];
  const bytes = Math.floor(Number(number) * (units[(unit ?? "").toUpperCase()] ?? Number.NaN));
  if (!Number.isSafeInteger(bytes) || bytes < 1) throw new InvalidArgumentError("Expected a size, like 5GB or 500MB.");
  return bytes;
}
