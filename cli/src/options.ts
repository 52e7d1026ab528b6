/** What is asked of the arguments and options of a command beyond each by itself: a value, given once, and not without what they are about. */
import type { Command, Option } from "commander";
import { CommandError } from "./error.js";

/**
 * Counts how often each option with a value is given, and refuses empty values, neither of which commander does. A variable of a shell
 * that is not set gives an empty value, and nobody means that by the name of a file. Text may be empty.
 */
export function countOptions(command: Command): Command {
  const counts = new Map<Option, number>();
  const empty: string[] = [];
  for (const option of command.options) {
    if (option.isBoolean() || option.negate) continue;
    command.on(`option:${option.name()}`, (value: string) => {
      counts.set(option, (counts.get(option) ?? 0) + 1);
      if (value === "" && !option.flags.includes("<TEXT>")) empty.push(`--${option.name()}`);
    });
  }
  return command.hook("preAction", () => {
    for (const [at, argument] of command.registeredArguments.entries()) {
      if ([command.processedArgs[at]].flat().includes("")) empty.push(`<${argument.name()}>`);
    }
    if (empty.length > 0) throw new CommandError(`${empty[0]} expected a value, got an empty one`, 2);
    for (const [option, count] of counts) {
      // An option that collects its values may be given again.
      const collects = Array.isArray(command.getOptionValue(option.attributeName()));
      if (count > 1 && !collects) {
        throw new CommandError(
          `--${option.name()} expected once, got it ${count === 2 ? "twice" : `${count} times`}`,
          2,
        );
      }
    }
  });
}

/**
 * @param names of options that mean nothing unless `present`
 * @param what it is that has to be there
 * @throws CommandError naming the first one that is given without it
 */
export function requireBeside(command: Command, names: readonly string[], present: boolean, what: string): void {
  if (present) return;
  for (const option of command.options) {
    if (names.includes(option.name()) && command.getOptionValueSource(option.attributeName()) === "cli") {
      throw new CommandError(`--${option.name()} expected ${what}, got none`, 2);
    }
  }
}
