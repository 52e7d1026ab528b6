/** `orthonorm verify A B --text FILE`: do two models compute the same? */
import { printable } from "@orthonorm/files";
import type { Compared } from "@orthonorm/models";
import type { OpenTransformer } from "@orthonorm/models/node";
import { Command, Option } from "commander";
import { CommandError } from "../error.js";
import { filesOfModel } from "../inputs.js";
import { count, notBelowZero } from "../numbers.js";
import { readModelText } from "../running.js";
import { stoppable } from "../stoppable.js";
import { prepareTarget, writeWhole } from "../target.js";
import { brief, comparisonTable } from "../terminal/comparison.js";
import { lookFor } from "../terminal/look.js";

interface VerifyOptions {
  text: string;
  tokens: number;
  window?: number;
  tolerance: number;
  weights: "stored" | "f32" | "int8";
  json?: string;
  color: boolean;
}

export function verifyCommand(): Command {
  return new Command("verify")
    .summary("prove that a converted model computes the same")
    .description(
      "Runs two models on one text, and shows how far their logits and losses lie apart, how often they find the same token the likeliest, how \
centered what enters each norm is, and what RMSNorm in LayerNorm's place would have cost without a conversion.",
    )
    .argument("<A>", "the model, as for orthonorm run")
    .argument("<B>", "what it is held against: what orthonorm convert made of it")
    .requiredOption("--text <FILE>", "what both read")
    .addOption(new Option("--tokens <N>", "how many tokens of it at most").argParser(count).default(4096, "4096"))
    .addOption(
      new Option(
        "--window <N>",
        "how many tokens a piece of it has (default: as many as the models have positions)",
      ).argParser(count),
    )
    .addOption(
      new Option("--tolerance <D>", "how much a logit may differ at most")
        .argParser(notBelowZero)
        .default(1e-3, "0.001"),
    )
    .addOption(
      new Option("--weights <KIND>", "what weights are kept as").choices(["stored", "f32", "int8"]).default("stored"),
    )
    .option("--json <FILE>", "write the figures as JSON to FILE; - prints them instead of the table")
    .option("--no-color", "no colour (also: NO_COLOR=1, or output that is not a terminal)")
    .addHelpText(
      "after",
      `
Rows:
  loss           mean negative log likelihood of a token, in nats, and how much
                 that is more than A's
  max |Δlogit|   the largest difference of a logit from A's
  same token     how often the likeliest token is A's
  |mean|/RMS     before each norm, the largest over all tokens: |cos θ| of the
                 state to the uniform vector, 0 where there is no mean

The third column is A with RMSNorm in the place of its LayerNorms and nothing
else changed: what the conversion is for.

Weights of bf16 and f16 are rounded again when they are centered. Then B is
another rounding of A, and --tolerance says how much that may do; with
orthonorm convert --weights f32 it is not.

Examples:
  orthonorm verify models/gpt2 models/gpt2-rms --text book.txt
  orthonorm verify gpt2-bf16 gpt2-bf16-rms --text book.txt --tolerance 0.5
  orthonorm verify a b --text book.txt --tokens 500 --json figures.json

Exit status:
  0 they agree within --tolerance, 1 they do not, or a file or a model is at
  fault, 2 a wrong command line, 130 stopped by Ctrl-C (what was found until
  then is shown)`,
    )
    .action(run);
}

async function run(a: string, b: string, options: VerifyOptions): Promise<void> {
  const { text, tolerance, weights, json, color } = options;
  const target =
    json === undefined || json === "-"
      ? null
      : await prepareTarget("--json", json, [text, ...filesOfModel(a), ...filesOfModel(b)]);
  const written = await readModelText(text);
  const { Comparison } = await import("@orthonorm/models");
  const { openTransformer } = await import("@orthonorm/models/node");
  await stoppable(async (signal, progress) => {
    const open: OpenTransformer[] = [];
    for (const path of [a, b]) {
      progress.update(`reading ${printable(path)}`, 0);
      open.push(await openTransformer(path, { weights }));
    }
    const [first, second] = open.map(({ model }) => model);
    const ids = (await open[0].tokenizer()).encode(written).slice(0, options.tokens + 1);
    if (ids.length < 2)
      throw new CommandError(`${printable(text)} expected a text of two tokens or more, got ${ids.length}`);
    const comparison = new Comparison(first, second);
    const length = Math.min(comparison.longest, (options.window ?? Number.POSITIVE_INFINITY) + 1);
    let done = 0;
    for (const window of windows(ids, length)) {
      for (const tokens of comparison.add(window)) {
        done += tokens;
        progress.update(`${done} of ${ids.length - 1} tokens`, done / (ids.length - 1));
        // So that Ctrl-C is heard.
        await new Promise((resolve) => setImmediate(resolve));
        if (signal.aborted) break;
      }
      if (signal.aborted) break;
    }
    progress.clear();
    const figures = comparison.figures();
    const agree = figures.b.difference <= tolerance;
    const told = `${JSON.stringify({ models: { a, b }, text, tolerance, complete: !signal.aborted, agree, ...figures }, null, 2)}\n`;
    if (json === "-") process.stdout.write(told);
    else
      process.stdout.write(
        `${comparisonTable(figures, [a, b], lookFor(process.stdout, process.env, color))}\n${verdict(figures, tolerance)}\n`,
      );
    if (target !== null) writeWhole(target, [told]);
    for (const { model } of open) model.engine.dispose();
    if (signal.aborted) process.stderr.write("verify: stopped\n");
    process.exitCode = signal.aborted ? 130 : agree ? 0 : 1;
  });
}

/** Pieces of a text that overlap by one token, which the first of two predicts and the second begins with. */
function* windows(ids: readonly number[], length: number): Generator<readonly number[]> {
  for (let from = 0; from + 1 < ids.length; from += length - 1) yield ids.slice(from, from + length);
}

function verdict({ b: { difference } }: Compared, tolerance: number): string {
  const found = `max |Δlogit| ${brief(difference)}`;
  if (difference <= tolerance) return `B computes what A does: ${found}, within --tolerance ${tolerance}.`;
  return `B computes something else than A: ${found}, beyond --tolerance ${tolerance}.`;
}
