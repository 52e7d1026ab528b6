/** `orthonorm run MODEL`: the text that a language model says, as it says it. */
import { printable } from "@orthonorm/files";
import type { Tokenizer } from "@orthonorm/models";
import { Command, Option } from "commander";
import { CommandError } from "../error.js";
import { count, notBelowZero, share, whole } from "../numbers.js";
import { stoppable } from "../stoppable.js";

interface RunOptions {
  prompt: string;
  tokens: number;
  temperature: number;
  topK?: number;
  topP: number;
  seed: number;
  weights: "stored" | "f32" | "int8";
}

export function runCommand(): Command {
  return new Command("run")
    .summary("run a language model and print its text")
    .description(
      "Runs a decoder-only transformer on the engine, norms and projections in WebAssembly SIMD, and prints its text as it comes; \
then, to standard error, how many tokens a second it took.",
    )
    .argument(
      "<MODEL>",
      "a folder with config.json, safetensors and tokenizer.json; a .bin of llama2.c; a twin of this repository",
    )
    .option("--prompt <TEXT>", "what the text begins with", "")
    .addOption(new Option("--tokens <N>", "how many tokens it says at most").argParser(count).default(200, "200"))
    .addOption(
      new Option("--temperature <T>", "0 takes the likeliest token each time")
        .argParser(notBelowZero)
        .default(0.8, "0.8"),
    )
    .addOption(new Option("--top-k <K>", "choose among the K likeliest tokens").argParser(count))
    .addOption(
      new Option("--top-p <P>", "choose among the likeliest tokens that together have the probability P")
        .argParser(share)
        .default(1, "1"),
    )
    .addOption(new Option("--seed <N>", "the same seed says the same text").argParser(whole).default(1, "1"))
    .addOption(
      new Option("--weights <KIND>", "what weights are kept as: as they are stored, or less or more exact")
        .choices(["stored", "f32", "int8"])
        .default("stored"),
    )
    .addHelpText(
      "after",
      `
Architectures: gpt2, gpt_neo, gpt_neox (Pythia), opt, llama, mistral, qwen2, qwen3, gemma.

Examples:
  orthonorm run study/data/twins/ln/model.safetensors --prompt "export function "
  orthonorm run models/qwen2.5-0.5b --prompt "Once upon a time" --weights int8
  orthonorm run stories260K.bin --temperature 0

Exit status:
  0 said, 1 a file or the model is at fault, 2 a wrong command line,
  130 stopped by Ctrl-C`,
    )
    .action(run);
}

async function run(path: string, options: RunOptions): Promise<void> {
  const { prompt, tokens, weights } = options;
  // Loaded when a model is run: files of states need none of it.
  const { generate } = await import("@orthonorm/models");
  const { openTransformer } = await import("@orthonorm/models/node");
  await stoppable(async (signal, progress) => {
    progress.update(`reading ${printable(path)}`, 0);
    const { model, tokenizer } = await openTransformer(path, { weights });
    const { encode, decoder, ends } = await tokenizer();
    progress.clear();
    const text = decoder();
    const ids = encoded(prompt, encode);
    process.stdout.write(prompt);
    // By a reader that has seen enough (| head). Node forgets it: the stream itself says nothing of it afterwards.
    let closed = false;
    process.stdout.once("error", () => {
      closed = true;
    });
    let said = 0;
    // The first token takes the whole prompt, and is no measure of the others.
    let since = performance.now();
    for (const token of generate(model, ids, { ...options, tokens, ends })) {
      if (said++ === 0) since = performance.now();
      process.stdout.write(text.push(token));
      // So that Ctrl-C is heard, and what was written is seen.
      await new Promise((resolve) => setImmediate(resolve));
      if (signal.aborted || closed) break;
    }
    process.stdout.write(`${text.end()}\n`);
    const seconds = (performance.now() - since) / 1000;
    const pace = said > 1 ? `, ${((said - 1) / seconds).toFixed(1)} a second` : "";
    process.stderr.write(`${said} token${said === 1 ? "" : "s"} after ${ids.length} of the prompt${pace}\n`);
    model.engine.dispose();
    if (!signal.aborted) return;
    process.stderr.write("run: stopped\n");
    process.exitCode = 130;
  });
}

/** @throws CommandError where the model's texts begin with no token of their own, and none is given */
function encoded(prompt: string, encode: Tokenizer["encode"]): readonly number[] {
  try {
    return encode(prompt);
  } catch (error) {
    if (prompt !== "") throw error;
    throw new CommandError(
      "--prompt expected a text, for this model's texts begin with no token of their own, got none",
      2,
    );
  }
}
