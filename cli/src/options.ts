/** What is asked of the options of a command beyond each by itself: given once, and not without what they are about. */
import type { Command, Option } from "commander";
import { CommandError } from "./error.js";

/** Counts how often each option with a value is given, which commander does not. */
export function countOptions(command: Command): Command {
  const counts = new Map<Option, number>();
  for (const option of command.options) {
    if (option.isBoolean() || option.negate) continue;
    command.on(`option:${option.name()}`, () => counts.set(option, (counts.get(option) ?? 0) + 1));
  }
  return command.hook("preAction", () => {
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
