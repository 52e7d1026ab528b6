// The options of all commands: no value of them is empty, and numbers are written as people write them.
import { describe, expect, it } from "vitest";
import { captureCommand } from "../../cli/src/commands/capture.js";
import { convertCommand } from "../../cli/src/commands/convert.js";
import { mergeCommand } from "../../cli/src/commands/merge.js";
import { runCommand } from "../../cli/src/commands/run.js";
import { studyCommand } from "../../cli/src/commands/study.js";
import { verifyCommand } from "../../cli/src/commands/verify.js";
import { count, notBelowZero, share, whole } from "../../cli/src/numbers.js";
import { countOptions } from "../../cli/src/options.js";

const commands = [studyCommand, mergeCommand, captureCommand, runCommand, convertCommand, verifyCommand];

describe("an empty value is refused", () => {
  it.each(commands.map((make) => [make().name(), make] as const))("by orthonorm %s", async (name, make) => {
    const required = make()
      .options.filter(({ mandatory }) => mandatory)
      .flatMap(({ long }) => [long as string, "given"]);
    const names = make().registeredArguments.map((argument) => argument.name());
    const run = (args: string[]) => countOptions(make()).parseAsync(args, { from: "user" });
    for (const { long, flags, argChoices, parseArg } of make().options) {
      // Numbers and words of a list are refused by what they should be.
      if (long === null || long === undefined || !/<(?!TEXT)/.test(flags) || argChoices || parseArg) continue;
      const args = [...names.map(() => "given"), ...required, long, ""];
      await expect(run(args), long).rejects.toThrow(`${long} expected a value, got an empty one`);
    }
    for (const [at, argument] of names.entries()) {
      const args = names.map((_, i) => (i === at ? "" : "given"));
      const message = `<${argument}> expected a value, got an empty one`;
      await expect(run([...args, ...required]), name).rejects.toThrow(message);
    }
  });
});

describe("numbers", () => {
  it.each([
    ["a count", count, ["1", "20", "1e3"], ["0", "-1", "1.5", "9e99"]],
    ["a whole number", whole, ["0", "-7", "+7"], ["1.5"]],
    ["a number not below zero", notBelowZero, ["0", "1e-5", ".5", "5."], ["-1", "1e999"]],
    ["a share", share, ["1", "0.9"], ["0", "1.1"]],
  ] as const)("%s", (_, parse, right, wrong) => {
    for (const text of right) expect(parse(text)).toBe(Number(text));
    for (const text of [...wrong, "", " ", " 1", "1 ", "0x1", "0b1", "1_000", "Infinity", "NaN", "one"]) {
      expect(() => parse(text), text).toThrow(/^Expected a (whole )?number/);
    }
  });
});
