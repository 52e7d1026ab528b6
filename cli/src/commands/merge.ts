/** `orthonorm merge FILE…`: adds up what `orthonorm study --save` wrote. */
import { printable } from "@orthonorm/files";
import { expand } from "@orthonorm/files/node";
import { StudySums } from "@orthonorm/study";
import { Command } from "commander";
import { CommandError } from "../error.js";
import { readText } from "../inputs.js";
import { emit, type OutputOptions, prepareOutputs, withOutputs } from "../outputs.js";

export function mergeCommand(): Command {
  return withOutputs(
    new Command("merge")
      .summary("add up parts of a study")
      .description(
        `Adds up what orthonorm study --save wrote, and shows the figures of all: to the last bit those of one run over all \
files; quantiles are exact of up to 1024 rows of a site, beyond within 0.01° of an angle, 0.3 % of a norm. Models of the same name \
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
    .action(run);
}

async function run(files: string[], options: OutputOptions): Promise<void> {
  const parts = await expand(files);
  const outputs = await prepareOutputs(options, parts);
  let all: StudySums | null = null;
  for (const file of parts) {
    const part = await parse(file, await readText(file));
    try {
      if (all === null) all = part;
      else all.addAll(part);
    } catch (error) {
      const got = (error as Error).message;
      throw new CommandError(`${printable(file)} expected a part like those before it, got ${got}`);
    }
  }
  // Commander asks for at least one file, and a pattern that matches none is refused.
  const sums = all as StudySums;
  if (outputs.targets.save === undefined && outputs.printed !== "save") sums.expectFigures();
  await emit(sums.report(), sums, outputs, options.color);
}

async function parse(file: string, text: string): Promise<StudySums> {
  try {
    return await StudySums.parse(text);
  } catch (error) {
    throw new CommandError(`${printable(file)} expected ${(error as Error).message}, got something else`);
  }
}
